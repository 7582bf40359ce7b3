"""Reads darknet's file of weights: a header, and after it nothing but numbers, in the order of the sections.

    int32 major, minor, revision; images seen: int64 from version 0.2 on, int32 before; then float32, little-endian

The file names nothing: the network says how many numbers there must be, to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from struct import unpack_from

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.interop.darknet.importer import Piece
from cnngraph.ir.op import Array

MAX_BYTES = 4 * 2**30
LARGE = 1000  # a version above it says that the matrices of dense layers stand transposed


def read_weights(path: Path, pieces: Sequence[Piece]) -> dict[str, Array]:
    """An array for each piece, by the name of its state.

    Raises E0801 where the file has no header, E0703 where it does not hold just as many numbers.
    """
    needed = sum(prod(piece.shape) for piece in pieces)
    content = _content(path)
    if len(content) < 16:
        raise error("E0801", f"{path}: this is no file of weights: it has {len(content)} bytes")
    major, minor, _ = unpack_from("<3i", content)
    transposed = major > LARGE or minor > LARGE
    start = 20 if major * 10 + minor >= 2 else 16
    if transposed and len(content) == 16 + 4 * needed:
        start = 16  # versions of darknet disagree about these
    if len(content) != start + 4 * needed:
        held = (len(content) - start) / 4
        message = f"{path}: the file holds {held:,.10g} numbers after its header, the network needs {needed:,}"
        raise error("E0703", message, "weights that were cut off after some layers do not say which these are")
    numbers = np.frombuffer(content, "<f4", offset=start)
    arrays: dict[str, Array] = {}
    for piece in pieces:
        count = prod(piece.shape)
        part, numbers = numbers[:count], numbers[count:]
        flipped = piece.is_dense and transposed
        blob = part.reshape(piece.shape[::-1]).T if flipped else part.reshape(piece.shape)
        arrays[piece.state] = np.array(piece.turn(blob), np.float32, order="C")  # a copy: a view would hold all
    return arrays


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error("E0801", f"{path}: a file of weights cannot have more than {MAX_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as problem:
        raise error("E0801", f"{path}: the weights cannot be read: {problem.strerror}") from problem
