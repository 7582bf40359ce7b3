"""A layer as the language writes it, from its leaves: `conv(64, 7x7/2, same, bias = false)`, `unit(c, stride = 2)`."""

from __future__ import annotations

import dataclasses
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
    """One argument of a layer. `in_order`: it is given by its place as long as all before it are."""

    name: str
    default: Any = REQUIRED
    in_order: bool = False


@cache
def parameters_of(word: str) -> tuple[Parameter, ...]:
    """The parameters of an operator, a window as its size and its stride."""
    return tuple(_parameters(registry()[word]))


def _parameters(op: Any) -> Iterator[Parameter]:
    fields = dataclasses.fields(op)
    windowed = "window" in [field.name for field in fields]
    for field in fields:
        if field.name == "window":
            yield Parameter("window", in_order=True)
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
    for parameter in parameters:
        name, value = parameter.name, values[parameter.name]
        if name == "stride" and "window" in values:
            continue
        if name != "window" and is_default(parameter, values):
            in_order = False
            continue
        in_order = in_order and (parameter.in_order or value in PADDINGS or name == "window")
        text = window_text(values) if name == "window" else value_text(value)
        texts.append(text if in_order else f"{'window' if name == 'size' else name} = {text}")
        if name == "window" and (step := _lone_stride(values, parameters)):
            texts.append(f"stride = {step}")
            in_order = False
    return texts


def is_default(parameter: Parameter, values: Mapping[str, Any]) -> bool:
    """Whether a value need not be said. The stride of a pool is its window by default."""
    value = values[parameter.name]
    if parameter.name == "stride" and parameter.default is None:
        return bool(value == values["window"] or (value,) * len(values["window"]) == values["window"])
    return type(value) is not Said and bool(value == parameter.default)


def window_text(values: Mapping[str, Any]) -> str:
    """`3x3`, `7x7/2`, `3` along one axis, `window / stride` in a block."""
    size, stride = values["window"], values["stride"]
    text = str(size) if isinstance(size, Said) else "x".join(map(str, size))
    if _in_window(values):
        return f"{text} / {stride}" if isinstance(size, Said) else f"{text}/{stride}"
    return text


def _in_window(values: Mapping[str, Any]) -> bool:
    size, stride = values["window"], values["stride"]
    if isinstance(stride, Said):
        return isinstance(size, Said) or len(size) > 1
    if not isinstance(stride, int):
        return False
    if isinstance(size, Said):
        return stride != 1
    return len(size) > 1 and (stride != 1 if "features" in values else (stride,) * len(size) != size)


def _lone_stride(values: Mapping[str, Any], parameters: Sequence[Parameter]) -> str:
    """A stride that stands by itself: along one axis, or another one for each axis."""
    parameter = next(p for p in parameters if p.name == "stride")
    if _in_window(values) or is_default(parameter, values):
        return ""
    return value_text(values["stride"])


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
            return literal(value)
        case tuple() | list() if len(value) == 1 or isinstance(value, list):
            return f"[{', '.join(map(value_text, value))}]"
        case tuple() if value:
            return f"({', '.join(map(value_text, value))})"
    raise ValueError(f"no text for {value!r}")
