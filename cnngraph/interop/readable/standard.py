"""Blocks of the standard library that units are exactly equal to: `conv_relu`, `stage`, and others by their text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from cnngraph.interop.readable.grouping import groups
from cnngraph.interop.readable.layer_text import REQUIRED, Parameter, is_ratio, parameters_of
from cnngraph.interop.readable.leaves import Leaves
from cnngraph.interop.readable.terms import Layer, Repeat, Said, Unit, Units, passage_of
from cnngraph.resources import resource

_CONV = (
    Parameter("c", REQUIRED, in_order=True),
    Parameter("window", REQUIRED, in_order=True, is_laid=True),
    Parameter("stride", 1),
    Parameter("pad", 0),
)
_GROUPED = (*_CONV, Parameter("groups", 1))

_STAGE = (
    Parameter("unit", REQUIRED, in_order=True),
    Parameter("c", REQUIRED, in_order=True),
    Parameter("n", REQUIRED, in_order=True),
    Parameter("stride", 2),
)
FOLDER = ("specs", "blocks")
ONE_BLOCK = r"^block (\w+)(?:.|\n)*?(?=\n\n|\n##|\nblock |\Z)"

FILES: Mapping[str, str] = {
    "conv_relu": "std/conv.cnn", "conv_bn": "std/conv.cnn", "conv_bn_relu": "std/conv.cnn", "stage": "std/resnet.cnn",
}  # fmt: skip
CALLS: Mapping[str, tuple[Parameter, ...]] = {
    "conv_relu": _CONV, "conv_bn": _GROUPED, "conv_bn_relu": _GROUPED, "stage": _STAGE,
}  # fmt: skip


def file_of(block: str) -> str | None:
    """The file of the standard library that has exactly this block."""
    name = re.match(r"block (\w+)", block.strip())
    file, text = _standard().get(name[1] if name else "", ("", ""))
    return file if file and text == _bare(block) else None


@cache
def _standard() -> Mapping[str, tuple[str, str]]:
    """For each block of the standard library its file, and its text."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(resource(*FOLDER).glob("*.cnn")):
        for item in re.finditer(ONE_BLOCK, path.read_text(encoding="utf-8"), re.M):
            found[item[1]] = (f"std/{path.name}", _bare(item[0]))
    return found


def _bare(text: str) -> str:
    """The words alone: whether a pipe goes on or a new line begins is the same."""
    return re.sub(r"->|\s+", "", text)


def with_idioms(units: Units, words: Collection[str] = tuple(FILES)) -> Units:
    """The units with calls of these blocks, within each line."""
    return tuple(unit for group in groups(units) for unit in _group(group, words))


def _group(group: Units, words: Collection[str]) -> list[Unit]:
    found: list[Unit] = []
    rest = list(group)
    while rest:
        call, length = _call(rest)
        if call is None or call.word not in words:
            call, length = None, 1
        found.append(call or rest[0])
        del rest[:length]
    return found


def _call(units: list[Unit]) -> tuple[Layer | None, int]:
    """The block that units begin with, and how many it stands for."""
    words = [unit.word if isinstance(unit, Layer) and _is_plain(unit) else "" for unit in units[:3]]
    conv = units[0]
    if not isinstance(conv, Layer) or conv.word != "conv" or conv.tensors:
        return None, 1
    leaves = dict(conv.leaves)
    name, length = _behind(words[1:])
    fits = leaves["dilation"] == 1 and leaves["bias"] == (name == "conv_relu")
    fits = fits and is_ratio(leaves["window"], leaves["stride"])
    if not name or not fits or (name == "conv_relu" and leaves["groups"] != 1):
        return None, 1
    return Layer(name, _leaves(name, conv.leaves), weighs=True, passage=passage_of(tuple(units[:length]))), length


def _behind(words: list[str]) -> tuple[str, int]:
    """The block of a convolution with these layers behind it, and how many they are together."""
    if words == ["batchnorm", "relu"]:
        return "conv_bn_relu", 3
    known = {"batchnorm": "conv_bn", "relu": "conv_relu"}
    return (known[words[0]], 2) if words and words[0] in known else ("", 1)


def _leaves(name: str, leaves: Leaves) -> Leaves:
    values = {"c" if key == "features" else key: value for key, value in leaves}
    return tuple((parameter.name, values[parameter.name]) for parameter in CALLS[name])


def _is_plain(layer: Layer) -> bool:
    """Whether all its arguments are the usual ones."""
    if layer.word not in ("batchnorm", "relu"):
        return False
    defaults = {parameter.name: parameter.default for parameter in parameters_of(layer.word)}
    return all(defaults[key] == value for key, value in layer.leaves)


def with_stages(units: Units, strided: Collection[str]) -> Units:
    """The units with `stage(unit, c, n)` for a unit that may take a stride, and n - 1 of the same that take none.

    `strided` are the blocks whose parameters are a number and a stride.
    """
    found: list[Unit] = []
    i = 0
    while i < len(units):
        first, n, length = _row(units[i : i + 2], strided)
        if first is None or n < 2:
            found.append(units[i])
        else:
            word, c, stride = _numbers(first)
            leaves = (("unit", Said(word)), ("c", c), ("n", n), ("stride", stride))
            found.append(Layer("stage", leaves, (), True, True, passage_of(units[i : i + length])))
        i += length if first is not None and n > 1 else 1
    return tuple(found)


def _row(units: Units, strided: Collection[str]) -> tuple[Layer | None, int, int]:
    """The first call of a row, how many calls it has, and in how many units."""
    first = _one(units[0], strided)
    if first is None or isinstance(units[0], Repeat):
        return first, units[0].times if isinstance(units[0], Repeat) else 0, 1
    following = _one(units[1], strided) if len(units) > 1 else None
    word, c, _ = _numbers(first)
    if following is None or _numbers(following) != (word, c, 1):
        return first, 1, 1
    return first, 1 + (units[1].times if isinstance(units[1], Repeat) else 1), 2


def _one(unit: Unit, strided: Collection[str]) -> Layer | None:
    """The call of such a block that a unit is, or is several times."""
    if isinstance(unit, Repeat):
        inner = _one(unit.units[0], strided) if len(unit.units) == 1 else None
        return inner if inner is not None and _numbers(inner)[2] == 1 else None
    return unit if isinstance(unit, Layer) and unit.word in strided and not unit.tensors else None


def _numbers(layer: Layer) -> tuple[str, Any, Any]:
    (_, c), (_, stride) = layer.leaves
    return (layer.word, c, stride)
