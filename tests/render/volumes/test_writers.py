"""Files of volumes: SVG, PNG, PDF and DOT of every scene, the same bytes for the same network."""

from __future__ import annotations

import re
import zlib
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.render.caption import without_backslash
from cnngraph.render.engine import lay_out
from cnngraph.render.volumes import FORMATS, drawn
from cnngraph.render.volumes.figure import figure
from cnngraph.render.volumes.scene import Scene, Shape, Text, circle
from cnngraph.render.volumes.svg import svg
from cnngraph.render.volumes.xdot import xdot

NAME = "{http://www.w3.org/2000/svg}"
NETS = sorted(Path("specs/nets").glob("*.cnn"))
HOSTILE = 'a<b>&"quoted" \\N \\" – × é'


@pytest.fixture(scope="module")
def scene() -> Scene:
    return figure(cnngraph.load("specs/nets/lenet5.cnn").graph)


def hostile() -> Scene:
    marks = (circle(50, 30, 20, "#FF0000", "#0000FF", HOSTILE), Text(100, 80, HOSTILE, "#000000", bold=True))
    return Scene(HOSTILE, 200, 100, "#FFFFFF", (*marks, Shape(((1, 1), (9, 9)), "#00FF00", dashed=True)))


def test_svg_has_every_mark_and_its_words_are_words(scene: Scene) -> None:
    root = ElementTree.fromstring(svg(scene))
    assert [text.text for text in root.iter(f"{NAME}text")] == [text.words for text in scene.texts]
    assert len(list(root.iter(f"{NAME}path"))) == len(scene.shapes)
    assert root.find(f"{NAME}title").text == "lenet5"  # type: ignore[union-attr]
    assert root.attrib["role"] == "img"
    told = root.find(f"{NAME}desc")
    assert told is not None
    assert (told.text or "").startswith("The network lenet5. Inputs: image 1@32x32.")


def test_signs_of_markup_are_words_in_every_format() -> None:
    root = ElementTree.fromstring(svg(hostile()))
    assert [text.text for text in root.iter(f"{NAME}text")] == [HOSTILE]
    laid = ElementTree.fromstring(lay_out(xdot(hostile()), "svg"))
    assert [text.text for text in laid.iter(f"{NAME}text")] == [without_backslash(HOSTILE)]
    content = re.search(rb"stream\n(.*)\nendstream", drawn(hostile(), "pdf"), re.DOTALL)
    assert content is not None
    assert HOSTILE.encode("cp1252").hex() in zlib.decompress(content[1]).decode()


def test_dot_is_drawn_by_the_engine_as_large_as_the_scene(scene: Scene) -> None:
    laid = ElementTree.fromstring(lay_out(xdot(scene), "svg"))
    assert sorted(text.text or "" for text in laid.iter(f"{NAME}text")) == sorted(text.words for text in scene.texts)
    width, height = (float(laid.attrib[side].removesuffix("pt")) for side in ("width", "height"))
    assert width == pytest.approx(scene.width, abs=1)
    assert height == pytest.approx(scene.height, abs=1)


def test_png_has_its_size_and_words(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(drawn(scene, "png", 1.0))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width == pytest.approx(scene.width * 96 / 72, abs=3)
        bottom = picture.convert("L").crop((0, int(picture.height * 0.9), picture.width, picture.height))
        assert min(bottom.tobytes()) < 120  # the lowest words, where no shape is


def test_pdf_is_one_page_of_its_size(scene: Scene) -> None:
    content = drawn(scene, "pdf")
    assert content.startswith(b"%PDF-1.4")
    assert content.endswith(b"%%EOF\n")
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert box is not None
    assert float(box[1]) == pytest.approx(scene.width, abs=0.01)


def test_equal_networks_give_equal_bytes() -> None:
    scenes = [figure(cnngraph.load("specs/nets/lenet5.cnn").graph) for _ in range(2)]
    for format in FORMATS:
        assert drawn(scenes[0], format) == drawn(scenes[1], format)


def test_a_format_that_there_is_not_is_refused(scene: Scene) -> None:
    with pytest.raises(CnnGraphError, match="E0603"):
        drawn(scene, "mermaid")


def test_the_style_of_pictures_is_the_same_file() -> None:
    net = cnngraph.loads("net n(image: 1@8x8) = conv(2, 3x3)")
    assert net.draw(style="volumes", dark=True, title="a") == svg(figure(net.graph, dark=True, title="a"))


@pytest.mark.sweep
@pytest.mark.parametrize(("file", "dark"), [*product(NETS, (False, True))], ids=str)
def test_every_network_in_every_format(file: Path, dark: bool) -> None:
    found = figure(cnngraph.load(file).graph, dark=dark)
    for format in FORMATS:
        assert drawn(found, format)
    words = [text.text for text in ElementTree.fromstring(svg(found)).iter(f"{NAME}text")]
    assert words == [text.words for text in found.texts]
