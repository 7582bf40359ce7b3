"""Layers that join blobs, or take them apart: Concat, Eltwise, Slice, Split, Crop, Silence."""

from __future__ import annotations

from itertools import pairwise

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.caffe.blob import Blob
from cnngraph.interop.caffe.importer import Importer, Meaning, of_several, only
from cnngraph.interop.caffe.network import Layer
from cnngraph.ir.op import Op
from cnngraph.ops.add import Add
from cnngraph.ops.concat import Concat
from cnngraph.ops.crop import Crop
from cnngraph.ops.max import Max
from cnngraph.ops.mul import Mul
from cnngraph.ops.part import Part
from cnngraph.ops.scale import Scale

MAX_PARTS = 10_000  # of one Slice


def alike(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    """The blobs with the same axes, in the order of Caffe: where one is an image, (N, C, 1, 1) becomes one too."""
    settled = [net.settled(bottom, layer) for bottom in bottoms]
    if any(blob.is_image for blob in settled):
        settled = [net.image(blob, layer) for blob in settled]
    if any(blob.axes != settled[0].axes for blob in settled):
        raise Refusal(f"its blobs have different axes: {', '.join(str(blob.sizes) for blob in settled)}")
    return settled


def concat(net: Importer, layer: Layer, bottoms: list[Blob]) -> Blob:
    fields = layer.fields.below("concat_param")
    blobs = alike(net, layer, bottoms)
    axis = fields.whole("axis", fields.whole("concat_dim", 1), low=-8)
    if len(blobs) == 1:
        return blobs[0]
    blobs[0].require_channels(axis, "it joins")
    node = net.apply(layer, Concat(), [blob.ref for blob in blobs])
    return Blob(node.ref, node.type, blobs[0].axes)


def eltwise(net: Importer, layer: Layer, bottoms: list[Blob]) -> Blob:
    fields = layer.fields.below("eltwise_param")
    fields.ignore("stable_prod_grad")
    operation = fields.word("operation", ("SUM", "PROD", "SUM", "MAX"))
    factors = fields.numbers("coeff")
    if factors and (operation != "SUM" or len(factors) != len(bottoms)):
        raise Refusal(f"{len(factors)} coefficients for {len(bottoms)} blobs", span=fields.place("coeff"))
    blobs = alike(net, layer, bottoms)
    if any(blob.sizes != blobs[0].sizes for blob in blobs):
        raise Refusal(f"its blobs have different sizes: {', '.join(str(blob.sizes) for blob in blobs)}")
    refs = [
        net.apply(layer, Scale(factor), [blob.ref], part="scale").ref if factor != 1 else blob.ref
        for blob, factor in zip(blobs, factors or [1.0] * len(blobs), strict=True)
    ]
    if len(refs) == 1:
        return Blob(refs[0], blobs[0].type, blobs[0].axes)
    ops: dict[str, Op] = {"SUM": Add(), "PROD": Mul(), "MAX": Max()}
    node = net.apply(layer, ops[operation], refs)
    return Blob(node.ref, node.type, blobs[0].axes)


def slice_(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    x = only(bottoms)
    fields = layer.fields.below("slice_param")
    x = net.settled(x, layer)
    x.require_channels(fields.whole("axis", fields.whole("slice_dim", 1), low=-8), "it cuts")
    channels, count, points = x.sizes[0], len(layer.tops), fields.wholes("slice_point", low=1)
    if (len(points) != count - 1 and (points or not count or channels % count)) or count > MAX_PARTS:
        raise Refusal(f"{channels} channels and {len(points)} points do not make {count} parts")
    edges = [0, *points, channels] if points else [channels // count * i for i in range(count + 1)]
    widths = tuple(b - a for a, b in pairwise(edges))
    if min(widths) < 1:
        raise Refusal(f"a part of {channels} channels would have {min(widths)}", span=fields.place("slice_point"))
    if count == 1:
        return [x]
    nodes = [net.apply(layer, Part(i, widths if points else count), [x.ref]) for i in range(count)]
    return [Blob(node.ref, node.type, x.axes) for node in nodes]


def split(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    """The same blob under several names."""
    return [only(bottoms)] * len(layer.tops)


def crop(net: Importer, layer: Layer, bottoms: list[Blob]) -> Blob:
    """As large as the second blob, from an offset on."""
    if len(bottoms) != 2:
        raise Refusal(f"it reads two blobs, not {len(bottoms)}")
    fields = layer.fields.below("crop_param")
    x, like = net.image(bottoms[0], layer), bottoms[1]
    axis, offsets = x.axis(fields.whole("axis", 2, low=-8)), fields.wholes("offset")
    rank = len(x.axes.places)
    if len(like.axes.places) != rank or len(offsets) not in (0, 1, rank - axis):
        raise Refusal(f"{len(offsets)} offsets do not say where {like.sizes} lies in {x.sizes}")
    offsets = offsets if len(offsets) == rank - axis else (offsets or [0]) * (rank - axis)
    if axis < 1 or (axis == 1 and (offsets[0] or like.sizes[0] != x.sizes[0])):
        raise Refusal("only positions can be cropped", span=fields.place("axis"))
    befores = [0] * (axis - 2) + offsets[-(rank - max(axis, 2)) :]
    ends = [n if 2 + i < axis else m for i, (n, m) in enumerate(zip(x.sizes[1:], like.sizes[1:], strict=True))]
    margin = tuple((a, n - m - a) for a, n, m in zip(befores, x.sizes[1:], ends, strict=True))
    if not any(a or b for a, b in margin):
        return x
    node = net.apply(layer, Crop(margin), [x.ref])
    return Blob(node.ref, node.type, x.axes)


def silence(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    """What goes in here is nobody's output."""
    net.silenced.update(layer.bottoms)
    return []


LAYERS: dict[str, Meaning] = {
    "Concat": of_several(concat),
    "Eltwise": of_several(eltwise),
    "Slice": slice_,
    "Split": split,
    "Crop": of_several(crop),
    "Silence": silence,
}
