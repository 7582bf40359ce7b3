"""What a model says: names, blocks, open sizes, layouts; and what is refused."""

from __future__ import annotations

import doctest
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra [onnx] is not installed")
runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is the oracle of these tests")

from cnngraph.diagnostics import CnnGraphError  # noqa: E402
from cnngraph.interop.onnx import writing  # noqa: E402
from cnngraph.interop.onnx.reading import read_model  # noqa: E402
from cnngraph.interop.onnx.writing import Options, boundary, to_model  # noqa: E402
from cnngraph.ir.builder import Builder  # noqa: E402
from cnngraph.ir.graph import Graph, Ref  # noqa: E402
from cnngraph.ir.leaves import Input, State  # noqa: E402
from cnngraph.ir.op import Array, Onnx, Op, rng  # noqa: E402
from cnngraph.ir.types import TensorType  # noqa: E402
from cnngraph.net import loads  # noqa: E402
from cnngraph.ops.add import Add  # noqa: E402
from cnngraph.passes.pipeline import TRAINING, run  # noqa: E402
from cnngraph.runtime.runner import Runner  # noqa: E402
from cnngraph.train.initialisers import initial_states  # noqa: E402

BLOCKS = """cnn 1
block unit(c) = conv(c, 3x3, same) -> batchnorm -> relu
net small(image: 3@HxW, classes = 5) where H % 4 == 0, W % 4 == 0 {
  stem: unit(4) * 2  [4@HxW]
  residual { unit(4) }
  maxpool(2x2)       [4@HxW/2]
  globalavgpool
  class: dense(classes) -> softmax
}
"""


def model_of(text: str | Graph, **settings: Any) -> Any:
    """A model that the checker accepts and that gives our numbers."""
    graph = text if isinstance(text, Graph) else loads(text).graph
    states = initial_states(graph, 0)
    model = to_model(graph, states, Options(**settings))
    onnx.checker.check_model(model, full_check=True)
    agree(graph, states, model)
    assert {weight.name for weight in model.graph.initializer} <= read_in(model.graph), "nothing is there for nobody"
    return model


def read_in(graph: Any) -> set[str]:
    """All names that nodes read, those of bodies too."""
    bodies = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")]
    return {name for node in graph.node for name in node.input}.union(*map(read_in, bodies))


def agree(graph: Graph, states: Mapping[str, Array], model: Any) -> None:
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    inputs, outputs = boundary(graph)
    for sizes in ({"batch": 2, "H": 8, "W": 12, "T": 5}, {"batch": 3, "H": 4, "W": 8, "T": 7}):
        feeds = {}
        for node in graph.inputs:
            type_ = node.type.bind(**sizes)
            numbers = rng(0).normal(size=type_.concrete).astype(type_.dtype)
            feeds[node.name] = rng(0).integers(0, type_.vocabulary, type_.concrete) if type_.vocabulary else numbers
        expected = Runner(graph, states).run(feeds)
        found = session.run(list(outputs), {name: inputs[name].theirs(value) for name, value in feeds.items()})
        for (name, axes), value in zip(outputs.items(), found, strict=True):
            np.testing.assert_allclose(axes.ours(value), expected[name], rtol=1e-4, atol=1e-6)


def kinds(model: Any) -> list[str]:
    return [node.op_type for node in model.graph.node]


def shape_of(info: Any) -> list[str | int]:
    return [size.dim_param or size.dim_value for size in info.type.tensor_type.shape.dim]


# ---- what it says ----


def test_nodes_values_and_weights_have_our_names() -> None:
    model = model_of(BLOCKS)
    graph = loads(BLOCKS).graph
    ours = [node.name for node in graph if node.inputs]
    assert [node.name for node in model.graph.node if node.name in ours] == ours
    assert [w.name for w in model.graph.initializer if "weight" in w.name] == [
        node.name for node in graph.states if "weight" in node.name
    ]
    by_name = {node.name: list(node.output) for node in model.graph.node}
    assert by_name["stem.unit[2].batchnorm"] == ["stem.unit[2].batchnorm"]
    assert by_name["class.softmax"] == ["class"], "the last value has the name of the output"


def test_blocks_are_named_for_viewers() -> None:
    remarks = {n.name: {e.key: e.value for e in n.metadata_props} for n in model_of(BLOCKS).graph.node}
    assert remarks["stem.unit[2].conv"]["namespace"] == "stem/unit[2]/conv"
    assert remarks["stem.unit[2].conv"]["cnngraph.operator"] == "conv(4, 3x3, pad=same)"


def test_the_boundary_is_open_and_channels_come_first() -> None:
    model = model_of(BLOCKS)
    assert [shape_of(info) for info in model.graph.input] == [["batch", 3, "H", "W"]]
    assert [shape_of(info) for info in model.graph.output] == [["batch", 5]]
    inner = {info.name: shape_of(info) for info in model.graph.value_info}
    assert inner["maxpool"] == ["batch", 4, "H/2", "W/2"]


def test_a_model_says_where_it_comes_from_and_how_it_lies() -> None:
    model = model_of(BLOCKS, documentation="Small, for a test.")
    assert (model.producer_name, model.producer_version) == ("cnngraph", version("cnngraph"))
    assert model.doc_string.splitlines() == [
        "Small, for a test.",
        f"The network small, written by cnngraph {version('cnngraph')}.",
        "Channels come before positions, (batch, channels, ...), in image.",
        "Needs H % 4 == 0 and H >= 1.",
        "Needs W % 4 == 0 and W >= 1.",
    ]


def test_a_net_is_exported_as_it_stands_in_its_file(tmp_path: Path) -> None:
    net = loads("## What it is.\nnet n(x: 3) = dense(4) -> dropout(0.25) -> dense(2)")
    net.export(tmp_path / "n.onnx")
    model = onnx.load(tmp_path / "n.onnx")
    assert kinds(model) == ["Gemm", "Dropout", "Gemm"], "for who trains it further"
    assert model.doc_string.splitlines()[0] == "What it is."


@pytest.mark.parametrize(("opset", "ir_version"), [(21, 10), (22, 10), (23, 11), (24, 12)])
def test_an_opset_can_be_chosen(opset: int, ir_version: int) -> None:
    model = model_of(BLOCKS, opset=opset)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", opset)]
    assert model.ir_version == ir_version


@pytest.mark.parametrize("opset", [20, 25])
def test_other_opsets_are_refused(opset: int) -> None:
    with pytest.raises(CnnGraphError, match=r"E0803.*opsets 21 to 24"):
        Options(opset=opset)


def test_sizes_that_are_bound_are_numbers() -> None:
    graph = loads(BLOCKS).graph.bind(batch=2, H=8, W=12)
    model = to_model(graph, initial_states(graph, 0))
    onnx.checker.check_model(model, full_check=True)
    assert [shape_of(info) for info in model.graph.input] == [[2, 3, 8, 12]]
    assert boundary(graph) == boundary(loads(BLOCKS).graph)


# ---- layouts ----


def test_images_are_never_turned_between_convolutions() -> None:
    assert "Transpose" not in kinds(model_of(BLOCKS))


def test_a_grid_is_flattened_as_it_lies_where_dense_layers_follow() -> None:
    text = "net n(x: 3@4x6) = conv(2, 3x3) -> flatten -> dropout(0.5) -> relu -> dense(5)"
    model = model_of(text)
    assert kinds(model) == ["Conv", "Flatten", "Dropout", "Relu", "Gemm"]
    ours = initial_states(loads(text).graph, 0)["dense.weight"]  # 2 * 4 rows for each of 2 channels
    (theirs,) = [onnx.numpy_helper.to_array(w) for w in model.graph.initializer if w.name == "dense.weight"]
    np.testing.assert_array_equal(theirs.reshape(2, 2, 4, 5), ours.reshape(2, 4, 2, 5).transpose(2, 0, 1, 3))


@pytest.mark.parametrize(
    "text",
    [
        "net n(x: 3@4x6) = conv(2, 3x3) -> flatten -> softmax",
        "net n(x: 3@4x6) { y: conv(2, 3x3) -> flatten\n y -> dense(5)\n return y, it }",
        "net n(x: 3@4x6) { let y = x -> conv(2, 3x3) -> flatten\n concat { | y -> dense(5)\n | y } }",
    ],
)
def test_else_it_is_flattened_in_our_order(text: str) -> None:
    assert kinds(model_of(text)).count("Transpose") == 1


def test_one_weight_in_two_orders_is_there_twice() -> None:
    text = """net n(a: 2@3x4, b: 24) {
      shared map = dense(5)
      add {
        | a -> flatten -> map
        | b -> map
      }
    }"""
    model = model_of(text)
    names = [weight.name for weight in model.graph.initializer]
    assert names == [f"map[1].dense.{name}" for name in ("weight", "bias", "weight_2")]


def test_attention_turns_each_of_its_four_values_once() -> None:
    text = """import self_attention from "std/attention.cnn"
    net n(x: 12@T) { residual { layernorm -> self_attention(12, 3) } }"""
    model = model_of(text)
    assert kinds(model).count("Transpose") == 4
    shapes = {w.name: onnx.numpy_helper.to_array(w).tolist() for w in model.graph.initializer if "shape" in w.name}
    assert [0, 0, 3, 4] in shapes.values(), "the open length stays as it is"


def test_parts_of_one_value_are_one_node() -> None:
    model = model_of("net n(x: 6@4x4) { let a, b, c = x -> split(3)\n concat(c, a) }")
    assert kinds(model) == ["Split", "Concat"]
    assert list(model.graph.node[0].output)[:1] == ["part[1]"]


# ---- names that meet ----


def test_outputs_that_are_one_value_or_an_input() -> None:
    builder = Builder()
    x = builder.add("x", Input(TensorType.of(3, (4, 5))))
    w = builder.add("w", State(TensorType((2, 2)), "ones"))
    y = builder.add("y", Add(), [x.ref, x.ref])
    z = builder.add("z", Add(), [y.ref, x.ref])
    model = model_of(builder.finish("n", {"one": y.ref, "two": y.ref, "y": z.ref, "x2": x.ref, "state": w.ref}))
    assert [info.name for info in model.graph.output] == ["one", "two", "y", "x2", "state"]


def test_an_output_named_as_a_node_that_lies_otherwise() -> None:
    graph = loads("net n(x: 3@4x6) = linear(5)").graph
    (ref,) = graph.outputs.values()
    model = model_of(replace(graph, outputs={"linear": ref}))
    assert [node.output[0] for node in model.graph.node][-2:] == ["linear_2", "linear"]


# ---- what is refused ----


@dataclass(frozen=True)
class Named(Op):
    """An operator of another package that names its counterpart."""

    name: ClassVar[str] = "named_elsewhere"
    pointwise: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        return x

    def forward(self, x: Array) -> Array:
        return np.asarray(np.floor(x))

    def onnx(self) -> Onnx | None:
        return Onnx("Floor", 13)


@dataclass(frozen=True)
class Nameless(Named):
    """One that does not."""

    name: ClassVar[str] = "nameless"

    def onnx(self) -> None:
        return None


@dataclass(frozen=True)
class TooNew(Named):
    """One whose counterpart is of a later opset."""

    name: ClassVar[str] = "too_new"

    def onnx(self) -> Onnx:
        return Onnx("Swish", 24)


def chain(*ops: Op) -> Graph:
    builder = Builder()
    last = builder.add("x", Input(TensorType.of(3, (4, 5)))).ref
    for op in ops:
        last = builder.add(builder.fresh(op.name), op, [last]).ref
    return builder.finish("n", {"y": last})


def test_an_operator_of_another_package_that_names_its_counterpart() -> None:
    assert kinds(model_of(chain(Named()))) == ["Floor"]


def test_all_that_has_no_words_is_told_at_once() -> None:
    with pytest.raises(CnnGraphError) as caught:
        to_model(chain(Nameless(), Named(), TooNew(), Nameless()), {})
    assert [found.code for found in caught.value.diagnostics] == ["E0803"] * 3
    assert "`nameless_2`: nameless cannot be written as ONNX: no operators" in str(caught.value)
    assert "`too_new`: too_new cannot be written as ONNX: ONNX has Swish from opset 24 on" in str(caught.value)


def test_the_place_in_the_file_is_shown() -> None:
    graph = loads("net n(x: 3@HxW) where H >= 3, W >= 3 {\n  medianpool(3x3)\n}").graph
    with pytest.raises(CnnGraphError, match=r"text\.cnn:2:3") as caught:
        to_model(graph, {})
    assert "its positions are open: HxW" in str(caught.value)


def test_a_step_of_training_is_no_model() -> None:
    graph = run(loads(BLOCKS).graph, TRAINING)
    with pytest.raises(CnnGraphError, match=r"E0803.*step of training"):
        to_model(graph, initial_states(graph, 0))


def test_states_that_are_missing_or_do_not_fit_are_told_at_once() -> None:
    graph = loads("net n(x: 3) = dense(4) -> dense(5)").graph
    with pytest.raises(CnnGraphError) as caught:
        to_model(graph, {"dense[1].weight": np.zeros((4, 3)), "dense[2].bias": np.zeros(5), "dense[2].weight": None})
    assert [found.code for found in caught.value.diagnostics] == ["E0703"] * 3


def test_without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnngraph.interop.onnx.installed.find_spec", lambda name: None)
    with pytest.raises(CnnGraphError, match=r"E0603[\s\S]*pip install 'cnngraph\[onnx\]'"):
        to_model(chain(Named()), {})


@pytest.mark.parametrize("module", ["boundary"])
def test_examples(module: str) -> None:
    found = doctest.testmod(__import__(f"{writing.__name__}.{module}", fromlist=["_"]))
    assert found.attempted
    assert not found.failed


def test_refs_of_several_results() -> None:
    assert str(Ref("scan", 1)) == "scan!1", "a name that no node has: what values of further results are called"


# ---- and back ----


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_scan_comes_back_as_a_scan(cell: str) -> None:
    text = f"""import {cell} from "std/recurrent.cnn"
    net n(text: ids(9)@T) = embed(3) -> scan({cell}(n = 4)) -> linear(2)"""
    graph = loads(text).graph
    states = initial_states(graph, 0)
    found = read_model(model := to_model(graph, states))
    assert {weight.name for weight in model.graph.initializer} <= read_in(model.graph)
    assert [n.op.name for n in found.graph if n.inputs and n.op.name != "cut"] == ["embed", "scan", "linear"]
    ids = rng(0).integers(0, 9, (2, 6))
    given = {name: axes.ours(ids) for name, axes in found.inputs.items()}
    for name, axes in boundary(graph)[1].items():
        back = axes.ours(found.outputs[name].theirs(Runner(found.graph, found.states).run(given)[name]))
        np.testing.assert_allclose(back, Runner(graph, states).run({"text": ids})[name], rtol=1e-5)


def test_a_size_that_no_file_holds_is_refused() -> None:
    net = loads("net n(image: 1@8x8) = conv(4, 3x3)")
    with pytest.raises(CnnGraphError, match=r"E0803.*`image`.*no larger size than 9,223,372,036,854,775,807"):
        to_model(net.graph.bind(batch=10**20), initial_states(net.graph, seed=0))
