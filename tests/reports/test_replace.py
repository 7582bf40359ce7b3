"""A file is replaced in one step: as it was before, or as it is meant to be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cnngraph.reports.replace import replace_file


@pytest.mark.skipif(os.name == "nt", reason="modes and links are those of POSIX")
def test_its_mode_and_the_link_to_it_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "net.cnn", tmp_path / "link.cnn"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    replace_file(link, b"new\r\n")
    assert link.is_symlink()
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new\r\n", 0o640)


def test_what_cannot_be_replaced_stays_and_nothing_else_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "net.cnn"
    file.write_text("old")

    def full(source: str, target: Path) -> None:
        raise OSError("no space is left")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        replace_file(file, b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("net.cnn", "old")]
