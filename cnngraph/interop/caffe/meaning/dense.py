"""InnerProduct. It reads all values of a sample as one row, in the order (C, H, W): ours is (H, W, C).

    blob (K, C * H * W)    ours (H * W * C, K)
"""

from __future__ import annotations

from math import prod

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.caffe.blob import Blob
from cnngraph.interop.caffe.importer import Importer, Meaning, Source, of_one
from cnngraph.interop.caffe.network import Layer
from cnngraph.interop.channels_first import dense_rows, image_axes
from cnngraph.ir.op import Array
from cnngraph.ops.dense import Dense


def inner_product(net: Importer, layer: Layer, x: Blob) -> Blob:
    fields = layer.fields.below("inner_product_param")
    if x.axis(fields.whole("axis", 1, low=-8)) != 1:
        raise Refusal("only an inner product from axis 1 on has a counterpart", span=fields.place("axis"))
    features, bias = fields.whole("num_output", low=1), fields.flag("bias_term", True)
    rows = prod(x.sizes)
    transposed = fields.flag("transpose", False)
    before = (x.flattened or x) if len(x.sizes) == 1 else x

    def weight(blob: Array) -> Array:
        return dense_rows(blob if transposed else blob.T, before.sizes, before.axes)

    x = net.flat(x, layer)
    shape = (rows, features) if transposed else (features, rows)
    parts = {"weight": Source(layer.name, {0: shape}, weight)}
    parts |= {"bias": Source(layer.name, {1: (features,)})} if bias else {}
    node = net.apply(layer, Dense(features, bias), [x.ref], parts)
    return Blob(node.ref, node.type, image_axes(0))


LAYERS: dict[str, Meaning] = {"InnerProduct": of_one(inner_product)}
