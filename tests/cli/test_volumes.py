"""`cnngraph compile --style volumes`, and flowcharts of Mermaid: files of every format, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.terminal import Run, Written


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


def test_what_volumes_do_not_show_is_refused(run: Run, written: Written) -> None:
    volumes = ("compile", "tiny.cnn", "--style", "volumes", "-o", "a.svg")
    run(*volumes, "--show", "parameters").refused("a picture of volumes has no `show`")
    run("compile", "tiny.cnn", "--style", "volumes", "-o", "a.mmd").refused("volumes cannot be written as `mermaid`")
    assert written() == set()


def test_a_wrong_file_is_drawn_as_a_graph_that_shows_what_is_wrong(run: Run, written: Written, tmp_path: Path) -> None:
    (tmp_path / "wrong.cnn").write_text("cnn 1\nnet wrong(image: 1@8x8) = conv(2, 3x3) -> conv(2, 9x9)\n")
    run("compile", "wrong.cnn", "--style", "volumes", "-o", "a.svg").refused("E0203")
    assert "E0203" in (tmp_path / "a.svg").read_text()
