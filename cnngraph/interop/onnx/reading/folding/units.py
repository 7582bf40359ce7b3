"""The units of a dense layer in the order in which a grid is made of them.

Other tools reshape the units of a dense layer to (C, H, W), channels slowest. Which unit is which does not matter:

Before:

    d = dense(24) <- x        r = relu <- d        g = reshape(1@6x2x2) <- r        j = join_heads <- reshape(...) <- g

After:

    d = dense(24) <- x        r = relu <- d        j = reshape(6@2x2) <- r          (columns of the weight exchanged)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.folding.graphs import changed
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Array
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.dense import Dense
from cnngraph.ops.join_heads import JoinHeads
from cnngraph.ops.prelu import Prelu
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.shuffle import Shuffle
from cnngraph.ops.split_heads import SplitHeads
from cnngraph.ops.transpose import Transpose
from cnngraph.ops.upsample import Upsample
from cnngraph.passes.rewrite import Rewriting, rewrite
from cnngraph.passes.surgery import Readers, replaced

PLACE = 52
MOVES = (JoinHeads, Reshape, Shuffle, SplitHeads, Transpose)


def fold(found: Imported) -> Imported:
    found = changed(found, rewrite(found.graph, _joined_before))
    for name in [node.name for node in found.graph if isinstance(node.op, MOVES)]:
        if name in found.graph:
            found = _exchanged(found, found.graph[name])
    return found


def _joined_before(node: Node, new: Rewriting) -> Sequence[Ref] | None:
    """Channels that stood among the positions while these were repeated are channels before that."""
    repeated = new.nodes[node.inputs[0].node] if node.inputs else None
    if not isinstance(node.op, JoinHeads) or repeated is None or not isinstance(repeated.op, Upsample):
        return None
    factor = repeated.op.factor
    if not isinstance(factor, tuple) or factor[0] != 1 or Readers(new.graph).only(repeated.ref) is None:
        return None
    joined = new.add(new.fresh(f"{node.name}.channels"), JoinHeads(), repeated.inputs)
    return [new.add(node.name, replace(repeated.op, factor=factor[1:]), [joined.ref], origin=repeated.origin).ref]


def _exchanged(found: Imported, last: Node) -> Imported:
    """With the units of the dense layer before this node in its order, if there is one and they are in another."""
    graph = found.graph
    readers = Readers(graph)
    after = readers.only(last.ref)
    if after is not None and isinstance(after.op, MOVES):
        return found
    chain = _chain(graph, last, readers)
    if not chain or not all(isinstance(n, int) for node in chain for n in node.type.shape[1:]):
        return found
    order = _order(chain)
    weights = [ref.node for node in chain for ref in node.inputs[1:]]
    single = all(readers.only(Ref(name)) is not None and name in found.states for name in weights)
    if not single or (order == np.arange(len(order))).all():
        return found
    arrays = {name: np.ascontiguousarray(found.states[name][..., order]) for name in weights}
    return changed(found, _with_one_reshape(graph, chain), arrays)


def _chain(graph: Graph, last: Node, readers: Readers) -> list[Node]:
    """From a dense layer to this node: moves, and what is done to each unit; nothing where another layer is before."""
    chain = [last]
    while not isinstance(chain[0].op, Dense):
        if not isinstance(chain[0].op, (*MOVES, BatchNorm, Prelu)) and not (
            chain[0].op.pointwise and len(chain[0].inputs) == 1
        ):
            return []
        ref = chain[0].inputs[0]
        if readers.only(ref) is None:
            return []
        chain.insert(0, graph[ref.node])
    is_plain = all(len(node.type.shape) == 2 for node in chain if isinstance(node.op, BatchNorm | Prelu))
    return chain if is_plain else []


def _order(chain: Sequence[Node]) -> Array:
    """The place among the units of the dense layer of each value of the result."""
    first, *others = chain
    places = np.arange(int(str(first.type.channels)), dtype=np.float64)[None]
    for node in others:
        if isinstance(node.op, MOVES):
            (places,) = node.op.apply([places])
    return places.reshape(-1).astype(int)


def _with_one_reshape(graph: Graph, chain: Sequence[Node]) -> Graph:
    """The moves go but the last, which is a reshape; all before it is done to vectors."""
    first, *others = chain
    moved: dict[Ref, Ref] = {}
    new: dict[str, Sequence[Node]] = {}
    for node in others[:-1]:
        if isinstance(node.op, MOVES):
            new[node.name] = ()
            moved[node.ref] = moved.get(node.inputs[0], node.inputs[0])
        else:
            new[node.name] = (replace(node, types=first.types),)
    last = others[-1]
    new[last.name] = (replace(last, op=Reshape(last.type)),)
    return replaced(graph, new, moved)
