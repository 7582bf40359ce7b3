"""`cnngraph compile --style volumes`, and flowcharts of Mermaid: files of every format, and what is refused; and the
commands of the page about pictures.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from cli.terminal import Run, Written

PAGE = Path("cnngraph/render/README.md").read_text(encoding="utf-8")
COMMANDS = [line.partition("#")[0] for line in PAGE.splitlines() if line.startswith("cnngraph ")]
NET = """cnn 1
block pair(c) { concat { | conv(c, 1x1) | conv(c, 3x3, same) } }
net small(image: 1@8x8) {
  i3a: pair(2)
  i4a: pair(3)
  kind: globalavgpool -> dense(4) -> softmax
}
train small { loss: cross_entropy(kind, label); optimizer: sgd(lr = 0.1) }
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_about_pictures(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "net.cnn").write_text(NET, encoding="utf-8")
    words = shlex.split(command)
    run(*words[1:]).done(f"picture: {words[words.index('-o') + 1]}")


@pytest.mark.parametrize(
    ("format", "begin"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF-1.4"), ("dot", b"digraph")]
)
def test_volumes_in_every_format(run: Run, tmp_path: Path, format: str, begin: bytes) -> None:
    run("compile", "tiny.cnn", "--style", "volumes", "-o", f"picture.{format}").done(f"picture: picture.{format}")
    assert (tmp_path / f"picture.{format}").read_bytes().startswith(begin)


def test_a_larger_scale_gives_a_larger_png(run: Run, tmp_path: Path) -> None:
    sizes = []
    for scale in ("1", "3"):
        run("compile", "tiny.cnn", "--style", "volumes", "--dark", "--scale", scale, "-o", "a.png").done()
        sizes.append((tmp_path / "a.png").stat().st_size)
    assert sizes[1] > 1.5 * sizes[0]


def test_mermaid_by_its_format_and_by_its_ending(run: Run, written: Written, tmp_path: Path) -> None:
    run("compile", "tiny.cnn", "--format", "mermaid").done("picture: tiny.mmd")
    run("compile", "tiny.cnn", "-o", "other.mmd").done("picture: other.mmd")
    assert written() == {"tiny.mmd", "other.mmd"}
    assert (tmp_path / "tiny.mmd").read_text() == (tmp_path / "other.mmd").read_text()
    assert "\nflowchart TB\n" in (tmp_path / "tiny.mmd").read_text()


def test_a_division_by_its_ending(run: Run, tmp_path: Path) -> None:
    run("partition", "tiny.cnn", "--devices", "2", "-o", "devices.mmd").done("picture: devices.mmd")
    assert '["gpu0"]' in (tmp_path / "devices.mmd").read_text() or '["gpu1"]' in (tmp_path / "devices.mmd").read_text()


def test_what_volumes_do_not_show_is_refused(run: Run, written: Written) -> None:
    volumes = ("compile", "tiny.cnn", "--style", "volumes", "-o", "a.svg")
    run(*volumes, "--show", "parameters").refused("a picture of volumes has no `show`")
    run("compile", "tiny.cnn", "--style", "volumes", "-o", "a.mmd").refused("volumes cannot be written as `mermaid`")
    assert written() == set()


def test_a_wrong_file_is_drawn_as_a_graph_that_shows_what_is_wrong(run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "wrong.cnn").write_text("cnn 1\nnet wrong(image: 1@8x8) = conv(2, 3x3) -> conv(2, 9x9)\n")
    run("compile", "wrong.cnn", "--style", "volumes", "-o", "a.svg").refused("E0203")
    assert "E0203" in (tmp_path / "a.svg").read_text()
