"""Models of old opsets mean what they meant then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import agree, checked, computed, drawn, expected, model, node, operators

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.reading import read_model

IMAGE = {"x": ["N", 4, 6, 10]}


@pytest.mark.parametrize(
    ("opset", "kind", "attributes"),
    [
        (7, "Clip", {"min": 0.0, "max": 6.0}),
        (10, "Clip", {"max": 0.5}),
        (10, "Pad", {"pads": [0, 0, 1, 2, 0, 0, 2, 1]}),
        (7, "Pad", {"pads": [0, 0, 1, 1, 0, 0, 1, 1], "mode": "reflect"}),
        (9, "Slice", {"starts": [1, 2], "ends": [5, -1], "axes": [2, 3]}),
        (9, "Slice", {"starts": [0, 1], "ends": [2**31 - 1, 3]}),
        (11, "ReduceMean", {"axes": [2, 3], "keepdims": 0}),
        (12, "ReduceSum", {"axes": [1], "keepdims": 1}),
        (17, "ReduceMax", {"axes": [-1]}),
        (11, "Unsqueeze", {"axes": [1]}),
        (7, "Dropout", {"ratio": 0.2}),
        (9, "LogSoftmax", {"axis": 3}),
        (7, "Flatten", {}),
        (8, "Sum", {}),
        (7, "BatchNormalization", {"epsilon": 1e-4}),
    ],
)
def test_attributes_that_became_inputs(opset: int, kind: str, attributes: dict[str, Any]) -> None:
    inputs = {"Sum": ["x", "x"], "BatchNormalization": ["x", "s", "b", "m", "v"]}.get(kind, ["x"])
    weights = {name: np.abs(drawn(4, seed=i)) + 0.5 for i, name in enumerate("sbmv")} if len(inputs) == 5 else {}
    checked([node(kind, inputs, ["y"], **attributes)], IMAGE, weights=weights, opset=opset)


def test_splits_and_squeezes() -> None:
    nodes = [
        node("Split", ["x"], ["a", "b"], axis=1, split=[1, 3]),
        node("Squeeze", ["a"], ["c"], axes=[1]),
        node("Unsqueeze", ["c"], ["d"], axes=[1]),
        node("Concat", ["b", "d"], ["y"], axis=1),
    ]
    checked(nodes, IMAGE, opset=11)


@pytest.mark.parametrize("mode", ["nearest"])
def test_upsample_is_a_resize(mode: str) -> None:
    scales = np.array([1, 1, 2, 3], np.float32)
    found = checked([node("Upsample", ["x", "s"], ["y"], mode=mode)], IMAGE, weights={"s": scales}, opset=9)
    assert operators(found)[-1].startswith("upsample((2, 3)")
    found = checked([node("Upsample", ["x"], ["y"], mode=mode, scales=[1.0, 1.0, 2.0, 2.0])], IMAGE, opset=7)
    assert operators(found)[-1].startswith("upsample(2")


def test_operands_of_opset_6_that_meet_from_an_axis_on() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Add", ["a", "b"], ["c"], broadcast=1, axis=1),
        node("Mul", ["c", "s"], ["y"], broadcast=1),
    ]
    weights = {"w": drawn(5, 4, 3, 3), "b": drawn(5), "s": np.array([2.0], np.float32)}
    found = read_model(model(nodes, IMAGE, weights=weights, opset=6))
    newer = [nodes[0], node("Add", ["a", "b"], ["c"]), node("Mul", ["c", "s"], ["y"])]
    wanted = model(newer, IMAGE, weights={**weights, "b": drawn(5).reshape(1, 5, 1, 1)})
    x = {"x": drawn(2, 4, 6, 10)}
    agree(computed(found, x), expected(wanted, x))


def test_resize_of_opset_10() -> None:
    scales = np.array([1, 1, 2, 2], np.float32)
    checked([node("Resize", ["x", "s"], ["y"], mode="nearest")], IMAGE, weights={"s": scales}, opset=10)


def test_an_opset_that_is_not_known_is_told() -> None:
    made = model([node("Relu", ["x"], ["y"])], IMAGE, opset=22)
    made.opset_import[0].version = 999
    with pytest.raises(CnnGraphError, match=r"E0801.*its opset 999 is not among"):
        read_model(made)
