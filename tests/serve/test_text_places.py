"""Offsets of Python and of a browser, there and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cnngraph.serve.text_places import TextPlaces


@given(st.text(alphabet="ab\n𝛼é𐍈", max_size=30))
def test_there_and_back(text: str) -> None:
    places = TextPlaces(text)
    for offset in range(len(text) + 1):
        there = places.there(offset)
        assert there == len(text[:offset].encode("utf-16-le")) // 2
        assert places.here(there) == offset


def test_offsets_outside() -> None:
    assert TextPlaces("ab").here(-1) == 0
    assert TextPlaces("ab").here(9) == 2
