"""Attention as `attention` of the standard blocks has it: a linear layer for each of q, k and v, one scale for scores.

Before:

    l = linear(3 * d) <- x
    q, k, v = part(index=0|1|2, of=3) <- l
    a = split_heads <- scale(0.7) <- q        b = split_heads <- scale(0.7) <- k        s = dot <- a, b

After:

    q = linear(d) <- x        k = linear(d) <- x        v = linear(d) <- x
    a = split_heads <- q      b = split_heads <- k      s = scale(0.49) <- dot <- a, b
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.folding.graphs import changed
from cnngraph.interop.onnx.reading.folding.joined import bounds
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array
from cnngraph.ops.dot import Dot
from cnngraph.ops.linear import Linear
from cnngraph.ops.part import Part
from cnngraph.ops.scale import Scale
from cnngraph.ops.split_heads import SplitHeads
from cnngraph.passes.rewrite import Rewriting, rewrite
from cnngraph.passes.surgery import Readers, fresh

PLACE = 65


def fold(found: Imported) -> Imported:
    scaled = changed(found, rewrite(found.graph, _scales_after))
    projections = _Projections(scaled)
    return changed(scaled, rewrite(scaled.graph, projections.rule), projections.arrays)


# ---- scales ----


def _scales_after(node: Node, new: Rewriting) -> Sequence[Ref] | None:
    """Queries and keys without their scales, and the product of these behind the scores; scale of scale is one."""
    if isinstance(node.op, Scale):
        inner = new.nodes[node.inputs[0].node]
        if isinstance(inner.op, Scale):
            return [new.add(node.name, Scale(node.op.factor * inner.op.factor), inner.inputs, origin=node.origin).ref]
    if not isinstance(node.op, Dot):
        return None
    sides = [_unscaled(ref, new, f"{node.name}.{word}") for ref, word in zip(node.inputs, ("q", "k"), strict=True)]
    factor = float(np.float32(sides[0][1] * sides[1][1]))
    if factor == 1:
        return None
    scores = new.add(_free(new, f"{node.name}.scores"), node.op, [ref for ref, _ in sides], origin=node.origin)
    return [new.add(node.name, Scale(_plain(factor)), [scores.ref]).ref]


def _unscaled(ref: Ref, new: Rewriting, name: str) -> tuple[Ref, float]:
    """The value before a scale that stands right before it or before the heads were split, and that factor."""
    node = new.nodes[ref.node]
    if isinstance(node.op, Scale):
        inner, factor = _unscaled(node.inputs[0], new, name)
        return inner, factor * node.op.factor
    if isinstance(node.op, SplitHeads):
        inner, factor = _unscaled(node.inputs[0], new, name)
        return (ref, 1.0) if factor == 1 else (new.add(_free(new, name), node.op, [inner]).ref, factor)
    return ref, 1.0


def _plain(factor: float) -> float:
    """As people write it: 0.5, where float32 made 0.49999997."""
    return float(f"{factor:.6g}") if abs(float(f"{factor:.6g}") - factor) < 1e-6 * abs(factor) else factor


def _free(new: Rewriting, name: str) -> str:
    return fresh({**new.graph.by_name, **new.nodes}, name)


# ---- projections ----


class _Projections:
    """One linear layer whose parts become queries, keys and values."""

    def __init__(self, found: Imported) -> None:
        self.found, self.graph = found, found.graph
        self.readers = Readers(found.graph)
        self.arrays: dict[str, Array] = {}
        self.made: dict[tuple[str, int, int], Ref] = {}

    def rule(self, node: Node, new: Rewriting) -> Sequence[Ref] | None:
        """Each part becomes a layer of its own; that which they were parts of is read no longer."""
        if not isinstance(node.op, Part):
            return None
        layer = self.graph[self.graph[node.name].inputs[0].node]
        if not isinstance(layer.op, Linear) or not self._is_projection(layer):
            return None
        start, stop = bounds(node.op, layer.op.features)
        x, *weights = layer.inputs
        own = zip(layer.op.weights, weights, strict=False)
        states = [self._cut(ref, slice(start, stop), f"{node.name}.{word}", new) for word, ref in own]
        op = replace(layer.op, features=stop - start)
        return [new.add(node.name, op, [new.now(x), *states], origin=layer.origin).ref]

    def _is_projection(self, layer: Node) -> bool:
        """Whether it is read in parts by heads alone, and so are all other layers with its weights."""
        return all(self._is_for_heads(user) for ref in layer.inputs[1:] for user in self.readers.of[ref])

    def _is_for_heads(self, layer: Node) -> bool:
        parts = self.readers.of.get(layer.ref, [])
        whole = all(isinstance(part.op, Part) for part in parts) and layer.ref not in self.readers.held
        heads = (reader for part in parts for reader in self.readers.of.get(part.ref, []))
        return whole and len(parts) > 1 and all(isinstance(reader.op, SplitHeads) for reader in heads)

    def _cut(self, ref: Ref, columns: slice, wanted: str, new: Rewriting) -> Ref:
        """Some columns of a weight as a state of its own, the same for all layers that share it."""
        key = (ref.node, columns.start, columns.stop)
        if key in self.made:
            return self.made[key]
        old = self.graph[ref.node]
        assert isinstance(old.op, State)
        count = columns.stop - columns.start
        type_ = replace(old.type, shape=(*old.type.shape[:-1], count))
        name = _free(new, wanted)
        if ref.node in self.found.states:
            self.arrays[name] = np.ascontiguousarray(self.found.states[ref.node][..., columns])
        self.made[key] = new.add(name, replace(old.op, type=type_), colocated=wanted.rpartition(".")[0]).ref
        return self.made[key]
