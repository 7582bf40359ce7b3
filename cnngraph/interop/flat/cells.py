"""The cells of scans: the only blocks of a flat file, one for each cell that differs from the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from cnngraph.interop.flat.names import free, words_of_a_file
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ops.cut import Cut
from cnngraph.ops.scan import Scan


class Cell(NamedTuple):
    """The printed form of a cell, and whether its states begin as given values: then they need no size of their own."""

    text: str
    started: bool


@dataclass(frozen=True)
class Cells:
    """The names of all cells, those inside others first. `within`: whether the body being written is one itself."""

    name_by_cell: Mapping[Cell, str] = field(default_factory=dict)
    graphs: Mapping[Cell, Graph] = field(default_factory=dict)
    within: bool = False

    @staticmethod
    def of(graph: Graph) -> Cells:
        found: dict[Cell, Graph] = {}
        _collect(graph, found)
        taken = {*words_of_a_file(), graph.name}
        return Cells({cell: free(inner.name, taken) for cell, inner in found.items()}, found)

    @property
    def names(self) -> Collection[str]:
        return self.name_by_cell.values()

    def name_of(self, cell: Cell) -> str:
        return self.name_by_cell[cell]


def _collect(graph: Graph, found: dict[Cell, Graph]) -> None:
    for node in graph:
        if isinstance(node.op, Scan):
            _collect(node.op.graph, found)
            found.setdefault(cell_of(node.op), node.op.graph)


def cell_of(scan: Scan) -> Cell:
    return Cell(scan.cell, scan.started)


def parameters(cell: Cell, graph: Graph, labels: Mapping[str, str]) -> str:
    """One position, then the states: `x: tensor, h: tensor(8), c: tensor(8)`."""
    position, *states = graph.inputs
    texts = [f"{labels[position.name]}: tensor"]
    return ", ".join([*texts, *(f"{labels[s.name]}: {_state_text(s.type, cell.started)}" for s in states)])


def _state_text(type_: TensorType, started: bool) -> str:
    if started:
        return "tensor"
    return str(type_) if type_.positions else f"tensor({type_.channels})"


def results_of(nodes: Sequence[Node], place: int) -> dict[int, Node]:
    """Of a scan at `place`: the nodes behind it that are its results, by their places in a `let`.

    0 is the sequence of the first state, where the scan has others beside it; 1, 2, ... are the last values.
    """
    scan = nodes[place]
    if not isinstance(scan.op, Scan):
        return {}
    places = places_of(scan.op)
    found: dict[int, Node] = {}
    for node in islice(nodes, place + 1, None):
        if not isinstance(node.op, Cut) or node.inputs != (scan.ref,) or node.op not in places:
            break
        result = places[node.op]
        if node.device != scan.device or 0 in found or 0 < result <= max(found, default=0):
            break
        found[result] = node
    return found


def places_of(scan: Scan) -> dict[Cut, int]:
    """Each result as the operator that takes it, in the order in which a `let` makes them: the sequence last."""
    widths = [number(state.type.channels) for state in scan.graph.inputs[1:]]
    ends = [sum(widths[: i + 1]) for i in range(len(widths))]
    cuts = list(zip([0, *ends], ends, strict=False))
    last = 0 if scan.reverse else -1
    places = {Cut(start, stop, last): i + 1 for i, (start, stop) in enumerate(cuts)}
    return places if len(cuts) == 1 else places | {Cut(*cuts[0]): 0}
