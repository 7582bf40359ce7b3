"""Writes what Caffe reads: messages as text, and networks with weights as bytes. The test side of both formats."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np


class Word(str):
    """A word of an enumeration: it stands without quotes."""


Message = Mapping[str, object]


@dataclass
class Layer:
    name: str
    type: str
    bottoms: Sequence[str]
    tops: Sequence[str]
    fields: Message = field(default_factory=dict)
    blobs: list[np.ndarray] = field(default_factory=list)

    def message(self) -> Message:
        return {"name": self.name, "type": self.type, "bottom": self.bottoms, "top": self.tops, **self.fields}


# ---- text ----


def text_of(message: Message, indent: str = "") -> Iterator[str]:
    """The lines of a message; a list is a field that stands several times."""
    for name, value in message.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, Mapping):
                yield f"{indent}{name} {{"
                yield from text_of(one, f"{indent}  ")
                yield f"{indent}}}"
            else:
                yield f"{indent}{name}: {scalar(one)}"


def scalar(value: object) -> str:
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def prototxt(layers: Iterable[Layer], inputs: Mapping[str, Sequence[int]], name: str = "net") -> str:
    head = [Layer(top, "Input", [], [top], {"input_param": {"shape": {"dim": dims}}}) for top, dims in inputs.items()]
    message = {"name": name, "layer": [layer.message() for layer in (*head, *layers)]}
    return "\n".join(text_of(message)) + "\n"


# ---- bytes ----


@dataclass(frozen=True)
class Style:
    """What versions of Caffe differ in: the form of layers, packed numbers, doubles, four sizes instead of a shape."""

    old_layers: bool = False
    packed: bool = True
    double: bool = False
    four_sizes: bool = False


def varint(value: int) -> bytes:
    value %= 2**64
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field_of(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob_of(array: np.ndarray, style: Style) -> bytes:
    number, kind, letter = (8, 1, "<d") if style.double else (5, 5, "<f")
    if style.packed:
        data = field_of(number, array.astype(letter).tobytes())
    else:
        data = b"".join(varint(number << 3 | kind) + struct.pack(letter, value) for value in array.ravel())
    if style.four_sizes:
        sizes = (1,) * (4 - array.ndim) + array.shape
        return b"".join(field_of(i, n) for i, n in enumerate(sizes, start=1)) + data
    return data + field_of(7, field_of(1, b"".join(map(varint, array.shape))))


def caffemodel(layers: Iterable[Layer], style: Style) -> bytes:
    """The weights of layers, among fields that a reader has to pass over."""
    field_layer, field_name, field_blobs = (2, 4, 6) if style.old_layers else (100, 1, 7)
    out = field_of(1, b"net")
    for layer in layers:
        blobs = b"".join(field_of(field_blobs, blob_of(blob, style)) for blob in layer.blobs)
        other = field_of(106, field_of(1, 20) + varint(1 << 3 | 5) + b"\0\0\0\0")
        out += field_of(field_layer, field_of(field_name, layer.name.encode()) + other + blobs)
    return out
