"""Kinds of numbers: halves, doubles, bytes of images, ids."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import agree, computed, drawn, expected, model, node, operators
from onnx import TensorProto

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.reading import read_model

IMAGE = {"x": ["N", 3, 5, 6]}


def test_halves_are_computed_as_floats() -> None:
    weights = {"w": drawn(4, 3, 3, 3).astype(np.float16)}
    made = model([node("Conv", ["x", "w"], ["y"])], IMAGE, weights=weights, kinds={"x": TensorProto.FLOAT16})
    made.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    found, x = read_model(made), drawn(2, 3, 5, 6)
    wanted = expected(made, {"x": x.astype(np.float16)})
    agree(computed(found, {"x": x}), [array.astype(np.float32) for array in wanted], 5e-3)
    assert "numbers of float16 are computed in float32" in found.notes
    assert found.states["conv.weight"].dtype == np.float32


def test_doubles_stay_doubles() -> None:
    weights = {"w": drawn(4, 3, 3, 3).astype(np.float64)}
    made = model([node("Conv", ["x", "w"], ["y"])], IMAGE, weights=weights, kinds={"x": TensorProto.DOUBLE})
    found = read_model(made)
    assert found.states["conv.weight"].dtype == np.float64
    assert found.graph["x"].type.dtype == "float64"


def test_bytes_of_an_image_are_fed_as_numbers() -> None:
    nodes = [node("Cast", ["x"], ["a"], to=TensorProto.FLOAT), node("Conv", ["a", "w"], ["y"])]
    made = model(nodes, IMAGE, weights={"w": drawn(4, 3, 3, 3)}, kinds={"x": TensorProto.UINT8})
    found, x = read_model(made), np.arange(180, dtype=np.uint8).reshape(2, 3, 5, 6)
    agree(computed(found, {"x": x.astype(np.float32)}), expected(made, {"x": x}))
    assert operators(found) == ["conv(4, 3x3, bias=false)"]


def test_ids_have_the_vocabulary_of_their_table() -> None:
    nodes = [node("Gather", ["t", "x"], ["a"]), node("MatMul", ["a", "m"], ["y"])]
    weights = {"t": drawn(11, 4), "m": drawn(4, 5)}
    made = model(nodes, {"x": ["N", "T"]}, weights=weights, kinds={"x": TensorProto.INT64})
    found, x = read_model(made), np.arange(14).reshape(2, 7) % 11
    agree(computed(found, {"x": x}), expected(made, {"x": x}))
    assert str(found.graph["x"].type) == "ids(11)@T"


def test_ids_of_two_tables_of_other_sizes_are_refused() -> None:
    nodes = [node("Gather", ["t", "x"], ["a"]), node("Gather", ["u", "x"], ["b"]), node("Add", ["a", "b"], ["y"])]
    made = model(
        nodes, {"x": ["N", "T"]}, weights={"t": drawn(11, 4), "u": drawn(12, 4)}, kinds={"x": TensorProto.INT64}
    )
    with pytest.raises(CnnGraphError, match=r"E0802.*ids below 12, and elsewhere below 11"):
        read_model(made)


def test_numbers_that_become_whole_are_refused() -> None:
    nodes = [node("Cast", ["x"], ["y"], to=TensorProto.INT32)]
    with pytest.raises(CnnGraphError, match=r"E0802.*Cast `y`"):
        read_model(model(nodes, IMAGE))
