"""What is known is computed, and never more than the limits."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from cnngraph.interop.onnx.reading import fold
from cnngraph.interop.onnx.reading.fold import folded, result
from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.ir.op import Array

BIG = 2**30


def of(operator: str, *arrays: Any, **attributes: Any) -> list[Array] | None:
    names = tuple(f"x{i}" for i in range(len(arrays)))
    found = result(ForeignNode(operator, names, ("y",), attributes), [np.asarray(array) for array in arrays])
    return None if found is None else list(found)


def test_what_is_known_is_computed() -> None:
    assert of("Add", [1, 2], [10, 20])[0].tolist() == [11, 22]  # type: ignore[index]
    assert of("Transpose", np.zeros((2, 3)), perm=[1, 0])[0].shape == (3, 2)  # type: ignore[index]
    assert of("Constant", value_floats=[1.0, 2.0])[0].tolist() == [1, 2]  # type: ignore[index]


@pytest.mark.parametrize(
    ("operator", "arrays"),
    [
        ("ConstantOfShape", [[BIG, BIG]]),
        ("Expand", [np.zeros((2**16, 1)), [1, 2**16]]),
        ("Tile", [np.zeros(2**10), [2**20]]),
        ("Range", [0, BIG * 4, 1]),
        ("Range", [0.0, np.inf, 1.0]),
        ("Range", [0, 1, 0]),
        ("OneHot", [np.zeros(2**10, np.int64), BIG, [0, 1]]),
        ("Pad", [np.zeros((2, 2, 2)), [2**12] * 6]),
        ("Gather", [np.zeros((2, 2**13)), np.zeros(2**16, np.int64)]),
        ("Add", [np.zeros((2**16, 1)), np.zeros((1, 2**16))]),
        ("MatMul", [np.zeros((2**14, 1)), np.zeros((1, 2**14))]),
        ("Einsum", [np.zeros(4), np.zeros(4)]),
        ("RegexFullMatch", [np.array(["a" * 50], object)]),
        ("RandomNormal", []),
        ("own.Thing", [[1]]),
        ("Reshape", [np.zeros(4), [3, 3]]),
    ],
)
def test_what_would_be_too_much_or_is_none_is_left(operator: str, arrays: list[Any]) -> None:
    start = time.monotonic()
    assert of(operator, *arrays) is None
    assert time.monotonic() - start < 2


def test_all_results_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "MOST", 100)
    nodes = [ForeignNode("Relu", ("c",), (f"y{i}",)) for i in range(10)]
    left = folded(Foreign("net", nodes, {"c": np.ones(40, np.float32)}, [], []))
    assert len(left.nodes) == 7


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(fold.MEETING | fold.BOUNDED | fold.GROWING)),
    st.lists(st.tuples(st.lists(st.integers(0, 4), max_size=3), st.sampled_from(["float32", "int64"])), max_size=4),
)
def test_any_inputs_give_arrays_or_nothing(operator: str, inputs: list[tuple[list[int], str]]) -> None:
    found = of(operator, *(np.ones(shape, kind) for shape, kind in inputs))
    assert found is None or all(isinstance(array, np.ndarray) for array in found)
