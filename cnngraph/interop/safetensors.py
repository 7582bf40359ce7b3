"""Weights in a file: named arrays and a few texts in the safetensors format. The only file that imports safetensors.

Files are read by the library, which refuses headers that lie; they are written here, so that equal arrays and texts
are equal bytes, with a checksum of the whole file (`interop.whole_file`), which is verified when arrays are read.

Not for the meaning of the texts: `cnngraph.train.checkpoint` knows what training writes into them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.interop.fitting import BYTES, DTYPES, Stored, misfits, unknown_numbers
from cnngraph.interop.renaming import once, renamed
from cnngraph.interop.whole_file import BLANK, CHECKSUM, damage, replace_whole, write_checked
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType

MAX_HEADER_BYTES = 16_000_000  # the names and shapes of a file; 100,000 arrays take less
MAX_FILES = 1_000  # of an index


def save_weights(path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> None:
    """Write `arrays` to `path` at once: a reader sees the old file or the new one, never a part. Raises E0703.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "weights.safetensors"
    ...     save_weights(path, {"c1.bias": np.zeros(6, np.float32)}, {"net": "lenet5"})
    ...     arrays, metadata = load_weights(path, {"c1.bias": TensorType((6,))})
    >>> arrays["c1.bias"].shape, metadata
    ((6,), {'net': 'lenet5'})
    """
    stored = {name: (DTYPES[str(array.dtype)], array.shape) for name, array in arrays.items()}
    _write(path, stored, metadata or {}, lambda name: np.asarray(arrays[name], order="C"))


def load_weights(
    path: Path,
    expected: Mapping[str, TensorType] | None = None,
    renaming: Mapping[str, str] | None = None,
    strict: bool = False,
) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and texts of a file; of `expected`, if given, all arrays and no others, in its order.

    `renaming` are rules as in `cnngraph.interop.renaming`: names of the file -> names that are expected. A `.json` file
    is an index, as large models have it: its `weight_map` says in which file beside it each array lies.

    Raises E0703 when the file is missing or damaged, and once for each name that it lacks or holds in another shape.
    Arrays that nobody expects are left in the file: an optimizer's moments do not hinder a prediction. With `strict`
    they are wrong too.
    """
    found, metadata = find_weights(path, expected, renaming, strict)
    return read_weights(found), metadata


def find_weights(
    path: Path,
    expected: Mapping[str, TensorType] | None = None,
    renaming: Mapping[str, str] | None = None,
    strict: bool = False,
) -> tuple[dict[str, Stored], dict[str, str]]:
    """Where the arrays lie that `load_weights` would give, and the texts; all is checked, and no array is read."""
    stored, metadata = _stored(path)
    old_of, problems = renamed(renaming or {}, list(stored), expected)
    found = {new: stored[old] for new, old in old_of.items()}
    problems += unknown_numbers(path, found) if expected is None else misfits(path, expected, found, strict)
    if problems:
        raise CnnGraphError(problems)
    return found if expected is None else {name: found[name] for name in expected}, metadata


def read_weights(wanted: Mapping[str, Stored]) -> dict[str, Array]:
    """These arrays, each file opened once. Raises E0703."""
    arrays: dict[str, Array] = {}
    for path in dict.fromkeys(array.path for array in wanted.values()):
        _verify(path)
        with _opened(path) as file:
            arrays |= {new: file.get_tensor(array.name) for new, array in wanted.items() if array.path == path}
    return {name: arrays[name] for name in wanted}


def all_arrays(path: Path) -> dict[str, Array]:
    """Every array of a file, of any numbers that NumPy knows. Raises E0703."""
    with _opened(path) as file:
        try:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (the file is no mapping)
        except TypeError as problem:
            raise error("E0703", f"{path}: NumPy does not know numbers of the file: {problem}") from problem


def names_in(path: Path) -> list[str]:
    """The names of the arrays of a file. Raises E0703."""
    return list(_stored(path)[0])


def joined(parts: Sequence[Path], path: Path, metadata: Mapping[str, str]) -> None:
    """Write the arrays of all parts to one file, at once; one array is in memory at a time. Raises E0703."""
    found = {name: array for part in parts for name, array in _stored(part)[0].items()}
    for part in parts:
        _verify(part)

    def array_of(name: str) -> Array:
        with _opened(found[name].path) as file:
            array: Array = file.get_tensor(name)
            return array

    _write(path, {name: (array.dtype, array.shape) for name, array in found.items()}, metadata, array_of)


def _write(
    path: Path,
    stored: Mapping[str, tuple[str, tuple[int, ...]]],
    metadata: Mapping[str, str],
    array_of: Callable[[str], Array],
) -> None:
    """Write arrays of these types and shapes, one after the other. Raises E0703."""
    order = sorted(stored, key=lambda name: (-BYTES[stored[name][0]], name))  # large numbers first: all are aligned
    table: dict[str, object] = {"__metadata__": {CHECKSUM: BLANK, **metadata}}
    end = 0
    for name in order:
        dtype, shape = stored[name]
        start, end = end, end + prod(shape) * BYTES[dtype]
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    header = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * (-len(header) % 8)
    arrays = (np.ascontiguousarray(array_of(name)).reshape(-1).view(np.uint8).data for name in order)
    try:
        replace_whole(path, lambda file: write_checked(file, len(header).to_bytes(8, "little") + header, arrays))
    except OSError as problem:
        intact = (f"{path} is as it was before",) if path.is_file() else ()
        raise error("E0703", f"{path}: the weights cannot be written: {problem.strerror}", *intact) from problem


def _stored(path: Path) -> tuple[dict[str, Stored], dict[str, str]]:
    """What lies in a file, or in those of an index, and its texts."""
    found: dict[str, Stored] = {}
    metadata: dict[str, str] = {}
    files = [path] if path.suffix != ".json" else _files_of_index(path)
    for part in files:
        with _opened(part) as file:
            metadata |= {key: text for key, text in (file.metadata() or {}).items() if key != CHECKSUM}
            for name in file.keys():  # noqa: SIM118 (the file is no mapping)
                if name in found:
                    raise error("E0703", f"{path}: {name} lies in {found[name].path.name} and in {part.name}")
                piece = file.get_slice(name)
                found[name] = Stored(part, name, tuple(piece.get_shape()), piece.get_dtype())
    return found, metadata


def _files_of_index(path: Path) -> list[Path]:
    """The files that an index names; they lie beside it, nowhere else."""
    if not path.is_file():
        raise error("E0703", f"{path}: there is no such index of weights")
    try:
        if path.stat().st_size > MAX_HEADER_BYTES:
            raise ValueError(f"it has more than {MAX_HEADER_BYTES:,} bytes")
        places = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=once)["weight_map"]
        names = list(dict.fromkeys(places.values()))
        if not all(isinstance(name, str) and re.fullmatch(r"[\w-][\w.-]*\.safetensors", name) for name in names):
            raise ValueError("it names files that are no .safetensors beside it")
        if len(names) > MAX_FILES:
            raise ValueError(f"it names more than {MAX_FILES:,} files")
    except OSError as problem:
        raise error("E0703", f"{path}: the index cannot be read: {problem.strerror}") from problem
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        raise error("E0703", f"{path}: this is no index of weights, or it is damaged: {problem}") from problem
    return [path.with_name(name) for name in names]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A file with a sound header: the library refuses sizes and offsets that overlap, leave gaps or leave the file."""
    if not path.is_file():
        raise error("E0703", f"{path}: there is no such file of weights")
    try:
        with safe_open(path, framework="numpy") as file:
            _check_names(path)
            yield file
    except (SafetensorError, ValueError, RecursionError) as problem:
        raise error("E0703", f"{path}: this is no safetensors file, or it is damaged: {problem}") from problem
    except OSError as problem:
        raise error("E0703", f"{path}: the weights cannot be read: {problem}") from problem


def _check_names(path: Path) -> None:
    """ValueError where a header is absurdly long, or has a name twice, of which the library would take the last."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER_BYTES:
            raise ValueError(f"its header has {length:,} bytes")
        json.loads(file.read(length), object_pairs_hook=once)


def _verify(path: Path) -> None:
    """Raises E0703 where the bytes of a file are not those that were written."""
    with _opened(path):
        found = damage(path)
    if found:
        message = f"{path}: the file is damaged, or another tool has changed it: {found}"
        raise error("E0703", message, "take a copy of it, or another checkpoint; no number in it can be trusted")
