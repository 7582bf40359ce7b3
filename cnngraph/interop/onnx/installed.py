"""Whether the extra `onnx` is there. This file does not import it."""

from __future__ import annotations

from importlib.util import find_spec

from cnngraph.diagnostics import error


def require_onnx() -> None:
    """Raise E0603 unless the package `onnx` is installed."""
    if find_spec("onnx") is None:
        raise error("E0603", "ONNX files need the package onnx, which is not installed", "pip install 'cnngraph[onnx]'")
