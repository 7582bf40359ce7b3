"""The typed graph: immutable nodes in dependency order, named outputs, and the updates of its states.

`Node.inputs` is the truth; `graph.nx` is the same graph for networkx, built once and frozen. This is the only file that
imports networkx at run time for the graph itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cnngraph.diagnostics import Origin
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Op
from cnngraph.ir.size import Dim, SizeError, bind
from cnngraph.ir.types import TensorType

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, order=True)
class Ref:
    """One result of a node."""

    node: str
    index: int = 0

    def __str__(self) -> str:
        return f"{self.node}!{self.index}" if self.index else self.node


@dataclass(frozen=True)
class Node:
    """An operator applied. `name` is a path such as `i3a.conv_relu[2].conv`.

    `device` is the placement that the file asks for; `colocated` names the node whose device this one shares (a
    gradient or an update with its layer); that node may have been pruned since. A `late` node runs only when the first
    of its readers is about to.
    """

    name: str
    op: Op
    inputs: tuple[Ref, ...]
    types: tuple[TensorType, ...]
    device: str | None = None
    colocated: str | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False)
    late: bool = False

    @property
    def ref(self) -> Ref:
        return Ref(self.name)

    @property
    def type(self) -> TensorType:
        """Type of the first result."""
        return self.types[0]


@dataclass(frozen=True)
class Fact:
    """`left operator right`, from a `where` that no symbol can carry; checked when sizes are bound."""

    operator: str
    left: Dim
    right: Dim

    def holds(self) -> bool:
        compare = {"==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
        return bool(getattr(self.left, compare[self.operator])(self.right))

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True)
class Graph:
    """Nodes in dependency order, `outputs` by name, and the next value of each state that a run changes (`updates`)."""

    name: str
    nodes: tuple[Node, ...]
    outputs: Mapping[str, Ref]
    updates: Mapping[str, Ref] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        return {node.name: node for node in self.nodes}

    def __getitem__(self, name: str) -> Node:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def type_of(self, ref: Ref) -> TensorType:
        return self.by_name[ref.node].types[ref.index]

    def input_types(self, node: Node) -> tuple[TensorType, ...]:
        return tuple(self.type_of(ref) for ref in node.inputs)

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes that are fed."""
        return tuple(node for node in self.nodes if isinstance(node.op, Input))

    @cached_property
    def states(self) -> tuple[Node, ...]:
        """Weights and all other named state."""
        return tuple(node for node in self.nodes if isinstance(node.op, State))

    @cached_property
    def users(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that read each node, in order."""
        found: dict[str, dict[str, Node]] = {node.name: {} for node in self.nodes}
        for node in self.nodes:
            for ref in node.inputs:
                found[ref.node][node.name] = node
        return {name: tuple(users.values()) for name, users in found.items()}

    @cached_property
    def nx(self) -> networkx.DiGraph:
        """The graph for networkx: node attributes `node`, `op`, `type`; edge attribute `refs`. Frozen."""
        import networkx

        view = networkx.DiGraph(name=self.name)
        for node in self.nodes:
            view.add_node(node.name, node=node, op=node.op.name, type=str(node.type))
            for ref in node.inputs:
                old = view.edges[ref.node, node.name]["refs"] if view.has_edge(ref.node, node.name) else ()
                view.add_edge(ref.node, node.name, refs=(*old, ref))
        return networkx.freeze(view)

    def bind(self, **sizes: int) -> Graph:
        """The graph with numbers for symbols, e.g. `bind(batch=8, H=224, W=224)`; raises `SizeError`."""
        facts = tuple(replace(f, left=bind(f.left, sizes), right=bind(f.right, sizes)) for f in self.facts)
        for fact, bound in zip(self.facts, facts, strict=True):
            if isinstance(bound.left, int) and isinstance(bound.right, int) and not bound.holds():
                raise SizeError(f"where {fact} does not hold: {bound}")
        nodes = []
        for node in self.nodes:
            types = tuple(t.bind(**sizes) for t in node.types)
            for t in types:
                if any(isinstance(s, int) and s < 1 for s in t.shape):
                    raise SizeError(f"{node.name} would have no positions left: {t.shape}")
            nodes.append(replace(node, op=node.op.bind(sizes), types=types))
        return replace(self, nodes=tuple(nodes), facts=facts)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the sizes that are still symbols."""
        return tuple(dict.fromkeys(s for node in self.inputs for s in node.type.symbols))

    def restricted_to(self, targets: Iterable[Ref]) -> frozenset[str]:
        """Names of the nodes that lead to `targets`, themselves included."""
        needed, stack = set(), [ref.node for ref in targets]
        while stack:
            name = stack.pop()
            if name not in needed:
                needed.add(name)
                stack += [ref.node for ref in self.by_name[name].inputs]
        return frozenset(needed)

    def fetch(self, names: Sequence[str]) -> Graph:
        """The part of the graph that leads to the named outputs or nodes, and nothing else; no updates."""
        outputs = {name: self.outputs[name] if name in self.outputs else Ref(name) for name in names}
        kept = self.restricted_to(outputs.values())
        return replace(self, nodes=tuple(n for n in self.nodes if n.name in kept), outputs=outputs, updates={})
