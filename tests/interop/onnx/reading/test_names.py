"""Paths of our nodes from the names of other tools."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import drawn, model, node
from onnx import NodeProto, TensorProto

from cnngraph.interop.onnx.reading import read_model
from cnngraph.ir.leaves import Input, State

IMAGE = {"input.1": ["batch_size", 3, 6, 5]}


def paths(*names: str, weights: tuple[str, ...] = ()) -> list[str]:
    """The paths of a chain: a convolution for each name that ends so, else a relu."""
    nodes, value = [], "input.1"
    arrays = {}
    for i, name in enumerate(names):
        if "conv" in name.lower():
            weight = weights[len(arrays)] if weights else f"w{i}"
            arrays[weight] = drawn(3, 3, 1, 1, seed=i)
            nodes.append(node("Conv", [value, weight], [f"v{i}"], name=name))
        else:
            nodes.append(node("Relu", [value], [f"v{i}"], name=name))
        value = f"v{i}"
    found = read_model(model(nodes, IMAGE, [value], arrays))
    return [n.name for n in found.graph if not isinstance(n.op, Input | State)]


def test_scopes_of_pytorch() -> None:
    block = "/layer1/layer1.0"
    found = paths("/conv1/Conv", "/relu/Relu", f"{block}/conv1/Conv", f"{block}/Relu", "/layer1/layer1.1/conv1/Conv")
    assert found == ["conv1", "relu", "layer1.0.conv1", "layer1.0.relu", "layer1.1.conv1"]


def test_names_of_weights_where_nodes_have_none() -> None:
    assert paths("Conv_0", "Relu_1", "Conv_2", weights=("features.0.weight", "features.3.weight")) == [
        "features.0", "relu_1", "features.3",
    ]  # fmt: skip


def test_what_became_one_node_is_named_after_what_it_is() -> None:
    nodes = [
        node("Sigmoid", ["input.1"], ["s"], name="/block/act/Sigmoid"),
        node("Mul", ["input.1", "s"], ["a"], name="/block/act/Mul"),
        node("Sigmoid", ["a"], ["t"], name="/Sigmoid"),
        node("Mul", ["a", "t"], ["y"], name="/Mul"),
    ]
    found = read_model(model(nodes, IMAGE))
    assert [(n.name, n.op.name) for n in found.graph][1:] == [("block.act", "silu"), ("swish", "silu")]


def test_nodes_without_names() -> None:
    assert paths("", "", "") == ["relu", "relu_2", "relu_3"]


def test_names_that_no_graph_can_print() -> None:
    assert paths("a b(c)/conv:0", "d,e") == ["a_b_c_.conv_0", "d_e"]


def test_very_long_names_are_cut_and_stay_apart() -> None:
    first, second = paths("r" * 5000 + "1", "r" * 5000 + "2")
    assert len(first) < 200
    assert first != second


def test_the_names_of_inputs_and_outputs_become_words() -> None:
    found = read_model(model([node("Relu", ["input.1"], ["out:0"])], IMAGE, ["out:0"]))
    assert list(found.inputs) == ["input_1"]
    assert list(found.outputs) == ["out_0"]
    assert "the output `out:0` is named `out_0`" in found.notes


def test_names_that_become_the_same_word_stay_apart() -> None:
    nodes = [node("Relu", ["a.b"], ["y.1"]), node("Tanh", ["a_b"], ["y_1"]), node("Gather", ["t", "a-b"], ["z"])]
    inputs = {name: ["N", 4] for name in ("a.b", "a_b", "a-b")}
    made = model(nodes, inputs, ["y.1", "y_1", "z"], {"t": drawn(9, 3)}, kinds={"a-b": TensorProto.INT64})
    found = read_model(made)
    assert list(found.inputs) == ["a_b", "a_b_2", "a_b_3"]
    assert list(found.outputs) == ["y_1", "y_1_2", "z"]


def scoped(kind: str, name: str, scopes: list[str], inputs: list[str], output: str) -> NodeProto:
    made = node(kind, inputs, [output], name=name)
    entry = made.metadata_props.add()
    entry.key, entry.value = "pkg.torch.onnx.name_scopes", str(scopes)
    return made


def test_scopes_in_the_metadata_of_pytorch() -> None:
    nodes = [
        scoped("Conv", "node_conv2d", ["", "layer1", "layer1.0", "layer1.0.conv1", "conv2d"], ["input.1", "w"], "a"),
        scoped("Relu", "node_relu", ["", "layer1", "layer1.0", "relu"], ["a"], "b"),
        scoped("Relu", "node_relu_1", ["", "layer1", "layer1.1", "relu_1"], ["b"], "y"),
    ]
    found = read_model(model(nodes, IMAGE, weights={"w": drawn(3, 3, 1, 1)}))
    names = [n.name for n in found.graph if not isinstance(n.op, Input | State)]
    assert names[:2] == ["layer1.0.conv1", "layer1.0.relu"]
