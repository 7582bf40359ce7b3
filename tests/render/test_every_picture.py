"""Every network in every style, light and dark, in every format: it is drawn, and no words lie outside the canvas."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

import cnngraph
from cnngraph.render.dot import FORMATS, content
from cnngraph.render.options import VOLUMES
from cnngraph.render.style import STYLES
from cnngraph.render.volumes.scene import text_width

NETS = sorted(Path("specs/nets").glob("*.cnn"))
LOOKS = [*product((*STYLES, VOLUMES), (False, True))]
NAME = "{http://www.w3.org/2000/svg}"
SURE = 0.85  # of a width that is rather too large
BEGINS = {"svg": b"<", "png": b"\x89PNG", "pdf": b"%PDF-1.4", "dot": b"digraph", "mermaid": b"---\ntitle: "}


def outside(picture: str) -> list[str]:
    """The words of an SVG file that lie, in part, beyond its edges."""
    root = ElementTree.fromstring(picture)
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    moved = re.search(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", next(root.iter(f"{NAME}g")).attrib.get("transform", ""))
    by = (float(moved[1]), float(moved[2])) if moved else (0.0, 0.0)
    found = []
    for text in root.iter(f"{NAME}text"):
        words, size = "".join(text.itertext()), float(text.attrib.get("font-size", root.attrib.get("font-size", 0)))
        long, x, y = SURE * text_width(words, size), float(text.attrib["x"]) + by[0], float(text.attrib["y"]) + by[1]
        start = {"start": x, "end": x - long}.get(text.attrib.get("text-anchor", "middle"), x - long / 2)
        if start < left or start + long > left + width or y - 0.7 * size < top or y > top + height:
            found.append(words)
    return found


def check(file: Path, style: str, dark: bool, formats: tuple[str, ...]) -> None:
    graph = cnngraph.load(file).graph
    for format in formats:
        if (style, format) == (VOLUMES, "mermaid"):
            continue
        written = content(graph, format, 0.5, style=style, dark=dark)
        assert written.startswith(BEGINS[format])
        if format == "svg":
            assert outside(written.decode()) == []
            assert "</text>" in written.decode()
        if format == "png":
            Image.open(BytesIO(written)).verify()


def test_words_outside_are_found() -> None:
    page = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 40" font-size="10" text-anchor="middle">{}</svg>'
    words = '<g transform="translate(4 36)"><text text-anchor="start" x="{}" y="{}">words</text></g>'
    assert outside(page.format(words.format(0, 0))) == []
    for place in ((-5, 0), (90, 0), (0, 5), (0, -32)):
        assert outside(page.format(words.format(*place))) == ["words"]


@pytest.mark.parametrize(("style", "dark"), LOOKS)
def test_a_network_in_every_style(style: str, dark: bool) -> None:
    check(Path("specs/nets/lenet5.cnn"), style, dark, FORMATS)


@pytest.mark.sweep
@pytest.mark.parametrize("file", NETS, ids=lambda file: file.stem)
@pytest.mark.parametrize(("style", "dark"), LOOKS)
def test_every_network_in_every_style(file: Path, style: str, dark: bool) -> None:
    check(file, style, dark, FORMATS)
