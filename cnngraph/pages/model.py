"""A graph as the value of JSON that the graph view of the pages draws (`assets/graph/model.js` reads it).

    nodes    id, op, text, family, shape, bytes; parameters, madds, field, place, layer, facts where there are any
    edges    [from, to, kind] or [from, to, kind, shape], where that is not the shape of `from`; places in `nodes`
    tree     the items of the whole network, see `tree`
    files    the sources: name and text;   uses: [use around it or -1, block, file, from, to]
    inputs   places in `nodes`;   outputs: name, node, shape

The place of a node is [file, from, to, innermost use or -1]. Offsets count characters as Python does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cnngraph.diagnostics import Origin, Source, Span, Use
from cnngraph.ir.counts import Field, cost_of, receptive_fields
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.ir.op import total_bytes, total_elements
from cnngraph.ir.size import Dim, number_text
from cnngraph.ops.gradient import Gradient
from cnngraph.pages.tree import tree
from cnngraph.render.backward import Backward
from cnngraph.render.caption import operator_text, shape_text
from cnngraph.render.outline import backward_nodes
from cnngraph.render.style import family
from cnngraph.render.table import owned_states

GRAPH_STYLES = ("graph.css",)
SCRIPTS: tuple[str, ...] = ("engine", "model", "opened", "scene", "sizes", "dot", "arrows", "draw")
SCRIPTS += ("camera", "minimap", "motion", "marks", "notice", "walk", "point", "view")
GRAPH_SCRIPTS = tuple(f"graph/{name}.js" for name in SCRIPTS)
"""What a page with a graph view has among its styles and scripts, the scripts in this order."""

Json = dict[str, object]


def graph_model(
    graph: Graph,
    *,
    sources: Sequence[Source] = (),
    facts: Mapping[str, Mapping[str, object]] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Json:
    """The model of `graph`; the same graph gives the same model.

    sources: stand first in `files`, in this order; others are added as nodes name them.
    facts:   of nodes, values of JSON: device, seconds, remark, ...
    kinds:   nodes of different kinds are never folded into one; without them, nodes on different devices.
    """
    facts = facts or {}
    if kinds is None:
        kinds = {name: str(known["device"]) for name, known in facts.items() if "device" in known}
    return _Model(graph, facts, kinds, _Places(list(sources))).whole()


@dataclass
class _Places:
    """Collects sources and uses of blocks, each once."""

    sources: list[Source]
    uses: list[tuple[int, str, int, int, int]] = field(default_factory=list)
    _use_at: dict[tuple[int, str, int, int, int], int] = field(default_factory=dict)

    def of(self, origin: Origin) -> list[int]:
        use = -1
        for each in origin.uses:
            use = self._use(each, use)
        return [*self._span(origin.span), use]

    def _use(self, use: Use, around: int) -> int:
        row = (around, use.block, *self._span(use.span))
        if row not in self._use_at:
            self._use_at[row] = len(self.uses)
            self.uses.append(row)
        return self._use_at[row]

    def _span(self, span: Span) -> tuple[int, int, int]:
        if span.source not in self.sources:
            self.sources.append(span.source)
        return self.sources.index(span.source), span.start, span.end


@dataclass(frozen=True)
class _Model:
    graph: Graph
    facts: Mapping[str, Mapping[str, object]]
    kinds: Mapping[str, str]
    places: _Places

    def whole(self) -> Json:
        nodes = [self._node(node) for node in self.shown]
        return {
            "name": self.graph.name,
            "nodes": nodes,
            "edges": [edge for node in self.shown for edge in self._edges(node)],
            "tree": tree(self.graph, self.place, self.kinds, self.backward, self.layers),
            "inputs": [self.place[node.name] for node in self.graph.inputs if node.name in self.place],
            "outputs": [
                {"name": name, "node": self.place[ref.node], "shape": shape_text(self.graph.type_of(ref))}
                for name, ref in self.graph.outputs.items()
                if ref.node in self.place
            ],
            "files": [{"name": source.name, "text": source.text} for source in self.places.sources],
            "uses": self.places.uses,
        }

    def _node(self, node: Node) -> Json:
        states = self._owned.get(node.name, ())
        layer = self.layers.get(node.name)
        more = {
            "parameters": _figure(total_elements([state.type for state in states])),
            "madds": _figure(cost_of(self.graph, node).multiply_adds),
            "field": self._field(node),
            "place": self.places.of(node.origin) if node.origin else None,
            "backward": node.name in self.backward,
            "layer": None if layer is None else self.place[layer],
            "facts": dict(self.facts.get(node.name, {})),
        }
        return {
            "id": node.name,
            "op": node.op.name,
            "text": _text(node),
            "family": family(self.graph, node),
            "shape": shape_text(node.type),
            "bytes": _figure(total_bytes([type_.bind(batch=1) for type_ in node.types])),
            **{key: value for key, value in more.items() if value},
        }

    def _edges(self, node: Node) -> list[list[object]]:
        target = self.place[node.name]
        edges: dict[tuple[object, ...], None] = {}
        for ref in node.inputs:
            if ref.node in self.place:
                kind = self._kind(ref.node, node.name)
                shape = (shape_text(self.graph.type_of(ref)),) if ref.index else ()
                edges[self.place[ref.node], target, kind, *shape] = None
        return [list(edge) for edge in edges]

    def _kind(self, source: str, target: str) -> str:
        if target in self.backward:
            return "gradient" if source in self.backward else "saved"
        is_long = self._ranks[target] - self._ranks[source] > 1
        return "skip" if is_long and len(self.graph.users[source]) > 1 else "flow"

    def _field(self, node: Node) -> str | None:
        """The receptive field, `all` where it is the whole input; None where a node has no positions."""
        if node.name in self.backward or node.name not in self._fields:
            return None
        seen = self._fields[node.name]
        return "all" if seen is None else str(seen)

    @cached_property
    def shown(self) -> tuple[Node, ...]:
        """What is computed, and the inputs; no learning rate."""
        added = {node.name for node in Backward(self.graph, self.backward, (), {}, ()).nodes}
        left_out = self.backward - added
        return tuple(n for n in self.graph if not isinstance(n.op, State) and n.name not in left_out)

    @cached_property
    def place(self) -> Mapping[str, int]:
        return {node.name: i for i, node in enumerate(self.shown)}

    @cached_property
    def backward(self) -> frozenset[str]:
        return backward_nodes(self.graph)

    @cached_property
    def layers(self) -> Mapping[str, str]:
        """The forward node of each node of the backward part that belongs to one."""
        home = {node.name: node.name for node in self.graph if node.name not in self.backward}
        return Backward(self.graph, self.backward, (), home, ()).layers

    @cached_property
    def _fields(self) -> Mapping[str, Field | None]:
        return receptive_fields(self.graph)

    @cached_property
    def _owned(self) -> Mapping[str, Sequence[Node]]:
        return owned_states(self.graph)

    @cached_property
    def _ranks(self) -> Mapping[str, int]:
        """The longest way from an input to each node."""
        ranks: dict[str, int] = {}
        for node in self.graph:
            ranks[node.name] = 1 + max((ranks[ref.node] for ref in node.inputs), default=0)
        return ranks


def _text(node: Node) -> str:
    """The operator as a row of a box; of a gradient, what it is of: `conv: x, weight`."""
    if isinstance(node.op, Gradient):
        return f"{node.op.of.name}: {', '.join(node.op.wanted)}"
    return operator_text(node)


def _figure(number: Dim) -> int | str:
    """A number, or a polynomial of sizes as it prints."""
    return number if isinstance(number, int) else number_text(number)
