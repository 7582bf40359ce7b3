"""`cnngraph compile`: the figures of a net, its graph as text, and its picture in four formats."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cli.terminal import NETS, Run, Written

from cnngraph.ir.text import from_text, to_text
from cnngraph.net import load
from cnngraph.render.style import styled

PNG = b"\x89PNG\r\n\x1a\n"


def test_figures_without_a_picture(run: Run, written: Written) -> None:
    figures = "61,706 parameters", "416,520 multiply-adds", "5 depth"
    run("compile", NETS / "lenet5.cnn").done("<net lenet5(image: 1@32x32) -> output: 10>", *figures)
    assert written() == set()


def test_the_picture_is_named_after_the_net(run: Run, written: Written, tmp_path: Path) -> None:
    run("compile", "tiny.cnn", "--render").done("picture: tiny.svg")
    assert "</svg>" in (tmp_path / "tiny.svg").read_text(encoding="utf-8")
    run("compile", "tiny.cnn", "--gradient", "--format", "dot").done("picture: tiny_gradient.dot")
    assert written() == {"tiny.svg", "tiny_gradient.dot"}


STARTS = {"svg": b"<?xml", "png": PNG, "pdf": b"%PDF-1.4", "dot": b"digraph"}


@pytest.mark.parametrize(("format_", "start"), STARTS.items(), ids=STARTS)
def test_formats(format_: str, start: bytes, run: Run, tmp_path: Path) -> None:
    run("compile", "tiny.cnn", "--format", format_).done(f"picture: tiny.{format_}")
    assert (tmp_path / f"tiny.{format_}").read_bytes().startswith(start)
    run("compile", "tiny.cnn", "-o", f"own.{format_}").done()
    assert (tmp_path / f"own.{format_}").read_bytes() == (tmp_path / f"tiny.{format_}").read_bytes()


def test_options_of_the_picture(run: Run, tmp_path: Path) -> None:
    file = NETS / "googlenet.cnn"
    run("compile", file, "--depth", "0", "-o", "flat.dot").done()
    run("compile", file, "--expand", "i3a", "--direction", "LR", "-o", "open.dot").done()
    flat, opened = ((tmp_path / f"{name}.dot").read_text(encoding="utf-8") for name in ("flat", "open"))
    assert "rankdir=LR" in opened
    assert "cluster_i3a" in opened
    assert "cluster_i3a" not in flat


def test_looks_of_the_picture(run: Run, tmp_path: Path) -> None:
    file = NETS / "googlenet.cnn"
    figures = "--show", "parameters,macs", "--legend"
    run("compile", file, "--focus", "i4a", "--style", "slide", "--dark", *figures, "-o", "focus.dot").done()
    source = (tmp_path / "focus.dot").read_text(encoding="utf-8")
    assert f'bgcolor="{styled("slide", dark=True).ground}"' in source
    assert all(words in source for words in ("rankdir=LR", "92.4k parameters", "multiply-adds", ">pooling<"))
    assert "cluster_i4a" in source
    assert "cluster_i3a" not in source
    run("compile", file, "--focus", "i4a", "--depth", "1").refused("--focus", code=2)
    run("compile", file, "--render", "--show", "colour").refused("E0108", "`colour`")


BROKEN = """cnn 1
net lenet(image: 1@28x28) {
  c1: conv(6, 5x5, same) -> tanh
  dense(10)
}
"""


def test_a_wrong_file_is_drawn_as_far_as_it_goes_and_is_wrong(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.cnn").write_text(BROKEN, encoding="utf-8")
    seen = run("compile", "wrong.cnn", "--render").refused("error[E0201]", "dense needs a vector")
    assert "picture, as far as the file goes: wrong.svg" in seen.out
    words = [text.text for text in ElementTree.parse(tmp_path / "wrong.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"c1", "conv 6, 5x5, same", "dense 10", "error E0201, line 4"} <= set(words)
    assert any(word and word.startswith("help: ") for word in words)
    run("compile", "wrong.cnn").refused("E0201")
    run("compile", "wrong.cnn", "--format", "dot", "-o", "no_ending").refused("E0201")
    run("compile", "wrong.cnn", "-o", "no_ending").refused("E0201")
    assert (tmp_path / "no_ending").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.skipif(sys.platform == "win32", reason="there no file has such a name")
@pytest.mark.parametrize("format_", ["svg", "pdf"])
def test_a_file_whose_name_is_strange_is_drawn(format_: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "<b>&\a.cnn").write_text("net n(x: 4) { relu; conv(3, 3x3) }", encoding="utf-8")
    run("compile", "<b>&\a.cnn", "-o", f"seen.{format_}").refused("error[E0202]")
    if format_ == "svg":
        ElementTree.parse(tmp_path / "seen.svg")


def test_where_nothing_can_be_drawn_nothing_is_written(run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "torn.cnn").write_text("net (", encoding="utf-8")
    before = written()
    run("compile", "absent.cnn", "--render").refused("error[E0501]")
    run("compile", "torn.cnn", "--render").refused("error[E0001]")
    assert written() == before


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("name", ["lenet5", "unet", "resnet18"])
def test_the_printed_graph_reads_back(name: str, gradient: bool, run: Run) -> None:
    net = load(NETS / f"{name}.cnn")
    graph = net.training_graph() if gradient else net.graph
    out = run("compile", NETS / f"{name}.cnn", "--print", *["--gradient"] * gradient).done().out
    assert to_text(from_text(out)) == to_text(graph)


def test_the_whole_step_of_a_net_of_any_size(run: Run) -> None:
    run("compile", NETS / "unet.cnn", "--gradient").done("multiply-adds 733888*H*W")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "tiny.cnn/x.svg"), ("E0603", "tiny.cnn/x.svg")),
        (("-o", "."), ("E0603",)),
        (("-o", "x.jpg"), ("E0603", "`jpg`", "svg, png, pdf, dot")),
        (("--render", "--expand", "nothing"), ("E0101", "`nothing`")),
    ],
)
def test_what_cannot_be_drawn(arguments: tuple[str, ...], words: tuple[str, ...], run: Run, written: Written) -> None:
    run("compile", "tiny.cnn", *arguments).refused(*words)
    assert written() == set()


@pytest.mark.parametrize("arguments", [("--depth", "-1"), ("--format", "gif"), ("--direction", "RL")])
def test_wrong_options(arguments: tuple[str, ...], run: Run) -> None:
    run("compile", "tiny.cnn", *arguments).refused(arguments[0], code=2)


TURNS = """cnn 1
net turns(x: 4, y: 3) {
  shared F = dense(3)
  shared B = dense(4)
  let there = x -> F
  let back = there -> B
  return there, back
}
train turns {
  step forth { update: F; loss: mse(there, y) }
  step back_again { update: B; loss: mse(back, x) }
}
"""


def test_one_of_several_steps_is_drawn(run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "turns.cnn").write_text(TURNS, encoding="utf-8")
    forth, back = (
        run("compile", "turns.cnn", "--gradient", "--step", step, "--print").done().out
        for step in ("forth", "back_again")
    )
    assert "update.F.dense.weight" in forth
    assert "B.dense" not in forth
    assert "update.B.dense.weight" in back
    assert "update.F" not in back
    run("compile", "turns.cnn", "--gradient", "--step", "forth", "--render").done("picture: turns_forth_gradient.svg")
    assert "turns_forth_gradient.svg" in written()
    run("compile", "turns.cnn", "--gradient").refused("turns is trained by several steps in turn")
    run("compile", "turns.cnn", "--gradient", "--step", "fort").refused("did you mean `forth`?")
    run("compile", "turns.cnn", "--step", "forth").refused("add --gradient", code=2)
    run("partition", "turns.cnn", "--gradient", "--step", "forth", "--devices", "2").done()
    run("partition", "turns.cnn", "--step", "forth", "--devices", "2").refused("add --gradient", code=2)
    run("profile", "turns.cnn", "--gradient", "--step", "forth", "--rounds", "1", "--workers", "1").done("update.F")
