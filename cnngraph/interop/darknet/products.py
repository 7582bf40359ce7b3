"""Layers with weights: convolutional, connected, batchnorm. Source: darknet's `parser.c` (A. Bochkovskiy's fork).

    batchnorm   y = (x - mean) / sqrt(variance + 1e-5) * scale + bias, where the layer before has no bias of its own
    weights     biases, scales, means, variances, then (K, C / groups, h, w); (K, C * H * W) of connected after biases
"""

from __future__ import annotations

from math import prod

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.channels_first import conv_weight, dense_rows
from cnngraph.interop.darknet.activations import activated
from cnngraph.interop.darknet.importer import Importer, Piece, Value, value
from cnngraph.interop.darknet.sections import Section
from cnngraph.interop.darknet.windows import strides
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.window import Window
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense

EPSILON = 1e-5


def convolutional(net: Importer, section: Section, x: Value) -> Value:
    features, size = section.whole("filters", 1, low=1), section.whole("size", 1, low=1)
    groups, dilation = section.whole("groups", 1, low=1), section.whole("dilation", 1, low=1)
    padding = section.whole("padding", 0)
    pad = size // 2 if section.flag("pad") else padding
    dilation = dilation if size > 1 else 1
    if dilation > 1 and 2 * pad != size - 1:
        raise Refusal("a convolution with holes needs an odd size and `pad=1`", span=section.place("dilation"))
    step = strides(section)
    with_norm = section.flag("batch_normalize")
    for name in ("binary", "xnor"):
        if section.flag(name):
            raise Refusal(f"`{name}`: weights of one bit have no counterpart", span=section.place(name))
    section.ignore("bin_output", "dot")
    op: Conv | Dense = Dense(features, not with_norm)
    if x.positions or size > 1 or pad or groups > 1:
        x = net.image(section, x)
        stride = None if step == (1, 1) else step
        op = Conv(features, Window((size, size), stride), pad * dilation, not with_norm, groups, dilation)
    states = _shared(net, section)
    node = net.node(section, op, [x], states)
    shape = (features, x.channels // groups, size, size)
    norm = _norm(net, section, node, states) if with_norm else None
    if not states:
        turn = conv_weight if isinstance(op, Conv) else lambda blob: blob[..., 0, 0].T
        net.pieces += [*_vectors(node, norm, features), Piece(f"{node.name}.weight", shape, turn)]
    net.states[len(net.values)] = {key.rsplit(".", 1)[1]: Ref(key) for key in _names(node, norm)}
    return activated(net, section, value(norm or node), "logistic")


def _shared(net: Importer, section: Section) -> dict[str, Ref]:
    """The states of the section that `share_index` names."""
    if "share_index" not in section:
        return {}
    (index,) = section.wholes("share_index", low=-(2**31))
    net.named(section, index, "share_index")
    place = index + len(net.values) if index < 0 else index
    if place not in net.states:
        raise Refusal(f"layer {place} has no weights to share", span=section.place("share_index"))
    return net.states[place]


def _norm(net: Importer, section: Section, node: Node, shared: dict[str, Ref]) -> Node:
    return net.node(section, BatchNorm(EPSILON), [value(node)], shared)


def _names(node: Node, norm: Node | None) -> list[str]:
    return [ref.node for part in (node, norm) if part for ref in part.inputs[1:]]


def _vectors(node: Node, norm: Node | None, features: int) -> list[Piece]:
    """The biases, and after them scales, means and variances of a batch norm, whose shift the biases are then."""
    if norm is None:
        return [Piece(f"{node.name}.bias", (features,))]
    return [Piece(f"{norm.name}.{key}", (features,)) for key in ("shift", "scale", "mean", "variance")]


def connected(net: Importer, section: Section, x: Value) -> Value:
    """It reads an image as one row, in the order (C, H, W)."""
    features, with_norm = section.whole("output", 1, low=1), section.flag("batch_normalize")
    sizes, axes = ((x.channels, *x.positions), x.axes) if x.positions else ((x.channels,), x.axes)
    node = net.node(section, Dense(features, not with_norm), [net.vector(section, x)])
    norm = _norm(net, section, node, {}) if with_norm else None
    shape = (features, prod(sizes))
    weight = Piece(f"{node.name}.weight", shape, lambda blob: dense_rows(blob.T, sizes, axes), is_dense=True)
    first, *others = _vectors(node, norm, features)
    net.pieces += [first, weight, *others]
    return activated(net, section, value(norm or node), "logistic")


def batchnorm(net: Importer, section: Section, x: Value) -> Value:
    node = net.node(section, BatchNorm(EPSILON), [x])
    net.pieces += _vectors(node, node, x.channels)
    return value(node)
