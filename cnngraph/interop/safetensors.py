"""Weights in a file: named arrays and a few texts in the safetensors format. The only file that imports safetensors.

Not for the meaning of the texts: `cnngraph.train.checkpoint` knows what training writes into them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.spelling import nearest

DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64"}
BYTES = {"F32": 4, "F64": 8, "I64": 8}


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
    content = save({name: np.asarray(a, order="C") for name, a in arrays.items()}, dict(metadata or {}))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, [content])
    except OSError as problem:
        raise error("E0703", f"{path}: the weights cannot be written: {problem.strerror}") from problem


def load_weights(
    path: Path, expected: Mapping[str, TensorType] | None = None
) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and texts of a file; of `expected`, if given, all arrays and no others, in its order.

    Raises E0703 when the file is missing or damaged, and once for each name that it lacks or holds in another shape.
    Arrays that nobody expects are left in the file: an optimizer's moments do not hinder a prediction.
    """
    with _opened(path) as file:
        metadata = dict(file.metadata() or {})
        found = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 (the file is no mapping)
        shapes = {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in found.items()}
        if expected is not None:
            _check(path, expected, shapes)
        names = found if expected is None else expected
        return {name: file.get_tensor(name) for name in names}, metadata


def names_in(path: Path) -> list[str]:
    """The names of the arrays of a file. Raises E0703."""
    with _opened(path) as file:
        return list(file.keys())


def joined(parts: Sequence[Path], path: Path, metadata: Mapping[str, str]) -> None:
    """Write the arrays of all parts to one file, at once; one array is in memory at a time. Raises E0703."""
    found: dict[str, tuple[Path, list[int], str]] = {}
    for part in parts:
        with _opened(part) as file:
            for name in file.keys():  # noqa: SIM118 (the file is no mapping)
                piece = file.get_slice(name)
                found[name] = (part, list(piece.get_shape()), piece.get_dtype())
    order = sorted(found, key=lambda name: (-BYTES[found[name][2]], name))
    table: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name in order:
        _, shape, dtype = found[name]
        start, end = end, end + prod(shape) * BYTES[dtype]
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    header = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * (-len(header) % 8)

    def content() -> Iterator[bytes]:
        yield len(header).to_bytes(8, "little")
        yield header
        for name in order:
            with _opened(found[name][0]) as file:
                yield file.get_tensor(name).tobytes()

    try:
        _replace(path, content())
    except OSError as problem:
        raise error("E0703", f"{path}: the weights cannot be written: {problem.strerror}") from problem


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise error("E0703", f"{path}: there is no such file of weights")
    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except SafetensorError as problem:
        raise error("E0703", f"{path}: this is no safetensors file, or it is damaged: {problem}") from problem
    except OSError as problem:
        raise error("E0703", f"{path}: the weights cannot be read: {problem}") from problem


def _replace(path: Path, content: Iterable[bytes]) -> None:
    """All of `content` in a file beside `path` first, and on the disk, before it takes the name."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            for piece in content:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _check(path: Path, expected: Mapping[str, TensorType], found: Mapping[str, tuple[tuple[int, ...], str]]) -> None:
    wrong = [_mismatch(path, name, type_, found) for name, type_ in expected.items()]
    if problems := [d for d in wrong if d]:
        raise CnnGraphError(problems)


def _mismatch(
    path: Path, name: str, type_: TensorType, found: Mapping[str, tuple[tuple[int, ...], str]]
) -> Diagnostic | None:
    if name not in found:
        near = nearest(name, found)
        helps = (f"the file has {near}",) if near else ()
        return Diagnostic("E0703", f"{path}: the weights lack {name} {_text(type_.concrete)}", helps=helps)
    shape, dtype = found[name]
    if shape != type_.concrete:
        message = f"{path}: {name} is {_text(shape)}, the network needs {_text(type_.concrete)}"
        return Diagnostic("E0703", message)
    if dtype != DTYPES[type_.dtype]:
        return Diagnostic("E0703", f"{path}: {name} holds {dtype} numbers, the network needs {DTYPES[type_.dtype]}")
    return None


def _text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
