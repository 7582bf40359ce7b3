"""Gradients of whole graphs against finite differences in float64, and what they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from autodiff.interpreter import evaluate, filled, slope

from cnngraph.autodiff.grad import grad
from cnngraph.diagnostics import CnnGraphError, Origin, Source, Span
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import training
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import rng
from cnngraph.ir.text import from_text, to_text
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.add import Add
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.concat import Concat
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.mse import Mse
from cnngraph.ops.scale import Scale
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.softmax_cross_entropy import SoftmaxCrossEntropy
from cnngraph.ops.tanh import Tanh
from cnngraph.passes.pipeline import TRAINING, run

PERCEPTRON = from_text("""\
graph perceptron
x: f32[batch, 4] = input
target: f32[batch, 3] = input
d1.weight: f32[4, 5] = state(initial='he') with d1
d1.bias: f32[5] = state(initial='zeros') with d1
d1: f32[batch, 5] = dense(features=5) <- x, d1.weight, d1.bias on gpu0
a: f32[batch, 5] = tanh <- d1
d2.weight: f32[5, 3] = state(initial='he') with d2
d2: f32[batch, 3] = dense(features=3, bias=False) <- a, d2.weight on gpu1
loss: f32 = mse <- d2, target
output main = d2
output loss = loss
""")


def network() -> Graph:
    """Branches, a skip, two losses, a shared dense layer, batch normalization and dropout, in float64, batch 3."""
    builder = Builder()
    image = builder.add("image", Input(TensorType.of(2, (6, 7), "float64").bind(batch=3))).ref
    label = builder.add("label", Input(TensorType.ids(4).bind(batch=3))).ref
    target = builder.add("target", Input(TensorType.of(4, (), "float64").bind(batch=3))).ref
    conv = builder.apply("conv", Conv(3, Window((3, 2))), [image]).ref
    norm = builder.apply("norm", BatchNorm(), [conv]).ref
    left = builder.apply("left", Conv(3, Window((3,)), "same", bias=False), [norm]).ref
    right = builder.add("right", Tanh(), [norm]).ref
    skip = builder.add("skip", Add(), [left, right, norm]).ref
    pool = builder.add("pool", MaxPool(Window((2,))), [skip]).ref
    mean = builder.add("mean", GlobalAvgPool(), [pool]).ref
    both = builder.add("both", Concat(), [mean, mean]).ref
    drop = builder.apply("drop", Dropout(0.25), [both]).ref
    first = builder.apply("widen", Dense(4), [drop]).ref
    shared = builder.apply("shared", Dense(4), [first])
    wave = builder.add("wave", Sigmoid(), [shared.ref]).ref
    again = builder.add("shared_2", Dense(4), [wave, *shared.inputs[1:]]).ref
    classes = builder.add("classes", SoftmaxCrossEntropy(), [again, label]).ref
    distance = builder.add("distance", Mse(), [wave, target]).ref
    weighted = builder.add("weighted", Scale(0.3), [distance]).ref
    loss = builder.add("loss", Add(), [classes, weighted]).ref
    return run(builder.finish("network", {"main": again, "loss": loss}), TRAINING)


NETWORK = network()
TRAINABLE = [node.name for node in NETWORK.states if isinstance(node.op, State) and node.op.trainable]


@pytest.fixture(scope="module")
def differentiated() -> Graph:
    return grad(NETWORK, Ref("loss"), [*TRAINABLE, "image", "target"])


@pytest.mark.parametrize("name", [*TRAINABLE, "image", "target"])
def test_a_gradient_is_the_slope_in_a_random_direction(differentiated: Graph, name: str) -> None:
    given = filled(NETWORK)
    values = evaluate(differentiated, given)
    gradient = values[str(differentiated.outputs[f"gradient.{name}"])]
    assert gradient.shape == given[name].shape
    direction = rng(99).standard_normal(gradient.shape)
    assert np.sum(gradient * direction) == pytest.approx(
        slope(NETWORK, Ref("loss"), given, name, direction), rel=1e-5, abs=1e-8
    )


def test_the_gradient_by_a_value_inside(differentiated: Graph) -> None:
    by_value = grad(NETWORK, Ref("loss"), ["wave"])
    values = evaluate(by_value, filled(NETWORK))
    assert values[str(by_value.outputs["gradient.wave"])].shape == (3, 4)
    assert by_value.outputs["gradient.wave"] == Ref("gradient.wave.sum")


def test_the_graph_stays_and_its_gradients_follow_in_reverse(differentiated: Graph) -> None:
    count = len(NETWORK.nodes)
    assert differentiated.nodes[:count] == NETWORK.nodes
    assert differentiated.updates == NETWORK.updates
    assert {name: differentiated.outputs[name] for name in NETWORK.outputs} == NETWORK.outputs
    place = {node.name: i for i, node in enumerate(NETWORK)}
    forward = [_forward(node, NETWORK) for node in differentiated.nodes[count:]]
    assert [place[name] for name in forward] == sorted((place[name] for name in forward), reverse=True)
    assert from_text(to_text(differentiated)) == differentiated


def _forward(node: Node, graph: Graph) -> str:
    """The forward node that a gradient node belongs to, by its name."""
    if node.name == "gradient.seed":
        return "loss"
    middle = node.name.removeprefix("gradient.").removesuffix(".sum")
    return middle if middle in graph and node.op == Add() else middle.rpartition(".")[0]


def test_the_nodes_of_a_small_graph() -> None:
    added = grad(PERCEPTRON, Ref("loss"), ["d1.weight", "d2.weight"]).nodes[len(PERCEPTRON.nodes) :]
    assert [node.name for node in added] == [
        "gradient.seed",
        "gradient.loss.prediction",
        "gradient.d2.x",
        "gradient.d2.weight",
        "gradient.a.x",
        "gradient.d1.weight",
    ]
    weight = added[-1]
    types = (TensorType.of(4), TensorType((4, 5)), TensorType((5,)))
    assert weight.op == Gradient(Dense(5), ("weight",), types, (TensorType.of(5),))
    assert weight.inputs == (Ref("gradient.a.x"), Ref("x"))
    assert (weight.device, weight.colocated) == ("gpu0", "d1")


def test_what_is_frozen_costs_nothing() -> None:
    names = [n.name for n in grad(PERCEPTRON, Ref("loss"), ["d2.weight"]).nodes if n.name.startswith("gradient")]
    assert names == ["gradient.seed", "gradient.loss.prediction", "gradient.d2.weight"]


def test_a_loss_by_itself_is_one() -> None:
    assert grad(PERCEPTRON, Ref("loss"), ["loss"]).outputs["gradient.loss"] == Ref("gradient.seed")


def test_terms_are_summed_in_the_reverse_order_of_their_uses(differentiated: Graph) -> None:
    assert differentiated["gradient.shared.weight.sum"].inputs == (
        Ref("gradient.shared_2.weight"),
        Ref("gradient.shared.weight"),
    )
    assert differentiated["gradient.norm.sum"].inputs == (
        Ref("gradient.skip.x2"),
        Ref("gradient.right.x"),
        Ref("gradient.left.x"),
    )
    assert differentiated["gradient.shared.weight.sum"].colocated == "shared"


def test_an_input_used_twice_by_one_node_gets_both_terms(differentiated: Graph) -> None:
    assert differentiated["gradient.mean.sum"].inputs == (Ref("gradient.both.x0"), Ref("gradient.both.x1"))


def test_the_statistics_of_a_shared_normalization_are_constants() -> None:
    builder = Builder()
    x = builder.add("x", Input(TensorType.of(4, (), "float64").bind(batch=5))).ref
    target = builder.add("target", Input(TensorType.of(4, (), "float64").bind(batch=5))).ref
    first = builder.apply("n", BatchNorm(), [x])
    wave = builder.add("wave", Sigmoid(), [first.ref]).ref
    second = builder.add("n_2", BatchNorm(), [wave, *first.inputs[1:]]).ref
    loss = builder.add("loss", Mse(), [second, target]).ref
    graph = run(builder.finish("shared", {"loss": loss}), TRAINING)
    assert graph["n_2"].inputs[-1] == Ref("n", 4)
    differentiated, given = grad(graph, loss, ["n.scale", "x"]), filled(graph)
    for name in ("n.scale", "x"):
        gradient = evaluate(differentiated, given)[str(differentiated.outputs[f"gradient.{name}"])]
        direction = rng(3).standard_normal(gradient.shape)
        assert np.sum(gradient * direction) == pytest.approx(slope(graph, loss, given, name, direction), rel=1e-5)


def test_a_gradient_comes_from_where_its_layer_was_written() -> None:
    origin = Origin(Span(Source("here.cnn", "tanh"), 0, 4))
    builder = Builder()
    x = builder.add("x", Input(TensorType(()))).ref
    loss = builder.add("loss", Tanh(), [x], origin=origin, device="gpu3").ref
    graph = grad(builder.finish("g", {"loss": loss}), loss, ["x"])
    for name in ("gradient.seed", "gradient.loss.x"):
        assert graph[name].origin == origin
        assert graph[name].device == "gpu3"


def test_two_losses_of_one_graph() -> None:
    once = grad(PERCEPTRON, Ref("loss"), ["d2.weight"])
    twice = grad(once, Ref("loss"), ["d1.weight"])
    assert twice.outputs["gradient.d1.weight"] == Ref("gradient.d1.weight")
    assert "gradient.seed_2" in twice


@pytest.mark.parametrize(
    ("loss", "wrt", "code", "message"),
    [
        (Ref("d2"), ["x"], "E0204", "only one number can be differentiated, not d2 of type 3"),
        (Ref("less"), ["x"], "E0101", "no node less"),
        (Ref("loss", 1), ["x"], "E0101", "has 1 results, and no loss!1"),
        (Ref("loss"), ["y"], "E0101", "no node y"),
        (Ref("loss"), ["x", "unused"], "E0705", "loss does not depend on unused (input)"),
        (Ref("loss"), ["gone"], "E0705", "loss does not depend on gone (relu)"),
        (Ref("crossed"), ["p"], "E0204", "no gradient goes through b.first: it is a gradient itself"),
        (Ref("loss"), ["x"], "E0102", "has an output gradient.x already"),
    ],
)
def test_what_has_no_gradient_is_said(loss: Ref, wrt: list[str], code: str, message: str) -> None:
    text = to_text(PERCEPTRON).partition("output")[0] + (
        "unused: f32[batch, 4] = input\n"
        "gone: f32[batch, 4] = relu <- x\n"
        "p: f32 = input\n"
        "b.first: f32 = gradient(of=tanh, wanted=('x',), input_types=(f32,), result_types=(f32,)) <- p, p\n"
        "crossed: f32 = tanh <- b.first\n"
        "output loss = loss\n"
    )
    graph = from_text(text + ("output gradient.x = x\n" if code == "E0102" else ""))
    with pytest.raises(CnnGraphError) as caught:
        grad(graph, loss, wrt)
    assert caught.value.diagnostics[0].code == code
    assert message in caught.value.diagnostics[0].message


def test_nothing_asked_for_is_the_graph_itself() -> None:
    graph = training(load_text("net n(x: 3) = dense(2) -> softmax")).graph
    assert grad(graph, graph.outputs["loss"], []) is graph
