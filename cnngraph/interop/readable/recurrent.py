"""The cells of scans: those of the standard library by their names, others as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.interop.flat.body import Body as FlatBody
from cnngraph.interop.flat.cells import Cells, cell_of, parameters
from cnngraph.interop.flat.expand import columns
from cnngraph.interop.readable.equations import Equations
from cnngraph.interop.readable.leaves import CellKey, cell_key, shape_of_graph
from cnngraph.interop.readable.web import web_of
from cnngraph.ir.graph import Graph, Node
from cnngraph.ops.scan import Scan

FILE = "std/recurrent.cnn"
STANDARD = {"rnn": 1, "gru": 1, "gru_reset_after": 1, "lstm": 2}
"""Cells of the standard library, and how many states they have."""


@dataclass(frozen=True)
class Recurrence:
    """How the text calls a cell, and the names of its states. `standard` is the block to import for it."""

    call: str
    states: tuple[str, ...]
    standard: str = ""


def recurrences(graph: Graph, cells: Cells) -> Mapping[CellKey, Recurrence]:
    """All cells of a graph, by what they do."""
    found: dict[CellKey, Recurrence] = {}
    for node in graph:
        if isinstance(node.op, Scan):
            found.setdefault(cell_key(node.op), _recurrence(node.op, cells))
    return found


def _recurrence(scan: Scan, cells: Cells) -> Recurrence:
    states = tuple(node.name for node in scan.graph.inputs[1:])
    for word, count in STANDARD.items():
        if count == len(states) and is_standard(scan, word):
            size = scan.graph.inputs[1].type.channels
            return Recurrence(f"{word}(n = {size})", ("h", "c")[:count], word)
    return Recurrence(cells.name_of(cell_of(scan)), states)


def is_standard(scan: Scan, word: str) -> bool:
    """Whether a cell is this block of the standard library."""
    position, state = scan.graph.inputs[0].type, scan.graph.inputs[1].type
    plain = all(type_.vocabulary is None and not type_.positions for type_ in (position, state))
    if not plain or not isinstance(state.channels, int) or not isinstance(position.channels, int):
        return False
    return _standard(word, position.channels, state.channels) == shape_of_graph(scan.graph)


@cache
def _standard(word: str, channels: int, size: int) -> tuple[object, ...]:
    return shape_of_graph(_compiled(f'import {word} from "{FILE}"', f"{channels}@T", f"{word}(n = {size})").graph)


def _compiled(before: str, sequence: str, cell: str) -> Scan:
    """The scan of a cell that a text defines."""
    graph = elaborate(load_text(f"cnn 1\n{before}\nnet once(x: {sequence}) = scan({cell})"))
    return next(node.op for node in graph if isinstance(node.op, Scan))


def blocks_of(cells: Cells, known: Mapping[CellKey, Recurrence]) -> Iterator[str]:
    """The blocks of the cells that the standard library does not have, the inner ones first."""
    called = {recurrence.call for recurrence in known.values()}
    for cell, inner in reversed(list(cells.graphs.items())):
        if cells.name_of(cell) in called:
            called |= {cells.name_of(cell_of(node.op)) for node in inner if isinstance(node.op, Scan)}
    within = replace(cells, within=True)
    for cell, inner in cells.graphs.items():
        if cells.name_of(cell) in called:
            body = FlatBody.of(inner, within)
            head = f"block {cells.name_of(cell)}({parameters(cell, inner, body.labels)}) {{"
            yield "\n".join(["", head, *(_equations(inner, body) or columns(body.lines())), "}"])


def _equations(inner: Graph, flat: FlatBody) -> list[str]:
    """The lines of a cell as a person writes them, if that is the same cell; else nothing."""
    if any(isinstance(node.op, Scan) for node in inner):
        return []
    labels = [flat.labels[node.name] for node in inner.inputs]
    lines = list(Equations(web_of(inner), labels).lines())
    position, *states = inner.inputs
    stated = (f"{label}: {_state(node)}" for label, node in zip(labels[1:], states, strict=True))
    listed = [f"{labels[0]}: tensor", *stated]
    text = "\n".join([f"block cell({', '.join(listed)}) {{", *lines, "}"])
    sequence = replace(position.type, shape=(position.type.shape[0], 2, *position.type.shape[1:]))
    return lines if shape_of_graph(_compiled(text, str(sequence), "cell").graph) == shape_of_graph(inner) else []


def _state(node: Node) -> str:
    return str(node.type) if node.type.positions else f"tensor({node.type.channels})"
