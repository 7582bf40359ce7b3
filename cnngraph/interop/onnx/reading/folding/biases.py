"""A vector that is added to what a layer without a bias gives is its bias.

Before:

    m = linear(4, bias=False) <- x, m.weight        b = learned(4) <- m, b.weight        y = add <- m, b

After:

    y = linear(4) <- x, m.weight, b.weight
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.folding.graphs import changed
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.op import Array
from cnngraph.ops.add import Add
from cnngraph.ops.conv import Conv
from cnngraph.ops.learned import Learned
from cnngraph.ops.linear import Linear
from cnngraph.ops.upconv import UpConv
from cnngraph.passes.rewrite import Rewriting, rewrite
from cnngraph.passes.surgery import Readers

PLACE = 58


def fold(found: Imported) -> Imported:
    folding = _Folding(found)
    return changed(found, rewrite(found.graph, folding.rule), folding.arrays)


class _Folding:
    def __init__(self, found: Imported) -> None:
        self.found, self.readers = found, Readers(found.graph)
        self.arrays: dict[str, Array] = {}

    def rule(self, node: Node, new: Rewriting) -> Sequence[Ref] | None:
        if not isinstance(node.op, Add) or len(node.inputs) != 2:
            return None
        first, second = (new.nodes[ref.node] for ref in node.inputs)
        layer, vector = (second, first) if isinstance(first.op, Learned) else (first, second)
        if not isinstance(layer.op, Linear | Conv | UpConv) or layer.op.bias or not isinstance(vector.op, Learned):
            return None
        others = {user.name for user in self.readers.of.get(layer.ref, [])} - {node.name, vector.name}
        if others or layer.ref in self.readers.held or len(vector.type.shape) != 2:
            return None
        op = replace(layer.op, bias=True)
        inputs = (*layer.inputs, self.named_bias(vector.inputs[-1], node, new))
        return [new.add(node.name, op, inputs, origin=layer.origin).ref]

    def named_bias(self, ref: Ref, node: Node, new: Rewriting) -> Ref:
        """The state under the name that the bias of a layer has, if that is free."""
        name, old = f"{node.name}.bias", new.nodes[ref.node]
        if name in new.nodes or name in new.graph or ref.node not in self.found.states:
            return ref
        self.arrays[name] = self.found.states[ref.node]
        return new.add(name, old.op, colocated=node.name).ref
