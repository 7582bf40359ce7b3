"""Arithmetic of the language at compile time: exact on whole numbers and sizes, and silent where a value is unknown."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from cnngraph.diagnostics import Diagnostic, Label, Span, Suggestion
from cnngraph.elaborate.values import Figure, Problem, Ratio, Sizes, Unknown, Value, kind_of, problem, show
from cnngraph.ir.size import Dim, Size, SizeError, exact_quotient, lower_bound
from cnngraph.ir.types import TensorType

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


MAX_WHOLE = 10**18  # below it, a whole number of a file is an exact size in every format that a graph is written in
MAX_SIZE_TEXT = 400
LARGEST = "a number has at most 18 digits, and a size with symbols a text of 400 characters"


def too_large(value: Value) -> bool:
    """Whether a whole number or a size is beyond what any network needs; texts and times stay small without those."""
    if isinstance(value, Size):
        return any(abs(c.numerator) >= MAX_WHOLE or c.denominator >= MAX_WHOLE for _, c in value.terms) or (
            len(str(value)) > MAX_SIZE_TEXT
        )
    if isinstance(value, float):
        return not math.isfinite(value)
    return bool(abs(value) >= MAX_WHOLE)


def is_number(value: Value) -> bool:
    return isinstance(value, (int, float, Size)) and not isinstance(value, bool)


def is_whole(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def plain(value: Value, span: Span) -> Value:
    """The number that a figure such as `params` is by itself; any other value as it is."""
    if not isinstance(value, Figure):
        return value
    if value.value is None:
        raise problem("E0400", f"`{span.text}` asks of no line", span, "here", "name one: `shape(output)`")
    return value.value()


def compute(op: str, left: Value, right: Value, span: Span) -> Value:
    """`left op right` for numbers, sizes, and shapes."""
    left, right = plain(left, span), plain(right, span)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown()
    if op in COMPARE:
        return compare(op, left, right, span)
    if op == ".." and is_whole(left) and is_whole(right):
        if right < left:
            raise problem("E0109", f"the range {left}..{right} ends before it begins", span)
        return range(left, right)
    if op == "/" and isinstance(left, Sizes):
        if not is_whole(right) or right < 1:
            raise problem("E0103", f"a stride is a whole number from 1, not {show(right)}", span)
        return Ratio(left, right)
    if op in ("and", "or") and isinstance(left, bool) and isinstance(right, bool):
        return (left and right) if op == "and" else (left or right)
    if is_number(left) and is_number(right):
        return arithmetic(op, left, right, span)
    raise problem("E0103", f"`{op}` cannot join {kind_of(left)} and {kind_of(right)}", span)


def arithmetic(op: str, left: Any, right: Any, span: Span) -> Value:
    """`left op right` for numbers and sizes."""
    result = _joined(op, left, right, span)
    if is_number(result) and too_large(result):
        raise problem("E0109", "the result is too large", span, "here", LARGEST)
    return result


def _joined(op: str, left: Any, right: Any, span: Span) -> Value:
    if {type(left), type(right)} == {float, Size}:
        why = f"`{op}` cannot join {show(left)} and {show(right)}"
        raise problem("E0109", why, span, "a size stays a whole number")
    try:
        if op in "/%" and right == 0:
            raise ZeroDivisionError
        if op == "/":
            return divide(left, right, span)
        if op == "%":
            return left % right
        return {"+": operator.add, "-": operator.sub, "*": operator.mul}[op](left, right)
    except (ZeroDivisionError, SizeError, TypeError, KeyError) as e:
        zero = isinstance(e, ZeroDivisionError)
        why = "division by zero" if zero else f"`{op}` cannot join {show(left)} and {show(right)}"
        raise problem("E0109", why, span) from e
    except OverflowError as e:
        raise problem("E0109", "the number is too large", span) from e


def divide(left: Any, right: Any, span: Span) -> Value:
    """Exact on whole numbers; a fraction has to be asked for."""
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    if not isinstance(right, int):
        raise problem("E0109", f"{show(left)} cannot be divided by the size {right}", span)
    if right <= 0:
        raise problem("E0109", f"{show(left)} cannot be divided by {right}", span)
    quotient = exact_quotient(left, right)
    if quotient is None:
        always = " for every value of its sizes" if isinstance(left, Size) else ""
        floor = f"floor({span.text})"
        what, mend = f"{left} / {right} is not whole{always}", Suggestion(span, floor, safe=False)
        raise Problem(Diagnostic("E0109", what, Label(span, "here"), helps=(f"use {floor}",), suggestion=mend))
    return quotient


def compare(op: str, left: Value, right: Value, span: Span) -> Value:
    if isinstance(left, TensorType) and isinstance(right, (int, Size)):
        right = TensorType.of(right)
    if isinstance(right, TensorType) and isinstance(left, (int, Size)):
        left = TensorType.of(left)
    if op in ("==", "!=") and _has_equals(left) and _has_equals(right):
        return COMPARE[op](left, right)
    if not (is_number(left) and is_number(right)):
        raise problem("E0103", f"`{op}` cannot compare {kind_of(left)} and {kind_of(right)}", span)
    if isinstance(left, Size) or isinstance(right, Size):
        known = decide(op, left, right)
        if known is None:
            raise problem("E0109", f"whether {left} {op} {right} depends on the input", span, "not known here")
        return known
    return COMPARE[op](left, right)


def _has_equals(value: Value) -> bool:
    """Whether it makes sense to ask if a value equals another: not for layers, tensors and lists of lists."""
    if isinstance(value, (tuple, list)):
        return all(is_number(item) for item in value)
    return isinstance(value, (bool, int, float, str, Size, Sizes, Ratio, TensorType))


def decide(op: str, left: Dim, right: Dim) -> bool | None:
    """The truth of a comparison of sizes, or None where it depends on their values."""
    if left == right:
        return op in ("==", "<=", ">=")
    difference = left - right
    if isinstance(difference, int):
        return COMPARE[op](difference, 0)
    low, negative = lower_bound(difference), lower_bound(-difference)
    if low is not None and (low > 0 or (low == 0 and op in (">=", "<"))):
        return op in (">", ">=", "!=")
    if negative is not None and (negative > 0 or (negative == 0 and op in ("<=", ">"))):
        return op in ("<", "<=", "!=")
    return None


def call_function(name: str, value: Value, span: Span) -> Value:
    """`floor`, `ceil` and `sqrt` of a number."""
    if isinstance(value, Unknown):
        return value
    value = plain(value, span)
    if not is_number(value):
        raise problem("E0103", f"{name} takes a number, not {kind_of(value)}", span)
    if name == "sqrt":
        if isinstance(value, Size) or value < 0:
            raise problem("E0109", f"sqrt cannot take {value}", span)
        return math.sqrt(value)
    if isinstance(value, Size):
        return value
    whole = math.floor(value) if name == "floor" else math.ceil(value)
    if too_large(whole):
        raise problem("E0109", "the result is too large", span, "here", LARGEST)
    return whole


def rounded_quotient(name: str, left: Value, right: Value, span: Span) -> Value:
    """`floor(a / b)` and `ceil(a / b)`, where `a / b` alone need not be whole."""
    left, right = plain(left, span), plain(right, span)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown()
    if isinstance(left, (int, Size)) and is_whole(right) and right > 0 and not isinstance(left, bool):
        return left // right if name == "floor" else (left + (right - 1)) // right
    return call_function(name, compute("/", left, right, span), span)
