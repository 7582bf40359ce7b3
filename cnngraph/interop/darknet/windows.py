"""Windows and places: maxpool, avgpool, crop, upsample, reorg. Source: darknet's `parser.c` and its layers' files.

    maxpool   `padding` is the sum of both sides, size - 1 by default; half of it, rounded down, lies before, and
              positions' = floor((N + padding - size) / stride) + 1. So 2x2/2 keeps a last odd row, 2x2/1 the size.
    reorg3d   space to depth: y[(i * r + j) * C + c, h, w] = x[c, h * r + i, w * r + j]
    reorg     the same, but x, an array (C, H, W) in memory, is read as (C / r / r, H * r, W * r), and the result, as
              large as x, is taken for (C * r * r, H / r, W / r): what YOLOv2 was trained with
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.darknet.importer import Importer, Value
from cnngraph.interop.darknet.sections import Section
from cnngraph.ir.op import Op
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.crop import Crop
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.pixel_unshuffle import PixelUnshuffle
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.scale import Scale
from cnngraph.ops.shift import Shift
from cnngraph.ops.shuffle import Shuffle
from cnngraph.ops.upsample import Upsample


def strides(section: Section) -> tuple[int, int]:
    """Along height and width."""
    stride = section.whole("stride", 1, low=1)
    return section.whole("stride_y", stride, low=1), section.whole("stride_x", stride, low=1)


def maxpool(net: Importer, section: Section, x: Value) -> Value:
    x = net.image(section, x)
    step = strides(section)
    size = section.whole("size", section.whole("stride", 1), low=1)
    padding = section.whole("padding", size - 1)
    if section.flag("maxpool_depth") or section.flag("antialiasing"):
        raise Refusal("a maximum over channels, or with a blur, has no counterpart")
    section.ignore("maxpool_zero_nonmax", "out_channels")
    before = padding // 2
    pads = tuple(_reached(n, size, s, before, padding - before) for n, s in zip(x.positions, step, strict=True))
    window = Window((size, size), None if step == (size, size) else step)
    return net.apply(section, MaxPool(window, _plainest(pads)), x)


def _reached(n: int, size: int, stride: int, before: int, after: int) -> tuple[int, int]:
    """The padding of an axis, as far as windows reach into it."""
    last = (n + before + after - size) // stride * stride + size
    return before, max(0, last - before - n)


def _plainest(pads: tuple[tuple[int, int], ...]) -> int | tuple[tuple[int, int], ...]:
    return pads[0][0] if len({n for pair in pads for n in pair}) == 1 else pads


def avgpool(net: Importer, section: Section, x: Value) -> Value:
    """Of all positions."""
    return net.apply(section, GlobalAvgPool(), x) if x.positions else x


def crop(net: Importer, section: Section, x: Value) -> Value:
    """The middle of the image, from -1 to 1 instead of 0 to 1. (While training a random part, turned and coloured.)"""
    section.ignore("flip", "angle", "saturation", "exposure", "shift")
    x = net.image(section, x)
    sizes = [section.whole(name, 1, low=1) for name in ("crop_height", "crop_width")]
    margins = [((n - size) // 2, n - size - (n - size) // 2) for n, size in zip(x.positions, sizes, strict=True)]
    ops: list[Op] = [Crop(tuple(margins))] if any(map(any, margins)) else []
    return net.chain(section, x, [*ops, *(() if section.flag("noadjust") else (Scale(2.0), Shift(-1.0)))])


def upsample(net: Importer, section: Section, x: Value) -> Value:
    (stride,) = section.wholes("stride", (2,), low=-(2**31))
    scale = section.number("scale", 1.0)
    if stride < 1:
        raise Refusal("an upsampling that adds up positions has no counterpart", span=section.place("stride"))
    ops = [*([Scale(scale)] if scale != 1 else []), Upsample(stride)]
    return net.chain(section, net.image(section, x), ops)


def reorg3d(net: Importer, section: Section, x: Value) -> Value:
    stride = _reorg_stride(net, section, x)
    return net.chain(section, x, _depth(x.channels, stride))


def reorg(net: Importer, section: Section, x: Value) -> Value:
    stride = _reorg_stride(net, section, x)
    square, (height, width) = stride * stride, x.positions
    if x.channels % square or height % stride or width % stride:
        raise Refusal(f"{square} does not divide the channels of {x.type}, or {stride} its positions")
    seen = (x.channels // square, height * stride, width * stride)
    result = (x.channels * square, height // stride, width // stride)
    to_image = _as_image(x.type, seen)
    back = _as_image(TensorType.of(x.channels, x.positions), result)
    return net.chain(section, x, [*to_image, *_depth(seen[0], stride), *back])


def _reorg_stride(net: Importer, section: Section, x: Value) -> int:
    if section.flag("reverse"):
        raise Refusal("a reorg in reverse has no counterpart", span=section.place("reverse"))
    if len(x.positions) != 2:
        raise Refusal(f"it needs an image, but receives {x.type}")
    return section.whole("stride", 1, low=1)


def _depth(channels: int, stride: int) -> list[Op]:
    """Space to depth, the places in a square before the channels."""
    return [PixelUnshuffle(stride), *([Shuffle(channels)] if channels > 1 else [])]


def _as_image(before: TensorType, sizes: Sequence[int]) -> list[Op]:
    """The values, in the order (C, H, W), under other sizes in that order."""
    turned = [Shuffle(sizes[0])] if sizes[0] > 1 else []
    return [*row(before), *turned, Reshape(TensorType.of(sizes[0], sizes[1:]))]


def row(before: TensorType) -> list[Op]:
    """All values of a sample as a vector, in the order (C, H, W)."""
    positions = prod(number(size) for size in before.positions)
    turned = [Shuffle(positions)] if positions > 1 and before.channels != 1 else []
    return [Flatten(), *turned] if before.positions else []
