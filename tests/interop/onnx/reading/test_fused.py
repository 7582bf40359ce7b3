"""Operators of models that ONNX Runtime has optimised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

import onnx
import onnxruntime
from interop.onnx.reading.models import agree, checked, computed, drawn, expected, model, node, operators

from cnngraph.interop.onnx.reading import read_onnx

IMAGE = {"x": ["N", 3, 6, 7]}
DOMAINS = {"domains": ["com.microsoft"]}


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"activation": "Relu"}, "relu"),
        ({"activation": "LeakyRelu", "activation_params": [0.2]}, "leaky_relu(slope=0.2)"),
        ({"activation": "Clip", "activation_params": [0.0, 6.0]}, "clip(0.0, 6.0)"),
    ],
)
def test_a_convolution_with_its_activation(attributes: dict[str, object], words: str) -> None:
    nodes = [node("FusedConv", ["x", "w", "b"], ["y"], domain="com.microsoft", **attributes)]
    found = checked(nodes, IMAGE, weights={"w": drawn(4, 3, 3, 3), "b": drawn(4)}, **DOMAINS)
    assert operators(found) == ["conv(4, 3x3)", words]


def test_a_convolution_to_which_a_value_is_added() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["z"]),
        node("FusedConv", ["x", "w", "b", "z"], ["y"], domain="com.microsoft", activation="Relu"),
    ]
    found = checked(nodes, IMAGE, weights={"w": drawn(4, 3, 3, 3), "b": drawn(4)}, **DOMAINS)
    assert [n.op.name for n in found.graph][-2:] == ["add", "relu"]


@pytest.mark.parametrize("kind", ["Gelu", "FastGelu", "QuickGelu"])
def test_gelus(kind: str) -> None:
    checked([node(kind, ["x"], ["y"], domain="com.microsoft")], {"x": ["N", 7]}, tolerance=1e-4, **DOMAINS)


def test_gelu_with_a_bias() -> None:
    nodes = [node("BiasGelu", ["x", "b"], ["y"], domain="com.microsoft")]
    checked(nodes, {"x": ["N", 7]}, weights={"b": drawn(7)}, tolerance=1e-4, **DOMAINS)


def test_a_model_that_onnx_runtime_has_optimised(tmp_path: Path) -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"], pads=[1] * 4),
        node("BatchNormalization", ["a", "s", "b", "m", "v"], ["c"]),
        node("Relu", ["c"], ["d"]),
        node("GlobalAveragePool", ["d"], ["e"]),
        node("Flatten", ["e"], ["f"]),
        node("Gemm", ["f", "g"], ["h"]),
        node("Relu", ["h"], ["y"]),
    ]
    norm = {name: np.abs(drawn(4, seed=i)) + 0.5 for i, name in enumerate("sbmv")}
    made = model(nodes, IMAGE, weights={"w": drawn(4, 3, 3, 3), **norm, "g": drawn(4, 5)})
    settings = onnxruntime.SessionOptions()
    settings.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    settings.log_severity_level = 3
    onnxruntime.InferenceSession(made.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    kinds = {n.op_type for n in onnx.load(tmp_path / "optimised.onnx").graph.node}
    assert "FusedConv" in kinds
    x = {"x": drawn(2, 3, 6, 7)}
    agree(computed(read_onnx(tmp_path / "optimised.onnx"), x), expected(made, x))
