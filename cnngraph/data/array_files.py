"""Files of named arrays: `.npz` of NumPy and `.safetensors`. Nothing in them is run, and sizes are looked at first."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.interop.safetensors import all_arrays
from cnngraph.ir.op import Array

MAX_BYTES = 2**33
MAX_ARRAYS = 1000
UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def read_arrays(path: Path) -> dict[str, Array]:
    """All arrays of a file by name. Raises E0701 where the file is missing, damaged, too large or of another kind."""
    if path.suffix not in (".npz", ".safetensors"):
        raise error("E0701", f"{path}: arrays are read from files that end in .npz or .safetensors")
    try:
        if path.suffix == ".npz":
            return _read_npz(path)
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
        return all_arrays(path)
    except FileNotFoundError as problem:
        raise error("E0701", f"{path}: there is no such file of arrays") from problem
    except CnnGraphError as problem:
        raise error("E0701", problem.diagnostics[0].message) from problem
    except UNREADABLE as problem:
        raise error("E0701", f"{path}: the arrays cannot be read: {problem}") from problem


def _read_npz(path: Path) -> dict[str, Array]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        if size > MAX_BYTES or len(members) > MAX_ARRAYS:
            raise ValueError(f"it holds {len(members):,} arrays of {size:,} bytes; {MAX_BYTES:,} bytes can be read")
        found: dict[str, Array] = {}
        for member in members:
            with archive.open(member) as file:  # gives no more bytes than the member says it has
                found[member.filename.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
        return found
