"""A graph as steps: its operators with their weights, those that make several values (a split, a scan) as one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cnngraph.interop.flat.body import sharers_of
from cnngraph.interop.flat.cells import places_of
from cnngraph.interop.flat.words import unwritable
from cnngraph.interop.readable.leaves import leaves_of, require_words
from cnngraph.interop.readable.terms import Layer, Passage
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.types import TensorType
from cnngraph.ops.cut import Cut
from cnngraph.ops.part import Part
from cnngraph.ops.scan import Scan


class Value(NamedTuple):
    """One result of a step: the one at this place among its results."""

    step: int
    place: int = 0

    @property
    def key(self) -> str:
        return f"{self.step}.{self.place}"


@dataclass
class Step:
    """A layer that is applied; an input of the graph has no layer. `count` values come of it."""

    layer: Layer | None
    operands: tuple[Value, ...]
    types: dict[int, TensorType]
    names: list[str]
    count: int = 1
    states: tuple[str, ...] = ()


@dataclass
class Web:
    """Steps in dependency order, and the results of the graph."""

    steps: list[Step] = field(default_factory=list)
    results: dict[str, Value] = field(default_factory=dict)

    def type_of(self, value: Value) -> TensorType:
        return self.steps[value.step].types[value.place]

    def users(self) -> list[list[int]]:
        """For each step, the steps that read it, in order."""
        found: list[list[int]] = [[] for _ in self.steps]
        for i, step in enumerate(self.steps):
            for operand in dict.fromkeys(value.step for value in step.operands):
                found[operand].append(i)
        return found


def web_of(graph: Graph) -> Web:
    """The steps that lead to the results of a graph, and its inputs."""
    return _Weaver(graph).web()


@dataclass
class _Weaver:
    graph: Graph
    made: Web = field(default_factory=Web)
    values: dict[Ref, Value] = field(default_factory=dict)
    splits: dict[tuple[Value, object], int] = field(default_factory=dict)

    def web(self) -> Web:
        sharers_of(self.graph)  # refuses what no shared layer gives
        needed = self.graph.restricted_to(self.graph.outputs.values())
        for node in self.graph:
            if isinstance(node.op, Input) or (node.name in needed and not isinstance(node.op, State)):
                self._node(node)
        for step in self.made.steps:
            if step.layer is not None and step.layer.word == "scan" and not set(step.types) - {0}:
                assert step.layer.passage is not None
                step.count = 1  # the sequence of its first state
                passage = replace(step.layer.passage, gives=step.types[0])
                step.layer = replace(step.layer, passage=passage)
        self.made.results = {name: self.values[ref] for name, ref in self.graph.outputs.items()}
        return self.made

    def _node(self, node: Node) -> None:
        read = [ref for ref in node.inputs if not isinstance(self.graph[ref.node].op, State)]
        if any(ref.index for ref in node.inputs):
            raise unwritable(node.op)
        operands = tuple(self.values[ref] for ref in read)
        match node.op:
            case Part():
                self.values[node.ref] = self._part(node, node.op, operands[0])
            case Cut() if (place := self._place(node, operands)) is not None:
                self.values[node.ref] = place
            case _:
                for ref in read:
                    self._require_one(self.graph[ref.node])
                self.values[node.ref] = self._step(node, operands)

    def _require_one(self, node: Node) -> None:
        """All states of a scan side by side are no value of the language."""
        if isinstance(node.op, Scan) and len(node.op.graph.inputs) > 2:
            raise unwritable(node.op)

    def _step(self, node: Node, operands: tuple[Value, ...]) -> Value:
        layer, count = None, 1
        if not isinstance(node.op, Input):
            layer = self._layer(node, operands)
        if isinstance(node.op, Scan):
            count = len(node.op.graph.inputs)
        states = tuple(ref.node for ref in node.inputs if isinstance(self.graph[ref.node].op, State))
        self.made.steps.append(Step(layer, operands, {0: node.type}, [node.name], count, states))
        return Value(len(self.made.steps) - 1)

    def _layer(self, node: Node, operands: Sequence[Value]) -> Layer:
        if not isinstance(node.op, Scan):
            require_words(node)
        if not operands:
            raise unwritable(node.op)
        types = self.graph.input_types(node)
        passage = Passage(types[0], node.type, (node.name,))
        weighs = len(operands) < len(node.inputs)
        return Layer(node.op.name, leaves_of(node.op, types), weighs=weighs, passage=passage)

    def _part(self, node: Node, op: Part, whole: Value) -> Value:
        place = self.splits.get((whole, op.of))
        if op.count < 2:
            raise unwritable(op)
        if place is None:
            type_ = self.made.type_of(whole)
            layer = Layer("split", (("of", op.of),), passage=Passage(type_, type_, ()))
            self.made.steps.append(Step(layer, (whole,), {}, [], op.count))
            place = self.splits[whole, op.of] = len(self.made.steps) - 1
        self.made.steps[place].types[op.index] = node.type
        self.made.steps[place].names.append(node.name)
        return Value(place, op.index)

    def _place(self, node: Node, operands: Sequence[Value]) -> Value | None:
        """Which result of a scan a cut is, if it is one."""
        scan = self.graph[node.inputs[0].node]
        if not isinstance(scan.op, Scan) or not isinstance(node.op, Cut):
            return None
        index = places_of(scan.op).get(node.op)
        if index is None:
            return None
        step = operands[0].step
        self.made.steps[step].types[index] = node.type
        self.made.steps[step].names.append(node.name)
        return Value(step, index)

