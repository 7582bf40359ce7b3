"""The one mutable thing of the graph layer: a builder that adds nodes and finishes as a verified graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnngraph.diagnostics import Origin
from cnngraph.ir.graph import Fact, Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Op, Weight
from cnngraph.ir.types import TensorType
from cnngraph.ir.verify import verify


class Builder:
    """Adds nodes one by one, infers their types, finishes as a verified `Graph`. Starts empty or from a graph."""

    def __init__(self, start: Graph | None = None) -> None:
        self.nodes: dict[str, Node] = dict(start.by_name) if start else {}

    def add(
        self,
        name: str,
        op: Op,
        inputs: Sequence[Ref] = (),
        *,
        origin: Origin | None = None,
        device: str | None = None,
        colocated: str | None = None,
    ) -> Node:
        """A new node at the end; `inputs` are the operands, then the weights. Raises `OpError` where types refuse."""
        assert name not in self.nodes, f"a node is already named {name}"
        operands = [self.type_of(ref) for ref in inputs]
        count = len(operands) if op.variadic else len(op.operands)
        types = op.output_types(operands[:count])
        node = self.nodes[name] = Node(name, op, tuple(inputs), types, device, colocated, origin)
        return node

    def apply(
        self,
        name: str,
        op: Op,
        operands: Sequence[Ref],
        *,
        origin: Origin | None = None,
        device: str | None = None,
        colocated: str | None = None,
    ) -> Node:
        """A new node with fresh states `name.weight`, ... before it."""
        types = [self.type_of(ref) for ref in operands]
        op.output_types(types)  # refuse before any weight is made
        states = [
            self.state(f"{name}.{key}", weight, origin=origin, device=device, colocated=name).ref
            for key, weight in op.weight_types(*types).items()
        ]
        return self.add(name, op, [*operands, *states], origin=origin, device=device, colocated=colocated)

    def state(
        self,
        name: str,
        weight: Weight,
        *,
        origin: Origin | None = None,
        device: str | None = None,
        colocated: str | None = None,
    ) -> Node:
        op = State(weight.type, weight.initial, weight.trainable)
        return self.add(name, op, origin=origin, device=device, colocated=colocated)

    def type_of(self, ref: Ref) -> TensorType:
        return self.nodes[ref.node].types[ref.index]

    def fresh(self, name: str) -> str:
        """`name`, or `name_2`, `name_3`, ... if it is taken."""
        if name not in self.nodes:
            return name
        return next(n for i in range(2, len(self.nodes) + 3) if (n := f"{name}_{i}") not in self.nodes)

    def finish(
        self,
        name: str,
        outputs: Mapping[str, Ref],
        updates: Mapping[str, Ref] | None = None,
        facts: tuple[Fact, ...] = (),
    ) -> Graph:
        return verify(Graph(name, tuple(self.nodes.values()), dict(outputs), dict(updates or {}), facts))
