"""Norms of channels, learned slopes, softmax over any axis, dropout."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import checked, drawn, node, operators

IMAGE = {"x": ["N", 4, 6, 5]}


def statistics() -> dict[str, np.ndarray]:
    found = {name: drawn(4, seed=i) for i, name in enumerate("sbmv")}
    return {**found, "v": np.abs(found["v"]) + 0.25}


def test_batch_norm() -> None:
    nodes = [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], epsilon=1e-3)]
    found = checked(nodes, IMAGE, weights=statistics())
    assert operators(found) == ["batchnorm(epsilon=0.001)"]
    assert sorted(found.states) == [f"batchnormalization.{name}" for name in ("mean", "scale", "shift", "variance")]


def test_batch_norm_of_a_vector_and_of_a_series() -> None:
    for shape in (["N", 4], ["N", 4, 7]):
        checked([node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"])], {"x": shape}, weights=statistics())


def test_local_response_normalization() -> None:
    found = checked([node("LRN", ["x"], ["y"], size=3, alpha=0.1, beta=0.5, bias=2.0)], IMAGE)
    assert operators(found) == ["lrn(3, alpha=0.1, beta=0.5, bias=2.0)"]


def test_a_learned_slope() -> None:
    found = checked([node("PRelu", ["x", "s"], ["y"])], IMAGE, weights={"s": drawn(4, 1, 1)})
    assert operators(found) == ["prelu"]
    found = checked([node("PRelu", ["x", "s"], ["y"])], IMAGE, weights={"s": np.full((1, 1, 1), 0.2, np.float32)})
    assert operators(found) == ["leaky_relu(slope=0.2)"]


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [1, 2, -1])
def test_softmax_over_any_axis(kind: str, axis: int) -> None:
    checked([node("Relu", ["x"], ["r"]), node(kind, ["r"], ["y"], axis=axis)], IMAGE)


def test_softmax_of_an_old_opset_is_over_all_axes_together() -> None:
    found = checked([node("Softmax", ["x"], ["y"], axis=1)], IMAGE, opset=11)
    assert "softmax" in operators(found)
    assert operators(checked([node("Softmax", ["x"], ["y"], axis=1)], {"x": ["N", 4, 1, 1]}, opset=11)) == ["softmax"]


def test_dropout_stays() -> None:
    nodes = [node("Dropout", ["x", "p"], ["y"])]
    assert operators(checked(nodes, IMAGE, weights={"p": np.float32(0.3)})) == ["dropout(rate=0.3)"]
    assert operators(checked([node("Dropout", ["x"], ["y"], ratio=0.3)], IMAGE, opset=10)) == ["dropout(rate=0.3)"]
