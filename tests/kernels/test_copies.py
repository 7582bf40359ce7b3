"""Copies: bit for bit, in any shape, into wider rows, and none at all where nothing has to move."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.contract import check_kernel, forward_task, gradient_task

from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.kernels import kernels_for
from cnngraph.kernels.copies import Concatenation, ConcatenationGradient, Reshaped, SameValues
from cnngraph.kernels.kernel import PLAIN
from cnngraph.ops.add import Add
from cnngraph.ops.concat import Concat
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.identity import Identity
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.shift import Shift
from cnngraph.ops.stop_gradient import StopGradient

GRID = TensorType.of(6, (4, 5))


@pytest.mark.parametrize("op", [Flatten(), Reshape(TensorType.of(8, (3, 5)))], ids=str)
def test_other_shapes(op: Op) -> None:
    check_kernel(Reshaped(), forward_task(op, GRID))
    check_kernel(Reshaped(), gradient_task(op, "x", GRID))


def test_the_same_shape() -> None:
    check_kernel(SameValues(), forward_task(StopGradient(), GRID))
    for op in (Identity(), Shift(2.0)):
        check_kernel(SameValues(), gradient_task(op, "x", GRID))
    for name in ("x0", "x1"):
        check_kernel(SameValues(), gradient_task(Add(), name, GRID, GRID))


def test_the_gradient_of_a_sum_by_a_vector_is_no_copy() -> None:
    task = gradient_task(Add(), "x1", GRID, TensorType.of(6))
    assert not SameValues().applies(task)


def test_in_place_nothing_is_called() -> None:
    x = np.ones((2, 4, 5, 6), np.float32)
    call = SameValues().bind(gradient_task(Identity(), "x", GRID), [x], [x], [], [])
    x.setflags(write=False)
    call()


def test_concat_and_its_gradients() -> None:
    parts = tuple(TensorType.of(c, (4, 5)) for c in (3, 1, 7))
    check_kernel(Concatenation(), forward_task(Concat(), *parts))
    check_kernel(Concatenation(), forward_task(Concat(), TensorType.of(3), TensorType.of(5), batch=4))
    for name in ("x0", "x1", "x2"):
        check_kernel(ConcatenationGradient(), gradient_task(Concat(), name, *parts))


def test_beyond_64_inputs_the_plain_kernel_serves() -> None:
    parts = (TensorType.of(1),) * 70
    assert kernels_for(gradient_task(Concat(), "x69", *parts)) == (PLAIN,)
    assert kernels_for(gradient_task(Concat(), "x60", *parts))[0].name == "concatenation_gradient"
