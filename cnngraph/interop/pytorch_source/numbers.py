"""What the numbers of a class are made of: each a constant, a parameter, or a simple expression of parameters.

    uses of a block        in_channels 64 256 512    c 64 128 256
    a number in its body   256 512 1024              -> 4 * c
    another                1 2 2                     -> a new parameter, stride
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations

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
    values: Column = field(default=(), compare=False)  # in each use; none for a constant

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


def constant(value: object, uses: int = 1) -> Expression:
    return Expression(literal(value).replace("{", "{{").replace("}", "}}"), values=(value,) * uses)


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
        known = self.known(column, argument.role)
        if known is None:
            values = tuple(_any_of(argument, column) if v is ABSENT else v for v in column)
            name = free(word(argument.role), {**self.candidates, **self.used})
            self.used[name] = Parameter(name, values)
            known = _alone(name, values)
        if argument.default is not REQUIRED and known.template == f"{{{''.join(known.names)}}}":
            parameter = self.used[known.names[0]]
            if parameter.default is REQUIRED and argument.default in parameter.values:
                parameter.default = argument.default
        return known

    def known(self, column: Column, role: str = "") -> Expression | None:
        """The expression of a column from constants and parameters that are known; None if there is none."""
        values = [value for value in column if value is not ABSENT]
        same_name = self.used.get(role)
        if same_name and ABSENT in column and _equal(column, same_name.values):
            return _alone(role, same_name.values)
        if all(_same(value, values[0]) for value in values):
            return constant(values[0], len(column))
        columns = {**self.candidates, **{name: parameter.values for name, parameter in self.used.items()}}
        offered = (e for e in _expressions(columns, column, role, self.used) if _equal(column, e.values))
        found = next(offered, None)
        for name in found.names if found else ():
            self.used.setdefault(name, Parameter(name, columns[name]))
        return found


MOST_TERMS = 6
SUMS = ("in_features", "")
"""Roles of numbers that may be a parameter and a constant: what follows a concat, and what a docstring says."""


def _expressions(
    columns: Mapping[str, Column], wanted: Column, role: str, used: Container[str]
) -> Iterator[Expression]:
    """What parameters can be made into, the simplest first."""
    for name in sorted(columns, key=lambda name: name not in used):
        yield _alone(name, columns[name])
    whole = {name: values for name, column in columns.items() if (values := _whole(column))}
    places = [i for i, value in enumerate(wanted) if _is_whole(value) and value]
    for name, values in whole.items() if places else ():
        first, other = wanted[places[0]], values[places[0]]
        assert isinstance(first, int)
        yield from _multiple(name, values, first, other)
        if role in SUMS and first > other:
            sums = tuple(v + first - other for v in values)
            yield Expression(f"{{{name}}} + {first - other}", (name,), Binding.SUM, sums)
    if role == "padding":
        for name, values in whole.items():
            yield Expression(f"{{{name}}} // 2", (name,), Binding.PRODUCT, tuple(v // 2 for v in values))
    if len(set(wanted)) > 2:
        yield from _combined({name: values for name, values in whole.items() if len(set(values)) > 1})


def _alone(name: str, values: Column) -> Expression:
    return Expression(f"{{{name}}}", (name,), values=values)


def _multiple(name: str, values: tuple[int, ...], wanted: int, given: int) -> Iterator[Expression]:
    """A parameter times a number, or divided by one."""
    if given and wanted % given == 0:
        factor = wanted // given
        yield Expression(f"{factor} * {{{name}}}", (name,), Binding.PRODUCT, tuple(factor * v for v in values))
    elif given and given % wanted == 0 and all(v % (given // wanted) == 0 for v in values):
        divisor = given // wanted
        yield Expression(f"{{{name}}} // {divisor}", (name,), Binding.PRODUCT, tuple(v // divisor for v in values))


def _combined(columns: Mapping[str, tuple[int, ...]]) -> Iterator[Expression]:
    """Products, sums and differences of parameters."""
    for left, right in combinations(columns, 2):
        products = tuple(x * y for x, y in zip(columns[left], columns[right], strict=True))
        yield Expression(f"{{{left}}} * {{{right}}}", (left, right), Binding.PRODUCT, products)
    for count in range(2, min(len(columns), MOST_TERMS) + 1):
        for chosen in combinations(columns, count):
            sums = tuple(map(sum, zip(*(columns[name] for name in chosen), strict=True)))
            yield Expression(" + ".join(f"{{{name}}}" for name in chosen), chosen, Binding.SUM, sums)
    for left, right in permutations(columns, 2):
        differences = tuple(x - y for x, y in zip(columns[left], columns[right], strict=True))
        yield Expression(f"{{{left}}} - {{{right}}}", (left, right), Binding.SUM, differences)


def _any_of(argument: Argument, column: Column) -> object:
    """A value for a use that needs none."""
    given = next(value for value in column if value is not ABSENT)
    return given if argument.default is REQUIRED else argument.default


def _whole(column: Column) -> tuple[int, ...] | None:
    values = tuple(value for value in column if isinstance(value, int) and not isinstance(value, bool))
    return values if len(values) == len(column) else None


def _equal(column: Column, other: Sequence[object]) -> bool:
    return all(v is ABSENT or _same(v, o) for v, o in zip(column, other, strict=True))


def _same(left: object, right: object) -> bool:
    """Equal, and of one kind: True is not 1 here."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
