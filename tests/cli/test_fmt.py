"""`cnngraph fmt`: files in place, lists, differences, the standard input; a wrong file stays as it is."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest
from cli.terminal import NETS, Run

from cnngraph.resources import resource

UGLY = "net n(image:1@8x8){\r\n\tconv( 4,3x3 )→relu # c\r\n}\r\n"
FINE = "net n(image: 1@8x8) {\n  conv(4, 3x3) -> relu  # c\n}\n"


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    path = tmp_path / "ugly.cnn"
    path.write_bytes(UGLY.encode())
    return path


def test_the_files_of_the_package_are_in_the_style(run: Run) -> None:
    assert run("fmt", "--check", resource("specs")).done().out == ""


def test_a_file_is_written_in_place_once(run: Run, ugly: Path) -> None:
    os.chmod(ugly, 0o640)
    assert run("fmt", "ugly.cnn", "tiny.cnn").done().out == "ugly.cnn changed\n"
    assert ugly.read_bytes().decode() == FINE
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o640
    assert run("fmt", "ugly.cnn").done().out == ""


def test_a_link_stays_a_link(run: Run, ugly: Path, tmp_path: Path) -> None:
    (tmp_path / "link.cnn").symlink_to(ugly)
    run("fmt", "link.cnn").done()
    assert (tmp_path / "link.cnn").is_symlink()
    assert ugly.read_text() == FINE


def test_folders(run: Run, ugly: Path, tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (below / "x.cnn").write_text(UGLY)
    (below / "x.txt").write_text(UGLY)
    assert run("fmt", ".", "ugly.cnn").done().out == "a/b/x.cnn changed\nugly.cnn changed\n"
    assert (below / "x.txt").read_text() == UGLY.replace("\r\n", "\n")


def test_check_lists_and_writes_nothing(run: Run, ugly: Path) -> None:
    assert run("fmt", "--check", ".").refused().out == "ugly.cnn would change\n"
    assert ugly.read_bytes().decode() == UGLY
    assert run("fmt", "--check", "tiny.cnn").done().out == ""


def test_diff_shows_and_writes_nothing(run: Run, ugly: Path) -> None:
    out = run("fmt", "--diff", "ugly.cnn", "tiny.cnn").refused().out
    assert "+  conv(4, 3x3) -> relu  # c\n" in out
    assert "tiny" not in out
    assert ugly.read_bytes().decode() == UGLY


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    given(UGLY.encode("utf-8-sig"))
    assert run("fmt", "-").done().out == FINE
    given(UGLY.encode())
    assert run("fmt", "--check", "-").refused().out == "- would change\n"
    given(b"block a = $")
    assert "standard input:1:11" in run("fmt", "-").refused("E0001").err
    given(b"\xff")
    run("fmt", "-").refused("E0002", "standard input is not UTF-8")


def test_a_wrong_file_stays_and_the_others_are_written(run: Run, ugly: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.cnn").write_text("block  a = (\n")
    (tmp_path / "latin.cnn").write_bytes(b"# \xe9")
    outcome = run("fmt", "wrong.cnn", "nowhere.cnn", "latin.cnn", "ugly.cnn").refused("wrong.cnn:1", "nowhere.cnn")
    assert outcome.out == "ugly.cnn changed\n"
    assert sorted(outcome.codes) == ["E0001", "E0002", "E0501"]
    assert (tmp_path / "wrong.cnn").read_text() == "block  a = (\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latin.cnn", "tiny.cnn", "ugly.cnn", "wrong.cnn"]


def test_shapes(run: Run, ugly: Path, tmp_path: Path) -> None:
    assert run("fmt", "--shapes", "--check", "ugly.cnn").refused().out == "ugly.cnn would change\n"
    run("fmt", "--shapes", "ugly.cnn").done()
    assert ugly.read_text() == FINE.replace("relu", "relu  [4@6x6]")
    (tmp_path / "wrong.cnn").write_text("net n(image: 1@8x8) = conv(4, 9x9)")
    run("fmt", "--shapes", "wrong.cnn").refused("E0203")


def test_shapes_of_a_file_that_imports(run: Run, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    text = 'import lenet5 from "y.cnn"\nnet a(i: 1@32x32) {\n  i -> conv(2, 1x1)\n}\n'
    (tmp_path / "deep" / "x.cnn").write_text(text)
    (tmp_path / "deep" / "y.cnn").write_text((NETS / "lenet5.cnn").read_text())
    run("fmt", "--shapes", "deep/x.cnn").done()
    assert "i -> conv(2, 1x1)  [2@32x32]" in (tmp_path / "deep" / "x.cnn").read_text()
