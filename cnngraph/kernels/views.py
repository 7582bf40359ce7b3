"""Operators whose result is their input, seen otherwise: no bytes have to move."""

from __future__ import annotations

from dataclasses import dataclass

from cnngraph.ir.op import Op
from cnngraph.ir.size import number
from cnngraph.kernels.kernel import Task
from cnngraph.ops.add import Add
from cnngraph.ops.concat import Concat
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.identity import Identity
from cnngraph.ops.part import Part
from cnngraph.ops.reshape import Reshape

SAME_NUMBERS = (Identity, Flatten, Reshape)


@dataclass(frozen=True)
class Seen:
    """The first input itself, or these of its channels; with the shape of the result."""

    channels: tuple[int, int] | None = None


def seen_as(task: Task) -> Seen | None:
    """How the result is found in the first input; None where it has to be computed or moved.

    >>> from cnngraph.ir.types import TensorType
    >>> x = TensorType((2, 8))
    >>> seen_as(Task(Part(1, 4), (x,), (TensorType((2, 2)),)))
    Seen(channels=(2, 4))
    """
    op, given, result = task.op, task.inputs[:1], task.outputs[0]
    if isinstance(op, SAME_NUMBERS):
        return Seen()
    if isinstance(op, Part):
        start = sum(op.widths(number(given[0].channels))[: op.index])
        return Seen((start, start + number(result.channels)))
    if isinstance(op, Gradient) and len(op.wanted) == 1:
        return _gradient_seen_as(op, given[0].shape == result.shape)
    return None


def _gradient_seen_as(op: Gradient, same_shape: bool) -> Seen | None:
    if isinstance(op.of, SAME_NUMBERS) or (isinstance(op.of, Add) and same_shape):
        return Seen()
    if isinstance(op.of, Concat):
        place = op.of.input_names(len(op.input_types)).index(op.wanted[0])
        widths = [number(t.channels) for t in op.input_types]
        return Seen((sum(widths[:place]), sum(widths[: place + 1])))
    return None


def is_joined(op: Op) -> bool:
    """Whether the result is nothing but the channels of the inputs, one after the other."""
    return isinstance(op, Concat)
