"""PDF files: read back by their own rules, and the same bytes every time."""

from __future__ import annotations

import re
import zlib

import pytest
from render.nets import lenet5, training

from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.dot import drawing, text_of, to_pdf
from cnngraph.render.layout import laid_out
from cnngraph.render.pdf import Pen, Stroke, document


def content(file: bytes) -> str:
    """What is drawn on the page."""
    found = re.search(rb"stream\n(.*?)\nendstream", file, re.DOTALL)
    assert found
    return zlib.decompress(found[1]).decode("ascii")


def words(file: bytes) -> list[str]:
    return [bytes.fromhex(text).decode("cp1252") for text in re.findall(r"<(\w+)> Tj", content(file))]


def test_every_object_stands_where_the_table_says() -> None:
    file = to_pdf(lenet5())
    start = int(file.split(b"startxref\n")[1].split(b"\n")[0])
    assert file[start:].startswith(b"xref\n0 ")
    places = re.findall(rb"(\d{10}) 00000 n ", file[start:])
    assert len(places) == 9
    assert all(file[int(place) :].startswith(b"%d 0 obj" % number) for number, place in enumerate(places, 1))
    assert file.startswith(b"%PDF-1.4\n")
    assert file.endswith(b"%%EOF\n")


def test_the_words_of_the_picture_are_text() -> None:
    assert {"lenet5", "c1", "conv 6, 5x5", "tanh", "image 1@32x32"} <= set(words(to_pdf(lenet5())))


def test_the_page_is_as_large_as_the_picture() -> None:
    width, height = laid_out(text_of(drawing(lenet5(), {}))).size
    box = re.search(rb"MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", to_pdf(lenet5()))
    assert box
    assert float(box[1]) == pytest.approx(width + 2 * 0.04 * 72, abs=0.1)
    assert float(box[2]) == pytest.approx(height + 2 * 0.04 * 72, abs=0.1)


def test_the_ground_and_the_letters_of_a_dark_page() -> None:
    drawn = content(to_pdf(lenet5(), dark=True))
    assert drawn.startswith("q\n0.094 0.094 0.094 rg")
    assert "0.91 0.91 0.91 rg /F0" in drawn


def test_dashes_are_dashes() -> None:
    assert "[4 3] 0 d" in content(to_pdf(training(lenet5())))


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert to_pdf(lenet5(), style="slide") == to_pdf(lenet5(), style="slide")


def test_a_shape_without_colours_is_not_there_and_a_circle_is_four_curves() -> None:
    pen = Pen()
    pen.shape([("move", ((0, 0),)), ("line", ((4, 4),))])
    assert pen.steps == []
    pen.ellipse((0, 0), (2, 1), line=Stroke("#000000"))
    assert sum(step.endswith(" c") for step in pen.steps) == 4
    assert pen.steps[-2:] == ["S", "Q"]


def test_a_letter_that_the_fonts_lack_is_a_diagnostic() -> None:
    pen = Pen()
    pen.words("a∖b × c…", (0, 0), 9)
    assert b"%PDF" in document(pen, (10, 10), "é")
    with pytest.raises(CnnGraphError, match=r"E0603.*no `漢`"):
        pen.words("漢", (0, 0), 9)
