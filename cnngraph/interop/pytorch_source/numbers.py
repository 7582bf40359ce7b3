"""What the numbers of a class are made of: each a constant, a parameter, or a simple expression of parameters.

    uses of a block        in_channels 64 256 512    c 64 128 256
    a number in its body   256 512 1024              -> 4 * c
    another                1 2 2                     -> a new parameter, stride
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from cnngraph.interop.pytorch_source.form import REQUIRED, Argument, Binding
from cnngraph.interop.pytorch_source.naming import free, word

Column = tuple[object, ...]
"""What a number is in each use; ABSENT where that use has no such number."""


class Absent:
    """The number of a part that a use of a class does not have: any will do."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


@dataclass(frozen=True)
class Expression:
    """A template with parameters in braces, or a constant."""

    template: str
    names: tuple[str, ...] = ()
    binding: Binding = Binding.CALL

    def text(self, before: str = "") -> str:
        """With `before` in front of each parameter: `self.` in `forward`."""
        return self.template.format_map({name: f"{before}{name}" for name in self.names})


class Root(str):
    """A number written as a power: `512**0.5`."""

    __slots__ = ()


def literal(value: object) -> str:
    """A value as Python writes it.

    >>> literal((1, 7)), literal(-math.inf), literal("nearest"), literal(1e-05)
    ('(1, 7)', 'float("-inf")', '"nearest"', '1e-5')
    """
    if isinstance(value, Root):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        ends = "()" if isinstance(value, tuple) else "[]"
        listed = ", ".join(map(literal, value)) + ("," if isinstance(value, tuple) and len(value) == 1 else "")
        return f"{ends[0]}{listed}{ends[1]}"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return re.sub(r"e-0(\d)$", r"e-\1", repr(value))


def constant(value: object) -> Expression:
    return Expression(literal(value).replace("{", "{{").replace("}", "}}"))


@dataclass
class Parameter:
    """A parameter of a class: its value in each use."""

    name: str
    values: Column
    default: object = REQUIRED


@dataclass
class Solver:
    """Parameters of a class as its numbers ask for them. `candidates` are those that the file names, by their names."""

    candidates: Mapping[str, Column]
    used: dict[str, Parameter] = field(default_factory=dict)

    def solve(self, argument: Argument, column: Column) -> Expression:
        """The expression of one number; a parameter of its own where nothing else gives it."""
        known = self.known(column, argument)
        if known is None:
            values = tuple(_any_of(argument, column) if v is ABSENT else v for v in column)
            name = free(word(argument.role), {**self.candidates, **self.used})
            self.used[name] = Parameter(name, values)
            known = Expression(f"{{{name}}}", (name,))
        if argument.default is not REQUIRED and known.template == f"{{{known.names[0] if known.names else ''}}}":
            parameter = self.used[known.names[0]]
            if parameter.default is REQUIRED and argument.default in parameter.values:
                parameter.default = argument.default
        return known

    def known(self, column: Column, argument: Argument | None = None) -> Expression | None:
        """The expression of a column from constants and parameters that are known; None if there is none."""
        values = [value for value in column if value is not ABSENT]
        if all(_same(value, values[0]) for value in values):
            return constant(values[0])
        found = next(self._matches(column, argument.role if argument else ""), None)
        for name in found.names if found else ():
            self.used.setdefault(name, Parameter(name, self._columns[name]))
        return found

    @property
    def _columns(self) -> dict[str, Column]:
        return {**self.candidates, **{name: parameter.values for name, parameter in self.used.items()}}

    def _matches(self, column: Column, role: str) -> Iterator[Expression]:
        """Expressions that give the column, the simplest first."""
        columns = self._columns
        for name in sorted(columns, key=lambda name: name not in self.used):
            if _equal(column, columns[name]):
                yield Expression(f"{{{name}}}", (name,))
        whole = {name: c for name, c in columns.items() if all(_is_whole(v) for v in c)}
        yield from _multiples(column, whole)
        if role == "padding":
            yield from (Expression(f"{{{n}}} // 2", (n,), Binding.PRODUCT) for n, c in whole.items()
                        if _equal(column, [v // 2 for v in c]))  # fmt: skip
        if len(set(column)) > 2:
            yield from _combined(column, whole)


def _any_of(argument: Argument, column: Column) -> object:
    """A value for a use that needs none."""
    given = next(value for value in column if value is not ABSENT)
    return given if argument.default is REQUIRED else argument.default


def _multiples(column: Column, columns: Mapping[str, Column]) -> Iterator[Expression]:
    """A parameter times a number, or divided by one."""
    pairs = {name: [(v, c) for v, c in zip(column, values, strict=True) if v is not ABSENT]
             for name, values in columns.items()}  # fmt: skip
    for name, found in pairs.items():
        if not all(_is_whole(v) and v and c for v, c in found):
            continue
        first, other = found[0]
        if first % other == 0 and all(v == c * (first // other) for v, c in found):
            yield Expression(f"{first // other} * {{{name}}}", (name,), Binding.PRODUCT)
        elif other % first == 0 and all(v * (other // first) == c for v, c in found):
            yield Expression(f"{{{name}}} // {other // first}", (name,), Binding.PRODUCT)


MOST_TERMS = 6


def _combined(column: Column, columns: Mapping[str, Column]) -> Iterator[Expression]:
    """Sums, differences and products of parameters."""
    names = [name for name, values in columns.items() if len(set(values)) > 1]
    for left, right in combinations(names, 2):
        a, b = columns[left], columns[right]
        if _equal(column, [x * y for x, y in zip(a, b, strict=True)]):
            yield Expression(f"{{{left}}} * {{{right}}}", (left, right), Binding.PRODUCT)
    for count in range(2, min(len(names), MOST_TERMS) + 1):
        for chosen in combinations(names, count):
            if _equal(column, [sum(values) for values in zip(*(columns[name] for name in chosen), strict=True)]):
                yield Expression(" + ".join(f"{{{name}}}" for name in chosen), chosen, Binding.SUM)
    for left in names:
        for right in names:
            if left != right and _equal(column, [x - y for x, y in zip(columns[left], columns[right], strict=True)]):
                yield Expression(f"{{{left}}} - {{{right}}}", (left, right), Binding.SUM)


def _equal(column: Column, other: Sequence[object]) -> bool:
    return all(v is ABSENT or _same(v, o) for v, o in zip(column, other, strict=True))


def _same(left: object, right: object) -> bool:
    """Equal, and of one kind: True is not 1 here."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
