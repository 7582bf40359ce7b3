"""Modules beside the tests are collected for their doctests alone; here, where all packages are that they import."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

EXTRAS = ("onnx", "onnxruntime", "torch")
LACKING = [name for name in EXTRAS if find_spec(name) is None]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    beside = collection_path.suffix == ".py" and not collection_path.name.startswith(("test_", "conftest"))
    return True if beside and LACKING else None
