"""The contract test itself: it accepts what is right, and finds each kind of mistake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from kernels.contract import check_kernel, forward_task, gradient_task, in_dtype

from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Kernel, Task, in_turn
from cnngraph.ops.relu import Relu

TASK = forward_task(Relu(), TensorType.of(5, (3, 4)))


class Right(Kernel):
    name = "right"
    tolerance = 0.0
    strided = True
    in_place = (0,)

    def workspace(self, task: Task) -> tuple[TensorType, ...]:
        return (task.outputs[0],)

    def bind(self, task: Task, inputs: Sequence[Any], outputs: Sequence[Any], workspace: Any, prepared: Any) -> Any:
        return in_turn(self.calls(inputs[0], outputs[0], workspace[0]))

    def calls(self, x: Any, y: Any, work: Any) -> list[Any]:
        return [lambda: np.copyto(work, x), lambda: np.maximum(work, 0, out=y)]


class Wrong(Right):
    def calls(self, x: Any, y: Any, work: Any) -> list[Any]:
        return [lambda: np.maximum(x, -1, out=y)]


class ReadsEarly(Right):
    def calls(self, x: Any, y: Any, work: Any) -> list[Any]:
        value = np.maximum(x, 0)
        return [lambda: np.copyto(y, value)]


class Allocates(Right):
    def calls(self, x: Any, y: Any, work: Any) -> list[Any]:
        return [lambda: np.copyto(y, np.maximum(np.tile(x, (100, 1, 1, 1))[: len(x)], 0))]


class Remembers(Right):
    def calls(self, x: Any, y: Any, work: Any) -> list[Any]:
        count = iter(range(100))
        return [lambda: np.maximum(x, 0, out=y), lambda: np.add(y, 1e-9 * next(count), out=y)]

    tolerance = 1e-6


class WritesBeside(Right):
    def calls(self, x: Any, y: Any, work: Any) -> list[Any]:
        wider = np.lib.stride_tricks.as_strided(work, (*work.shape[:-1], work.shape[-1] + 1), work.strides)
        return [lambda: np.maximum(x, 0, out=y), lambda: wider.fill(0)]


def test_a_right_kernel_passes() -> None:
    check_kernel(Right(), TASK)


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (Wrong, "is off by"),
        (ReadsEarly, "is off by inf"),
        (Allocates, "allocates"),
        (Remembers, "other bits"),
        (WritesBeside, r"beside its workspace\[0\]"),
    ],
)
def test_each_mistake_is_found(cls: type[Right], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_kernel(cls(), TASK)


def test_what_a_gradient_reads_is_in_its_task() -> None:
    task = gradient_task(Relu(), "x", TensorType.of(5, (3, 4)), batch=3)
    assert [t.concrete for t in task.inputs] == [(3, 3, 4, 5), (3, 3, 4, 5)]
    assert in_dtype(task, "float64").op.infer()[0].dtype == "float64"
