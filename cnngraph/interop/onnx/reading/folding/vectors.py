"""Layers at a single position become layers of vectors.

Before:

    g = globalavgpool <- x
    r = reshape(c@1x1) <- g
    e = conv(n, 1x1) <- r
    s = silu <- e

After:

    g = globalavgpool <- x
    e = dense(n) <- g
    s = silu <- e

A pool whose window is all there is becomes a global one, so that what follows it is a vector too. A vector that was
repeated at all positions, to meet a value that has them, meets it as it is.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from cnngraph.interop.imported import Axes, Imported
from cnngraph.interop.onnx.reading.folding.graphs import changed
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array, Op
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import Add
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.div import Div
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.linear import Linear
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.mul import Mul
from cnngraph.ops.position import Position
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.upsample import Upsample
from cnngraph.passes.rewrite import Rewriting, rewrite
from cnngraph.passes.surgery import Readers, fresh

PLACE = 60
CHANNELWISE = frozenset({
    "batchnorm", "concat", "dropout", "layer_scale", "layernorm", "log_softmax", "normalize", "part", "prelu",
    "rmsnorm", "shuffle", "softmax",
})  # fmt: skip
"""Beside pointwise operators: what does the same at a position as to a vector."""


def fold(found: Imported) -> Imported:
    """Layers whose results somebody still asks for at a single position stay as they are."""
    stays: set[str] = set()
    while True:
        folding = _Folding(found, stays)
        after = folding.result()
        asked = {name for name, placed in folding.placed.items() if placed in after.graph}
        if not asked:
            return after
        stays |= asked


class _Folding:
    """`vectors` has, for values at a single position, the same as vectors; `placed` the nodes that bring them there."""

    def __init__(self, found: Imported, stays: Container[str]) -> None:
        self.found, self.stays = found, stays
        self.placed: dict[str, str] = {}
        self.readers = Readers(found.graph)
        self.vectors: dict[Ref, Ref] = {}
        self.repeated: dict[Ref, Ref] = {}  # the same for values that are equal at all positions
        self.arrays: dict[str, Array] = {}

    def result(self) -> Imported:
        graph = rewrite(self.found.graph, self.rule)
        short = {name: self.vectors[ref] for name, ref in graph.outputs.items() if ref in self.vectors}
        axes = {name: _without_positions(axes) if name in short else axes for name, axes in self.found.outputs.items()}
        outputs = {**graph.outputs, **short}
        graph = replace(graph, outputs=outputs) if short else graph
        return changed(replace(self.found, outputs=axes), graph, self.arrays)

    def rule(self, node: Node, new: Rewriting) -> Sequence[Ref] | None:
        if not node.inputs or len(node.types) != 1 or not node.type.batched or node.type.vocabulary is not None:
            return None
        if node.name in self.stays:
            return None
        if pool := _whole(node, new):
            return self.spread(node, pool, node.inputs[:1], new)
        if isinstance(node.op, Reshape | Flatten | Position):
            return self.reshaped(node, new)
        if isinstance(node.op, Upsample) and node.inputs[0] in self.vectors:
            self.repeated[node.ref] = self.vectors[node.inputs[0]]
            return None
        if isinstance(node.op, Add | Mul | Div) and any(ref in self.repeated for ref in node.inputs):
            return self.met(node, new)
        if not _is_single(node.type) or not any(ref in self.vectors for ref in node.inputs):
            return None
        count = len(node.inputs) if node.op.variadic else len(node.op.operands)
        operands = [self.vectors.get(ref, ref) for ref in node.inputs[:count]]
        states = node.inputs[count:]
        if any(len(new.type_of(ref).shape) != 2 for ref in operands):
            return None
        op = self.of_vectors(node, states)
        if op is None:
            return None
        if isinstance(node.op, Conv):
            self.flatten(states[0], new)
        return self.spread(node, op, [*operands, *states], new)

    def of_vectors(self, node: Node, states: Sequence[Ref]) -> Op | None:
        """The layer that does to vectors what this one does at a single position."""
        match node.op:
            case Linear():
                return Dense(node.op.features, node.op.bias)
            case Conv(groups=1):
                plain = set(node.op.window.size) == {1} and node.op.pad in (0, "valid", "same")
                alone = self.readers.only(states[0]) is not None
                return Dense(node.op.features, bias=node.op.bias) if plain and alone else None
        return node.op if node.op.pointwise or node.op.name in CHANNELWISE else None

    def met(self, node: Node, new: Rewriting) -> Sequence[Ref] | None:
        """With vectors instead of what repeats them, if another operand has the positions."""
        if all(ref in self.repeated for ref in node.inputs):
            return None
        operands = [self.repeated.get(ref, ref) for ref in node.inputs]
        if isinstance(node.op, Div) and operands[0] != node.inputs[0]:
            return None
        return [new.add(node.name, node.op, operands, origin=node.origin).ref]

    def reshaped(self, node: Node, new: Rewriting) -> Sequence[Ref] | None:
        """To a single position or back: nothing moves."""
        x = self.vectors.get(node.inputs[0], node.inputs[0])
        shape = new.type_of(x).shape
        if len(shape) != 2 or shape[-1] != node.type.shape[-1]:
            return None
        if len(node.type.shape) == 2:
            return [x]
        self.vectors[node.ref] = x
        return None

    def spread(self, node: Node, op: Op, inputs: Sequence[Ref], new: Rewriting) -> Sequence[Ref]:
        """The layer of vectors under the old name, and its result at a single position for who still asks for that."""
        vector = new.add(node.name, op, inputs, origin=node.origin).ref
        name = fresh({**new.graph.by_name, **new.nodes}, f"{node.name}.placed")
        placed = new.add(name, Reshape(node.type), [vector]).ref
        self.vectors[placed] = vector
        self.placed[node.name] = name
        return [placed]

    def flatten(self, weight: Ref, new: Rewriting) -> None:
        """The weight of a window of one as a matrix."""
        old = new.nodes[weight.node]
        assert isinstance(old.op, State)
        type_ = replace(old.type, shape=old.type.shape[-2:])
        new.nodes[weight.node] = replace(old, op=replace(old.op, type=type_), types=(type_,))
        if weight.node in self.found.states:
            self.arrays[weight.node] = self.found.states[weight.node].reshape(type_.concrete)


def _is_single(type_: TensorType) -> bool:
    return len(type_.shape) > 2 and all(size == 1 for size in type_.shape[1:-1])


def _whole(node: Node, new: Rewriting) -> Op | None:
    """The global form of a pool whose only window is all there is."""
    if not isinstance(node.op, MaxPool | AvgPool) or not _is_single(node.type):
        return None
    x = new.type_of(node.inputs[0])
    geometry = node.op.geometry(x)
    if tuple(geometry.size) != x.positions or any(side for pair in geometry.pad for side in pair):
        return None
    return GlobalMaxPool() if isinstance(node.op, MaxPool) else GlobalAvgPool()


def _without_positions(axes: Axes) -> Axes:
    """Of a value at a single position: the same for the vector that it is."""
    moved = {0: 0, axes.rank - 1: 1}
    return Axes(tuple(moved.get(place) if place is not None else None for place in axes.places), 2)
