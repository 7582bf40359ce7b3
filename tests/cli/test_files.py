"""Files that commands write."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cnngraph.cli.files import must_be_drawing, must_be_page, must_be_picture, must_be_writable, write
from cnngraph.diagnostics import CnnGraphError


def test_a_file_that_can_be_written(tmp_path: Path) -> None:
    for path in (tmp_path / "new.txt", tmp_path / "a" / "b" / "new.txt"):
        must_be_writable(path)
        assert not path.parent.exists() or not path.exists()
        write(path, "text")
        must_be_writable(path)
        assert path.read_text() == "text"
    write(tmp_path / "bytes", b"\x00")


def test_a_file_that_cannot(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "x", tmp_path / "file" / "x" / "y"):
        for refuse in (must_be_writable, lambda p: write(p, "text")):
            with pytest.raises(click.ClickException, match="cannot be written"):
                refuse(path)


def test_what_is_looked_at_is_refused_with_a_code(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for refuse in (must_be_page, must_be_picture, must_be_drawing):
        for name in ("a.txt", "file/a.html", "file/a.png"):
            with pytest.raises(CnnGraphError, match="E0603"):
                refuse(tmp_path / name)
    must_be_page(tmp_path / "a.html")
    must_be_drawing(tmp_path / "a", ".svg")
