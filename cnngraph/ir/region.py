"""The part of each input that one position of a node depends on: its receptive field, placed and cut at the borders.

    input 1@8   conv(1, 3, pad = 1) -> maxpool(2)        position 0 of the pool
    0 1 2 3 4 5 6 7        pool 0 sees conv 0, 1; these see -1..1 and 0..2; inside of the input that is 0..2
    ^---^

Araujo, Norris, Sim: Computing receptive fields of convolutional neural networks, Distill 2019, section 3 (the place).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor
from typing import TypeAlias

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Shape
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType

Box: TypeAlias = "tuple[tuple[int, int], ...]"
"""First position and the one after the last, along each axis."""


def region(graph: Graph, name: str, position: Sequence[int]) -> Mapping[str, Box]:
    """For each input with positions that leads there: the box around all that `position` of node `name` depends on.

    All sizes but the batch are numbers. What a padding mirrors or repeats from the other end is not followed.
    Raises E0101 for an unknown name, E0705 for a position that the node does not have.
    """
    if name not in graph:
        raise error("E0101", f"the graph {graph.name} has no node {name}")
    places = _positions(graph[name].type)
    if len(position) != len(places) or not all(0 <= p < n for p, n in zip(position, places, strict=True)):
        raise error("E0705", f"{name} has the positions {places}, and none is {tuple(position)}", "they count from 0")
    boxes: dict[str, Box] = {name: tuple((p, p + 1) for p in position)}
    for node in reversed(graph.nodes):
        if node.name in boxes:
            for ref in _grids(graph, node):
                seen = _seen(graph, node, ref, boxes[node.name])
                boxes[ref.node] = _around(boxes.get(ref.node, seen), seen)
    return {node.name: boxes[node.name] for node in graph.inputs if boxes.get(node.name)}


def _grids(graph: Graph, node: Node) -> list[Ref]:
    """The inputs of a node that belong to the batch."""
    return [ref for ref in node.inputs if graph.type_of(ref).batched]


def _seen(graph: Graph, node: Node, ref: Ref, box: Box) -> Box:
    """The box of an input that this box of the node depends on; all of it where the operator sees everything."""
    positions = _positions(graph.type_of(ref))
    rank = max(len(graph.type_of(r).positions) for r in _grids(graph, node))
    view = node.op.field_of_view(rank)
    if view is None or not len(view) == len(box) == len(positions):
        return tuple((0, n) for n in positions)
    starts = node.op.field_start(positions)
    found = []
    for (low, high), (extent, stride), start, n in zip(box, view, starts, positions, strict=True):
        first, last = floor(low * stride + start), floor((high - 1) * stride + start) + extent - 1
        found.append((min(max(first, 0), n - 1), min(max(last, 0), n - 1) + 1))
    return tuple(found)


def _around(a: Box, b: Box) -> Box:
    return tuple((min(i, k), max(j, m)) for (i, j), (k, m) in zip(a, b, strict=True))


def _positions(type_: TensorType) -> Shape:
    return tuple(number(size) for size in type_.positions) if type_.batched else ()
