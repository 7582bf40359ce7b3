"""No name leads out of the folder, and a file is written all or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.serve.folder import MAX_FILES, Conflict, Folder, examples, standard
from cnngraph.syntax.read import MAX_BYTES

OUTSIDE = [
    "../secret.cnn", "sub/../../secret.cnn", "sub/../a.cnn", "..", ".", "", "/etc/passwd.cnn", "//host/share/a.cnn",
    "./a.cnn", "sub//a.cnn", "sub/", "a.cnn/", "..\\secret.cnn", "sub\\a.cnn", "C:\\a.cnn", "C:a.cnn",
    "a.cnn:stream.cnn", "a.cnn::$DATA", "\\\\host\\share\\a.cnn", "a\x00.cnn", "../secret.cnn\x00.cnn",
    "%2e%2e/secret.cnn\n", "a\n.cnn", "a\u202e.cnn", ".hidden.cnn", ".git/a.cnn", "sub/.cnn", ".cnn", "a.txt", "a",
    "a.CNN", "nul.cnn", "sub/CON.cnn", "com1.x.cnn", "a .cnn/..", "...cnn", "x" * 300 + ".cnn", "out.cnn",
    "away/secret.cnn", "~/a.cnn /..", "trailing ./a.cnn", "a?.cnn", "a*.cnn", "a|b.cnn", "<a>.cnn",
    None, 3, ["a.cnn"], {"name": "a.cnn"}, b"a.cnn",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "nets"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / ".git").mkdir()
    for name in ("a.cnn", "sub/b.cnn", "sub/deep/c.cnn", ".git/d.cnn", "notes.txt", "with space.cnn"):
        (root / name).write_text(f"# {name}\n", encoding="utf-8")
    (tmp_path / "secret.cnn").write_text("# secret", encoding="utf-8")
    (root / "out.cnn").symlink_to(tmp_path / "secret.cnn")
    (root / "away").symlink_to(tmp_path)
    return Folder.of(root)


@pytest.mark.parametrize("name", OUTSIDE, ids=repr)
def test_names_that_lead_elsewhere(folder: Folder, name: object) -> None:
    for use in (folder.place, folder.read, lambda name: folder.write(name, "gone", None)):
        with pytest.raises(CnnGraphError) as refused:
            use(name)  # type: ignore[operator]
        assert refused.value.diagnostics[0].code == "E0108"
    assert (folder.path.parent / "secret.cnn").read_text() == "# secret"


def test_names_that_are_encoded_are_only_names(folder: Folder) -> None:
    """Nothing decodes them: `%2e%2e` is a folder that there is not."""
    assert folder.place("%2e%2e/secret.cnn") == folder.path / "%2e%2e" / "secret.cnn"
    with pytest.raises(CnnGraphError):
        folder.read("%2e%2e/secret.cnn")


@pytest.mark.parametrize("name", ["a.cnn", "sub/b.cnn", "sub/deep/c.cnn", "with space.cnn"])
def test_names_inside(folder: Folder, name: str) -> None:
    assert folder.read(name).text == f"# {name}\n"


def test_what_is_listed(folder: Folder) -> None:
    assert folder.names() == ["a.cnn", "with space.cnn", "sub/b.cnn", "sub/deep/c.cnn"]


def test_the_list_has_an_end(tmp_path: Path) -> None:
    for i in range(MAX_FILES + 5):
        (tmp_path / f"n{i}.cnn").touch()
    assert len(Folder.of(tmp_path).names()) == MAX_FILES


def test_a_large_folder_without_nets_is_left_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnngraph.serve.folder.MAX_LOOKED", 10)
    for i in range(20):
        (tmp_path / f"n{i:02}.txt").touch()
    (tmp_path / "z.cnn").touch()
    assert Folder.of(tmp_path).names() == []


def test_a_folder_that_is_a_link_is_the_one_that_is_served(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder.path)
    assert Folder.of(tmp_path / "link").read("a.cnn").text == "# a.cnn\n"


def test_writing(folder: Folder) -> None:
    new = folder.write("new.cnn", "one\ntwo\n", None)
    assert folder.read("new.cnn") == new
    after = folder.write("new.cnn", "three\n", new.stamp)
    assert (folder.path / "new.cnn").read_bytes() == b"three\n"
    assert after.stamp != new.stamp
    assert not [name for name in os.listdir(folder.path) if name.endswith(".draft")]


def test_line_ends_stay(folder: Folder) -> None:
    (folder.path / "dos.cnn").write_bytes(b"one\r\ntwo\r\n")
    read = folder.read("dos.cnn")
    assert (read.text, read.line_end) == ("one\ntwo\n", "\r\n")
    folder.write("dos.cnn", "one\n2\n", read.stamp, read.line_end)
    assert (folder.path / "dos.cnn").read_bytes() == b"one\r\n2\r\n"


def test_a_file_that_changed_meanwhile_is_not_written_over(folder: Folder) -> None:
    read = folder.read("a.cnn")
    (folder.path / "a.cnn").write_text("theirs\n")
    with pytest.raises(Conflict) as found:
        folder.write("a.cnn", "mine\n", read.stamp)
    assert (folder.path / "a.cnn").read_text() == found.value.text == "theirs\n"
    folder.write("a.cnn", "mine\n", found.value.stamp)
    assert (folder.path / "a.cnn").read_text() == "mine\n"


def test_a_new_file_does_not_take_the_place_of_one(folder: Folder) -> None:
    with pytest.raises(Conflict):
        folder.write("a.cnn", "mine\n", None)


def test_a_file_that_is_gone_is_told(folder: Folder) -> None:
    stamp = folder.read("a.cnn").stamp
    (folder.path / "a.cnn").unlink()
    with pytest.raises(Conflict) as found:
        folder.write("a.cnn", "mine\n", stamp)
    assert found.value.stamp is None


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_modes_stay(folder: Folder) -> None:
    (folder.path / "a.cnn").chmod(0o640)
    folder.write("a.cnn", "mine\n", folder.read("a.cnn").stamp)
    assert (folder.path / "a.cnn").stat().st_mode & 0o777 == 0o640


def test_what_the_system_refuses(folder: Folder) -> None:
    with pytest.raises(CnnGraphError, match="cannot be written"):
        folder.write("absent/a.cnn", "mine\n", None)


def test_a_name_that_the_system_finds_too_long(folder: Folder) -> None:
    with pytest.raises(CnnGraphError, match=r"cannot be written|no name of"):
        folder.write("é" * 190 + ".cnn", "mine\n", None)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_neither_read_nor_written(folder: Folder) -> None:
    os.mkfifo(folder.path / "pipe.cnn")
    with pytest.raises(CnnGraphError, match="a device or a pipe"):
        folder.read("pipe.cnn")
    with pytest.raises(CnnGraphError, match="a device or a pipe"):
        folder.write("pipe.cnn", "mine\n", None)


def test_a_text_has_a_limit(folder: Folder) -> None:
    with pytest.raises(CnnGraphError, match="larger than"):
        folder.write("big.cnn", "#" * (MAX_BYTES + 1), None)
    assert not (folder.path / "big.cnn").exists()


@pytest.mark.parametrize("fixed", [examples(), standard()], ids=["examples", "standard"])
def test_what_belongs_to_the_package_stays(fixed: Folder) -> None:
    name = fixed.names()[0]
    with pytest.raises(CnnGraphError, match="belongs to the package"):
        fixed.write(name, "gone", fixed.read(name).stamp)
