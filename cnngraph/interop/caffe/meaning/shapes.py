"""Layers that only give a blob other axes, or its positions other places: Flatten, Reshape, Permute, and forks' own."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.caffe.blob import Blob, type_of
from cnngraph.interop.caffe.importer import Importer, Meaning, of_one
from cnngraph.interop.caffe.network import Layer
from cnngraph.interop.channels_first import image_axes, vector_axes
from cnngraph.interop.imported import Axes
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.shuffle import Shuffle
from cnngraph.ops.upsample import Upsample


def flatten(net: Importer, layer: Layer, x: Blob) -> Blob:
    fields = layer.fields.below("flatten_param")
    first, last = x.axis(fields.whole("axis", 1, low=-8)), x.axis(fields.whole("end_axis", -1, low=-8))
    if first == last:
        return x
    if first != 1 or last != len(x.axes.places) - 1:
        raise Refusal("only all axes but the batch can be flattened together", span=fields.place("axis"))
    return net.flat(x, layer)


def reshape(net: Importer, layer: Layer, x: Blob) -> Blob:
    """The values of each sample, in the order of Caffe, under another shape.

    A number in the place of the batch is that of one use of the network, and is not looked at.
    """
    fields = layer.fields.below("reshape_param")
    rank, count = len(x.axes.places), fields.whole("num_axes", -1, low=-1)
    first = fields.whole("axis", 0, low=-8)
    first = first + rank + 1 if first < 0 else first
    last = rank if count == -1 else first + count
    dims = fields.below("shape").wholes("dim", low=-1)
    if not 0 <= first <= last <= rank or dims.count(-1) > 1 or (first == 0 and not dims):
        raise Refusal(f"the axes {first} to {last} of {rank} cannot become {dims}", span=fields.place("reshape_param"))
    whole = (0, *x.sizes)  # 0 is the batch
    for place, dim in enumerate(dims):
        if dim == 0 and first + place >= rank:
            raise Refusal(f"there is no axis {first + place} to copy")
    written = [whole[first + place] if dim == 0 else dim for place, dim in enumerate(dims)]
    sizes = [*whole[:first], *written, *whole[last:]][1:]
    return _reshaped(net, layer, x, _inferred(sizes, prod(x.sizes)))


def _inferred(sizes: list[int], values: int) -> tuple[int, ...]:
    """The sizes of a sample with a number for -1; all its values must be in them."""
    known = prod(size for size in sizes if size != -1)
    sizes = [values // known if size == -1 and known else size for size in sizes]
    if not sizes or prod(sizes) != values:
        raise Refusal(f"{values} values of each sample do not have the sizes {tuple(sizes)}")
    return tuple(sizes)


def _reshaped(net: Importer, layer: Layer, x: Blob, sizes: tuple[int, ...]) -> Blob:
    if sizes == x.sizes:
        return x
    if len(sizes) == 1:
        return net.flat(x, layer)
    row = net.settled(net.flat(x, layer), layer)
    if prod(sizes[1:]) == 1:
        return Blob(row.ref, row.type, vector_axes(len(sizes) - 1))
    if sizes[0] > 1:
        row = replace(row, ref=net.apply(layer, Shuffle(sizes[0]), [row.ref], part="order").ref)
    node = net.apply(layer, Reshape(type_of(sizes)), [row.ref])
    return Blob(node.ref, node.type, image_axes(len(sizes) - 1))


def permute(net: Importer, layer: Layer, x: Blob) -> Blob:
    """The axes by other names: no number moves."""
    x = net.settled(x, layer)
    order = layer.fields.below("permute_param").wholes("order")
    rank = len(x.axes.places)
    order += [axis for axis in range(rank) if axis not in order]  # those that are not named follow in their order
    if sorted(order) != list(range(rank)) or order[0] != 0:
        raise Refusal(f"{order} is no order of {rank} axes in which the batch stays first")
    return replace(x, axes=Axes(tuple(x.axes.places[axis] for axis in order), x.axes.rank))


def upsample(net: Importer, layer: Layer, x: Blob) -> Blob:
    """Each position several times: the layer of that name in forks for YOLOv3. (SegNet's has a mask as well.)"""
    factor = layer.fields.below("upsample_param").whole("scale", 1, low=1)
    x = net.image(x, layer)
    node = net.apply(layer, Upsample(factor), [x.ref])
    return Blob(node.ref, node.type, x.axes)


def shuffle(net: Importer, layer: Layer, x: Blob) -> Blob:
    """Channels in turn from each group: the layer of that name in forks for ShuffleNet."""
    x = net.settled(x, layer)
    x.require_channels(1, "it shuffles")
    node = net.apply(layer, Shuffle(layer.fields.below("shuffle_channel_param").whole("group", 1, low=1)), [x.ref])
    return replace(x, ref=node.ref)


LAYERS: dict[str, Meaning] = {
    "Flatten": of_one(flatten),
    "Reshape": of_one(reshape),
    "Permute": of_one(permute),
    "Upsample": of_one(upsample),
    "ShuffleChannel": of_one(shuffle),
}
