"""Products of one input become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Op
from cnngraph.ir.size import number
from cnngraph.ops.concat import Concat
from cnngraph.ops.conv import Conv
from cnngraph.ops.join_layers import JoinLayers
from cnngraph.ops.linear import Linear
from cnngraph.ops.part import Part
from cnngraph.passes.surgery import Readers, constants, device_of, fresh, in_order, on_one_device, replaced

PRODUCTS = (Conv, Linear)


def merge_siblings(graph: Graph) -> Graph:
    """Join convolutions of one input and one geometry, or linear maps of it: it is read once, the product is wider.

    The activation behind them is joined as well; those with different ones stay apart, and so does a product whose
    result goes right into a concat, where it is written in place. Only where no run changes the weights: in a training
    step this matches frozen layers alone, for joining weights anew at each step would cost more than it gives.

    Before:

        graph g
        x: f32[batch, 7, 7, 3] = input
        a.weight: f32[1, 1, 3, 4] = state(initial='he') with a
        a.bias: f32[4] = state(initial='zeros') with a
        a: f32[batch, 7, 7, 4] = conv(features=4, window=Window((1,))) <- x, a.weight, a.bias
        p: f32[batch, 7, 7, 4] = relu <- a
        b.weight: f32[1, 1, 3, 2] = state(initial='he') with b
        b: f32[batch, 7, 7, 2] = conv(features=2, window=Window((1, 1)), bias=False) <- x, b.weight
        q: f32[batch, 7, 7, 2] = relu <- b
        output p = p
        output q = q

    After:

        graph g
        x: f32[batch, 7, 7, 3] = input
        a.weight: f32[1, 1, 3, 4] = state(initial='he') with a.joined
        a.bias: f32[4] = state(initial='zeros') with a.joined
        b.weight: f32[1, 1, 3, 2] = state(initial='he') with a.joined
        a.weights: f32[1, 1, 3, 6], f32[6] = join_layers(biased=(True, False)) <- a.weight, a.bias, b.weight
        a.joined: f32[batch, 7, 7, 6] = conv(features=6, window=Window((1,))) <- x, a.weights, a.weights!1
        a.activated: f32[batch, 7, 7, 6] = relu <- a.joined
        p: f32[batch, 7, 7, 4] = part(index=0, of=(4, 2)) <- a.activated
        q: f32[batch, 7, 7, 2] = part(index=1, of=(4, 2)) <- a.activated
        output p = p
        output q = q
    """
    new: dict[str, Sequence[Node]] = {}
    beside: dict[str, str] = {}
    for family in _families(graph):
        joined = _joined(graph, family)
        widths = tuple(number(node.type.channels) for node, _ in family)
        for index, (product, last) in enumerate(family):
            part = replace(last, op=Part(index, widths), inputs=(joined[-1].ref,))
            new[product.name] = joined if index == 0 else ()
            new[last.name] = (*new.get(last.name, ()), part)
            beside[product.name] = joined[1].name
    return in_order(replaced(graph, new, beside=beside)) if new else graph


Member = tuple[Node, Node]
"""A product, and the activation behind it, or itself where there is none."""


def _families(graph: Graph) -> Sequence[Sequence[Member]]:
    """Products that can be one, in the order of the graph."""
    readers, fixed = Readers(graph), constants(graph)
    found: dict[object, list[Member]] = {}
    for node in graph:
        if not isinstance(node.op, PRODUCTS) or node.late or any(ref.node not in fixed for ref in node.inputs[1:]):
            continue
        last = _activation(node, readers)
        behind = readers.of.get(last.ref, [])
        taken = last is node and readers.only(node.ref) is not None and behind[0].op.pointwise
        if taken or any(isinstance(reader.op, Concat) for reader in behind) or not on_one_device(node, last):
            continue  # an epilogue or a place in the concat costs less than a part of something wider
        shape = _geometry(graph, node.op, node.inputs[0])
        activation = None if last is node else last.op
        key = (node.inputs[0], type(node.op), shape, activation, device_of(node, last), node.colocated)
        if shape is not None:
            found.setdefault(key, []).append((node, last))
    return [family for family in found.values() if len(family) > 1]


def _activation(node: Node, readers: Readers) -> Node:
    """The pointwise operator that alone reads the node and nothing else, or the node."""
    reader = readers.only(node.ref)
    alone = reader is not None and reader.op.pointwise and len(reader.inputs) == len(reader.types) == 1
    return reader if reader is not None and alone else node


def _geometry(graph: Graph, op: Op, x: Ref) -> object:
    """What products must agree in to be one; None where they cannot be."""
    if isinstance(op, Conv):
        return op.geometry(graph.type_of(x)) if op.groups == 1 else None
    return ()


def _joined(graph: Graph, family: Sequence[Member]) -> Sequence[Node]:
    """The weights of all members, their product, and the activation of it."""
    first, last = family[0]
    products = [node for node, _ in family]
    device = device_of(first, last)
    biased = tuple(node.op.bias for node in products if isinstance(node.op, PRODUCTS))
    own = tuple(ref for node in products for ref in node.inputs[1:])
    join = JoinLayers(biased)
    types = join.output_types([graph.type_of(ref) for ref in own])
    name = fresh(graph.by_name, f"{first.name}.weights")
    made = [Node(name, join, own, types, device, first.colocated, first.origin)]
    assert isinstance(first.op, PRODUCTS)
    op = replace(first.op, features=number(types[0].channels), bias=any(biased))
    reads = (first.inputs[0], *(Ref(name, index) for index in range(len(types))))
    wide = first.type.known(channels=types[0].channels)
    product = fresh(graph.by_name, f"{first.name}.joined")
    made.append(replace(first, name=product, op=op, inputs=reads, types=(wide,), device=device))
    if last is not first:
        activated = fresh(graph.by_name, f"{first.name}.activated")
        made.append(replace(last, name=activated, inputs=(made[-1].ref,), types=(wide,), device=device))
    return made
