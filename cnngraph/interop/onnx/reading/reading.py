"""One attempt to read a foreign graph: our graph grows while its names get values.

A refusal does not end the attempt: what hangs on it stays unknown, and all else is read, so that a user hears of all
that cannot be expressed at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cnngraph.interop.onnx.reading.foreign import Foreign
from cnngraph.interop.onnx.reading.layout import Groups, Layout
from cnngraph.interop.onnx.reading.moves import Factors, moves
from cnngraph.interop.onnx.reading.values import Constant, Later, Tensor, Value
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array, Op, OpError
from cnngraph.ir.size import Dim
from cnngraph.ir.types import BATCH, TensorType

ANY_IDS = 2**31  # the vocabulary of ids before a layer has said how many there are


class Refused(Exception):
    """A meaning cannot say what a node asks for: why, in a few words, and what might help."""

    def __init__(self, why: str, *helps: str) -> None:
        super().__init__(why)
        self.why, self.helps = why, helps


class Again(Exception):
    """An integer input turned out to be ids below `vocabulary`, or plain numbers (None): another attempt is due."""

    def __init__(self, name: str, vocabulary: int | None) -> None:
        super().__init__(name)
        self.name, self.vocabulary = name, vocabulary


@dataclass(frozen=True)
class Refusal:
    """What is reported for one node."""

    operator: str
    node: str
    why: str
    helps: tuple[str, ...] = ()


@dataclass
class Reading:
    """The state of an attempt.

    ours        this package wrote the file
    batch       the number that stands for our batch in the file, if it has one
    sample      foreign arrays have no batch, and ours always has size 1
    values      what names stand for; None for what is unknown after a refusal
    arrays      the numbers of our states
    moved       how many nodes move data, by what they cost
    shared      the states of nodes with weights, to be found again
    nets        the graphs that are being read, the innermost last
    """

    ours: bool = False
    batch: int | None = None
    sample: bool = False
    builder: Builder = field(default_factory=Builder)
    values: dict[str, Value | None] = field(default_factory=dict)
    arrays: dict[str, Array | Later] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    moved: int = 0
    shared: dict[object, list[Ref]] = field(default_factory=dict)
    moves: dict[tuple[Ref, Op], Ref] = field(default_factory=dict)
    nets: list[Foreign] = field(default_factory=list)

    # ---- names and types ----

    def type_of(self, ref: Ref) -> TensorType:
        return self.builder.type_of(ref)

    def note(self, text: str) -> None:
        """A sentence for the user, once."""
        self.notes[text] = None

    def fresh(self, path: str) -> str:
        return self.builder.fresh(path)

    def beside(self, path: str, word: str) -> str:
        """A free name for a node that goes with the one at `path`."""
        return self.fresh(f"{path.rpartition('.')[0]}.{word}".removeprefix("."))

    # ---- nodes ----

    def fed(self, name: str, type_: TensorType) -> Ref:
        return self.builder.add(self.fresh(name), Input(type_)).ref

    def apply(
        self,
        name: str,
        op: Op,
        operands: Sequence[Ref],
        weights: Mapping[str, Array | Later] | None = None,
        sources: Sequence[str] = (),
    ) -> Ref:
        """A node with states for its weights; raises `Refused` where our operator refuses.

        Nodes of one operator whose weights have the same `sources` (names in the file) share their states. But some
        exporters write equal arrays once, such as the zeros and ones of fresh norms: those are no sharing.
        """
        weights = dict(weights or {})
        try:
            types = self._weight_types(op, operands, weights)
            key = (op, tuple(sources), tuple(type_.shape for type_ in types.values()))
            can_share = all(sources) and (self.ours or not all(map(_is_fresh, weights.values())))
            shared = self.shared.get(key, []) if can_share else []
            if shared and all(_equal(self.arrays[ref.node], weights[w]) for ref, w in zip(shared, types, strict=True)):
                return self.builder.add(self.fresh(name), op, [*operands, *shared]).ref
            node = self.builder.apply(self.fresh(name), op, operands)
        except OpError as refused:
            raise Refused(refused.message, *refused.helps) from refused
        states = list(node.inputs[len(operands) :])
        self.arrays.update(zip((ref.node for ref in states), (weights[word] for word in types), strict=True))
        if can_share:
            self.shared[key] = states
        return node.ref

    def _weight_types(
        self, op: Op, operands: Sequence[Ref], weights: Mapping[str, Array | Later]
    ) -> dict[str, TensorType]:
        """The types of the states of a node, which the given numbers fit; raises `Refused`."""
        wanted = op.weight_types(*(self.type_of(ref) for ref in operands)) if weights else {}
        types = {key: weight.type for key, weight in wanted.items()}
        for key, array in weights.items():
            if key not in types or types[key].shape != array.shape:
                needed = types.get(key, "none")
                raise Refused(f"its {key} has the shape {array.shape}, and {op.name} needs {needed}")
        return types

    # ---- axes ----

    def tensor(self, ref: Ref, groups: Groups, rank: int) -> Tensor:
        """A result of ours as a foreign array of this rank: for each of our axes the foreign axis that it is."""
        type_ = self.type_of(ref)
        if not type_.shape:
            return Tensor(ref, Layout((), ((),) * rank))
        shape: list[Dim] = [1] * rank
        for group, size in zip(groups, type_.shape, strict=True):
            if group and not (self.sample and size == BATCH):
                shape[group[0]] = size
        return Tensor(ref, Layout.of(shape, groups))

    def arranged(self, x: Tensor, groups: Factors, path: str) -> Tensor:
        """The value with these groups of factors as our axes; nodes are made where numbers have to move."""
        layout = x.layout
        if groups == layout.groups:
            return x
        if not groups or not layout.groups or groups[0] != layout.groups[0]:
            raise Refused("this mixes the batch with other axes, or lacks it")
        ref, ops = x.ref, moves(layout, groups)
        if self.type_of(ref).vocabulary is not None:
            raise Refused("ids would have to be moved")
        for place, op in enumerate(ops, start=1):
            if (ref, op) not in self.moves:
                is_last = place == len(ops) and x.path and x.path not in self.builder.nodes
                name = x.path if is_last else self.beside(x.path or path, op.name)
                self.moves[ref, op] = self.apply(name, op, [ref])
                self.moved += {"flatten": 0, "reshape": 1}.get(op.name, 2)
            ref = self.moves[ref, op]
        return Tensor(ref, layout.rearranged(groups))

    # ---- reading ----

    def known(self, name: str) -> Value | None:
        """What a name stands for, in the graph that is read or one around it; None where it is unknown."""
        if name in self.values:
            return self.values[name]
        for net in reversed(self.nets):
            if name in net.constants:
                return self.values.setdefault(name, Constant(net.constants[name], name))
        raise Refused(f"it reads `{name}`, which nothing before it gives")


def _equal(one: Array | Later, other: Array | Later) -> bool:
    left, right = (x.make() if isinstance(x, Later) else x for x in (one, other))
    return np.array_equal(left, right)


def _is_fresh(array: Array | Later) -> bool:
    """Whether all numbers are alike, as in what has not been trained; of many, the first are looked at."""
    return isinstance(array, np.ndarray) and len(np.unique(array.reshape(-1)[:1000])) < 2
