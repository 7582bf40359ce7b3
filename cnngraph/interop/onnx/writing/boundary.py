"""In which order of axes a model takes and gives its values."""

from __future__ import annotations

from collections.abc import Mapping

from cnngraph.interop.imported import Axes
from cnngraph.ir.graph import Graph
from cnngraph.ir.types import TensorType


def boundary(graph: Graph) -> tuple[Mapping[str, Axes], Mapping[str, Axes]]:
    """By name, how each input and each output of the model becomes ours."""
    inputs = {node.name: axes_at_the_boundary(node.type) for node in graph.inputs}
    return inputs, {name: axes_at_the_boundary(graph.type_of(ref)) for name, ref in graph.outputs.items()}


def axes_at_the_boundary(type_: TensorType) -> Axes:
    """The axes of an input or output: (N, C, positions...) where it has two or more axes of positions.

    >>> axes_at_the_boundary(TensorType.of(3, (224, 224))).places
    (0, 3, 1, 2)
    >>> axes_at_the_boundary(TensorType.of(512, (10,))).places
    (0, 1, 2)
    """
    return Axes(order_at_the_boundary(type_), len(type_.shape))


def order_at_the_boundary(type_: TensorType) -> tuple[int, ...]:
    """Our axes in the order of the model."""
    rank = len(type_.shape)
    return channels_first(rank) if is_image(type_) else channels_last(rank)


def is_image(type_: TensorType) -> bool:
    """Whether a value has channels at positions along two or more axes; its batch may be a number."""
    return type_.vocabulary is None and len(type_.positions) >= 2


def channels_first(rank: int) -> tuple[int, ...]:
    """Our axes in the order (N, C, positions...)."""
    return (0, rank - 1, *range(1, rank - 1)) if rank > 2 else channels_last(rank)


def channels_last(rank: int) -> tuple[int, ...]:
    """Our axes in their own order."""
    return tuple(range(rank))
