"""Where a unit looks: the size of the images of a net, and the part of them that one position of a layer sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from cnngraph.diagnostics import error
from cnngraph.examine.layers import image_of, layer_of
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.region import region
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run

Box: TypeAlias = "tuple[tuple[int, int], tuple[int, int]]"
"""Rows and columns of an image: first, and the one after the last."""


def image_shape(source: Node, size: tuple[int, int] | None = None) -> tuple[int, int, int]:
    """(H, W, C) of the images of an input; where rows and columns are open, those of `size`. Raises E0705."""
    height, width, channels = source.type.shape[1:]
    rows, columns = size or (height, width)
    if not (isinstance(rows, int) and isinstance(columns, int) and isinstance(channels, int)):
        raise error("E0705", f"the size of {source.name}: {source.type} is open", "give one, such as --size 224")
    for given, wanted in ((rows, height), (columns, width)):
        if isinstance(wanted, int) and given != wanted:
            raise error("E0705", f"{source.name} is {source.type}, not {rows}x{columns}")
    return rows, columns, channels


def bound(net: Net, shape: Sequence[int]) -> Graph:
    """The inference form of a net for images (H, W, C); only the batch stays open."""
    graph = run(net.graph, INFERENCE)
    sizes = {s: n for node in graph.inputs for s, n in _open(node, shape) if s != "batch"}
    return graph.bind(**sizes) if sizes else graph


def field_box(net: Net, layer: str, position: Sequence[int] | None, shape: Sequence[int]) -> Box:
    """The rows and columns of an image (H, W, C) that one position of a layer sees; without a position, all."""
    whole: Box = ((0, shape[0]), (0, shape[1]))
    if position is None:
        return whole
    graph = bound(net, shape)
    node = layer_of(graph, layer)
    box = region(graph, node.name, position).get(image_of(graph, node.name).name)
    return (box[0], box[1]) if box is not None else whole


def middle(net: Net, layer: str, shape: Sequence[int]) -> tuple[int, ...]:
    """The position in the middle of a layer for images (H, W, C): () for a vector."""
    node = layer_of(bound(net, shape), layer)
    return tuple(int(n) // 2 for n in node.type.bind(batch=1).positions if isinstance(n, int))


def _open(node: Node, shape: Sequence[int]) -> list[tuple[str, int]]:
    """The symbols of an image input, where each is an axis by itself."""
    if len(node.type.positions) != 2:
        return []
    return [(str(size), n) for size, n in zip(node.type.positions, shape, strict=False) if not isinstance(size, int)]
