from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from autodiff.interpreter import evaluate, filled

from cnngraph.autodiff.grad import grad
from cnngraph.autodiff.step import trainable_states, training_step
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Ref
from cnngraph.ir.text import from_text, to_text
from cnngraph.ops.adam import Adam
from cnngraph.ops.adamw import AdamW
from cnngraph.ops.sgd import Sgd

LINE = from_text("""\
graph line
x: f32[2, 3] = input
target: f32[2, 1] = input
d.weight: f32[3, 1] = state(initial='he') with d
d.bias: f32[1] = state(initial='zeros') with d
d: f32[2, 1] = dense(features=1) <- x, d.weight, d.bias on gpu0
unread.weight: f32[3, 1] = state(initial='he')
loss: f32 = mse <- d, target
output loss = loss
""")


def test_a_step_goes_against_the_gradient() -> None:
    step = training_step(LINE, Ref("loss"), Sgd(lr=0.5))
    given = {**filled(LINE), "rate": np.float32([0.1]).reshape(())}
    values = evaluate(step, given)
    for name in ("d.weight", "d.bias"):
        expected = given[name] - np.float32(0.05) * values[f"gradient.{name}"]
        np.testing.assert_allclose(values[str(step.updates[name])], expected, rtol=1e-6)


def test_the_optimizer_keeps_its_own_states_beside_the_weight() -> None:
    step = training_step(LINE, Ref("loss"), Sgd(momentum=0.9), ["d.weight"])
    assert step.updates == {
        "d.weight": Ref("update.d.weight"),
        "update.d.weight.velocity": Ref("update.d.weight", 1),
    }
    assert step["update.d.weight"].inputs == tuple(
        map(Ref, ("d.weight", "gradient.d.weight", "rate", "update.d.weight.velocity"))
    )
    assert step["update.d.weight"].colocated == "d"
    assert step["update.d.weight.velocity"].colocated == "d"
    assert "gradient.d.bias" not in step
    assert from_text(to_text(step)) == step


def test_all_states_of_an_optimizer_are_updated() -> None:
    step = training_step(LINE, Ref("loss"), Adam(), ["d.bias"])
    assert list(step.updates) == ["d.bias", *(f"update.d.bias.{key}" for key in ("first", "second", "step"))]


def test_only_what_the_loss_depends_on_is_trained() -> None:
    assert trainable_states(LINE, Ref("loss")) == ("d.weight", "d.bias")


def test_updates_of_the_forward_pass_stay() -> None:
    graph = from_text(to_text(LINE) + "update unread.weight = d.weight\n")
    assert training_step(graph, Ref("loss"), Sgd()).updates["unread.weight"] == Ref("d.weight")


def test_steps_lower_the_loss() -> None:
    step = training_step(LINE, Ref("loss"), Sgd(lr=0.1, momentum=0.5))
    given = {**filled(step), "rate": np.array(1.0, np.float32)}
    given.update({name: np.zeros_like(given[name]) for name in given if name.endswith("velocity")})
    losses = []
    for _ in range(20):
        values = evaluate(step, given)
        losses.append(values["loss"])
        given.update({name: values[str(ref)] for name, ref in step.updates.items()})
    assert losses[-1] < 0.05 * losses[0]


def test_gradients_by_weights_are_those_of_grad() -> None:
    step, alone = training_step(LINE, Ref("loss"), Sgd()), grad(LINE, Ref("loss"), ["d.weight", "d.bias"])
    assert step.nodes[: len(alone.nodes)] == alone.nodes


def test_the_name_of_the_rate_must_be_free() -> None:
    graph = from_text(to_text(LINE).replace("target", "rate"))
    with pytest.raises(CnnGraphError, match="rate belongs to the learning rate"):
        training_step(graph, Ref("loss"), Sgd())


def test_weight_decay_can_spare_states_of_one_axis() -> None:
    for optimizer in (Sgd(weight_decay=0.1), AdamW(weight_decay=0.1)):
        every = training_step(LINE, Ref("loss"), optimizer)
        assert every["update.d.weight"].op == every["update.d.bias"].op == optimizer
        matrices = training_step(LINE, Ref("loss"), optimizer, decay_axes=2)
        assert matrices["update.d.weight"].op == optimizer
        assert matrices["update.d.bias"].op == replace(optimizer, weight_decay=0.0)
