"""Places as editors count them: lines from 0, and characters in units of UTF-16 unless something else was agreed."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

LINE_END = re.compile(r"\r\n|\n|\r")
Place = tuple[int, int]


def units(text: str, encoding: str) -> int:
    """How many units of `utf-8`, `utf-16` or `utf-32` a text has.

    >>> [units("x𝛼", encoding) for encoding in ("utf-8", "utf-16", "utf-32")]
    [5, 3, 2]
    """
    if encoding == "utf-32":
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)


class Lines:
    """The lines of a text: offsets to places and back."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in LINE_END.finditer(self.text))]

    def place(self, offset: int, encoding: str = "utf-16") -> Place:
        """(line, character) of an offset."""
        line = bisect_right(self._starts, offset) - 1
        return line, units(self.text[self._starts[line] : offset], encoding)

    def offset(self, place: Place, encoding: str = "utf-16") -> int:
        """The offset of a place; one beyond the end of its line is the end of the line, one below the text its end.

        >>> Lines("# 𝛼\\nnet").offset((0, 4)), Lines("# 𝛼\\nnet").place(3)
        (3, (0, 4))
        """
        line, character = place
        if line >= len(self._starts):
            return len(self.text)
        at, left = self._starts[line], character
        end = LINE_END.search(self.text, at)
        stop = end.start() if end else len(self.text)
        while at < stop and left > 0:
            left -= units(self.text[at], encoding)
            at += 1
        return at
