"""A look at a file never fails: a right one is drawn as ever, a wrong one as far as it goes."""

from __future__ import annotations

import random
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file
from cnngraph.render.dot import draw, to_svg
from cnngraph.resources import resource
from cnngraph.watch.broken import Absent, drawable
from cnngraph.watch.drawing import Look, look

BROKEN = """cnn 1
net n(image: 3@32x32) {
  conv(16, 3x3)                  [16@32x32]
  concat { | conv(8, 1x1) | conv(8, 3x3) -> relu }
  globalavgpool
  dense(10) -> softmax
}
"""


@pytest.fixture
def seen(tmp_path: Path) -> Look:
    return look(written(tmp_path, BROKEN))


def written(folder: Path, text: str) -> Path:
    path = folder / "n.cnn"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_right_file_is_drawn_as_compile_draws_it() -> None:
    file = resource("specs", "nets", "lenet5.cnn")
    seen = look(file)
    assert seen.found == ()
    assert seen.figures == "lenet5: 13 operators, 61,706 parameters, 416,520 multiply-adds, depth 5"
    assert seen.svg() == to_svg(elaborate(load_file(file)))


def test_volumes_are_those_of_right_files_and_wrong_ones_are_graphs(seen: Look) -> None:
    right = look(resource("specs", "nets", "lenet5.cnn"))
    assert right.svg(style="volumes") == to_svg(right.observation.graph, style="volumes")  # type: ignore[arg-type]
    assert seen.svg(style="volumes") == seen.svg(style="paper") != seen.svg(style="plain")


def test_what_refused_its_inputs_is_a_box_that_is_not_there(seen: Look) -> None:
    graph, overlay = drawable(seen.observation, "n")
    absent = {node.name: [ref.node for ref in node.inputs] for node in graph if isinstance(node.op, Absent)}
    assert absent == {"assumed": ["conv[1]"], "concat": ["conv[2]", "relu"]}
    assert set(overlay.kind_of) == set(absent)
    assert overlay.notes["concat"][:3] == ("error E0301, line 4", "the inputs of concat have different", "positions")
    assert any(line.startswith("help: ") for line in overlay.notes["concat"])
    assert "conv_relu" not in overlay.hints["concat"]
    assert "error[E0301]" in overlay.hints["concat"]


def test_edges_into_it_are_red_and_its_border_is_dashed(seen: Look) -> None:
    graph, overlay = drawable(seen.observation, "n")
    lines = draw(graph, overlay=overlay).source.splitlines()
    red = [line.split(" [")[0].strip() for line in lines if "->" in line and "#C1121F" in line and "said" not in line]
    assert red == ['"conv[1]" -> assumed', '"conv[2]" -> concat', '"conv[3]" -> concat']
    assert sum("style=dashed" in line and "->" not in line for line in lines) == 2


def test_findings_stand_in_the_picture_and_are_those_of_check(seen: Look) -> None:
    assert [finding.code for finding in seen.found if finding.severity == "error"] == ["E0300", "E0301"]
    words = [text.text for text in ElementTree.fromstring(seen.svg()).iter("{http://www.w3.org/2000/svg}text")]
    assert {"error E0301, line 4", "the inputs of concat have different", "positions"} <= set(words)
    assert seen.figures == "n: 4 operators, 1,744 parameters, 1,556,672 multiply-adds, depth 2"


@pytest.mark.parametrize("text", ["", "nett x", "net n(", "import a from \"b.cnn\"\nnet n(x: 4) = a", "\x00\x01"])
def test_a_file_without_a_net_is_a_picture_of_its_findings(tmp_path: Path, text: str) -> None:
    seen = look(written(tmp_path, text))
    assert seen.found
    assert "<svg" in seen.svg()


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    seen = look(tmp_path / "n.cnn")
    assert [finding.code for finding in seen.found] == ["E0501"]
    assert seen.figures == "n: no net can be read"
    assert seen.files == {tmp_path / "n.cnn"}


def test_imports_are_watched_also_those_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "parts.cnn").write_text("block b = relu\n", encoding="utf-8")
    seen = look(written(tmp_path, 'import b from "parts.cnn"\nimport c from "later.cnn"\nnet n(x: 4) = b\n'))
    assert {path.name for path in seen.files} == {"n.cnn", "parts.cnn", "later.cnn"}


def test_a_setting_and_a_net_are_chosen(tmp_path: Path) -> None:
    path = written(tmp_path, "cnn 1\nnet a(x: 4, n = 2) = dense(n)\nnet b(x: 4) = relu\n")
    assert look(path, "a").figures.startswith("a: 1 operator, 10 parameters")
    assert look(path).figures.startswith("b: ")


def test_any_damage_can_be_drawn(tmp_path: Path) -> None:
    """Files with a stretch cut out: whatever is left has a picture."""
    chance = random.Random(7)
    for name in ("googlenet", "unet", "alexnet_two_gpus"):
        text = resource("specs", "nets", f"{name}.cnn").read_text(encoding="utf-8")
        for _ in range(8):
            start = chance.randrange(len(text))
            seen = look(written(tmp_path, text[:start] + text[start + chance.randrange(1, 12) :]))
            graph, overlay = drawable(seen.observation, name)
            names = {node.name for node in graph}
            assert {ref.node for node in graph for ref in node.inputs} <= names
            assert draw(graph, overlay=overlay).source
