"""What each section of a cfg means: `TABLE` has a function for every name. Source: darknet's `parser.c`."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnngraph.interop.assembly import Refusal
from cnngraph.interop.darknet.activations import activated
from cnngraph.interop.darknet.importer import After, Importer, Meaning, Value
from cnngraph.interop.darknet.products import batchnorm, connected, convolutional
from cnngraph.interop.darknet.sections import Section
from cnngraph.interop.darknet.windows import avgpool, crop, maxpool, reorg, reorg3d, row, upsample
from cnngraph.ops.add import Add
from cnngraph.ops.concat import Concat
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.mul import Mul
from cnngraph.ops.part import Part
from cnngraph.ops.scale import Scale
from cnngraph.ops.slice import Slice
from cnngraph.ops.softmax import Softmax


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
    ops = [*row(x.type), *([Scale(1 / temperature)] if temperature != 1 else []), Softmax()]
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


def detections(net: Importer, section: Section, x: Value) -> Value:
    """Boxes are read off here; the numbers of which they are made are an output."""
    name = net.assembly.word(f"{section.name.lower()}{len(net.outputs) + 1}", "result")
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
