"""The IDX format of MNIST and its kin: four files, plain or with gzip, in one folder.

source: LeCun, Cortes, Burges: The MNIST database, section "File formats": magic 0, 0, type, rank; sizes; then numbers,
all big-endian. Only unsigned bytes (type 8) are read.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import IO

import numpy as np

from cnngraph.data.dataset import Part, labelled
from cnngraph.diagnostics import error
from cnngraph.ir.op import Array

MAX_BYTES = 2**31
UNSIGNED_BYTE = 8
FILES = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)


def read_idx(path: Path, rank: int) -> Array:
    """The array of an IDX file, uint8, with `rank` axes. Raises E0701 where the file is anything else."""
    try:
        with _opened(path) as file:
            return _read(path, file, rank)
    except (OSError, EOFError, zlib.error) as problem:
        raise error("E0701", f"{path}: the file cannot be read: {problem}") from problem


def read_parts(folder: Path) -> tuple[Part, Part]:
    """The training and the test part of a folder, images with one channel. Raises E0701."""
    train, test = (_part(folder, images, labels) for images, labels in FILES)
    if train.images.shape[1:] != test.images.shape[1:]:
        sizes = f"{train.images.shape[1:3]} and {test.images.shape[1:3]}"
        raise error("E0701", f"{folder}: training and test images have different sizes: {sizes}")
    return train, test


def find_folder(candidates: Sequence[Path]) -> Path | None:
    """The first folder that holds all four files."""
    names = [name for pair in FILES for name in pair]
    return next((folder for folder in candidates if all(_find(folder, name) for name in names)), None)


def _part(folder: Path, images_name: str, labels_name: str) -> Part:
    images_path, labels_path = _find(folder, images_name), _find(folder, labels_name)
    if images_path is None or labels_path is None:
        missing = images_name if images_path is None else labels_name
        raise error("E0701", f"{folder}: there is no file {missing} or {missing}.gz")
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise error("E0701", f"{folder}: {images_name} has {len(images)} images, {labels_name} {len(labels)} labels")
    return labelled(images[..., np.newaxis], labels.astype(np.int64))


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _read(path: Path, file: IO[bytes], rank: int) -> Array:
    head = file.read(4 + 4 * rank)
    magic = bytes((0, 0, UNSIGNED_BYTE, rank))
    if head[:4] != magic:
        raise error("E0701", f"{path}: an IDX file with {rank} axes begins {_show(magic)}, not {_show(head[:4])}")
    if len(head) < 4 + 4 * rank:
        raise error("E0701", f"{path}: the file ends within its sizes, after {len(head)} bytes")
    shape = struct.unpack(f">{rank}I", head[4:])
    size = prod(shape)
    if not 0 < size <= MAX_BYTES:
        raise error("E0701", f"{path}: the file says it holds {size} bytes; 1 to {MAX_BYTES} can be read")
    content = file.read(size + 1)  # one more than it may hold: a longer file is damaged too
    if len(content) != size:
        seen = "more" if len(content) > size else f"only {len(content)}"
        raise error("E0701", f"{path}: sizes {shape} mean {size} bytes, but there are {seen}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _show(head: bytes) -> str:
    return " ".join(map(str, head)) or "nothing"
