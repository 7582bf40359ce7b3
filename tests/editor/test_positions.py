"""Offsets and places, with letters of one, two and four bytes and all line ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnngraph.editor.positions import Lines, units

ENCODED = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
TEXTS = st.text(st.sampled_from("a é𝛼\r\n"), max_size=12)


@pytest.mark.parametrize("encoding", ENCODED)
@given(text=TEXTS)
def test_units_are_those_of_the_encoded_text(encoding: str, text: str) -> None:
    codec, size = ENCODED[encoding]
    assert units(text, encoding) * size == len(text.encode(codec))


@pytest.mark.parametrize("encoding", ENCODED)
@given(text=TEXTS)
def test_every_place_leads_back(encoding: str, text: str) -> None:
    lines = Lines(text)
    for offset in range(len(text) + 1):
        inside_line_end = text[offset - 1 : offset + 1] == "\r\n"
        if not inside_line_end:
            assert lines.offset(lines.place(offset, encoding), encoding) == offset


@given(text=TEXTS)
def test_lines_are_those_of_the_protocol(text: str) -> None:
    assert Lines(text).place(len(text))[0] == text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def test_what_lies_outside_is_moved_inside() -> None:
    lines = Lines("ab\r\n𝛼c\n")
    assert lines.offset((0, 99)) == 2
    assert lines.offset((1, 1)) == lines.offset((1, 2)) == 5  # the middle of a letter is its end
    assert lines.offset((99, 0)) == len(lines.text)
