"""Files of named arrays: `.npz` of NumPy and `.safetensors`. Nothing in them is run, and sizes are looked at first."""

from __future__ import annotations

import zipfile
import zlib
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.interop.safetensors import all_arrays
from cnngraph.ir.op import Array

MAX_BYTES = 2**33
MAX_ARRAYS = 1000
PACKED_BYTES = 2**28  # arrays of more bytes than these may not be much larger than their file
PACKED_TIMES = 100
UNREADABLE = (
    OSError, EOFError, ValueError, TypeError, SyntaxError, TokenError, RuntimeError, NotImplementedError,
    OverflowError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


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
        if size > max(PACKED_BYTES, PACKED_TIMES * path.stat().st_size):
            raise ValueError(f"it is packed more than {PACKED_TIMES} times: {size:,} bytes; numpy.savez does not pack")
        found: dict[str, Array] = {}
        for member in members:
            with archive.open(member) as file:  # gives no more bytes than the member says it has
                _check_header(file, member.file_size)
            with archive.open(member) as file:
                found[member.filename.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
        return found


def _check_header(file: IO[bytes], size: int) -> None:
    """Raises ValueError where the head of an array promises more bytes than there are, or numbers of no size."""
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"numbers are kept in version 1.0 or 2.0 of the format, not {version}")
    shape, _, dtype = HEADERS[version](file)
    if any(isinstance(length, bool) or length < 0 for length in shape):
        raise ValueError(f"an array says that its shape is {shape}")
    if not dtype.itemsize or prod(shape) * dtype.itemsize > size or max(shape, default=0) > MAX_BYTES:
        raise ValueError(f"an array of {dtype} {shape} does not fit in {size:,} bytes")
