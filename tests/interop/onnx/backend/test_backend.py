"""The backend as such: what `onnx.backend.base` asks of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the backend is one of ONNX")

from onnx import TensorProto, helper

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.backend import is_compatible, prepare, run_model, run_node, supports_device

X = np.array([[1.0, -2.0, 3.0]], np.float32)


def model_of(*nodes: Any, inputs: tuple[str, ...] = ("x",), shape: tuple[int | str, ...] = ("N", 3)) -> Any:
    fed = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs]
    given = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(list(nodes), "small", fed, given)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


def test_inputs_come_in_order_or_by_name() -> None:
    model = model_of(helper.make_node("Sub", ["a", "b"], ["y"]), inputs=("a", "b"))
    prepared = prepare(model)
    np.testing.assert_array_equal(prepared.run([X, 2 * X])[0], -X)
    np.testing.assert_array_equal(prepared.run({"b": X, "a": 2 * X})[0], X)


def test_any_batch() -> None:
    prepared = prepare(model_of(helper.make_node("Relu", ["x"], ["y"])))
    for count in (1, 4):
        x = np.repeat(X, count, axis=0)
        np.testing.assert_array_equal(prepared.run([x])[0], np.maximum(x, 0))


def test_weights_that_come_as_inputs_may_change() -> None:
    node = helper.make_node("Gemm", ["x", "w"], ["y"])
    fed = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in {"x": ("N", 3), "w": (3, 2)}.items()]
    given = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    prepared = prepare(helper.make_model(helper.make_graph([node], "product", fed, given)))
    for weight in (np.ones((3, 2), np.float32), np.eye(3, 2, dtype=np.float32)):
        np.testing.assert_allclose(prepared.run([X, weight])[0], X @ weight)


def test_one_node() -> None:
    (y,) = run_node(helper.make_node("Softmax", ["x"], ["y"], axis=-1), [X])
    np.testing.assert_allclose(y, np.exp(X) / np.exp(X).sum(), rtol=1e-6)
    (y,) = run_node(helper.make_node("Clip", ["x"], ["y"], min=0.0, max=2.0), [X], opset_version=6)
    np.testing.assert_array_equal(y, np.clip(X, 0, 2))


def test_a_model_in_one_step() -> None:
    (y,) = run_model(model_of(helper.make_node("Exp", ["x"], ["y"])), [X])
    np.testing.assert_allclose(y, np.exp(X), rtol=1e-6)


def test_the_processor_is_the_device() -> None:
    assert supports_device("CPU")
    assert supports_device("CPU:1")
    assert not supports_device("CUDA")


def test_what_it_may_be_asked_for() -> None:
    assert is_compatible(model_of(helper.make_node("Relu", ["x"], ["y"])))
    assert not is_compatible(model_of(helper.make_node("GridSample", ["x", "x"], ["y"])))
    assert not is_compatible(model_of(helper.make_node("Relu", ["x"], ["y"])), "CUDA")


def test_refusals_name_the_operator() -> None:
    with pytest.raises(CnnGraphError, match=r"E0802.*GridSample"):
        prepare(model_of(helper.make_node("GridSample", ["x", "x"], ["y"]))).run([X])


@pytest.mark.parametrize("value", [["a", "b"], np.array(["a"]), None])
def test_inputs_that_are_no_numbers_are_refused(value: Any) -> None:
    with pytest.raises(CnnGraphError, match="no array of numbers"):
        prepare(model_of(helper.make_node("Relu", ["x"], ["y"]))).run([value])
