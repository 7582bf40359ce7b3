"""Model files that nobody vouches for: limits, damage, external data, functions. Everything wrong is E0801."""

from __future__ import annotations

from pathlib import Path

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto, inliner

from cnngraph.diagnostics import CnnGraphError, error

LARGEST_FILE = 2 * 1024**3  # bytes; protobuf itself takes no more, larger weights lie beside the file


def load(path: Path) -> ModelProto:
    """The model of a file, checked, functions inlined. Raises E0801."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise unreadable(str(path), "it is no file")
        if size > LARGEST_FILE:
            raise unreadable(str(path), f"it has {size:,} bytes, more than the {LARGEST_FILE:,} of any ONNX file")
        content = path.read_bytes()
    except OSError as problem:
        raise unreadable(str(path), problem.strerror or str(problem)) from problem
    try:
        model = ModelProto.FromString(content)
    except DecodeError as problem:
        raise unreadable(str(path), "it is no ONNX file, or damaged") from problem
    return checked(model, path.parent, str(path))


def checked(model: ModelProto, folder: Path | None, file: str) -> ModelProto:
    """The model with its functions inlined, once it is found to be sound."""
    if not model.graph.node and not model.graph.output:
        raise unreadable(file, "it has no graph")
    if model.functions:
        model = inliner.inline_local_functions(model)
    return model


def unreadable(file: str, why: str) -> CnnGraphError:
    return error("E0801", f"{file} cannot be read: {why}")
