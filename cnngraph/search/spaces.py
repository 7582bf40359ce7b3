"""The values that a search tries for one setting, as they are written behind `--set NAME=`.

    8,16,32          these values: numbers, true, false, words
    lin(0, 0.5)      numbers between both, evenly
    log(1e-4, 1e-1)  numbers between both, evenly by their logarithm
    int(4, 64)       whole numbers between both, both included

A third number says how many of them a grid takes: log(1e-4, 1e-1, 4) is 0.0001, 0.001, 0.01, 0.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log
from typing import ClassVar, TypeAlias

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Source, Span
from cnngraph.elaborate.calls import read_value

Value: TypeAlias = int | float | bool | str
DIGITS = 4  # of a number between two bounds, so that a command that repeats it stays readable
CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*")


class Space:
    """What one setting may be."""

    def grid(self) -> tuple[Value, ...]:
        """The values of a grid. Raises ValueError where there is no number of them."""
        raise NotImplementedError

    def at(self, place: float) -> Value:
        """The value at a place in [0, 1)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Listed(Space):
    """Some values, one as likely as another.

    >>> Listed((8, 16, 32)).at(0.5)
    16
    """

    values: tuple[Value, ...]

    def __str__(self) -> str:
        return ",".join(map(value_text, self.values))

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a list has at least one value")

    def grid(self) -> tuple[Value, ...]:
        return tuple(dict.fromkeys(self.values))

    def at(self, place: float) -> Value:
        return self.values[int(place * len(self.values))]


@dataclass(frozen=True)
class Between(Space):
    """Numbers from `low` to `high`; `count` of them in a grid."""

    low: float
    high: float
    count: int | None = None
    name: ClassVar[str]

    def __str__(self) -> str:
        count = "" if self.count is None else f",{self.count}"
        return f"{self.name}({self.low},{self.high}{count})"

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise ValueError(f"{self.name} goes from a number to a larger one, not from {self.low} to {self.high}")
        if self.count is not None and (self.count < 2 or self.count != int(self.count)):
            raise ValueError(f"a grid takes a whole number of values from 2, not {self.count}")

    def grid(self) -> tuple[Value, ...]:
        if self.count is None:
            raise ValueError(f"a grid needs a number of values: {self.name}({self.low:g},{self.high:g},5)")
        return tuple(dict.fromkeys(self.at(place / (self.count - 1)) for place in range(int(self.count))))


@dataclass(frozen=True)
class Lin(Between):
    """Evenly.

    >>> Lin(0, 0.5, 3).grid()
    (0.0, 0.25, 0.5)
    """

    name: ClassVar[str] = "lin"

    def at(self, place: float) -> Value:
        return rounded(self.low + place * (self.high - self.low))


@dataclass(frozen=True)
class Log(Between):
    """Evenly by the logarithm: each factor of 10 has as many values.

    >>> Log(1e-4, 1e-1, 4).grid()
    (0.0001, 0.001, 0.01, 0.1)
    """

    name: ClassVar[str] = "log"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise ValueError(f"log goes from a number above 0, not from {self.low}")

    def at(self, place: float) -> Value:
        return rounded(self.low * (self.high / self.low) ** place)


@dataclass(frozen=True)
class Whole(Between):
    """Whole numbers, both bounds included.

    >>> Whole(4, 7).grid(), Whole(4, 7).at(0.99)
    ((4, 5, 6, 7), 7)
    """

    name: ClassVar[str] = "int"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low != int(self.low) or self.high != int(self.high):
            raise ValueError(f"int goes from a whole number to another, not from {self.low} to {self.high}")

    def grid(self) -> tuple[Value, ...]:
        if self.count is None:
            return tuple(range(int(self.low), int(self.high) + 1))
        return super().grid()

    def at(self, place: float) -> Value:
        return min(int(self.low + place * (self.high - self.low + 1)), int(self.high))


SPACES: Mapping[str, type[Between]] = {cls.name: cls for cls in (Lin, Log, Whole)}


def read_space(name: str, text: str) -> Space:
    """The values that `--set name=text` means. Raises E0108 where the text is none of the forms above.

    >>> read_space("lr", "log(1e-4, 1e-1)")
    Log(low=0.0001, high=0.1, count=None)
    >>> read_space("n1", "8,16,32")
    Listed(values=(8, 16, 32))
    """
    call = CALL.fullmatch(text)
    try:
        if call is None:
            return Listed(tuple(_listed(text)))
        if call[1] not in SPACES:
            raise ValueError(f"there is no `{call[1]}`: a range is {', '.join(f'{known}(a,b)' for known in SPACES)}")
        numbers = [read_value(part.strip()) for part in call[2].split(",")]
        if len(numbers) not in (2, 3) or not all(isinstance(n, (int, float)) for n in numbers):
            raise ValueError(f"{call[1]} takes two numbers, and for a grid how many values")
        return SPACES[call[1]](*numbers)  # type: ignore[arg-type]
    except ValueError as problem:
        raise wrong_space(name, text, str(problem)) from problem


def wrong_space(name: str, text: str, message: str) -> CnnGraphError:
    """The refusal of a space, with its place in the command."""
    shown = f"{name}={text}"
    return CnnGraphError(Diagnostic("E0108", message, Label(Span(Source("--set", shown), 0, len(shown)), "here")))


def value_text(value: Value) -> str:
    """As it is written behind `--set NAME=`, so that `read_value` gives the same.

    >>> value_text(True), value_text(0.0001), value_text("cosine")
    ('true', '0.0001', 'cosine')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_logarithmic(values: Sequence[Value]) -> bool:
    """Whether numbers are better shown by their logarithm: all above 0, and from the least to the largest over 20 fold.

    >>> is_logarithmic((0.001, 0.1)), is_logarithmic((8, 16, 32))
    (True, False)
    """
    numbers = [value for value in values if isinstance(value, (int, float)) and value > 0]
    return len(numbers) == len(values) > 0 and log(max(numbers) / min(numbers)) > log(20)


def _listed(text: str) -> list[Value]:
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise ValueError("values stand between commas, such as 8,16,32")
    return [read_value(part) for part in parts]


def rounded(number: float) -> float:
    """A number between two bounds, as short as people write it."""
    return float(f"{number:.{DIGITS}g}")
