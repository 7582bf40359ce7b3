"""Calls of the train section become objects: the fields of a frozen dataclass are its arguments, as with operators.

A value out of range is refused by the dataclass itself, which raises `ValueError` with the reason.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_type_hints

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Span, Suggestion
from cnngraph.elaborate.training import Setting
from cnngraph.elaborate.values import show
from cnngraph.spelling import nearest

T = TypeVar("T")

KINDS = {
    "tuple": ("numbers in brackets", (tuple,)),
    "int": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
    "bool": ("true or false", (bool,)),
    "str": ("a text", (str,)),
}


def choose(setting: Setting, known: Mapping[str, type[T]], what: str) -> T:
    """The object that a setting means. Raises all of E0101, E0103 to E0108 that hold.

    >>> from cnngraph.diagnostics import Source, Span
    >>> from cnngraph.train.schedule import SCHEDULES
    >>> call = "step(every = 5, factor = 0.5)"
    >>> span = Span(Source("lenet5.cnn", call), 0, len(call))
    >>> choose(Setting("step", (), {"every": 5, "factor": 0.5}, span), SCHEDULES, "schedule")
    Step(every=5, factor=0.5, warmup=0.0)
    """
    if setting.name not in known:
        raise CnnGraphError(_unknown(setting, "E0101", setting.name, list(known), what, f"a {what} named"))
    cls = known[setting.name]
    values, found = _bind(setting, cls)
    if found:
        raise CnnGraphError(found)
    try:
        return cls(**values)
    except ValueError as problem:
        raise CnnGraphError(_at(setting, "E0108", f"{setting.name}: {problem}")) from problem


def ordered(cls: type[Any]) -> list[str]:
    """The arguments that may be given without their names."""
    return [field.name for field in dataclasses.fields(cls) if not field.kw_only]


def _bind(setting: Setting, cls: type[Any]) -> tuple[dict[str, object], list[Diagnostic]]:
    fields = dataclasses.fields(cls)
    names, in_order = [f.name for f in fields], ordered(cls)
    values = dict(zip(in_order, setting.positional, strict=False))
    found = []
    if len(setting.positional) > len(in_order):
        most = f"at most {len(in_order)} arguments, not {len(setting.positional)}" if names else "no arguments"
        message = f"{setting.name} takes {most}{' without a name' if in_order != names else ''}"
        found.append(_at(setting, "E0105", message))
    for name, value in setting.named.items():
        if name not in names:
            found.append(_unknown(setting, "E0107", name, names, "argument", f"{setting.name} has no argument"))
        elif name in values:
            found.append(_at(setting, "E0106", f"{setting.name} receives {name} twice"))
        else:
            values[name] = value
    meant = {*values, *(nearest(name, names) for name in setting.named)}
    missing = [f.name for f in fields if f.default is dataclasses.MISSING and f.name not in meant]
    if missing:
        found.append(_at(setting, "E0104", f"{setting.name} needs {', '.join(missing)}", f"write {missing[0]} = ..."))
    hints = get_type_hints(cls)
    found += [d for name, value in values.items() if (d := _wrong_kind(setting, name, value, str(hints[name])))]
    return values, found


def _wrong_kind(setting: Setting, name: str, value: object, hint: str) -> Diagnostic | None:
    """`hint` is a type as text, such as `<class 'int'>` or `int | None`."""
    words, types = next(KINDS[k] for k in KINDS if k in hint)
    items = value if isinstance(value, tuple) else ()
    numbers = all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in items)
    if isinstance(value, types) and numbers and (bool in types or not isinstance(value, bool)):
        return None
    return _at(setting, "E0103", f"{name} of {setting.name} is {words}, not {show(value)}")


def _unknown(
    setting: Setting, code: str, name: str, known: Sequence[str], what: str, text: str
) -> Diagnostic:
    near = nearest(name, known)
    listed = f"known: {', '.join(sorted(known))}"
    helps = (f"did you mean {near}?", listed) if near else (listed,)
    message = f"there is no {what} named {name}" if code == "E0101" else f"{text} {name}"
    written = re.search(rf"\b{re.escape(name)}\b", setting.span.text)
    if written is None:
        return _at(setting, code, message, *helps)
    start = setting.span.start
    span = Span(setting.span.source, start + written.start(), start + written.end())
    return Diagnostic(
        code, message, Label(span, "unknown"), helps=helps, suggestion=Suggestion(span, near) if near else None
    )


def _at(setting: Setting, code: str, message: str, *helps: str) -> Diagnostic:
    return Diagnostic(code, message, Label(setting.span, "here"), helps=helps)


def read_value(text: str) -> int | float | bool | str:
    """A value as it is written behind `--set NAME=`: a number, true, false, or else a text.

    >>> read_value("8"), read_value("1e-3"), read_value("true"), read_value("cosine")
    (8, 0.001, True, 'cosine')
    """
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
