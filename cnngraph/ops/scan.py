"""A cell that goes along a sequence, with one set of weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array, Cost, Op, OpError, Sample, Saved, Shape, Weight, total_bytes
from cnngraph.ir.size import number
from cnngraph.ir.text import from_text, to_text
from cnngraph.ir.types import TensorType

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Scan(Op):
    """A cell along the first axis of positions: s[t] = cell(x[t], s[t-1]), the same weights at every t.

        y[:, t] = the states s[t], side by side;  s[-1] = the initial states, or zeros

    shapes: c@TxP, one initial state n_i@P for each state -> (n_1 + n_2 + ...)@TxP.
    fields: cell (a graph in its printed form: its first input is one position, the others are the states, its outputs
            the next states); reverse (t from T-1 down to 0, as if the sequence were turned round and the result turned
            back); started (whether the initial states are operands, or zeros).
    errors: E0202 no positions; E0304 a state or a position that the cell does not take.
    cost:   T times that of the cell.
    source: Elman: Finding structure in time, 1990; gradients through time: Werbos, Proc. IEEE 78(10), 1990;
            ONNX Scan-25.

    The gradient keeps the states at all positions, and computes the rest of a step again when it goes back through it.

    >>> cell = "graph sums\\nx: f32[batch, 1] = input\\ns: f32[batch, 1] = input\\nn: f32[batch, 1] = add <- x, s\\n"
    >>> Scan(cell + "output s = n\\n", started=False).forward(np.array([[[1.0], [2.0], [3.0]]]))[0, :, 0]
    array([1., 3., 6.])
    """

    cell: str
    reverse: bool = False
    started: bool = True

    name: ClassVar[str] = "scan"
    internal: ClassVar[bool] = True  # the word `scan` makes the cell first
    joint: ClassVar[bool] = True

    @property
    def graph(self) -> Graph:
        """The cell."""
        return _read(self.cell)

    @property
    def _state_inputs(self) -> tuple[Node, ...]:
        return self.graph.inputs[1:]

    @property
    def operands(self) -> tuple[str, ...]:
        return ("x", *(f"state{i}" for i in range(len(self._state_inputs) if self.started else 0)))

    @property
    def weights(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.graph.states)

    @property
    def saves(self) -> Mapping[str, tuple[str, ...]]:
        leaves = dict(zip((*self.operands, *self.weights), self._leaves(), strict=True))
        everything = (*leaves, "y")
        return {name: everything for name, leaf in leaves.items() if leaf in _differentiable(self.cell)}

    @property
    def counts_depth(self) -> bool:
        return any(node.op.counts_depth for node in self.graph)

    def _leaves(self) -> tuple[str, ...]:
        """The leaf of the cell that stands for each operand and weight."""
        inputs = self.graph.inputs[: len(self.operands)]
        return tuple(node.name for node in (*inputs, *self.graph.states))

    def infer(self, x: TensorType, *initial: TensorType) -> TensorType:
        if not x.positions:
            raise OpError("E0202", f"scan goes along positions, but receives {x}", operand=0)
        given = (at_one_position(x), *initial)
        for i, (node, type_) in enumerate(zip(self.graph.inputs, given, strict=False)):
            if (node.type.shape, node.type.vocabulary) != (type_.shape, type_.vocabulary):
                raise OpError("E0304", f"the cell takes {node.type} as `{node.name}`, not {type_}", operand=i)
        states = [node.type for node in self._state_inputs]
        if any(state.vocabulary is not None for state in states):
            raise OpError("E0304", "the states of a cell have features, and cannot be ids", operand=0)
        if len({state.positions for state in states}) != 1:
            raise OpError("E0304", f"the states of a cell have equal positions, not {' and '.join(map(str, states))}")
        shape = (*x.shape[:2], *states[0].shape[1:-1], sum(number(s.channels) for s in states))
        return TensorType(shape, self._dtype(given))

    def _dtype(self, given: Sequence[TensorType] | Sequence[Array]) -> str:
        """That of the first input that holds no ids; the cell itself is a recipe for any."""
        return next((str(v.dtype) for v in given if v.dtype != "int64"), self._state_inputs[0].type.dtype)

    def weight_types(self, *inputs: TensorType) -> Mapping[str, Weight]:
        found = {}
        for node in self.graph.states:
            assert isinstance(node.op, State)
            type_ = replace(node.type, dtype=self._dtype(inputs))
            found[node.name] = Weight(type_, node.op.initial, node.op.trainable)
        return found

    def bind(self, sizes: Mapping[str, int]) -> Scan:
        return replace(self, cell=to_text(self.graph.bind(**sizes)))

    def forward(self, *inputs: Array) -> Array:
        x, states, weights = self._parted(inputs)
        y = np.empty((*x.shape[:2], *states[0].shape[1:-1], self._cuts[-1].stop), states[0].dtype)
        for t in self._steps(x.shape[1]):
            states = self._results(self._run(x[:, t], states, weights))
            y[:, t] = np.concatenate(states, axis=-1)
        return y

    def vjp(self, wanted: str, dy: Array, saved: Saved, shapes: Mapping[str, Shape]) -> Array:
        return self.vjp_all((wanted,), dy, saved, shapes)[0]

    def vjp_all(
        self, wanted: Sequence[str], dy: Array, saved: Saved, shapes: Mapping[str, Shape]
    ) -> tuple[Array, ...]:
        names = (*self.operands, *self.weights)
        leaf_of = dict(zip(names, self._leaves(), strict=True))
        x, initial, weights = self._parted([saved[name] for name in names])
        steps, state_names = self._steps(x.shape[1]), [node.name for node in self._state_inputs]
        going_back = {leaf_of[name] for name in wanted} | set(state_names)
        d_states = [np.zeros_like(state) for state in initial]
        d_weights = {name: np.zeros_like(value) for name, value in weights.items()}
        dx = np.zeros_like(x, dtype=dy.dtype)
        for i, t in reversed(list(enumerate(steps))):
            before = [saved["y"][:, steps[i - 1]][..., cut] for cut in self._cuts] if i else initial
            ends = [dy[:, t][..., cut] + d for cut, d in zip(self._cuts, d_states, strict=True)]
            found = _pulled_back(self.graph, self._run(x[:, t], before, weights), ends, going_back)
            d_states = [found.get(name, np.zeros_like(d)) for name, d in zip(state_names, d_states, strict=True)]
            for name in d_weights.keys() & found.keys():
                d_weights[name] += found[name]
            if (d := found.get(self.graph.inputs[0].name)) is not None:
                dx[:, t] = d
        gradients = {**dict(zip(state_names, d_states, strict=True)), **d_weights, self.graph.inputs[0].name: dx}
        return tuple(gradients[leaf_of[name]] for name in wanted)

    @property
    def _cuts(self) -> list[slice]:
        """Where each state stands among the channels of the result."""
        ends = np.cumsum([number(node.type.channels) for node in self._state_inputs]).tolist()
        return [slice(start, stop) for start, stop in zip([0, *ends], ends, strict=False)]

    def _steps(self, length: int) -> Sequence[int]:
        return range(length)[::-1] if self.reverse else range(length)

    def _parted(self, inputs: Sequence[Array]) -> tuple[Array, list[Array], dict[str, Array]]:
        """(sequence, initial states, weights by name)"""
        x, count = inputs[0], len(self.operands)
        states = list(inputs[1:count]) if self.started else [
            np.zeros((len(x), *(number(size) for size in node.type.shape[1:])), self._dtype(inputs))
            for node in self._state_inputs
        ]  # fmt: skip
        return x, states, dict(zip(self.weights, inputs[count:], strict=True))

    def _run(self, x: Array, states: Sequence[Array], weights: Arrays) -> dict[Ref, Array]:
        """Every value of one step."""
        inputs = zip((node.name for node in self.graph.inputs), (x, *states), strict=True)
        leaves = {**dict(inputs), **weights}
        values: dict[Ref, Array] = {}
        for node in self.graph:
            results = (leaves[node.name],) if node.name in leaves else node.op.apply([values[r] for r in node.inputs])
            values |= {Ref(node.name, i): result for i, result in enumerate(results)}
        return values

    def _results(self, values: Mapping[Ref, Array]) -> list[Array]:
        return [values[ref] for ref in self.graph.outputs.values()]

    def cost(self, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        graph, length = self.graph, outputs[0].shape[1]
        costs = [node.op.cost(graph.input_types(node), node.types) for node in graph]
        flops, products = sum((c.flops for c in costs), 0), sum((c.multiply_adds for c in costs), 0)
        return Cost(length * flops, total_bytes(inputs) + total_bytes(outputs), length * products)

    def vjp_cost(self, wanted: str, inputs: Sequence[TensorType], outputs: Sequence[TensorType]) -> Cost:
        """Each step once more, and two products for each of its products."""
        once = self.cost(inputs, outputs)
        return once + once + once

    def field_of_view(self, rank: int) -> None:
        return None

    def __str__(self) -> str:
        return f"scan({self.graph.name}{', reverse' if self.reverse else ''})"

    @classmethod
    def samples(cls) -> Sequence[Sample]:
        one, two = _example(1), _example(2)
        x, state = TensorType.of(3, (4,)), TensorType.of(5)
        return (
            Sample(cls(one, started=False), (x,), batch=3),
            Sample(cls(one, reverse=True), (x, state)),
            Sample(cls(two), (x, state, TensorType.of(2))),
        )


def at_one_position(x: TensorType) -> TensorType:
    """The type of a sequence at one position of its first axis."""
    return replace(x, shape=(x.shape[0], *x.shape[2:]))


def _example(states: int) -> str:
    """A cell with one state, h = tanh(dense(x, h)), or with a second one that is carried on: k = k * sigmoid(k)."""
    lines = [
        "graph cell",
        "x: f32[batch, 3] = input",
        "h: f32[batch, 5] = input",
        *["k: f32[batch, 2] = input"][: states - 1],
        "joined: f32[batch, 8] = concat <- x, h",
        "dense.weight: f32[8, 5] = state(initial='glorot') with dense",
        "dense: f32[batch, 5] = dense(features=5, bias=False) <- joined, dense.weight",
        "next: f32[batch, 5] = tanh <- dense",
        *["gate: f32[batch, 2] = sigmoid <- k", "kept: f32[batch, 2] = mul <- k, gate"][: 2 * (states - 1)],
        "output h = next",
        *["output k = kept"][: states - 1],
    ]
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=256)
def _read(cell: str) -> Graph:
    return from_text(cell, "<cell>")


@lru_cache(maxsize=256)
def _differentiable(cell: str) -> frozenset[str]:
    """The leaves by which a cell can be differentiated: on all ways from them, and from the states, to its results."""
    graph = _read(cell)
    if not all(_all_ways(graph, state) for state in graph.inputs[1:]):
        return frozenset()
    return frozenset(leaf.name for leaf in (*graph.inputs, *graph.states) if _all_ways(graph, leaf))


def _all_ways(graph: Graph, leaf: Node) -> bool:
    if leaf.type.dtype == "int64":
        return False
    reached, needed = {leaf.name}, graph.restricted_to(graph.outputs.values())
    for node in graph:
        for name, ref in _named(node):
            if ref.node in reached and node.name in needed and not node.op.stops_gradient:
                if not node.op.differentiable(name):
                    return False
                reached.add(node.name)
    return True


def _named(node: Node) -> Iterator[tuple[str, Ref]]:
    return zip(node.op.input_names(len(node.inputs)), node.inputs, strict=True)


def _pulled_back(
    graph: Graph, values: Mapping[Ref, Array], ends: Sequence[Array], leaves: set[str]
) -> dict[str, Array]:
    """The gradients by those `leaves` that the results depend on, from the gradients `ends` by the results."""
    leading = set(leaves)
    for node in graph:
        if not node.op.stops_gradient and any(ref.node in leading for ref in node.inputs):
            leading.add(node.name)
    gradients: dict[str, Array] = {}
    for ref, end in zip(graph.outputs.values(), ends, strict=True):
        gradients[ref.node] = gradients[ref.node] + end if ref.node in gradients else end
    for node in reversed(graph.nodes):
        if node.name not in gradients or node.name not in leading:
            continue
        known = {name: values[ref] for name, ref in _named(node)}
        shapes = {name: value.shape for name, value in known.items()}
        known |= {name: values[Ref(node.name, i)] for i, name in enumerate(node.op.outputs)}
        for name, ref in _named(node):
            if ref.node in leading:
                saved = {key: known[key] for key in node.op.reads(name, len(node.inputs))}
                d = node.op.vjp(name, gradients[node.name], saved, shapes)
                gradients[ref.node] = gradients[ref.node] + d if ref.node in gradients else d
    return {name: gradients[name] for name in leaves if name in gradients}


__all__ = ["Scan", "at_one_position"]
