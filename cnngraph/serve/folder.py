"""The files of the folder that is served, by names that a browser sends: `nets/lenet5.cnn`, and nothing outside.

A name is a path of plain parts with `/` between them. What could mean anything else to a system is refused before it
is looked for: `..`, hidden files, `\\` and `:` of Windows, letters that nobody sees. Links are not followed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from cnngraph.diagnostics import BYTE_ORDER_MARK, error
from cnngraph.resources import resource
from cnngraph.syntax.read import MAX_BYTES, TOO_LARGE, read_text

PART = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|.\s](?:[^\x00-\x1f\x7f/\\:*?\"<>|]*[^\x00-\x1f\x7f/\\:*?\"<>|.\s])?")
DEVICE = re.compile(r"(con|prn|aux|nul|com.|lpt.)(\..*)?", re.IGNORECASE)  # to Windows, in every folder
MAX_NAME = 200  # characters
MAX_FILES = 500
MAX_LOOKED = 20_000  # files and folders
MAX_DEPTH = 5  # folders in folders that are looked into
SKIPPED = ("node_modules", "__pycache__")
LINE_END = re.compile(r"\r\n|\r")


class Conflict(Exception):
    """The file is not what the editor began with: the text and the stamp that it has now."""

    def __init__(self, text: str, stamp: str | None) -> None:
        super().__init__("the file has changed on the disk")
        self.text, self.stamp = text, stamp


@dataclass(frozen=True)
class Content:
    """The text of a file with plain line ends, the line ends that it has, and a stamp that changes with it."""

    text: str
    line_end: str
    stamp: str


@dataclass(frozen=True)
class Folder:
    """A folder whose `.cnn` files can be listed, read and, unless `fixed`, written."""

    path: Path
    fixed: bool = False

    @staticmethod
    def of(path: Path, fixed: bool = False) -> Folder:
        return Folder(path.resolve(), fixed)

    def place(self, name: object) -> Path:
        """The path of a name; whether there is such a file is not said. Raises E0108.

        >>> Folder.of(Path("nets")).place("../secret.cnn")
        Traceback (most recent call last):
        cnngraph.diagnostics.CnnGraphError: error[E0108]: `../secret.cnn` is no name of a .cnn file in this folder
          = help: plain names, `/` between folders, `.cnn` at the end
        """
        if not isinstance(name, str) or not _is_plain(name):
            raise _outside(name)
        path = self.path.joinpath(*name.split("/"))
        if Path(os.path.realpath(path)) != path:  # a link, to wherever; or another name of the same file
            raise _outside(name)
        return path

    def names(self) -> list[str]:
        """The `.cnn` files, those of the folder itself first; at most `MAX_FILES`, found among `MAX_LOOKED` entries."""
        found = islice(filter(None, islice(_below(self.path, self.path, 0), MAX_LOOKED)), MAX_FILES)
        return sorted(found, key=lambda name: (name.count("/"), name))

    def read(self, name: object) -> Content:
        """Raises E0501 and E0002 as for any file, E0108 for a name of anything else."""
        return _content(read_text(self.place(name), str(name)))

    def write(self, name: object, text: str, stamp: str | None, line_end: str = "\n") -> Content:
        """Put the text into the file in one step; `stamp` is that of the file as it was read, None for a new one.

        Raises `Conflict` where the file is another now, E0108 and E0603 where it cannot be written.
        """
        path = self.place(name)
        if self.fixed:
            raise error("E0108", f"{name} belongs to the package and stays as it is", "save it under another name")
        data = text.replace("\n", line_end).encode("utf-8")
        if len(data) > MAX_BYTES:
            raise error("E0002", f"{name} {TOO_LARGE}")
        there = self.read(name) if os.path.exists(path) else None
        if (there.stamp if there else None) != stamp:
            raise Conflict(there.text if there else "", there.stamp if there else None)
        try:
            _put(path, data)
        except OSError as failure:
            raise error("E0603", f"{name} cannot be written: {failure.strerror}") from failure
        return _content(data.decode("utf-8"))


def examples() -> Folder:
    """The networks of the literature that come with the package."""
    return Folder.of(resource("specs", "nets"), fixed=True)


def standard() -> Folder:
    """The blocks that `std/` means in an import."""
    return Folder.of(resource("specs", "blocks"), fixed=True)


def _is_plain(name: str) -> bool:
    if len(name) > MAX_NAME or not name.endswith(".cnn") or not name.isprintable():
        return False
    parts = name.split("/")
    return all(PART.fullmatch(part) and not DEVICE.fullmatch(part) for part in parts)


def _outside(name: object) -> Exception:
    shown = repr(name)[1:-1][:MAX_NAME] if isinstance(name, str) else type(name).__name__
    message = f"`{shown}` is no name of a .cnn file in this folder"
    return error("E0108", message, "plain names, `/` between folders, `.cnn` at the end")


def _below(folder: Path, root: Path, depth: int) -> Iterator[str]:
    """For each entry of a folder, then of its folders, its name, or "" for what is no `.cnn` file.

    What cannot be read is not there.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        name = Path(entry.path).relative_to(root).as_posix()
        yield name if entry.is_file(follow_symlinks=False) and _is_plain(name) else ""
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and _is_plain(f"{entry.name}/x.cnn") and entry.name not in SKIPPED:
            yield from _below(Path(entry.path), root, depth + 1) if depth < MAX_DEPTH else ()


def _content(text: str) -> Content:
    stamp = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    line_end = "\r\n" if "\r\n" in text else "\n"
    return Content(LINE_END.sub("\n", text.removeprefix(BYTE_ORDER_MARK)), line_end, stamp)


def _put(path: Path, data: bytes) -> None:
    """All of a file or nothing; the mode of one that is there stays."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, draft = tempfile.mkstemp(prefix=".", suffix=".draft", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(draft, mode)
        os.replace(draft, path)
    except OSError:
        os.unlink(draft)
        raise


def _umask() -> int:
    present = os.umask(0o077)
    os.umask(present)
    return present
