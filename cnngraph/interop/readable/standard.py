"""Blocks of the standard library that units are exactly equal to: `conv_relu`, `conv_bn`, `conv_bn_relu`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cnngraph.interop.readable.grouping import groups
from cnngraph.interop.readable.layer_text import REQUIRED, Parameter, parameters_of
from cnngraph.interop.readable.leaves import Leaves
from cnngraph.interop.readable.terms import Layer, Passage, Unit, Units

_CONV = (
    Parameter("c", REQUIRED, in_order=True),
    Parameter("window", REQUIRED, in_order=True, is_laid=True),
    Parameter("stride", 1),
    Parameter("pad", 0),
)
_GROUPED = (*_CONV, Parameter("groups", 1))

FILES: Mapping[str, str] = {"conv_relu": "std/conv.cnn", "conv_bn": "std/conv.cnn", "conv_bn_relu": "std/conv.cnn"}
CALLS: Mapping[str, tuple[Parameter, ...]] = {"conv_relu": _CONV, "conv_bn": _GROUPED, "conv_bn_relu": _GROUPED}


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
    return Layer(name, _leaves(name, conv.leaves), weighs=True, passage=_passage(units[:length])), length


def _leaves(name: str, leaves: Leaves) -> Leaves:
    values = {"c" if key == "features" else key: value for key, value in leaves}
    return tuple((parameter.name, values[parameter.name]) for parameter in CALLS[name])


def _is_plain(layer: Layer) -> bool:
    """Whether all its arguments are the usual ones."""
    if layer.word not in ("batchnorm", "relu"):
        return False
    defaults = {parameter.name: parameter.default for parameter in parameters_of(layer.word)}
    return all(defaults[key] == value for key, value in layer.leaves)


def _passage(units: list[Unit]) -> Passage | None:
    first, last = units[0].passage, units[-1].passage
    if first is None or last is None:
        return None
    return Passage(first.takes, last.gives, tuple(n for unit in units if unit.passage for n in unit.passage.nodes))
