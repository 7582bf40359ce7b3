"""The fields of a message by name and kind; what nobody asked for is told, so that nothing is passed over in silence.

A wrong value raises E0801 with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import TypeVar

from cnngraph.diagnostics import Span
from cnngraph.interop.caffe.prototxt import Field, Message, Scalar, fault

LARGEST = 2**31 - 1  # of a whole number: a signed one of 32 bits, as Caffe keeps sizes
T = TypeVar("T")

_TRUE, _FALSE = ("true", "t", "True", "1"), ("false", "f", "False", "0")


class Fields:
    """A message, or an absent one: then every field has its default."""

    def __init__(self, message: Message | None, span: Span) -> None:
        self.message, self.span = message, span
        self._asked: set[str] = set()
        self._below: list[Fields] = []

    def __contains__(self, name: str) -> bool:
        return bool(self._all(name))

    def whole(self, name: str, default: int = 0, low: int = 0) -> int:
        return self._one(name, default, lambda scalar: _whole(scalar, low))

    def wholes(self, name: str, low: int = 0) -> list[int]:
        return [_whole(_scalar(field), low) for field in self._all(name)]

    def number(self, name: str, default: float) -> float:
        return self._one(name, default, _number)

    def numbers(self, name: str) -> list[float]:
        return [_number(_scalar(field)) for field in self._all(name)]

    def flag(self, name: str, default: bool) -> bool:
        return self._one(name, default, _flag)

    def text(self, name: str, default: str = "") -> str:
        return self._one(name, default, _text)

    def texts(self, name: str) -> list[str]:
        return [_text(_scalar(field)) for field in self._all(name)]

    def holds_text(self, name: str) -> bool:
        return any(isinstance(field.value, Scalar) for field in self._all(name))

    def word(self, name: str, words: Sequence[str]) -> str:
        """One of the words of an enumeration, the first by default; in the file it may be its number."""
        return self._one(name, words[0], lambda scalar: _word(scalar, words))

    def below(self, name: str) -> Fields:
        """The message in a field."""
        found = self._all(name)
        if len(found) > 1:
            raise fault(found[1].span, f"`{name}` stands twice")
        inner = Fields(_message(found[0]), found[0].span) if found else Fields(None, self.span)
        self._below.append(inner)
        return inner

    def each(self, name: str) -> list[Fields]:
        """The messages in a field that may stand several times."""
        found = [Fields(_message(field), field.span) for field in self._all(name)]
        self._below += found
        return found

    def ignore(self, *names: str) -> None:
        """These fields say nothing about what the network computes."""
        self._asked.update(names)

    def ignore_all(self) -> None:
        self.ignore(*(field.name for field in self.message.fields) if self.message else ())

    def place(self, name: str) -> Span:
        """Where the field stands, or else the message."""
        return next(iter(self.places(name)), self.span)

    def places(self, name: str) -> list[Span]:
        """Where each value of the field stands."""
        return [field.value.span for field in self._all(name)]

    def unread(self) -> Iterator[Field]:
        """The fields, also of the messages below, that nobody asked for."""
        for field in self.message.fields if self.message else ():
            if field.name not in self._asked:
                yield field
        for inner in self._below:
            yield from inner.unread()

    def _all(self, name: str) -> list[Field]:
        self._asked.add(name)
        return self.message.all(name) if self.message else []

    def _one(self, name: str, default: T, read: Callable[[Scalar], T]) -> T:
        found = self._all(name)
        if len(found) > 1:
            raise fault(found[1].span, f"`{name}` stands twice")
        return read(_scalar(found[0])) if found else default


def _scalar(field: Field) -> Scalar:
    if isinstance(field.value, Message):
        raise fault(field.span, f"`{field.name}` must be a value, not a message")
    return field.value


def _message(field: Field) -> Message:
    if isinstance(field.value, Scalar):
        raise fault(field.span, f"`{field.name}` must be a message, not a value")
    return field.value


def _whole(scalar: Scalar, low: int) -> int:
    try:
        value = int(scalar.text, 0 if "x" in scalar.text.lower() else 10)
    except ValueError:
        raise fault(scalar.span, f"this must be a whole number, not `{scalar.text}`") from None
    if not low <= value <= LARGEST:
        raise fault(scalar.span, f"this must be a whole number from {low} to {LARGEST}, not {value}")
    return value


def _number(scalar: Scalar) -> float:
    try:
        value = float(scalar.text.rstrip("fF"))
    except ValueError:
        raise fault(scalar.span, f"this must be a number, not `{scalar.text}`") from None
    if not isfinite(value):
        raise fault(scalar.span, f"this must be a finite number, not `{scalar.text}`")
    return value


def _flag(scalar: Scalar) -> bool:
    if scalar.kind == "text" or scalar.text not in (*_TRUE, *_FALSE):
        raise fault(scalar.span, f"this must be true or false, not `{scalar.text}`")
    return scalar.text in _TRUE


def _text(scalar: Scalar) -> str:
    if scalar.kind != "text":
        raise fault(scalar.span, f"this must be a text in quotes, not `{scalar.text}`")
    return scalar.text


def _word(scalar: Scalar, words: Sequence[str]) -> str:
    if scalar.kind == "word" and scalar.text in words:
        return scalar.text
    if scalar.kind == "number" and scalar.text.isdigit() and int(scalar.text) < len(words):
        return words[int(scalar.text)]
    raise fault(scalar.span, f"this must be one of {', '.join(words)}, not `{scalar.text}`")
