"""The arguments of an operator as its leaves: each by its name, in the one spelling that all equal ones share.

A window is two leaves, its size and its stride, for blocks vary them apart; paddings that are `same` are called so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from cnngraph.interop.flat.words import unwritable
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Geometry, Window, lay
from cnngraph.ops.scan import Scan

Leaf: TypeAlias = tuple[str, Any]
Leaves: TypeAlias = tuple[Leaf, ...]
CellKey: TypeAlias = tuple[tuple[object, ...], bool]
LAID = ("pad", "dilation", "stride")


def leaves_of(op: Op, inputs: Sequence[TensorType]) -> Leaves:
    """The leaves of an operator that reads values of these types.

    >>> from cnngraph.ops.conv import Conv
    >>> leaves_of(Conv(8, Window((3, 3), (2, 2)), 1), [TensorType.of(4, (8, 8))])[:4]
    (('features', 8), ('window', (3, 3)), ('stride', 2), ('pad', 'same'))
    """
    if isinstance(op, Scan):
        return (("cell", cell_key(op)), ("reverse", op.reverse))
    if not isinstance(getattr(op, "window", None), Window):
        return tuple((field.name, getattr(op, field.name)) for field in dataclasses.fields(op))
    return tuple(_windowed(op, len(inputs[0].positions)))


def _windowed(op: Any, rank: int) -> list[Leaf]:
    names = [field.name for field in dataclasses.fields(op)]
    laid = lay(
        op.name, rank, op.window, op.pad, op.stride, getattr(op, "dilation", 1), 1 if hasattr(op, "features") else None
    )
    found: list[Leaf] = []
    for name in names:
        if name == "window":
            found += [("window", laid.size), ("stride", _single(laid.stride)), ("pad", _pad(laid))]
        elif name == "dilation":
            found.append((name, _single(laid.dilation)))
        elif name not in LAID:
            found.append((name, getattr(op, name)))
    return found


def _single(values: tuple[int, ...]) -> int | tuple[int, ...]:
    return values[0] if len(set(values)) == 1 else values


def _pad(laid: Geometry) -> object:
    if all(before == after == 0 for before, after in laid.pad):
        return 0
    if all(k % 2 == 1 and pair == (k // 2, k // 2) for k, pair in zip(laid.extent, laid.pad, strict=True)):
        return "same"
    each = tuple(before if before == after else (before, after) for before, after in laid.pad)
    return each[0] if len(set(each)) == 1 and isinstance(each[0], int) else each


def cell_key(scan: Scan) -> CellKey:
    """The cell of a scan, whatever its nodes are called, and whether its states are given."""
    return shape_of_graph(scan.graph), scan.started


def shape_of_graph(graph: Graph) -> tuple[object, ...]:
    """A graph whatever its nodes are called and in whatever order they stand; the inputs and states keep theirs."""
    places = {node.name: i for i, node in enumerate(graph.inputs)}
    told: list[object] = [node.op for node in graph.inputs]
    for node in _in_order(graph):
        places[node.name] = len(places)
        told.append((_told(graph, node), *(places[ref.node] for ref in node.inputs)))
    states = [places.get(node.name) for node in graph.states]
    return (tuple(told), tuple(places[ref.node] for ref in graph.outputs.values()), tuple(states))


def _in_order(graph: Graph) -> Iterator[Node]:
    """The nodes behind the inputs as the results ask for them."""
    seen = {node.name for node in graph.inputs}
    waiting = [(ref.node, False) for ref in reversed(list(graph.outputs.values()))]
    while waiting:
        name, is_ready = waiting.pop()
        if is_ready:
            yield graph[name]
        elif name not in seen:
            seen.add(name)
            waiting.append((name, True))
            waiting += [(ref.node, False) for ref in reversed(graph[name].inputs)]


def _told(graph: Graph, node: Node) -> object:
    if isinstance(node.op, Input | State):
        return node.op
    return (node.op.name, leaves_of(node.op, graph.input_types(node)))


def require_words(node: Node) -> None:
    """Raise CnnGraphError for an operator that the language has no word for."""
    fields = [f for f in dataclasses.fields(node.op) if f.metadata.get("internal")]
    if node.op.internal or any(getattr(node.op, f.name) != f.default for f in fields):
        raise unwritable(node.op)
