"""Values of `--set`, and files that commands write."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cnngraph.cli.options import must_be_writable, read_settings, read_value, write


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("-7", -7), ("1_000", 1000), ("0.5", 0.5), ("1e-3", 0.001), ("true", True), ("false", False),
     ("avg", "avg"), ("", ""), ("True", "True")],
)  # fmt: skip
def test_values(text: str, value: object) -> None:
    assert read_value(text) == value
    assert type(read_value(text)) is type(value)


def test_the_last_value_holds() -> None:
    assert read_settings(("n=1", "text=a=b", "n=2")) == {"n": 2, "text": "a=b"}


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
