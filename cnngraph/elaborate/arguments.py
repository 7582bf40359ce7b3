"""Arguments meet parameters: tensors fill tensor parameters, other values fill the rest, each in order or by name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnngraph.diagnostics import Diagnostic, Label, Span, Suggestion
from cnngraph.elaborate.foreign import parameter, remark, value_text
from cnngraph.elaborate.values import (
    Bundle,
    Given,
    Missing,
    Problem,
    Ratio,
    Sizes,
    Tensor,
    Unknown,
    Value,
    kind_of,
    problem,
    show,
)
from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.spelling import nearest


@dataclass(frozen=True)
class Signature:
    """Names of the parameters of a layer; `variadic` tensors have no end. `optional` ones have a default."""

    layer: str
    tensors: tuple[str, ...]
    plain: tuple[str, ...]
    optional: frozenset[str]
    variadic: bool = False

    def knows(self, name: str | None) -> bool:
        """Whether an argument may have this name, or none."""
        return name is None or name in self.plain or name in self.tensors


SIGNATURES: dict[type, Signature] = {}
"""Those of operators: every call of a layer asks for one or two."""


def signature_of(op: type[Op]) -> Signature:
    if op not in SIGNATURES:
        SIGNATURES[op] = _signature_of(op)
    return SIGNATURES[op]


def _signature_of(op: type[Op]) -> Signature:
    fields = [f for f in dataclasses.fields(op) if not f.metadata.get("internal")]
    optional = frozenset(f.name for f in fields if f.default is not dataclasses.MISSING)
    return Signature(op.name, op.operands, tuple(f.name for f in fields), optional, op.variadic)


def is_tensor(value: Value) -> bool:
    return isinstance(value, (Tensor, Bundle, Missing))


def tensor_count(given: Sequence[Given], signature: Signature) -> int:
    return sum(is_tensor(g.value) or g.name in signature.tensors for g in given)


def match(
    signature: Signature, given: Sequence[Given], span: Span, left: Value = None, partial: bool = False
) -> tuple[dict[str, Given], list[Given]]:
    """(plain arguments by parameter, tensors in order). The value on the left, if there is one, is the first tensor.

    Raises for the first argument that does not fit, and for one that is lacking unless more may follow (`partial`).
    An unknown value fits wherever there is room.
    """
    plain: dict[str, Given] = {}
    tensors: dict[str, Given] = {}
    extra: list[Given] = []
    flowing = [] if left is None else [Given(None, left, span)]
    for i, g in enumerate([*flowing, *given]):
        unknown = isinstance(g.value, Unknown)
        if not signature.knows(g.name):
            raise unknown_parameter(signature, g)
        if g.name in signature.tensors and not (is_tensor(g.value) or unknown):
            raise problem("E0103", f"`{g.name}` is a tensor, but receives {kind_of(g.value)}", g.span)
        first = i < len(flowing)
        full = unknown and all(n in plain for n in signature.plain)
        goes_to_tensors = g.name in signature.tensors if g.name else first or is_tensor(g.value) or full
        table, names = (tensors, signature.tensors) if goes_to_tensors else (plain, signature.plain)
        if goes_to_tensors and signature.variadic:
            extra.append(g)
            continue
        name = g.name or next((n for n in names if n not in table), None)
        if name is None and any(isinstance(other.value, Unknown) for other in given):
            continue  # an unknown value may have taken a place that is not its own
        if name is None:
            raise _too_many(signature, g, goes_to_tensors)
        if name in table:
            raise Problem(
                Diagnostic(
                    "E0106",
                    f"{signature.layer} receives `{name}` twice",
                    Label(g.span, "the second one"),
                    (Label(table[name].span, f"`{name}` is given here"),),
                )
            )
        table[name] = g
    lacking = [n for n in signature.plain if n not in plain and n not in signature.optional]
    if lacking and not partial:
        listed = " and ".join(f"`{n}`" for n in lacking)
        raise problem("E0104", f"{signature.layer} needs {listed}", span, "here", _usage(signature))
    return plain, extra or [tensors[n] for n in signature.tensors if n in tensors]


def configure(op: type[Op], plain: Mapping[str, Given]) -> Op | Unknown:
    """The operator with its fields; Unknown where an argument is."""
    values = coerced(op, plain)
    return Unknown() if any(isinstance(v, Unknown) for v in values.values()) else op(**values)


def coerced(op: type[Op], plain: Mapping[str, Given]) -> dict[str, Any]:
    """Each argument as its field wants it."""
    types = {f.name: str(f.type) for f in dataclasses.fields(op)}
    return {name: coerce(op.name, name, types[name], g) for name, g in plain.items()}


def coerce(layer: str, name: str, wanted: str, g: Given) -> Any:
    """The argument as the field wants it."""
    if isinstance(g.value, Unknown):
        return g.value
    words, convert = COERCIONS.get(wanted, ("a value", lambda value: value))
    result = convert(g.value)
    if result is None:
        given = f"{kind_of(g.value)}" if show(g.value) == kind_of(g.value) else f"{show(g.value)}, {kind_of(g.value)}"
        message, mend = f"`{name}` of {layer} is {words}, but receives {given}", _as_window(wanted, g)
        helps = (f"write `{mend.replacement}`",) if mend else ()
        label = Label(g.span, f"{words} belongs here")
        raise Problem(Diagnostic("E0103", message, label, helps=helps, suggestion=mend))
    return result


def _as_window(wanted: str, g: Given) -> Suggestion | None:
    """`3x3` for what other tools write as `(3, 3)` or `"3x3"`."""
    text = g.span.text.partition("=")[2].strip() if g.name else g.span.text
    meant = value_text(text.strip("\"'"), "window")
    if wanted != "Window" or meant == text or not re.fullmatch(r"\d+(x\d+)*(/\d+)?", meant):
        return None
    return Suggestion(Span(g.span.source, g.span.end - len(text), g.span.end), meant)


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _numbers(value: Value) -> tuple[float, ...] | None:
    items = [_number(v) for v in value] if isinstance(value, (tuple, list)) else []
    return tuple(v for v in items if v is not None) if items and None not in items else None


def _window(value: Value) -> Window | None:
    if isinstance(value, Ratio):
        inner = _window(value.sizes)
        return inner and Window(inner.size, (value.divisor,) * len(inner.size))
    if isinstance(value, Sizes):
        whole = tuple(d for d in value.dims if isinstance(d, int))
        return Window(whole) if len(whole) == len(value.dims) else None
    if isinstance(value, Window):
        return value
    whole_number = _whole(value)
    return None if whole_number is None else Window((whole_number,))


def _each_axis(value: Value) -> int | tuple[int, ...] | None:
    if isinstance(value, Sizes):
        value = value.dims
    if isinstance(value, (tuple, list)):
        return tuple(value) if value and all(_whole(v) is not None for v in value) else None
    return _whole(value)


def _padding(value: Value) -> int | str | tuple[Any, ...] | None:
    if isinstance(value, tuple) and value and all(_pad_entry(v) for v in value):
        return value
    return value if isinstance(value, str) else _each_axis(value)


def _pad_entry(value: Value) -> bool:
    pair = isinstance(value, tuple) and len(value) == 2 and all(_whole(v) is not None for v in value)
    return pair or _whole(value) is not None


def _shape(value: Value) -> TensorType | None:
    if isinstance(value, TensorType):
        return value
    return TensorType.of(value) if _whole(value) is not None else None


COERCIONS: Mapping[str, tuple[str, Callable[[Value], Any]]] = {
    "int": ("a whole number", _whole),
    "float": ("a number", _number),
    "bool": ("true or false", lambda v: v if isinstance(v, bool) else None),
    "str": ("a text", lambda v: v if isinstance(v, str) else None),
    "tuple[float, ...]": ("numbers such as (1, 2.5)", _numbers),
    "Window": ("a window such as 3x3 or 7x7/2", _window),
    "Padding": ("a padding such as 1, (1, 2), same or full", _padding),
    "Strides": ("a stride such as 2 or (2, 1)", _each_axis),
    "int | tuple[int, ...]": ("a number, or one for each axis", _each_axis),
    "TensorType": ("a shape such as 64@7x7", _shape),
}


def unknown_parameter(signature: Signature, g: Given) -> Problem:
    """What to say about an argument whose name is none of the parameters."""
    assert g.name is not None
    known = [*signature.plain, *signature.tensors]
    message = f"{signature.layer} has no parameter `{g.name}`"
    ours, said = parameter(g.name, known), remark(g.name)
    close = ours or (None if said else nearest(g.name, known))
    if close is None:
        return problem("E0107", message, g.span, "unknown", said or _usage(signature))
    help_ = f"cnngraph calls this `{close}`" if ours else f"did you mean `{close}`?"
    place = Span(g.span.source, g.span.start, g.span.start + len(g.name))
    suggestion = Suggestion(place, close)
    return Problem(Diagnostic("E0107", message, Label(g.span, "unknown"), helps=(help_,), suggestion=suggestion))


def _too_many(signature: Signature, g: Given, tensor: bool) -> Problem:
    if tensor:
        takes = f"{len(signature.tensors)} tensor" + ("s" if len(signature.tensors) != 1 else "")
        return problem("E0105", f"{signature.layer} takes {takes}", g.span, "one more than that", _usage(signature))
    if not signature.plain:
        return problem("E0105", f"{signature.layer} takes tensors only, not {kind_of(g.value)}", g.span, "one too many")
    takes = f"{len(signature.plain)} argument" + ("s" if len(signature.plain) != 1 else "")
    return problem("E0105", f"{signature.layer} takes {takes}", g.span, "one more than that", _usage(signature))


def _usage(signature: Signature) -> str:
    listed = [f"{n} = ..." if n in signature.optional else n for n in signature.plain]
    return f"it is written `{signature.layer}({', '.join(listed)})`"
