"""A layer as the language writes it, from its leaves: `conv(64, 7x7/2, same, bias = false)`, `unit(c, stride = 2)`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Any

from cnngraph.interop.flat.words import literal
from cnngraph.interop.readable.leaves import LAID, Leaves
from cnngraph.interop.readable.terms import Said
from cnngraph.ir.registry import registry
from cnngraph.ir.size import Size
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import PADDINGS

REQUIRED = object()
"""The default of a parameter that has none."""


@dataclass(frozen=True)
class Parameter:
    """One argument of a layer. `in_order`: it is given by its place as long as all before it are.

    A layer that is `laid` has a window with its stride, `3x3/2`; elsewhere a stride is an argument like any other.
    """

    name: str
    default: Any = REQUIRED
    in_order: bool = False
    is_laid: bool = False


@cache
def parameters_of(word: str) -> tuple[Parameter, ...]:
    """The parameters of an operator, a window as its size and its stride."""
    return tuple(_parameters(registry()[word]))


def _parameters(op: Any) -> Iterator[Parameter]:
    fields = dataclasses.fields(op)
    windowed = "window" in [field.name for field in fields]
    for field in fields:
        if field.name == "window":
            yield Parameter("window", in_order=True, is_laid=True)
            yield Parameter("stride", 1 if "features" in [f.name for f in fields] else None)
            yield Parameter("pad", 0)
        elif not windowed or field.name not in LAID or field.name == "dilation":
            required = field.default is dataclasses.MISSING
            yield Parameter(field.name, REQUIRED if required else field.default, required)


def arguments(parameters: Sequence[Parameter], leaves: Leaves) -> list[str]:
    """The arguments that differ from their defaults, in order as long as none is left out."""
    values = dict(leaves)
    texts: list[str] = []
    in_order = True
    for place, parameter in enumerate(parameters):
        name, value = parameter.name, values[parameter.name]
        laid = parameter.is_laid
        if name == "stride" and any(p.is_laid for p in parameters):
            continue
        if is_default(parameter, values):
            in_order = False
            continue
        first = place == 0 and isinstance(value, int | float) and not isinstance(value, bool)
        in_order = in_order and (parameter.in_order or laid or first or value in PADDINGS or value == Said("pad"))
        text = window_text(values, parameters) if laid else argument_text(name, value)
        texts.append(text if in_order else f"{name} = {text}")
        if laid and (step := _lone_stride(values, parameters)):
            texts.append(f"stride = {step}")
            in_order = False
    return texts


def is_default(parameter: Parameter, values: Mapping[str, Any]) -> bool:
    """Whether a value need not be said. The stride of a pool is its window by default."""
    value = values[parameter.name]
    if parameter.default is REQUIRED:
        return False
    if parameter.name == "stride" and parameter.default is None:
        size = values["window"]
        return isinstance(size, tuple) and (value == size or (value,) * len(size) == size)
    return type(value) is not Said and bool(value == parameter.default)


def window_text(values: Mapping[str, Any], parameters: Sequence[Parameter]) -> str:
    """`3x3`, `7x7/2`, `3` along one axis, `window / stride` in a block."""
    size, stride = values["window"], values["stride"]
    text = argument_text("window", size)
    if _in_window(values, parameters):
        return f"{text} / {stride}" if isinstance(size, Said) else f"{text}/{stride}"
    return text


def _in_window(values: Mapping[str, Any], parameters: Sequence[Parameter]) -> bool:
    size, stride = values["window"], values["stride"]
    axes = size.axes if isinstance(size, Said) else len(size)
    if axes < 2 or not isinstance(stride, int | Said):
        return False
    return bool(stride.text) if isinstance(stride, Said) else not is_default(_stride(parameters), values)


def is_ratio(size: Sequence[int], stride: object) -> bool:
    """Whether a window with its stride is one argument: `3x3/2`, or `3` where it goes on by 1."""
    return stride == 1 or (isinstance(stride, int) and len(size) > 1)


def _stride(parameters: Sequence[Parameter]) -> Parameter:
    return next(p for p in parameters if p.name == "stride")


def _lone_stride(values: Mapping[str, Any], parameters: Sequence[Parameter]) -> str:
    """A stride that stands by itself: along one axis, or another one for each axis."""
    if _in_window(values, parameters) or is_default(_stride(parameters), values) or values["stride"] == Said(""):
        return ""
    return value_text(values["stride"])


def argument_text(name: str, value: object) -> str:
    """One argument of this name: a window is written as sizes."""
    return "x".join(map(str, value)) if name.startswith("window") and isinstance(value, tuple) else value_text(value)


def value_text(value: object) -> str:
    """One argument."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return value if value in PADDINGS else f'"{value}"'
        case int() | Size() | TensorType() | Said():
            return str(value)
        case float() if isfinite(value):
            return re.sub(r"e([+-])0*", r"e\1", literal(value)).replace("e+", "e")
        case tuple() | list() if len(value) == 1 or isinstance(value, list):
            return f"[{', '.join(map(value_text, value))}]"
        case tuple() if value:
            return f"({', '.join(map(value_text, value))})"
    raise ValueError(f"no text for {value!r}")
