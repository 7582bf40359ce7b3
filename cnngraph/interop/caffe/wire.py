"""Reads protobuf's binary format, in which Caffe writes weights: the fields of a message, one after the other.

    field = tag (varint: number * 8 + kind), then a varint, 8 bytes, a length and as many bytes, or 4 bytes

Nothing is copied, and nothing is read beyond the message. Source: protobuf.dev, "Encoding". Groups, which protobuf
gave up in 2008, are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from cnngraph.ir.op import Array

Bytes: TypeAlias = memoryview

VARINT, EIGHT, LENGTH, FOUR = 0, 1, 2, 5
_SIZES = {EIGHT: 8, FOUR: 4}


class WireError(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True)
class Entry:
    """A field: its number, the kind of its value, and the value: a whole number, or the bytes of anything else.

    Fields of 4 or 8 bytes that follow each other under one number are one entry, their bytes with gaps taken out.
    """

    number: int
    kind: int
    value: int | Bytes

    def bytes(self) -> Bytes:
        if isinstance(self.value, int):
            raise WireError(f"field {self.number} should hold bytes, but it holds a number")
        return self.value

    def text(self) -> str:
        return bytes(self.bytes()).decode("utf-8", "replace")

    def wholes(self) -> list[int]:
        """Whole numbers: one, or many packed into bytes."""
        if isinstance(self.value, int):
            return [signed(self.value)]
        found, place = [], 0
        while place < len(self.value):
            number, place = varint(self.value, place)
            found.append(signed(number))
        return found

    def numbers(self, dtype: str) -> Array:
        """Numbers of 4 or 8 bytes: `<f4` or `<f8`."""
        size = np.dtype(dtype).itemsize
        found = self.bytes()
        if len(found) % size or self.kind not in (LENGTH, EIGHT if size == 8 else FOUR):
            raise WireError(f"field {self.number} does not hold a whole count of numbers")
        return np.frombuffer(found, dtype)


def entries(message: Bytes) -> Iterator[Entry]:
    """The fields of a message. Raises WireError where it is damaged.

    >>> number, text = entries(memoryview(b"\\x08\\x96\\x01\\x12\\x02hi"))
    >>> number.number, number.value, text.number, text.text()
    (1, 150, 2, 'hi')
    """
    place = 0
    while place < len(message):
        start = place
        tag, place = varint(message, place)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise WireError("a field has the number 0")
        value: int | Bytes
        if kind == VARINT:
            value, place = varint(message, place)
        elif kind == LENGTH:
            length, place = varint(message, place)
            value, place = message[place : place + length], place + length
        elif kind in _SIZES:
            value, place = _run(message, start, place, _SIZES[kind])
        else:
            raise WireError(f"field {number} is of a kind that is not in use ({kind})")
        if place > len(message):
            raise WireError(f"field {number} ends {place - len(message)} bytes after the end")
        yield Entry(number, kind, value)


def varint(message: Bytes, place: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, the lowest first, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            raise WireError("the bytes end within a number")
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (2**64 - 1), place
    raise WireError("a number has more than ten bytes")


def signed(value: int) -> int:
    """Negative numbers stand as 64 bits, two's complement."""
    return value - 2**64 if value >= 2**63 else value


def _run(message: Bytes, start: int, place: int, size: int) -> tuple[Bytes, int]:
    """The bytes of a fixed field at `place`, and of those with the same tag that follow at once; the place after them.

    Without this, weights that an old Caffe wrote one by one would take a step of Python for each number.
    """
    head = place - start
    tag = np.frombuffer(message[start:place], np.uint8)
    most = (len(message) - start) // (head + size)
    if not most:
        raise WireError("the bytes end within a number")
    table = np.frombuffer(message[start : start + most * (head + size)], np.uint8).reshape(most, head + size)
    count = looked_at = 1
    while count == looked_at < most:  # look at twice as many each time, so that short runs cost little
        looked_at = min(2 * looked_at, most)
        other = (table[count:looked_at, :head] != tag).any(axis=1)
        count += int(other.argmax()) if other.any() else len(other)
    return memoryview(table[:count, head:].tobytes()), start + count * (head + size)
