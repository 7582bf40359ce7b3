"""Tables that an operator of ours computes, and tables that are near but not the same."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import model, node, operators
from onnx import TensorProto

from cnngraph.interop.onnx.reading import read_model
from cnngraph.ops.diffuse import Diffuse
from cnngraph.ops.sinusoid import Sinusoid


def of_table(rows: np.ndarray) -> list[str]:
    made = model([node("Gather", ["t", "x"], ["y"])], {"x": ["N"]}, weights={"t": rows}, kinds={"x": TensorProto.INT64})
    return operators(read_model(made))


@pytest.mark.parametrize("op", [Sinusoid(6), Sinusoid(4, 100.0), Sinusoid(8, 1234.0)])
def test_a_table_of_waves(op: Sinusoid) -> None:
    rows = op.forward(np.arange(20))
    assert of_table(rows) == [str(op)]
    rows = rows.copy()
    rows[3, 1] += 0.01
    assert of_table(rows) == [f"embed({op.features})"]


def shares(op: Diffuse, kept: np.ndarray | None = None) -> list[str]:
    """What is read of a value and noise, each times its share at a time."""
    times, ones = np.arange(op.steps), np.ones((op.steps, 1))
    own = op.forward(ones, 0 * ones, times)[:, 0].astype(np.float32) if kept is None else kept
    mixed = op.forward(0 * ones, ones, times)[:, 0].astype(np.float32)
    nodes = [
        node("Gather", ["a", "time"], ["k"]),
        node("Unsqueeze", ["k", "axes"], ["k2"]),
        node("Mul", ["x", "k2"], ["kx"]),
        node("Gather", ["b", "time"], ["m"]),
        node("Unsqueeze", ["m", "axes"], ["m2"]),
        node("Mul", ["noise", "m2"], ["mn"]),
        node("Add", ["kx", "mn"], ["y"]),
    ]
    inputs = {"x": ["N", 4, 5, 6], "noise": ["N", 4, 5, 6], "time": ["N"]}
    tables = (np.repeat(rows[:, None], 4, axis=1) for rows in (own, mixed))
    weights = dict(zip("ab", tables, strict=True)) | {"axes": np.array([2, 3])}
    return operators(read_model(model(nodes, inputs, weights=weights, kinds={"time": TensorProto.INT64})))


@pytest.mark.parametrize("op", [Diffuse(), Diffuse(0.001, 0.05, 200)])
def test_a_schedule_of_noise(op: Diffuse) -> None:
    assert shares(op) == [str(op)]
    assert "diffuse" not in " ".join(shares(op, np.linspace(0.9, 0.1, op.steps).astype(np.float32)))
