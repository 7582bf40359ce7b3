"""Whole small models: what is read computes what the reference of ONNX computes."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import agree, computed, drawn, expected, model, node

from cnngraph.interop.onnx.reading import read_model


def test_a_chain_with_a_shortcut_and_a_dense_layer() -> None:
    made = model(
        [
            node("Conv", ["x", "w", "b"], ["a"], pads=[1, 1, 1, 1], name="/layer1/conv/Conv"),
            node("Relu", ["a"], ["c"], name="/layer1/Relu"),
            node("Conv", ["c", "w2"], ["d"], pads=[1, 1, 1, 1]),
            node("Add", ["c", "d"], ["e"]),
            node("Flatten", ["e"], ["f"]),
            node("Gemm", ["f", "m", "n"], ["y"], transB=1),
        ],
        {"x": ["N", 3, 5, 6]},
        weights={
            "w": drawn(4, 3, 3, 3), "b": drawn(4), "w2": drawn(4, 4, 3, 3), "m": drawn(7, 120), "n": drawn(7),
        },
    )  # fmt: skip
    found, x = read_model(made), {"x": drawn(2, 3, 5, 6)}
    agree(computed(found, x), expected(made, x))
    ops = [n.op.name for n in found.graph if n.op.name not in ("input", "state")]
    assert ops == ["conv", "relu", "conv", "add", "flatten", "dense"]
    assert "layer1.conv.weight" in found.graph
