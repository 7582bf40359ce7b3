"""What each section of a cfg means. Source: darknet's `parser.c` and the files of its layers (A. Bochkovskiy's fork).

    maxpool   `padding` is the sum of both sides, size - 1 by default; half of it, rounded down, lies before, and
              positions' = floor((N + padding - size) / stride) + 1. So 2x2/2 keeps a last odd row, 2x2/1 the size.
    batchnorm y = (x - mean) / sqrt(variance + 1e-5) * scale + bias, where the convolution has no bias of its own
    reorg3d   space to depth: y[(i * r + j) * C + c, h, w] = x[c, h * r + i, w * r + j]
    reorg     the same, but x, an array (C, H, W) in memory, is read as (C / r / r, H * r, W * r), and the result, as
              large as x, is taken for (C * r * r, H / r, W / r): what YOLOv2 was trained with
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.channels_first import conv_weight, dense_rows
from cnngraph.interop.darknet.importer import After, Importer, Meaning, Piece, Value, value
from cnngraph.interop.darknet.sections import Section
from cnngraph.ir.graph import Node, Ref
from cnngraph.ir.op import Op
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.add import Add
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.clip import Clip
from cnngraph.ops.concat import Concat
from cnngraph.ops.conv import Conv
from cnngraph.ops.crop import Crop
from cnngraph.ops.dense import Dense
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.elu import Elu
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.mish import Mish
from cnngraph.ops.mul import Mul
from cnngraph.ops.part import Part
from cnngraph.ops.pixel_unshuffle import PixelUnshuffle
from cnngraph.ops.relu import Relu
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.scale import Scale
from cnngraph.ops.shift import Shift
from cnngraph.ops.shuffle import Shuffle
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.silu import Silu
from cnngraph.ops.slice import Slice
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.tanh import Tanh
from cnngraph.ops.upsample import Upsample

EPSILON = 1e-5
ACTIVATIONS: dict[str, tuple[Op, ...]] = {
    "linear": (),
    "leaky": (LeakyRelu(0.1),),
    "relu": (Relu(),),
    "relu6": (Clip(0.0, 6.0),),
    "logistic": (Sigmoid(),),
    "loggy": (Scale(0.5), Tanh()),  # 2 / (1 + exp(-x)) - 1
    "tanh": (Tanh(),),
    "hardtan": (Clip(-1.0, 1.0),),
    "elu": (Elu(),),
    "swish": (Silu(),),
    "mish": (Mish(),),
    "ramp": (Scale(1.1), LeakyRelu(0.1 / 1.1)),  # x + 0.1 x above 0, 0.1 x below
}


def activated(net: Importer, section: Section, x: Value, default: str) -> Value:
    name = section.word("activation", default)
    if name not in ACTIVATIONS:
        raise Refusal(f"the activation `{name}` has no counterpart", span=section.place("activation"))
    return net.chain(section, x, ACTIVATIONS[name])


def strides(section: Section) -> tuple[int, int]:
    """Along height and width."""
    stride = section.whole("stride", 1, low=1)
    return section.whole("stride_y", stride, low=1), section.whole("stride_x", stride, low=1)


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


def dropout(net: Importer, section: Section, x: Value) -> Value:
    section.ignore("dropblock", "dropblock_size_rel", "dropblock_size_abs")
    return net.apply(section, Dropout(section.number("probability", 0.2)), x)


def softmax(net: Importer, section: Section, x: Value) -> Value:
    """Over all values of a sample."""
    section.ignore("noloss")
    if section.whole("groups", 1) != 1 or section.flag("spatial") or "tree" in section:
        raise Refusal("softmax in groups has no counterpart")
    temperature = section.number("temperature", 1.0)
    if temperature <= 0:
        raise Refusal(f"the temperature must be above 0, not {temperature}", span=section.place("temperature"))
    ops = [*_row(x.type), *([Scale(1 / temperature)] if temperature != 1 else []), Softmax()]
    return net.chain(section, x, ops)


def shortcut(net: Importer, section: Section, x: Value) -> Value:
    if section.word("weights_type", "none") != "none":
        raise Refusal("a shortcut with weights has no counterpart", span=section.place("weights_type"))
    section.ignore("weights_normalization")
    others = [net.named(section, index, "from") for index in section.wholes("from", low=-(2**31))]
    if not others:
        raise Refusal("`from` is missing")
    if all(other.type == x.type for other in others):
        return activated(net, section, net.apply(section, Add(), x, *others), "linear")
    for other in others:
        x = _sum(net, section, x, other)
    return activated(net, section, x, "linear")


def _sum(net: Importer, section: Section, x: Value, other: Value) -> Value:
    """x, to whose first channels those of another image are added: as many as both have.

    Of a larger image every second position counts, or every third, and so on (`shortcut_cpu` of J. Redmon's darknet).
    """
    step = other.positions[0] // x.positions[0] if x.positions and other.positions else 0
    if tuple(step * n for n in x.positions) != other.positions:
        raise Refusal(f"{x.type} and {other.type} do not add up")
    if step > 1:
        other = net.apply(section, Slice(step=step), other)
    shared = min(x.channels, other.channels)
    if other.channels > shared:
        other = net.apply(section, Part(0, (shared, other.channels - shared)), other)
    if x.channels == shared:
        return net.apply(section, Add(), x, other)
    first, rest = (net.apply(section, Part(i, (shared, x.channels - shared)), x) for i in (0, 1))
    return net.apply(section, Concat(), net.apply(section, Add(), first, other), rest)


def scaled(net: Importer, section: Section, x: Value) -> Value:
    """Each channel of another section times a number of this one (squeeze and excitation)."""
    if section.flag("scale_wh"):
        raise Refusal("a factor for each position has no counterpart", span=section.place("scale_wh"))
    other = _other(net, section)
    if x.channels != other.channels or prod(x.positions) != 1:
        raise Refusal(f"{x.type} is no factor for each channel of {other.type}")
    return activated(net, section, net.apply(section, Mul(), other, net.vector(section, x)), "linear")


def multiplied(net: Importer, section: Section, x: Value) -> Value:
    """Attention of YOLOv4: element by element."""
    other = _other(net, section)
    if x.type != other.type:
        raise Refusal(f"{x.type} and {other.type} do not meet")
    return activated(net, section, net.apply(section, Mul(), other, x), "linear")


def _other(net: Importer, section: Section) -> Value:
    (index,) = section.wholes("from", (-1,), low=-(2**31))
    return net.named(section, index, "from")


def route(net: Importer, section: Section, before: Value | None) -> Value:
    """The channels of other sections, or one part of each, one after the other."""
    chosen = [net.named(section, index, "layers") for index in section.wholes("layers", low=-(2**31))]
    groups, part = section.whole("groups", 1, low=1), section.whole("group_id", 0)
    if not chosen:
        raise Refusal("`layers` is missing")
    if groups > 1:
        chosen = [net.apply(section, Part(part, groups), x) for x in chosen]
    if len(chosen) == 1:
        return chosen[0]
    if any(x.positions for x in chosen):
        chosen = [net.image(section, x) for x in chosen]
    return net.apply(section, Concat(), *chosen)


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
    return [*_row(before), *turned, Reshape(TensorType.of(sizes[0], sizes[1:]))]


def _row(before: TensorType) -> list[Op]:
    """All values of a sample as a vector, in the order (C, H, W)."""
    positions = prod(number(size) for size in before.positions)
    turned = [Shuffle(positions)] if positions > 1 and before.channels != 1 else []
    return [Flatten(), *turned] if before.positions else []


def detections(net: Importer, section: Section, x: Value) -> Value:
    """Boxes are read off here; the numbers of which they are made are an output."""
    name = f"{section.name.lower()}{len(net.outputs) + 1}"
    net.outputs[name] = x
    line = section.span.line
    net.assembly.notes.append(f"the output {name} is what [{section.name}] of line {line} reads: no boxes are read off")
    return x


def cost(net: Importer, section: Section, x: Value) -> Value:
    return x


def after(meaning: Callable[[Importer, Section, Value], Value]) -> Meaning:
    """A section that reads the one before it."""

    def checked(net: Importer, section: Section, before: Value | None) -> Value:
        if before is None:
            raise After
        return meaning(net, section, before)

    return checked


ENDS = ("yolo", "region", "detection", "Gaussian_yolo", "cost")
"""Sections whose options say how boxes are read off, and what training compares."""

_AFTER = {
    "activation": lambda net, section, x: activated(net, section, x, "linear"),
    **dict.fromkeys(("convolutional", "conv"), convolutional),
    **dict.fromkeys(("connected", "conn"), connected),
    **dict.fromkeys(("maxpool", "max"), maxpool),
    **dict.fromkeys(("avgpool", "avg"), avgpool),
    **dict.fromkeys(("softmax", "soft"), softmax),
    **dict.fromkeys(ENDS, detections),
    "batchnorm": batchnorm,
    "cost": cost,
    "crop": crop,
    "dropout": dropout,
    "reorg": reorg,
    "reorg3d": reorg3d,
    "sam": multiplied,
    "scale_channels": scaled,
    "shortcut": shortcut,
    "upsample": upsample,
}
TABLE: dict[str, Meaning] = {"route": route, **{name: after(meaning) for name, meaning in _AFTER.items()}}
