"""What gradients are asked for: several losses, several at once, shared and frozen layers, turned and stopped ones.

Each against central differences in float64 and against PyTorch.
"""

from __future__ import annotations

import numpy as np
import pytest
from autodiff.interpreter import evaluate, filled, slope
from networks.oracle import FLOAT64, FORMS, compared, in_dtype, within

from cnngraph.autodiff.grad import grad
from cnngraph.autodiff.step import trainable_states, training_step
from cnngraph.cost.liveness import peak_bytes
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.op import Array, rng
from cnngraph.ir.text import from_text, to_text
from cnngraph.net import Net, load, loads
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.sgd import Sgd
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

HEADS = """
net heads(image: 2@6x7) {
  trunk: conv(3, 3x3) -> relu
  let seen = it -> globalavgpool
  kind: seen -> dense(4) -> softmax
  place: seen -> dense(2)
  return kind, place
}
train { loss: LOSS }
"""
BOTH = "cross_entropy(kind, label) + 0.3 * mse(place, target)"


def exact(net: Net, form: str = "inference", batch: int = 3) -> Graph:
    """The net with its loss, in float64, bound."""
    return run(in_dtype(net.training.graph, "float64"), FORMS[form]).bind(batch=batch)


def around_zero(graph: Graph) -> dict[str, Array]:
    """Values for all inputs and states; those of `filled` are all positive."""
    values = filled(graph).items()
    return {name: value if value.dtype == "int64" else value - 0.85 for name, value in values}


def gradients(graph: Graph, wrt: list[str], given: dict[str, Array] | None = None) -> dict[str, Array]:
    whole = grad(graph, graph.outputs["loss"], wrt)
    values = evaluate(whole, given or around_zero(graph))
    return {name: values[str(whole.outputs[f"gradient.{name}"])] for name in wrt}


def leaves(graph: Graph) -> list[str]:
    """All that a loss can be differentiated by: trainable states, and inputs that are no ids."""
    loss = graph.outputs["loss"]
    return [*trainable_states(graph, loss), *(n.name for n in graph.inputs if n.type.vocabulary is None)]


def agree_with_slopes(graph: Graph, names: list[str], times: float = 1.0) -> None:
    """Each gradient is `times` the slope of the loss in a random direction."""
    given, loss = around_zero(graph), graph.outputs["loss"]
    for name, gradient in gradients(graph, names).items():
        direction = rng(5).standard_normal(gradient.shape)
        expected = times * slope(graph, loss, given, name, direction)
        assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-5, abs=1e-8), name


def gradient_nodes(graph: Graph) -> list[str]:
    return [node.name for node in graph if isinstance(node.op, Gradient)]


# ---- several losses ----


def heads(loss: str) -> Net:
    return loads(HEADS.replace("LOSS", loss))


def test_several_losses_of_several_outputs() -> None:
    net = heads(BOTH)
    graph = exact(net)
    agree_with_slopes(graph, leaves(graph))
    within(compared(net.training.graph, "inference", "float64", gradients=True), FLOAT64)


def test_a_sum_of_losses_has_the_sum_of_their_gradients() -> None:
    trunk = ["trunk.conv.weight", "image"]
    given = around_zero(exact(heads(BOTH)))
    losses = (BOTH, "cross_entropy(kind, label)", "mse(place, target)")
    whole, first, second = (gradients(exact(heads(loss)), trunk, given) for loss in losses)
    for name in trunk:
        np.testing.assert_allclose(whole[name], first[name] + 0.3 * second[name], rtol=1e-12)


# ---- several gradients ----


def test_weights_and_inputs_in_one_call() -> None:
    net = heads(BOTH)
    feeds = {"image": drawn(3, 6, 7, 2), "label": np.arange(3), "target": drawn(3, 2, seed=1)}
    names = ["image", "trunk.conv.weight", "kind.dense.bias", "seen", "target"]
    together = net.gradients(feeds, names)
    assert together.keys() == {"loss", *names}
    for name in names:
        assert np.array_equal(net.gradients(feeds, [name])[name], together[name])


def test_an_adversarial_example() -> None:
    """Goodfellow, Shlens, Szegedy: Explaining and harnessing adversarial examples, 2015: along the sign, loss grows."""
    net = heads("cross_entropy(kind, label)")
    feeds = {"image": drawn(3, 6, 7, 2), "label": np.arange(3)}
    found = net.gradients(feeds, ["image"])
    random = np.sign(drawn(3, 6, 7, 2, seed=2))
    losses = [
        float(net.gradients({**feeds, "image": feeds["image"] + step}, ["image"])["loss"]) - float(found["loss"])
        for step in (0.1 * np.sign(found["image"]), 0.1 * random, -0.1 * np.sign(found["image"]))
    ]
    worse, other, better = losses
    assert worse > 3 * abs(other)
    assert better < 0


def drawn(*shape: int, seed: int = 0) -> Array:
    return rng(seed).standard_normal(shape).astype(np.float32)


# ---- shared ----


def test_gradients_of_a_shared_layer_are_summed() -> None:
    shared, apart = (
        loads(f"net n(x: 4) {{\n  {body}\n}}\ntrain {{ loss: mse(output, target) }}")
        for body in ("shared f = dense(4) -> tanh\n  f -> f -> f", " -> ".join(["dense(4) -> tanh"] * 3))
    )
    one, three = exact(shared), exact(apart)
    agree_with_slopes(one, leaves(one))
    within(compared(shared.training.graph, "inference", "float64", gradients=True), FLOAT64)
    given, names = around_zero(one), leaves(one)[:2]
    copies = [[s.name for s in three.states if s.name.endswith(key)] for key in ("weight", "bias")]
    values = {"x": given["x"], "target": given["target"]}
    values |= {copy: given[name] for name, group in zip(names, copies, strict=True) for copy in group}
    whole = grad(three, three.outputs["loss"], [name for group in copies for name in group])
    found = evaluate(whole, values)
    for name, group in zip(names, copies, strict=True):
        assert len(group) == 3
        total = sum(found[str(whole.outputs[f"gradient.{copy}"])] for copy in group)
        np.testing.assert_allclose(gradients(one, names)[name], total, rtol=1e-12)


# ---- frozen ----


def test_a_frozen_trunk_costs_nothing() -> None:
    """Only the last layer of a residual network learns: three gradients, and no more memory than a prediction."""
    form = run(load(resource("specs", "nets", "resnet18.cnn")).training.graph, TRAINING)
    head = [name for name in trainable_states(form, form.outputs["loss"]) if "dense" in name]
    step = training_step(form, form.outputs["loss"], Sgd(), head)
    assert [name.rpartition(".")[2] for name in gradient_nodes(step)] == ["logits", "weight", "bias"]
    assert {name for name in step.updates if name.startswith("update") or step[name].op.trainable} == {*head}  # type: ignore[attr-defined]
    shown = {name: ref for name, ref in step.outputs.items() if not name.startswith("gradient.")}
    bound = Graph(step.name, step.nodes, shown, step.updates).bind(batch=8)
    forward = Graph(form.name, form.nodes, form.outputs, form.updates).bind(batch=8)
    assert peak_bytes(bound) < 1.05 * peak_bytes(forward)


STOPPED = """
net stopped(x: 5) {
  let a = dense(5) -> tanh
  let b = a -> stop_gradient -> dense(5) -> tanh
  out: a * b -> dense(2)
}
train { loss: mse(out, target) }
"""


def test_what_stands_before_a_stop_is_a_constant() -> None:
    net = loads(STOPPED)
    within(compared(net.training.graph, "inference", "float64", gradients=True), FLOAT64)
    graph = exact(net)
    stop = next(node for node in graph if node.op.name == "stop_gradient")
    agree_with_slopes(graph, [name for name in leaves(graph) if name.startswith(("b.", "out."))])
    fed = replaced_by_input(graph, stop.name)
    given = {**around_zero(graph), stop.name: evaluate(graph, around_zero(graph))[stop.name]}
    for name, gradient in gradients(graph, ["x", "a.dense.weight"]).items():
        direction = rng(5).standard_normal(gradient.shape)
        expected = slope(fed, fed.outputs["loss"], given, name, direction)
        assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-5)


def replaced_by_input(graph: Graph, name: str) -> Graph:
    """The graph, with a value that is fed in the place of the one that a node computes."""
    own = next(line for line in to_text(graph).splitlines() if line.startswith(f"{name}: "))
    return from_text(to_text(graph).replace(own, f"{own.split(' = ')[0]} = input"))


def test_nothing_is_computed_for_what_only_a_stop_reads() -> None:
    body = "dense(4) -> relu -> dense(4) -> stop_gradient -> dense(2)"
    text = f"net n(x: 4) {{\n  {body}\n}}\ntrain {{ loss: mse(output, target) }}"
    step = loads(text).training_graph()
    assert len(gradient_nodes(step)) == 3  # the loss, and the weight and the bias of the last layer
    with pytest.raises(CnnGraphError, match="E0705"):
        loads(text).gradients({"x": drawn(2, 4), "target": drawn(2, 2)}, ["x"])


# ---- turned round ----


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_a_reversed_gradient_is_minus_so_many_slopes(weight: float) -> None:
    text = f"net n(x: 4) {{\n  below: dense(4) -> tanh -> reverse_gradient({weight})\n  above: dense(2)\n}}\n"
    net = loads(text + "train { loss: mse(above, target) }")
    graph = exact(net)
    below = [name for name in leaves(graph) if name.startswith("below") or name == "x"]
    agree_with_slopes(graph, below, times=-weight)
    agree_with_slopes(graph, [name for name in leaves(graph) if name not in below])
    within(compared(net.training.graph, "inference", "float64", gradients=True), FLOAT64)


# ---- training and inference ----


def test_two_modes_of_one_graph() -> None:
    """The graph of a net is for neither; a pass gives the form for each, and both read the same states."""
    net = loads("net n(x: 4) {\n  dense(6) -> batchnorm -> relu -> dropout(0.5) -> dense(3) -> softmax\n}")
    graph = net.training.graph
    learning, telling = (run(graph, passes) for passes in (TRAINING, INFERENCE))
    assert [n.op.name for n in telling if n.op.name == "dropout"] == []
    assert {n.name for n in telling.states} < {n.name for n in learning.states}  # and one counter of random numbers
    assert telling.updates == {}
    assert graph.updates == {}
    states = initial_states(learning, seed=0)
    learner = Runner(learning, states)
    teller = Runner(telling, learner.states)
    feeds = {"x": drawn(32, 4) + 3, "label": np.arange(32) % 3}
    first, before = learner.run(feeds), teller.run(feeds)
    assert not np.array_equal(first["output"], learner.run(feeds)["output"])  # other elements are dropped
    assert np.array_equal(before["output"], teller.run(feeds)["output"])
    for _ in range(60):
        learner.run(feeds)
    teller = Runner(telling, learner.states)  # what it learned of mean and variance
    normal = next(n.name for n in telling if n.op.name == "batchnorm")
    (y,) = teller.run(feeds, [normal]).values()
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-2)
    np.testing.assert_allclose(y.std(axis=0), 1, atol=5e-2)


# ---- what has no gradient ----

NO_SLOPE = """
net n(words: ids(9)@T, x: 4) {
  let seen = words -> embed(4) -> globalavgpool
  let still = x -> batchnorm -> stop_gradient
  out: seen * still -> dense(3) -> softmax
}
"""


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("words", "E0204", "its input words holds whole numbers, which have no slope"),
        ("words", "E0204", "take the gradient by what comes after them, such as seen.embed"),
        ("label", "E0204", "its input label holds whole numbers"),
        ("x", "E0705", "has no gradient by x (input): all ways from it are constants behind still.stop_gradient"),
        ("loss.unheard", "E0101", "no node loss.unheard"),
    ],
)
def test_what_has_no_gradient_says_what_to_do(name: str, code: str, words: str) -> None:
    feeds = {"words": np.array([[1, 2, 8]]), "x": drawn(1, 4), "label": np.array([0])}
    with pytest.raises(CnnGraphError) as caught:
        loads(NO_SLOPE).gradients(feeds, [name])
    assert caught.value.diagnostics[0].code == code
    assert words in str(caught.value)


def test_the_running_mean_is_no_weight() -> None:
    net = loads("net n(x: 4) = batchnorm -> dense(2)\ntrain { loss: mse(output, target) }")
    with pytest.raises(CnnGraphError) as caught:
        net.gradients({"x": drawn(2, 4), "target": drawn(2, 2)}, ["batchnorm.mean"])
    assert "E0204" in str(caught.value)
    assert "batchnorm cannot be differentiated by its input mean" in str(caught.value)


def test_a_gradient_of_a_gradient_is_refused() -> None:
    net = loads("net n(x: 4) = dense(3) -> tanh\ntrain { loss: mse(output, target) }")
    graph = run(net.training.graph, INFERENCE)
    once = grad(graph, graph.outputs["loss"], ["x"])
    text = to_text(once).partition("output")[0] + "zero: f32[batch, 4] = input\n"
    text += f"second: f32 = mse <- {once.outputs['gradient.x']}, zero\noutput second = second\n"
    twice = from_text(text)
    with pytest.raises(CnnGraphError) as caught:
        grad(twice, Ref("second"), ["x"])
    assert {found.code for found in caught.value.diagnostics} == {"E0204"}
    assert "a gradient of a gradient is not available" in str(caught.value)
    assert "finite differences" in str(caught.value)
