"""What follows a product while its block is still in the cache: bias, and the operators fused behind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from math import prod

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import ITEM_BYTES, TensorType
from cnngraph.kernels.blocks import blocks, repeated, scratch_for, scratch_type
from cnngraph.kernels.kernel import Call, Machine, Prepared, Task
from cnngraph.kernels.pointwise import FORMS, knows, needs_scratch, pointwise_calls
from cnngraph.ops.conv import matrix
from cnngraph.ops.fused import Fused


def finishable(task: Task) -> bool:
    """Whether all that is fused behind the first operator can be computed in place on blocks of rows."""
    return not isinstance(task.op, Fused) or all(map(knows, task.op.then))


def epilogue_workspace(task: Task) -> tuple[TensorType, ...]:
    """Memory for `epilogue_calls`, where any of the operators needs some."""
    needed = isinstance(task.op, Fused) and any(map(needs_scratch, task.op.then))
    return (scratch_type(task.outputs[0]),) if needed else ()


def epilogue_calls(
    task: Task, inputs: Sequence[Array], y: Array, rows: slice, scratch: Array | None = None
) -> list[Call]:
    """The operators behind the first one of a `Fused`, in place on y: these rows of the result seen as a matrix."""
    if not isinstance(task.op, Fused):
        return []
    each_sample = any(_is_for_each_sample(x, task) for x in inputs[task.op.taken[0] :])
    bounds = [rows.stop]
    if each_sample:
        bounds = [*_multiples(rows, _rows_of_sample(task)), *bounds]
    if scratch is not None:
        bounds = [*_multiples(rows, max(1, scratch.size // y.shape[-1])), *bounds]
    edges = sorted({rows.start, *bounds})
    parts = [slice(a, b) for a, b in pairwise(edges)]
    return [call for part in parts for call in _calls(task, inputs, y[_within(part, rows)], part, scratch)]


def _calls(task: Task, inputs: Sequence[Array], y: Array, rows: slice, scratch: Array | None) -> list[Call]:
    assert isinstance(task.op, Fused)
    temporary = None if scratch is None else scratch_for(y, scratch)
    return [
        call
        for op, more in task.op.behind(inputs)
        for call in pointwise_calls(op, y, y, [_part(x, task, rows) for x in more], temporary)
    ]


def _is_for_each_sample(x: Array, task: Task) -> bool:
    return 1 < x.ndim < len(task.outputs[0].shape)


def _rows_of_sample(task: Task) -> int:
    return prod(task.outputs[0].concrete[1:-1])


def _part(x: Array, task: Task, rows: slice) -> Array:
    """What of an operand meets these rows: its own rows, the vector of their one sample, or the vector of all."""
    if _is_for_each_sample(x, task):
        vector: Array = x[rows.start // _rows_of_sample(task)]
        return vector
    return matrix(x)[rows] if x.ndim > 1 else x


def _multiples(rows: slice, each: int) -> list[int]:
    return list(range((rows.start // each + 1) * each, rows.stop, each))


def _within(part: slice, rows: slice) -> slice:
    return slice(part.start - rows.start, part.stop - rows.start)


# ---- with the bias ----


def prepared_bias(task: Task, source: int) -> tuple[Prepared, ...]:
    """The wish for the bias, repeated to a long row, where the operator has one."""
    if len(task.main_inputs) <= source:
        return ()
    return (repeated(source, task.main_inputs[source], prod(task.outputs[0].concrete)),)


def finish_calls(
    task: Task,
    inputs: Sequence[Array],
    bias: Sequence[Array],
    y: Array,
    rows: slice,
    scratch: Sequence[Array] = (),
) -> list[Call]:
    """Bias (none or one) and epilogue on a block of rows of the result, seen as a matrix."""
    added: list[Call] = [
        partial(np.add, part, row, part) for one in bias for part, row in blocks(y, one, numbers=y.size)
    ]
    return [*added, *epilogue_calls(task, inputs, y, rows, scratch[0] if scratch else None)]


def finish_seconds(task: Task, machine: Machine) -> float:
    """Time of bias and epilogue on the whole result, without that of calling."""
    y = task.outputs[0]
    has_bias = getattr(task.main, "bias", False) is True
    behind = sum(FORMS[type(op)].passes for op in task.op.then) if isinstance(task.op, Fused) else 0.0
    more = sum(prod(t.concrete) for t in task.inputs[len(task.main_inputs) :])
    moved = (behind + has_bias) * 2 * prod(y.concrete)
    size = ITEM_BYTES[y.dtype]
    return moved * size / machine.cached_bytes_per_second + more * size / machine.bytes_per_second
