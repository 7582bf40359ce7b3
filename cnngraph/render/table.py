"""A network as a table: each layer's shape, parameters, multiply-adds, memory and receptive field, for one sample.

    print(summary(graph))                  one row for each operator
    print(summary(graph, depth=1))         one row for each block
    summary(graph).to("markdown")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnngraph.diagnostics import error
from cnngraph.ir.counts import Field, cost_of, parameters, receptive_fields
from cnngraph.ir.counts import depth as depth_of
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import total_bytes, total_elements
from cnngraph.ir.size import Dim
from cnngraph.render.caption import shape_text
from cnngraph.render.outline import Frame, Item, level, nodes_in, outline, path_of
from cnngraph.render.tabular import Cell, Column, Table

FEW = 3  # operators of a block that are named in its row
COLUMNS = (
    Column("layer", "layer", right=False),
    Column("operator", "operator", right=False),
    Column("shape", "shape"),
    Column("parameters", "parameters"),
    Column("multiply_adds", "multiply-adds"),
    Column("activation_bytes", "activation bytes"),
    Column("receptive_field", "receptive field"),
)


def summary(graph: Graph, *, depth: int | None = None) -> Table:
    """The layers of `graph` with their figures for one sample, and totals.

    depth: None gives one row for each operator; 1 one for each block of the network, 2 for the blocks in those, ...
    A graph whose batch is bound to a number gives the figures of that batch, and no receptive fields.
    Parameters that several layers share count once, where they are first used. Sizes with symbols stay polynomials.
    """
    if depth is not None and depth < 1:
        raise error("E0108", f"the depth of a table is 1 or more, not {depth}")
    figures = _Figures(graph, receptive_fields(graph), owned_states(graph))
    rows = tuple(figures.row(item) for item in _items(outline(graph), depth) if not _is_input(item))
    operators = [node for node in graph if not isinstance(node.op, Input | State)]
    totals: dict[str, Cell] = {
        "parameters": parameters(graph),
        "multiply-adds": figures.multiply_adds(operators),
        "depth": depth_of(graph),
        "activation bytes": activation_bytes(operators),
    }
    return Table(COLUMNS, rows, totals, graph.name)


@dataclass(frozen=True)
class _Figures:
    graph: Graph
    fields: Mapping[str, Field | None]
    owned: Mapping[str, Sequence[Node]]

    def row(self, item: Item) -> tuple[Cell, ...]:
        """The figures of a node, or of a block together; shape and receptive field are those of its end."""
        nodes = list(nodes_in(item))
        last = _result(self.graph, nodes)
        states = [state for node in nodes for state in self.owned.get(node.name, ())]
        return (
            path_of(item),
            str(item.op) if isinstance(item, Node) else _named(nodes),
            shape_text(last.type),
            total_elements([state.type for state in states]),
            self.multiply_adds(nodes),
            activation_bytes(nodes),
            self._field_text(last),
        )

    def multiply_adds(self, nodes: Sequence[Node]) -> Dim:
        return sum((cost_of(self.graph, node).multiply_adds for node in nodes), 0)

    def _field_text(self, node: Node) -> str | None:
        field = self.fields.get(node.name)
        if field is None:
            return "all" if node.name in self.fields else None
        return str(field) or None


def _items(frame: Frame, depth: int | None) -> Iterator[Item]:
    """What has a row of its own: every node, or the blocks at `depth` and the nodes above it."""
    for item in frame.items:
        if isinstance(item, Frame) and (depth is None or level(item.path) < depth):
            yield from _items(item, depth)
        else:
            yield item


def _is_input(item: Item) -> bool:
    return isinstance(item, Node) and isinstance(item.op, Input)


def owned_states(graph: Graph) -> Mapping[str, Sequence[Node]]:
    """The trainable states of each node that is the first to read them."""
    owner: dict[str, str] = {}
    for node in graph:
        for ref in node.inputs:
            owner.setdefault(ref.node, node.name)
    owned: dict[str, list[Node]] = {}
    for state in graph.states:
        if isinstance(state.op, State) and state.op.trainable and state.name in owner:
            owned.setdefault(owner[state.name], []).append(state)
    return owned


def activation_bytes(nodes: Sequence[Node]) -> Dim:
    """Bytes of the results of `nodes` for one sample."""
    return total_bytes([type_.bind(batch=1) for node in nodes for type_ in node.types])


def _result(graph: Graph, nodes: Sequence[Node]) -> Node:
    """The last of `nodes` whose value leaves them."""
    own = {node.name for node in nodes}
    leaving = [n for n in nodes if any(user.name not in own for user in graph.users[n.name])]
    return leaving[-1] if leaving else nodes[-1]


def _named(nodes: Sequence[Node]) -> str:
    """The operators of a block: their names if there are few, else how many."""
    names = [node.op.name for node in nodes]
    return " -> ".join(names) if len(names) <= FEW else f"{len(names)} operators"
