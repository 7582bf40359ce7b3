"""Keep what is slow to build in the user's cache folder. A missing, torn or forbidden file never matters."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

T = TypeVar("T")


def cache_folder() -> Path | None:
    """Where this user's caches of cnngraph stand; None where the system knows no home."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named) / "cnngraph"
    try:
        return Path.home() / ".cache" / "cnngraph"
    except RuntimeError:
        return None


def kept(name: str, load: Callable[[BinaryIO], T], make: Callable[[], T], save: Callable[[T, BinaryIO], None]) -> T:
    """What `load` reads from the file `name` of the cache, or else what `make` makes, which is then saved there."""
    folder = cache_folder()
    if folder is None:
        return make()
    with suppress(Exception), (folder / name).open("rb") as file:  # a torn file may make it raise anything
        return load(file)
    made = make()
    with suppress(OSError):
        _save(folder, name, lambda file: save(made, file))
    return made


def _save(folder: Path, name: str, write: Callable[[BinaryIO], None]) -> None:
    """Write beside, then rename: another process sees the old file or the new one, never half of one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=folder, prefix=name)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.replace(draft, folder / name)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
