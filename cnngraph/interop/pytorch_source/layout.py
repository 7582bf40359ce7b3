"""In which order PyTorch has the axes of a value.

    FIRST    (N, C, positions...)    convolutions, pools, batch norm; also vectors (N, C) and ids (N, positions...)
    LAST     (N, positions..., C)    what works on words: linear, layer norm, attention, recurrent layers
    STATE    (1, N, C)               the last state of `nn.LSTM` and `nn.RNN`
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cnngraph.interop.imported import Axes
from cnngraph.interop.pytorch_source.form import Argument, Form, method
from cnngraph.ir.types import TensorType, positions_text


class Layout(Enum):
    FIRST = "first"
    LAST = "last"
    STATE = "state"


@dataclass(frozen=True)
class Value:
    """A value of ours in PyTorch: the name of it, and the order of its axes."""

    name: str
    layout: Layout = Layout.FIRST


def turned(type_: TensorType, old: Layout, new: Layout) -> Form:
    """What brings a value of this type from one layout into another."""
    rank = len(type_.shape)
    if old is Layout.STATE:
        return method("squeeze", Argument.of("dim", 0))
    if new is Layout.STATE:
        return method("unsqueeze", Argument.of("dim", 0))
    if rank == 3:
        return method("transpose", Argument.of("dim0", 1), Argument.of("dim1", 2))
    middle = range(2, rank) if new is Layout.LAST else range(1, rank - 1)
    order = (0, *middle, 1) if new is Layout.LAST else (0, rank - 1, *middle)
    return method("permute", *(Argument.of(f"dim{axis}", place) for axis, place in enumerate(order)))


def axes_of(type_: TensorType, layout: Layout) -> Axes:
    """Where our axes are in PyTorch's value."""
    rank = len(type_.shape)
    own = tuple(range(rank))
    if rank < 3 or type_.vocabulary is not None or layout is Layout.LAST:
        return Axes(own, rank)
    return Axes((0, rank - 1, *own[1:-1]), rank)


def shape_text(type_: TensorType, layout: Layout) -> str:
    """The shape for a comment: `(N, 64, 112, 112)`.

    >>> shape_text(TensorType.of(64, (112, 56)), Layout.FIRST), shape_text(TensorType.of(8), Layout.FIRST)
    ('(N, 64, 112, 56)', '(N, 8)')
    """
    if not type_.batched:
        return f"({', '.join(map(str, type_.shape))})"
    positions = [positions_text([size]) for size in type_.positions]
    if type_.vocabulary is not None:
        sizes = ["N", *positions]
    elif layout is Layout.LAST:
        sizes = ["N", *positions, str(type_.channels)]
    else:
        sizes = ["N", str(type_.channels), *positions]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
