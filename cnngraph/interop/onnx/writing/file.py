"""A model in a file, weight by weight: no weight is in memory twice.

A protocol buffer is a row of fields, each a tag and a length before its bytes; so the graph can be written with its
arrays one after the other, as soon as their lengths are known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from onnx import ModelProto, StringStringEntryProto, TensorProto

from cnngraph.interop.onnx.writing.model import LARGEST, SMALL, Parts, add_whole, parts_of, tensor
from cnngraph.interop.onnx.writing.options import Options
from cnngraph.interop.onnx.writing.sheet import Kept
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array

COPIED = 2**20  # bytes that are put in order at a time
PAGE = 4096  # arrays of another file begin where a page of memory can: so they can be mapped
GRAPH, INITIALIZER, RAW_DATA = 7, 5, 9  # numbers of the fields, from onnx.proto


def write_onnx(path: Path, graph: Graph, states: Mapping[str, Array], options: Options) -> list[Path]:
    parts = parts_of(graph, states, options)
    path = Path(path)
    external = options.external
    if external is None:
        external = parts.bytes > LARGEST
    if not external:
        with _replacing(path) as file:
            _write_whole(file, parts)
        return [path]
    data = path.with_name(f"{path.name}.data")
    _write_beside(data, parts)
    with _replacing(path) as file:
        file.write(parts.model.SerializeToString())
    return [path, data]


def _write_beside(path: Path, parts: Parts) -> None:
    """Write the large arrays into a file, and into the model where each of them is."""
    with _replacing(path) as file:
        for name, kept in parts.arrays.items():
            if _bytes(kept) < SMALL:
                add_whole(parts.model, name, kept)
                continue
            file.write(bytes(-file.tell() % PAGE))
            made = tensor(name, kept)
            made.data_location = TensorProto.EXTERNAL
            places = {"location": path.name, "offset": str(file.tell()), "length": str(_bytes(kept))}
            made.external_data.extend(StringStringEntryProto(key=k, value=v) for k, v in places.items())
            parts.model.graph.initializer.append(made)
            _write_numbers(file, kept.numbers)


def _write_whole(file: BinaryIO, parts: Parts) -> None:
    """Write what the model would be with its arrays in it."""
    rest = ModelProto()
    rest.CopyFrom(parts.model)
    rest.ClearField("graph")
    graph = parts.model.graph.SerializeToString()
    heads = {name: _head(name, kept) for name, kept in parts.arrays.items()}
    length = len(graph) + sum(len(head) + _bytes(parts.arrays[name]) for name, head in heads.items())
    file.write(rest.SerializeToString() + _tag(GRAPH, length) + graph)
    for name, head in heads.items():
        file.write(head)
        _write_numbers(file, parts.arrays[name].numbers)


def _head(name: str, kept: Kept) -> bytes:
    """All that stands before the numbers of an array in a graph."""
    before: bytes = tensor(name, kept).SerializeToString() + _tag(RAW_DATA, _bytes(kept))
    return _tag(INITIALIZER, len(before) + _bytes(kept)) + before


def _tag(field: int, length: int) -> bytes:
    """The beginning of a field that holds so many bytes."""
    return _varint(field << 3 | 2) + _varint(length)


def _varint(number: int) -> bytes:
    """Seven bits in each byte, the lowest first; the eighth says that more follow."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _write_numbers(file: BinaryIO, numbers: Array) -> None:
    """In the order of their axes; of an array that was turned only a part is copied at a time."""
    if numbers.flags.c_contiguous or numbers.nbytes <= COPIED:
        file.write(np.ascontiguousarray(numbers).data)
        return
    for row in numbers:
        _write_numbers(file, row)


def _bytes(kept: Kept) -> int:
    return int(kept.numbers.nbytes)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` once all of it is written, and is gone where it is not."""
    made = path.with_name(f"{path.name}.new")
    try:
        with made.open("wb") as file:
            yield file
        os.replace(made, path)
    finally:
        made.unlink(missing_ok=True)
