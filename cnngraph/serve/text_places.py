"""Offsets as browsers count them: in units of UTF-16, where a letter beyond the first 65,536 is two."""

from __future__ import annotations

from bisect import bisect_left


class TextPlaces:
    """A text, and its offsets here and there.

    >>> places = TextPlaces("# 𝛼 net")
    >>> places.there(4), places.here(5)
    (5, 4)
    """

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._wide = [i for i, character in enumerate(text) if character > "\uffff"]
        self._wide_there = [place + count for count, place in enumerate(self._wide)]

    def there(self, offset: int) -> int:
        return offset + bisect_left(self._wide, offset)

    def here(self, offset: int) -> int:
        """The offset in the text; one outside of it is its beginning or end."""
        return min(max(offset - bisect_left(self._wide_there, offset), 0), self._length)
