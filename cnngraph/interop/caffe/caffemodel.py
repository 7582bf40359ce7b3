"""Reads a caffemodel: the arrays of each layer, and nothing else of the message. Numbers of fields as in caffe.proto:

    NetParameter      100 layer: LayerParameter (1 name, 7 blobs)     2 layers: V1LayerParameter (4 name, 6 blobs)
    BlobProto         7 shape (1 dim)    5 data    8 double_data      1 num  2 channels  3 height  4 width (before 2014)
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.interop.caffe.wire import VARINT, Bytes, WireError, entries
from cnngraph.ir.op import Array

MAX_BYTES = 2**31 - 1  # protobuf's own limit for a message
MAX_AXES = 32  # Caffe's own limit
_LAYERS = {100: (1, 7), 2: (4, 6)}  # field of the net: fields of the layer for its name and its blobs
_OLD_SIZES = (1, 2, 3, 4)


def read_blobs(path: Path) -> dict[str, list[Array]]:
    """The blobs of each layer that has any, by its name. Raises E0801 where the file is damaged."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error("E0801", f"{path}: a caffemodel cannot have more than {MAX_BYTES:,} bytes")
        return _net(memoryview(path.read_bytes()))
    except OSError as problem:
        raise error("E0801", f"{path}: the weights cannot be read: {problem.strerror}") from problem
    except WireError as problem:
        raise error("E0801", f"{path}: this is no caffemodel, or it is damaged: {problem}") from problem


def _net(message: Bytes) -> dict[str, list[Array]]:
    found: dict[str, list[Array]] = {}
    layers = 0
    for entry in entries(message):
        if entry.number in _LAYERS:
            layers += 1
            name, blobs = _layer(entry.bytes(), *_LAYERS[entry.number])
            if blobs and name in found:
                raise WireError(f"two layers with weights are named {name}")
            if blobs:
                found[name] = blobs
    if not layers:
        raise WireError("it has no layers")
    return found


def _layer(message: Bytes, name_field: int, blobs_field: int) -> tuple[str, list[Array]]:
    name, blobs = "", []
    for entry in entries(message):
        if entry.number == name_field:
            name = entry.text()
        elif entry.number == blobs_field:
            blobs.append(_blob(entry.bytes()))
    return name, blobs


def _blob(message: Bytes) -> Array:
    """The numbers in the shape that stands with them."""
    shape: list[int] | None = None
    old: dict[int, int] = {}
    parts: list[Array] = []
    for entry in entries(message):
        if entry.number == 7:
            shape = [dim for inner in entries(entry.bytes()) if inner.number == 1 for dim in inner.wholes()]
        elif entry.number == 5:
            parts.append(entry.numbers("<f4"))
        elif entry.number == 8:
            parts.append(entry.numbers("<f8"))
        elif entry.number in _OLD_SIZES and entry.kind == VARINT:
            old[entry.number] = entry.wholes()[0]
    if shape is None:
        shape = [old.get(number, 0) for number in _OLD_SIZES] if old else []
    values = parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.float32), *parts])
    if len(shape) > MAX_AXES or min(shape, default=0) < 0 or prod(shape) != values.size:
        raise WireError(f"a blob of {values.size} numbers cannot have the shape {tuple(shape[:MAX_AXES])}")
    return values.astype(np.float32, copy=False).reshape(shape)
