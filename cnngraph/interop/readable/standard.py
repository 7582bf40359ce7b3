"""Blocks of the standard library that units are exactly equal to: `conv_relu`, `conv_bn`, `stage`, and by their text all
others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from cnngraph.interop.readable.grouping import groups
from cnngraph.interop.readable.layer_text import REQUIRED, Parameter, parameters_of
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
        for item in re.finditer(r"^block (\w+)(?:.|\n)*?(?=\n\n|\n##|\nblock |\Z)", path.read_text(encoding="utf-8"), re.M):
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
    name, length = {("batchnorm", "relu"): ("conv_bn_relu", 3)}.get(tuple(words[1:3]), ("", 1))  # type: ignore[call-overload]
    if not name and words[1:2] == ["batchnorm"]:
        name, length = "conv_bn", 2
    if not name and words[1:2] == ["relu"]:
        name, length = "conv_relu", 2
    fits = leaves["dilation"] == 1 and leaves["bias"] == (name == "conv_relu")
    if not name or not fits or (name == "conv_relu" and leaves["groups"] != 1):
        return None, 1
    return Layer(name, _leaves(name, conv.leaves), weighs=True, passage=passage_of(tuple(units[:length]))), length


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
        first, following = _one(units[i], strided), units[i + 1] if i + 1 < len(units) else None
        n, length = 0, 1
        if isinstance(units[i], Repeat) and first is not None:
            n = units[i].times  # type: ignore[union-attr]
        elif first is not None and following is not None and _numbers(_one(following, strided)) == (*_numbers(first)[:2], 1):
            n, length = 1 + (following.times if isinstance(following, Repeat) else 1), 2
        if first is None or n < 2:
            found.append(units[i])
            i += 1
            continue
        word, c, stride = _numbers(first)
        leaves = (("unit", Said(word)), ("c", c), ("n", n), ("stride", stride))
        found.append(Layer("stage", leaves, (), True, True, passage_of(units[i : i + length])))
        i += length
    return tuple(found)


def _one(unit: Unit, strided: Collection[str]) -> Layer | None:
    """The call of such a block that a unit is, or is several times."""
    if isinstance(unit, Repeat):
        inner = _one(unit.units[0], strided) if len(unit.units) == 1 else None
        return inner if inner is not None and _numbers(inner)[2] == 1 else None
    return unit if isinstance(unit, Layer) and unit.word in strided and not unit.tensors else None


def _numbers(layer: Layer | None) -> tuple[str, Any, Any]:
    if layer is None:
        return ("", None, None)
    (_, c), (_, stride) = layer.leaves
    return (layer.word, c, stride)
