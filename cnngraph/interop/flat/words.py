"""Operators and their arguments as the language writes them: `conv(64, 7x7/2, same, bias = false)`."""

from __future__ import annotations

import dataclasses
from math import isfinite

from cnngraph.diagnostics import error
from cnngraph.ir.op import Op
from cnngraph.ir.size import Size
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import PADDINGS, Window


def layer_text(op: Op) -> str:
    """The operator as a layer.

    >>> from cnngraph.ops.conv import Conv
    >>> print(layer_text(Conv(64, Window((7, 7), (2, 2)), "same", bias=False)))
    conv(64, 7x7/2, same, bias = false)
    """
    arguments = arguments_of(op)
    return f"{op.name}({', '.join(arguments)})" if arguments else op.name


def arguments_of(op: Op) -> list[str]:
    """The arguments that differ from their defaults: required ones and words in their place, the others by name."""
    texts: list[str] = []
    in_order = True
    for field in dataclasses.fields(op):
        value, required = getattr(op, field.name), field.default is dataclasses.MISSING
        if value == field.default:
            in_order = False
            continue
        if field.metadata.get("internal"):
            raise unwritable(op)
        in_order = in_order and (required or value in PADDINGS)
        texts.append(argument_text(op, value) if in_order else f"{field.name} = {argument_text(op, value)}")
    return texts


def argument_text(op: Op, value: object) -> str:
    """One argument of `op`; raises CnnGraphError where the language has no word for it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return value if value in PADDINGS else f'"{value}"'
        case int() | Size() | TensorType():
            return str(value)
        case float() if isfinite(value):
            return literal(value)
        case Window(size=size, stride=None):
            return "x".join(map(str, size))
        case Window(size=size, stride=tuple(stride)) if len(size) > 1 and len(set(stride)) == 1:
            return str(value)
        case tuple() | list() if len(value) == 1 or isinstance(value, list):
            return f"[{', '.join(argument_text(op, item) for item in value)}]"
        case tuple() if value:
            return f"({', '.join(argument_text(op, item) for item in value)})"
        case Op():
            return layer_text(value)
    raise unwritable(op)


def literal(value: float) -> str:
    """A number; a whole one without its point.

    >>> literal(2.0), literal(0.1), literal(1e-12)
    ('2', '0.1', '1e-12')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def grouped(value: int) -> str:
    """A whole number with its digits in groups, as `check` lines have it: `61_706`."""
    return f"{value:_}"


def unwritable(op: Op) -> Exception:
    """What to raise for an operator that no text gives."""
    return error("E0103", f"`{op}` cannot be written in the language", "a network can be, as its file gives it")
