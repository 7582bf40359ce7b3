"""The figures of boxes, where they are asked for: parameters, multiply-adds, activations, bytes, receptive field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import error
from cnngraph.ir.counts import Field, cost_of, receptive_fields
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import total_bytes, total_elements
from cnngraph.ir.size import Dim
from cnngraph.render.outline import lies_in
from cnngraph.render.parts import Box

ALIASES = {"macs": "madds", "multiply_adds": "madds"}
STEPS = (("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3))


def known_measures(names: Collection[str]) -> tuple[str, ...]:
    """The measures of these names, each once; E0108 where one is none."""
    found = dict.fromkeys(ALIASES.get(name, name) for name in names)
    if wrong := [name for name in found if name not in MEASURES]:
        raise error("E0108", f"boxes have no figure `{wrong[0]}`", f"figures: {', '.join(MEASURES)}")
    return tuple(found)


def count_text(count: Dim) -> str:
    """A large number with three digits; a polynomial as it prints.

    >>> count_text(416520), count_text(25_557_032), count_text(999)
    ('417k', '25.6M', '999')
    """
    if isinstance(count, int):
        for unit, step in STEPS:
            if count >= step:
                digits = f"{count / step:.3g}"
                return f"{float(digits):g}{unit}"
    return str(count)


@dataclass(frozen=True)
class Figures:
    """What the operators of a box have and do together, with all copies of a block; for one sample."""

    graph: Graph

    def texts(self, box: Box, measures: Sequence[str]) -> list[str]:
        """A line for each measure of which the box has any."""
        nodes = [node for node in self._nodes(box) if not isinstance(node.op, Input)]
        return [text for name in measures if nodes and (text := MEASURES[name](self, nodes))]

    def parameters(self, nodes: Sequence[Node]) -> str:
        states = [state.type for node in nodes for state in self._owned.get(node.name, ())]
        return _counted(total_elements(states), "parameters")

    def madds(self, nodes: Sequence[Node]) -> str:
        """Multiply-adds of all products."""
        return _counted(sum((cost_of(self.graph, node).multiply_adds for node in nodes), 0), "multiply-adds")

    def activations(self, nodes: Sequence[Node]) -> str:
        """The numbers that the operators give."""
        types = [type_.bind(batch=1) for node in nodes for type_ in node.types]
        return _counted(total_elements(types), "activations")

    def bytes(self, nodes: Sequence[Node]) -> str:
        """The bytes of those."""
        count = total_bytes([type_.bind(batch=1) for node in nodes for type_ in node.types])
        return bytes_text(count) if isinstance(count, int) else f"{count} B"

    def field(self, nodes: Sequence[Node]) -> str:
        """The receptive field of the last operator."""
        seen = self._fields.get(nodes[-1].name)
        return f"field {seen}" if seen is not None and seen.extent else ""

    def _nodes(self, box: Box) -> Iterator[Node]:
        if not box.covers and not box.block:
            return iter(box.nodes)
        paths = box.covers or (box.name,)
        return (node for node in self.graph if any(lies_in(node.name, path) for path in paths) and _is_run(node))

    @cached_property
    def _fields(self) -> Mapping[str, Field | None]:
        return receptive_fields(self.graph)

    @cached_property
    def _owned(self) -> Mapping[str, Sequence[Node]]:
        """The trainable states of each node that is the first to read them."""
        owned: dict[str, list[Node]] = {}
        for state in self.graph.states:
            if isinstance(state.op, State) and state.op.trainable and self.graph.users[state.name]:
                owned.setdefault(self.graph.users[state.name][0].name, []).append(state)
        return owned


MEASURES: Mapping[str, Callable[[Figures, Sequence[Node]], str]] = {
    "parameters": Figures.parameters,
    "madds": Figures.madds,
    "activations": Figures.activations,
    "bytes": Figures.bytes,
    "field": Figures.field,
}


def _is_run(node: Node) -> bool:
    return not isinstance(node.op, State)


def _counted(count: Dim, word: str) -> str:
    return f"{count_text(count)} {word}" if count else ""
