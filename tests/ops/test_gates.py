"""Operators that change only what comes back: one stops gradients, one turns them round."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.autodiff.grad import grad
from cnngraph.autodiff.step import trainable_states
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, OpError, rng
from cnngraph.ir.text import from_text
from cnngraph.ir.types import TensorType
from cnngraph.ops.reverse_gradient import ReverseGradient
from cnngraph.runtime.runner import Runner

TEXT = """\
graph gate
x: f32[batch, 4] = input
target: f32[batch, 2] = input
below.weight: f32[4, 3] = state(initial='he') with below
below: f32[batch, 3] = dense(features=3, bias=False) <- x, below.weight
gate: f32[batch, 3] = GATE <- below
above.weight: f32[3, 2] = state(initial='he') with above
above: f32[batch, 2] = dense(features=2, bias=False) <- gate, above.weight
loss: f32 = mse <- above, target
output loss = loss
"""
BELOW, ABOVE = "below.weight", "above.weight"


def behind(gate: str) -> Graph:
    return from_text(TEXT.replace("GATE", gate))


def slopes(gate: str, *wrt: str) -> dict[str, Array]:
    graph = behind(gate)
    numbers = rng(7)
    states = {node.name: numbers.normal(size=node.type.concrete).astype(np.float32) for node in graph.states}
    feeds = {n.name: numbers.normal(size=n.type.bind(batch=5).concrete).astype(np.float32) for n in graph.inputs}
    return Runner(grad(graph, graph.outputs["loss"], wrt), states).run(feeds)


def test_values_pass_unchanged() -> None:
    losses = {float(slopes(gate)["loss"]) for gate in ("identity", "stop_gradient", "reverse_gradient(weight=3.0)")}
    assert len(losses) == 1


@pytest.mark.parametrize("weight", [1.0, 0.25, 0.0])
def test_a_reversed_gradient_has_the_other_sign_before_the_gate_only(weight: float) -> None:
    plain = slopes("identity", BELOW, ABOVE)
    turned = slopes(f"reverse_gradient(weight={weight})", BELOW, ABOVE)
    np.testing.assert_array_equal(turned[f"gradient.{ABOVE}"], plain[f"gradient.{ABOVE}"])
    np.testing.assert_allclose(turned[f"gradient.{BELOW}"], -weight * plain[f"gradient.{BELOW}"], rtol=1e-6)
    assert np.abs(plain[f"gradient.{BELOW}"]).max() > 0.01


def test_a_weight_below_zero_is_refused() -> None:
    with pytest.raises(OpError, match="0 or more, not -1"):
        ReverseGradient(-1.0).infer(TensorType.of(3))


def test_what_stands_before_a_stop_is_not_trained() -> None:
    graph = behind("stop_gradient")
    assert trainable_states(graph, graph.outputs["loss"]) == (ABOVE,)
    assert trainable_states(behind("identity"), graph.outputs["loss"]) == (BELOW, ABOVE)


def test_no_gradient_is_computed_before_a_stop() -> None:
    graph = behind("stop_gradient")
    whole = grad(graph, graph.outputs["loss"], [ABOVE])
    assert [n.name for n in whole if n.name.startswith("gradient.")] == [
        "gradient.seed", "gradient.loss.prediction", "gradient.above.weight",
    ]
    with pytest.raises(CnnGraphError, match=r"E0705.*no gradient by below\.weight.*constants behind gate"):
        grad(graph, graph.outputs["loss"], [BELOW])


def test_a_gradient_goes_round_a_stop() -> None:
    """What is used beside the gate, too, has the gradient of that use alone."""
    text = TEXT.replace("dense(features=2, bias=False) <- gate", "dense(features=2, bias=False) <- sum")
    text = text.replace("above.weight: f32", "sum: f32[batch, 3] = add <- below, gate\nabove.weight: f32", 1)
    found = grad(from_text(text.replace("GATE", "stop_gradient")), behind("identity").outputs["loss"], [BELOW])
    assert "gradient.sum.x0" in found
    assert "gradient.sum.x1" not in found
