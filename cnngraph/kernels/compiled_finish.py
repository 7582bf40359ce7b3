"""What compiled loops put behind the sums of a position: bias, limits, a skip, and limits again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, TypeAlias

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.kernels.compiled import given, steps_of
from cnngraph.kernels.kernel import Task
from cnngraph.ops.add import Add
from cnngraph.ops.clip import Clip
from cnngraph.ops.fused import Fused
from cnngraph.ops.relu import Relu

Limits: TypeAlias = tuple[float, float]
NONE: Limits = (-inf, inf)


@dataclass(frozen=True)
class Finish:
    """Limits before and after the skip; `skip` is the index of an input."""

    first: Limits = NONE
    skip: int | None = None
    second: Limits = NONE

    @staticmethod
    def of(task: Task) -> Finish | None:
        """What is fused behind, where it has this form."""
        if not isinstance(task.op, Fused):
            return Finish()
        first, second = NONE, NONE
        skip: int | None = None
        start = task.op.taken[0]
        for op, count in zip(task.op.then, task.op.taken[1:], strict=True):
            limits = _limits(op)
            if limits and skip is None and first == NONE:
                first = limits
            elif limits and skip is not None and second == NONE:
                second = limits
            elif isinstance(op, Add) and skip is None and count == 1 and task.inputs[start] == task.outputs[0]:
                skip = start
            else:
                return None
            start += count
        return Finish(first, skip, second)

    def limits(self, dtype: np.dtype[Any]) -> Array:
        return np.array((*self.first, *self.second), dtype)

    def beside(self, inputs: Sequence[Array]) -> tuple[bool, Array, tuple[int, ...]]:
        """Whether there is a skip, and where; of no skip, any array of this kind."""
        x = inputs[0 if self.skip is None else self.skip]
        return self.skip is not None, given(x), steps_of(x)


def _limits(op: object) -> Limits | None:
    match op:
        case Relu():
            return (0.0, inf)
        case Clip(low=low, high=high):
            return (low, high)
    return None


def bias_of(task: Task, inputs: Sequence[Array], source: int, features: int) -> Array:
    """The bias, or zeros."""
    if len(task.main_inputs) > source:
        return given(inputs[source])
    return given(np.zeros(features, inputs[0].dtype))
