"""LRN, BatchNorm, Scale, Bias, PReLU: layers with numbers for each channel.

BatchNorm of Caffe only normalizes; the Scale after it has the factors. Both together are our batchnorm.

    blobs of BatchNorm    mean * f, variance * f, f    ours mean, variance; 0 where f is 0
    blobs of Scale        scale, shift                 those of the batchnorm before it, if nothing else reads that one
"""

from __future__ import annotations

import numpy as np

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.caffe.blob import Blob
from cnngraph.interop.caffe.fields import Fields
from cnngraph.interop.caffe.importer import Importer, Known, Meaning, Source, of_one, of_several, only
from cnngraph.interop.caffe.network import Layer
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Array, Op
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.add import Add
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.layer_scale import LayerScale
from cnngraph.ops.learned import Learned
from cnngraph.ops.lrn import Lrn
from cnngraph.ops.mul import Mul
from cnngraph.ops.power import Power
from cnngraph.ops.prelu import Prelu
from cnngraph.ops.scale import Scale
from cnngraph.ops.shift import Shift


def lrn(net: Importer, layer: Layer, x: Blob) -> Blob:
    """Among channels, alpha is divided by the size there as well as here."""
    fields = layer.fields.below("lrn_param")
    within = fields.word("norm_region", ("ACROSS_CHANNELS", "WITHIN_CHANNEL")) == "WITHIN_CHANNEL"
    size, alpha = fields.whole("local_size", 5, low=1), fields.number("alpha", 1.0)
    beta, k = fields.number("beta", 0.75), fields.number("k", 1.0)
    if within:
        return _lrn_within(net, layer, net.image(x, layer), size, alpha, beta)
    x = net.settled(x, layer)
    x.require_channels(1, "it normalizes")
    return Blob(net.apply(layer, Lrn(size, alpha, beta, k), [x.ref]).ref, x.type, x.axes)


def _lrn_within(net: Importer, layer: Layer, x: Blob, size: int, alpha: float, beta: float) -> Blob:
    """y = x * (1 + alpha * mean of x^2 in the window) ^ -beta, where the padding counts; k is not looked at."""
    if size % 2 == 0:
        raise Refusal(f"the size of a local normalization must be odd, not {size}")
    ref = x.ref
    chain = (Power(2), AvgPool(Window((size, size), (1, 1)), size // 2), Scale(alpha), Shift(1.0), Power(-beta))
    for op in chain:
        ref = net.apply(layer, op, [ref], part=op.name).ref
    return Blob(net.apply(layer, Mul(), [x.ref, ref]).ref, x.type, x.axes)


def batchnorm(net: Importer, layer: Layer, x: Blob) -> Blob:
    fields = layer.fields.below("batch_norm_param")
    fields.ignore("scale_filler")
    x = net.settled(x, layer)
    x.require_channels(1, "it normalizes")
    if not fields.flag("use_global_stats", True):
        net.assembly.notes.append(f"{layer.name} asks for the statistics of each batch; it gets those that are stored")
    channels = (x.sizes[0],)
    mean, variance = (Source(layer.name, {index: channels, 2: (1,)}, _undone) for index in (0, 1))
    op = BatchNorm(fields.number("eps", 1e-5), fields.number("moving_average_fraction", 0.999))
    parts: dict[str, Known] = {"scale": 1.0, "shift": 0.0, "mean": mean, "variance": variance}
    node = net.apply(layer, op, [x.ref], parts)
    net.norms.update(dict.fromkeys(layer.values(), node))
    return Blob(node.ref, node.type, x.axes)


def _undone(sums: Array, factor: Array) -> Array:
    """Caffe keeps the sum of a moving average, and how much it has added up."""
    return sums / factor if factor[0] else np.zeros_like(sums)


def scale(net: Importer, layer: Layer, bottoms: list[Blob]) -> Blob:
    fields = layer.fields.below("scale_param")
    if len(bottoms) == 2:
        return _merged(net, layer, Mul(), bottoms, fields)
    x = _channelwise(net, layer, only(bottoms), fields)
    shape = (x.sizes[0],)
    factors = Source(layer.name, {0: shape})
    with_bias = fields.flag("bias_term", False)
    norm = net.norms.get(layer.bottoms[0])
    if norm is not None and net.readers[layer.bottoms[0]] == 1:
        _, scales, shifts, *_ = norm.inputs
        net.sources[scales.node] = factors
        if with_bias:
            net.sources[shifts.node] = Source(layer.name, {1: shape})
        return x
    node = net.apply(layer, LayerScale(1.0), [x.ref], {"weight": factors}, part="scale" if with_bias else "")
    return _shifted(net, layer, x, node.ref, 1) if with_bias else Blob(node.ref, node.type, x.axes)


def bias(net: Importer, layer: Layer, bottoms: list[Blob]) -> Blob:
    fields = layer.fields.below("bias_param")
    if len(bottoms) == 2:
        return _merged(net, layer, Add(), bottoms, fields)
    x = _channelwise(net, layer, only(bottoms), fields)
    return _shifted(net, layer, x, x.ref, 0)


def _channelwise(net: Importer, layer: Layer, x: Blob, fields: Fields) -> Blob:
    """The one bottom of a layer that has numbers for each channel."""
    x.require_channels(fields.whole("axis", 1, low=-8), "it has numbers")
    if fields.whole("num_axes", 1, low=-1) != 1:
        raise Refusal("only numbers for each channel have a counterpart", span=fields.place("num_axes"))
    return net.settled(x, layer)


def _merged(net: Importer, layer: Layer, op: Op, bottoms: list[Blob], fields: Fields) -> Blob:
    """Two blobs of one shape; or an image, and a vector that meets it at every position."""
    x, y = (net.settled(bottom, layer) for bottom in bottoms)
    if fields.flag("bias_term", False):
        raise Refusal("a bias beside a second blob has no counterpart", span=fields.place("bias_term"))
    same = x.sizes == y.sizes and x.axes == y.axes
    vector = y.sizes == x.sizes[:1] and x.is_image
    if x.axis(fields.whole("axis", 1, low=-8)) != 0 or not (same or vector):
        raise Refusal(f"blobs of the sizes {x.sizes} and {y.sizes} do not meet as ours do")
    return Blob(net.apply(layer, op, [x.ref, y.ref]).ref, x.type, x.axes)


def _shifted(net: Importer, layer: Layer, x: Blob, ref: Ref, index: int) -> Blob:
    """A number added to each channel of `ref`: that blob of the layer."""
    channels = x.sizes[0]
    numbers = {"weight": Source(layer.name, {index: (channels,)})}
    shift = net.apply(layer, Learned(TensorType.of(channels)), [x.ref], numbers, part="shift")
    return Blob(net.apply(layer, Add(), [ref, shift.ref]).ref, x.type, x.axes)


def axpy(net: Importer, layer: Layer, bottoms: list[Blob]) -> Blob:
    """Squeeze and excitation: y = a * x + b, with a number of a for each channel (the fork of SENet)."""
    if len(bottoms) != 3:
        raise Refusal(f"it reads three blobs, not {len(bottoms)}")
    a, x, b = (net.settled(bottom, layer) for bottom in bottoms)
    if a.sizes != (x.sizes[0], 1, 1) or x.sizes != b.sizes:
        raise Refusal(f"blobs of the sizes {a.sizes}, {x.sizes} and {b.sizes} do not meet")
    product = net.apply(layer, Mul(), [x.ref, net.vector(a, layer).ref], part="scale")
    return Blob(net.apply(layer, Add(), [product.ref, b.ref]).ref, x.type, x.axes)


def prelu(net: Importer, layer: Layer, x: Blob) -> Blob:
    fields = layer.fields.below("prelu_param")
    x = net.settled(x, layer)
    x.require_channels(1, "it has slopes")
    channels = x.sizes[0]
    slope = Source(layer.name, {0: (channels,)})
    if fields.flag("channel_shared", False):
        net.assembly.notes.append(f"the one slope of {layer.name} stands {channels} times, once for each channel")
        slope = Source(layer.name, {0: ()}, lambda blob: np.full(channels, blob))
    return Blob(net.apply(layer, Prelu(), [x.ref], {"slope": slope}).ref, x.type, x.axes)


LAYERS: dict[str, Meaning] = {
    "LRN": of_one(lrn),
    "BatchNorm": of_one(batchnorm),
    "Scale": of_several(scale),
    "Bias": of_several(bias),
    "Axpy": of_several(axpy),
    "PReLU": of_one(prelu),
}
