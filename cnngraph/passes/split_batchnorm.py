"""Batch normalization in training becomes what needs the whole batch, and what any part of it can do by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Op
from cnngraph.ir.size import Dim
from cnngraph.ir.types import TensorType
from cnngraph.ops.affine import Affine
from cnngraph.ops.batch_line import BatchLine
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.moments import Moments
from cnngraph.ops.plane import Plane
from cnngraph.ops.slope_plane import SlopePlane
from cnngraph.ops.slope_sums import SlopeSums
from cnngraph.passes.surgery import fresh, replaced


def split_batchnorm(graph: Graph) -> Graph:
    """Take the batch normalizations of a training step apart, and their gradients.

    Forward: `moments` gathers mean and variance over the batch, a few numbers for each channel make a line of them, and
    `affine` is pointwise. Backward: `slope_sums` gathers the gradients by shift and scale, and the gradient by x is
    `plane`, pointwise again. It matches nothing in inference. The results differ by rounding.

    Before:

        graph g
        x: f32[batch, 5, 4] = input
        dy: f32[batch, 5, 4] = input
        n.scale: f32[4] = state(initial='ones') with n
        n.shift: f32[4] = state(initial='zeros') with n
        n.mean: f32[4] = state(initial='zeros', trainable=False) with n
        n.variance: f32[4] = state(initial='ones', trainable=False) with n
        n: f32[batch, 5, 4], f32[4], f32[4], f32[4], f32[4] = batchnorm(training=True) <- \
x, n.scale, n.shift, n.mean, n.variance
        d.n.x: f32[batch, 5, 4] = gradient(of=batchnorm(training=True), wanted=('x',), \
input_types=(f32[batch, 5, 4], f32[4], f32[4], f32[4], f32[4]), \
result_types=(f32[batch, 5, 4], f32[4], f32[4], f32[4], f32[4])) <- dy, x, n.scale, n!1, n!2 with n
        d.n.scale: f32[4] = gradient(of=batchnorm(training=True), wanted=('scale',), \
input_types=(f32[batch, 5, 4], f32[4], f32[4], f32[4], f32[4]), \
result_types=(f32[batch, 5, 4], f32[4], f32[4], f32[4], f32[4])) <- dy, x, n!1, n!2 with n
        d.n.shift: f32[4] = gradient(of=batchnorm(training=True), wanted=('shift',), \
input_types=(f32[batch, 5, 4], f32[4], f32[4], f32[4], f32[4]), \
result_types=(f32[batch, 5, 4], f32[4], f32[4], f32[4], f32[4])) <- dy with n
        output y = n
        output dx = d.n.x
        output dscale = d.n.scale
        output dshift = d.n.shift
        update n.mean = n!3
        update n.variance = n!4

    After:

        graph g
        x: f32[batch, 5, 4] = input
        dy: f32[batch, 5, 4] = input
        n.scale: f32[4] = state(initial='ones') with n
        n.shift: f32[4] = state(initial='zeros') with n
        n.mean: f32[4] = state(initial='zeros', trainable=False) with n
        n.variance: f32[4] = state(initial='ones', trainable=False) with n
        n.moments: f32[4], f32[4] = moments <- x
        n.line: f32[4], f32[4], f32[4], f32[4], f32[4] = batch_line(count=5*batch) <- \
n.moments, n.moments!1, n.scale, n.shift, n.mean, n.variance
        n: f32[batch, 5, 4] = affine <- x, n.line, n.line!1
        d.n.sums: f32[4], f32[4] = slope_sums <- dy, x, n.moments, n.line!2 with n
        d.n.plane: f32[4], f32[4], f32[4] = slope_plane(count=5*batch) <- \
d.n.sums, d.n.sums!1, n.scale, n.moments, n.line!2 with n
        d.n.x: f32[batch, 5, 4] = plane <- dy, x, d.n.plane, d.n.plane!1, d.n.plane!2 with n
        output y = n
        output dx = d.n.x
        output dscale = d.n.sums!1
        output dshift = d.n.sums
        update n.mean = n.line!3
        update n.variance = n.line!4
    """
    splitting = _Splitting(graph)
    for node in graph:
        if isinstance(node.op, BatchNorm) and node.op.training:
            splitting.forward(node, node.op)
        elif isinstance(node.op, Gradient) and isinstance(node.op.of, BatchNorm) and node.op.of.training:
            splitting.backward(node, node.op)
    return replaced(graph, splitting.new, splitting.moved, splitting.beside)


class _Splitting:
    """What takes the place of the nodes that were taken apart so far."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.new: dict[str, Sequence[Node]] = {}
        self.moved: dict[Ref, Ref] = {}
        self.beside: dict[str, str] = {}
        self.sums: dict[Ref, Node] = {}  # by dy: of one sum of slopes there are several readers

    def forward(self, node: Node, norm: BatchNorm) -> None:
        x, scale, shift, mean, variance = node.inputs
        moments = self._add(node, f"{node.name}.moments", Moments(), [x], node.types[1:3])
        line = BatchLine(_count(self.graph, x), norm.epsilon, norm.momentum)
        vectors = [moments.ref, Ref(moments.name, 1), scale, shift, mean, variance]
        lined = self._add(node, f"{node.name}.line", line, vectors, node.types[1:2] * 5)
        whole = replace(node, op=Affine(), inputs=(x, lined.ref, Ref(lined.name, 1)), types=node.types[:1])
        self.new[node.name] = (moments, lined, whole)
        self.moved[Ref(node.name, 1)] = moments.ref
        self.moved |= {Ref(node.name, index): Ref(lined.name, index) for index in (2, 3, 4)}

    def backward(self, node: Node, op: Gradient) -> None:
        dy, *saved = (self.moved.get(ref, ref) for ref in node.inputs)
        values = dict(zip(op.saved, saved, strict=True))
        (wanted,) = op.wanted
        made: list[Node] = []
        sums = self.sums.get(dy)
        if wanted != "shift" and (sums is None or sums.inputs[1:] != _measured(values)):
            base = node.name.removesuffix(f".{wanted}")
            sums = self._add(node, f"{base}.sums", SlopeSums(), [dy, *_measured(values)], op.input_types[1:2] * 2)
            self.sums[dy] = sums
            made.append(sums)
        if sums is None:
            return  # by the shift alone: its gradient is a sum as it is
        if wanted == "x":
            made += self._plane(node, op, sums, values["scale"])
        else:
            self.moved[node.ref] = sums.ref if wanted == "shift" else Ref(sums.name, 1)
            self.beside[node.name] = sums.name
        self.new[node.name] = made

    def _plane(self, node: Node, op: Gradient, sums: Node, scale: Ref) -> Sequence[Node]:
        dy, x, mean, inverse = sums.inputs
        vectors = [sums.ref, Ref(sums.name, 1), scale, mean, inverse]
        name = f"{node.name.removesuffix('.x')}.plane"
        plane = self._add(node, name, SlopePlane(_count(self.graph, x)), vectors, op.input_types[1:2] * 3)
        reads = (dy, x, *(Ref(plane.name, index) for index in range(3)))
        return plane, replace(node, op=Plane(), inputs=reads)

    def _add(self, beside: Node, name: str, op: Op, inputs: Sequence[Ref], types: Sequence[TensorType]) -> Node:
        name = fresh(self.graph.by_name, name)
        return replace(beside, name=name, op=op, inputs=tuple(inputs), types=tuple(types))


def _measured(values: Mapping[str, Ref]) -> tuple[Ref, ...]:
    return values["x"], values["batch_mean"], values["inverse_deviation"]


def _count(graph: Graph, x: Ref) -> Dim:
    """Numbers of each channel in the batch."""
    return prod(graph.type_of(x).shape[:-1], start=1)
