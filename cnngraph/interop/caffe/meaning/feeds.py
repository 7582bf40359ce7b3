"""Layers that bring data: what is fed here. Their first result is the images; the labels are left out.

Only some say how large an image is; else the user does. Where the number of channels is not written, it is that of the
mean values, or 3, or 1 with `force_gray`; a note tells what was taken.
"""

from __future__ import annotations

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.caffe.blob import Blob
from cnngraph.interop.caffe.fields import Fields
from cnngraph.interop.caffe.importer import Importer, Meaning
from cnngraph.interop.caffe.network import Layer, Value

PARAMETERS = {"Data": "data_param", "ImageData": "image_data_param", "WindowData": "window_data_param"}
HELP = "give the shape of a batch, as in `--input 1x3x224x224`"


def given(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    """Input: a shape for each result, or one for all."""
    shapes = [shape.wholes("dim", low=1) for shape in layer.fields.below("input_param").each("shape")]
    return _inputs(net, layer, shapes)


def dummy(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    fields = layer.fields.below("dummy_data_param")
    fields.ignore("data_filler")
    shapes = [shape.wholes("dim", low=1) for shape in fields.each("shape")]
    old = (fields.wholes(name, low=1) for name in ("num", "channels", "height", "width"))
    return _inputs(net, layer, shapes or [list(sizes) for sizes in zip(*old, strict=False)])


def memory(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    fields = layer.fields.below("memory_data_param")
    fields.ignore("batch_size")
    layer.fields.ignore("transform_param")
    sizes = [fields.whole(name, low=1) for name in ("channels", "height", "width")]
    return _with_labels(net, layer, sizes)


def _inputs(net: Importer, layer: Layer, shapes: list[list[int]]) -> list[Blob]:
    shapes = shapes * len(layer.tops) if len(shapes) == 1 else shapes
    if len(shapes) != len(layer.tops) or not all(len(shape) > 1 for shape in shapes):
        raise Refusal(f"{len(layer.tops)} results need as many shapes with a batch and sizes, not {len(shapes)}")
    return [net.input(top, shape[1:], layer.span) for top, shape in zip(layer.tops, shapes, strict=True)]


def tables(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    """HDF5Data: arrays of any shape."""
    layer.fields.ignore("hdf5_data_param")
    return _with_labels(net, layer, _told(net))


def images(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
    """A data base or a list of files: the size is that of the part that is cut out of each image."""
    fields, transform = layer.fields.below(PARAMETERS[layer.type]), layer.fields.below("transform_param")
    fields.ignore_all()
    transform.ignore_all()
    crop = transform.whole("crop_size", 0) or fields.whole("crop_size", 0)
    height, width = (crop or fields.whole(name, 0) for name in ("new_height", "new_width"))
    if height and width:
        sizes = [_channels(transform, fields), height, width]
        net.assembly.notes.append(f"{layer.name} gives images of {sizes[0]} channels: the file does not say how many")
    else:
        sizes = _told(net)
    if told := _preparation(transform, fields):
        net.assembly.notes.append(f"what {layer.name} does to images before is left to the data: {told}")
    return _with_labels(net, layer, sizes)


def _told(net: Importer) -> list[int]:
    """The sizes of a sample that only the user knows."""
    if not net.shapes or not net.shapes[0][1:]:
        raise Refusal("nothing in the file says how large its data are", HELP)
    return list(net.shapes.pop(0)[1:])


def _channels(transform: Fields, fields: Fields) -> int:
    means = len(transform.numbers("mean_value"))
    if transform.flag("force_gray", False) or not fields.flag("is_color", True):
        return 1
    return means if means else 3


def _preparation(transform: Fields, fields: Fields) -> str:
    """In words: what is subtracted from an image, and by what it is multiplied."""
    means, factor = transform.numbers("mean_value"), transform.number("scale", fields.number("scale", 1.0))
    files = [file for part in (transform, fields) for file in part.texts("mean_file")]
    told = [f"minus {', '.join(f'{mean:g}' for mean in means)}"] if means else []
    told += [f"minus the mean of {file}" for file in files]
    return ", ".join([*told, *([f"times {factor:g}"] if factor != 1 else [])])


def _with_labels(net: Importer, layer: Layer, sizes: list[int]) -> list[Blob]:
    if not layer.tops:
        return []
    for index, top in enumerate(layer.tops[1:], start=1):
        if net.readers[Value(layer.place, index)]:
            raise Refusal(f"the labels {top} are read by a layer that is kept, and their shape is not known")
    return [net.input(layer.tops[0], sizes, layer.span)] * len(layer.tops)


LAYERS: dict[str, Meaning] = {
    "Input": given,
    "DummyData": dummy,
    "MemoryData": memory,
    "HDF5Data": tables,
    **dict.fromkeys(PARAMETERS, images),
}
