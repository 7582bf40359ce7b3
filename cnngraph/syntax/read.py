"""From a path to a source: what can be wrong with a file before its first character is looked at."""

from __future__ import annotations

from pathlib import Path

from cnngraph.diagnostics import Source, error

MAX_BYTES = 1_000_000

TOO_LARGE = f"is larger than {MAX_BYTES // 1_000_000} MB"
SPLIT = "a network is text that people read; split it with `import`"


def read_source(path: Path, name: str) -> Source:
    """The text of a file under the name that messages show. A byte order mark is not part of the text.

    Raises E0501 for what cannot be read, and E0002 for more than `MAX_BYTES` and for what is not UTF-8.
    """
    return Source.of(name, read_text(path, name))


def read_text(path: Path, name: str) -> str:
    """All of the text, a byte order mark and the line ends as they are: for what writes the file again."""
    data = _bytes(path, name)
    if len(data) > MAX_BYTES:
        raise error("E0002", f"{name} {TOO_LARGE}", SPLIT)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = data.count(b"\n", 0, broken.start) + 1
        raise error("E0002", f"{name} is not UTF-8 (line {line})", "save the file as UTF-8") from broken


def _bytes(path: Path, name: str) -> bytes:
    """At most one byte more than is allowed, so that a huge file costs nothing."""
    try:
        if path.is_dir():
            raise error("E0501", f"{name} is a folder, not a file")
        if path.exists() and not path.is_file():  # a pipe without a writer would never end
            raise error("E0501", f"{name} is a device or a pipe, not a file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as missing:
        raise error("E0501", f"there is no file {name}") from missing
    except (OSError, ValueError) as failure:
        raise error("E0501", f"{name} cannot be read: {getattr(failure, 'strerror', None) or failure}") from failure
