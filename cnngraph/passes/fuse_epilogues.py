"""Pointwise operators are applied where the result before them is made, while the cache still holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Op
from cnngraph.ops.abs import Abs
from cnngraph.ops.add import Add
from cnngraph.ops.affine import Affine
from cnngraph.ops.clip import Clip
from cnngraph.ops.conv import Conv
from cnngraph.ops.elu import Elu
from cnngraph.ops.fused import Fused
from cnngraph.ops.gelu import Gelu
from cnngraph.ops.hard_sigmoid import HardSigmoid
from cnngraph.ops.hard_swish import HardSwish
from cnngraph.ops.layer_scale import LayerScale
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.linear import Linear
from cnngraph.ops.max import Max
from cnngraph.ops.mish import Mish
from cnngraph.ops.mul import Mul
from cnngraph.ops.prelu import Prelu
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.ops.selu import Selu
from cnngraph.ops.shift import Shift
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.silu import Silu
from cnngraph.ops.softplus import Softplus
from cnngraph.ops.softsign import Softsign
from cnngraph.ops.tanh import Tanh
from cnngraph.ops.upconv import UpConv
from cnngraph.passes.surgery import Readers, device_of, on_one_device, replaced

PRODUCTS: tuple[type[Op], ...] = (Conv, UpConv, Linear)
"""Operators with kernels that apply what follows them block by block. A chain may begin with those of `BEHIND`, too."""

BEHIND: tuple[type[Op], ...] = (
    Abs, Add, Affine, Clip, Elu, Gelu, HardSigmoid, HardSwish, LayerScale, LeakyRelu, Max, Mish, Mul, Prelu, Relu,
    Scale, Selu, Shift, Sigmoid, Silu, Softplus, Softsign, Tanh,
)  # fmt: skip
"""Pointwise operators that those kernels know how to apply in place."""

SWAPPED = (Add, Mul)
"""Operators whose first two operands may change places: no bit of the result changes."""


def fuse_epilogues(graph: Graph) -> Graph:
    """Make one node of a product, or of a pointwise operator, and the pointwise ones behind it, each the only reader.

    The node stands where the last of them stood, so all that the others read is there. Where two values meet in a sum a
    product takes it, the later one of two. In training an activation whose result a gradient reads still is the end of
    a chain, since its own value is kept; a product that statistics or a gradient read stays alone.

    Before:

        graph g
        x: f32[batch, 3] = input
        d.weight: f32[3, 3] = state(initial='he') with d
        d.bias: f32[3] = state(initial='zeros') with d
        d: f32[batch, 3] = dense(features=3) <- x, d.weight, d.bias
        s: f32[batch, 3] = add <- x, d
        r: f32[batch, 3] = relu <- s
        t: f32[batch, 3] = tanh <- r
        u: f32[batch, 3] = mul <- r, t
        output u = u

    After:

        graph g
        x: f32[batch, 3] = input
        d.weight: f32[3, 3] = state(initial='he') with r
        d.bias: f32[3] = state(initial='zeros') with r
        r: f32[batch, 3] = fused(first=dense(features=3), then=(add, relu), taken=(3, 1, 0)) <- x, d.weight, d.bias, x
        u: f32[batch, 3] = fused(first=tanh, then=(mul,), taken=(1, 1)) <- r, r
        output u = u
    """
    chains = [chain for chain in _chains(graph) if len(chain.nodes) > 1]
    new: dict[str, Sequence[Node]] = {node.name: () for chain in chains for node in chain.nodes}
    new |= {chain.nodes[-1].name: (chain.fused(),) for chain in chains}
    beside = {node.name: chain.nodes[-1].name for chain in chains for node in chain.nodes}
    return replaced(graph, new, beside=beside)


@dataclass(frozen=True)
class _Chain:
    """Nodes of which each but the first takes the value of the one before, and what else each reads."""

    nodes: tuple[Node, ...]
    reads: tuple[tuple[Ref, ...], ...]

    @property
    def of_product(self) -> bool:
        return isinstance(self.nodes[0].op, PRODUCTS)

    def and_(self, node: Node) -> _Chain:
        more = tuple(ref for ref in node.inputs if ref != self.nodes[-1].ref)
        return _Chain((*self.nodes, node), (*self.reads, more))

    def fused(self) -> Node:
        first, *then = (node.op for node in self.nodes)
        op = Fused(first, tuple(then), tuple(map(len, self.reads)))
        inputs = tuple(ref for reads in self.reads for ref in reads)
        last = self.nodes[-1]
        return Node(last.name, op, inputs, last.types, device_of(*self.nodes), last.colocated, self.nodes[0].origin)


def _chains(graph: Graph) -> Sequence[_Chain]:
    """All chains, those of one node too, in the order of their first nodes."""
    readers, place = Readers(graph), {node.name: i for i, node in enumerate(graph)}
    chains: dict[str, _Chain] = {}  # by the first node
    ends: dict[str, str] = {}  # the last node of each chain -> the first
    for node in graph:
        free = [ref.node for ref in _running(node) if ref.node in ends]
        running = [name for name in free if _may_follow(chains[ends[name]], node, readers)]
        if running:
            last = max(running, key=lambda name: (chains[ends[name]].of_product, place[name]))
            start = ends[node.name] = ends.pop(last)
            chains[start] = chains[start].and_(node)
        elif (reads := _reads_of_first(graph, node)) is not None:
            chains[node.name], ends[node.name] = _Chain((node,), (reads,)), node.name
    return tuple(chains.values())


def _reads_of_first(graph: Graph, node: Node) -> tuple[Ref, ...] | None:
    """What a node reads as the first of a chain, a pointwise one a value like its own first; None where it is none."""
    reads = node.inputs
    if isinstance(node.op, PRODUCTS) and not node.late:
        return reads
    if not follows(node.op) or len(node.type.shape) < 2 or node.late:
        return None
    if isinstance(node.op, SWAPPED) and graph.type_of(reads[0]) != node.type:
        reads = (reads[1], reads[0], *reads[2:])
    return reads if graph.type_of(reads[0]) == node.type else None


def _running(node: Node) -> Sequence[Ref]:
    """The operands of which any may be the value that the node is applied to; none where it does not follow."""
    if not follows(node.op):
        return ()
    return node.inputs[:2] if isinstance(node.op, SWAPPED) else node.inputs[:1]


def follows(op: Op) -> bool:
    """Whether kernels apply the operator in place to what they have just made."""
    in_place = op.tanh if isinstance(op, Gelu) else True  # the exact one has no formula in NumPy's functions
    return op.pointwise and type(op) in BEHIND and in_place


def _may_follow(chain: _Chain, node: Node, readers: Readers) -> bool:
    last = chain.nodes[-1]
    alike = last.type == node.type and last.colocated == node.colocated
    return alike and readers.only(last.ref) is node and on_one_device(*chain.nodes, node)
