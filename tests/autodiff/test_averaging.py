"""Moving averages of states in the graph of a step."""

from __future__ import annotations

import numpy as np
import pytest
from autodiff.interpreter import evaluate, filled

from cnngraph.autodiff.averaging import Ema, average_of, exchanged
from cnngraph.autodiff.step import training_step
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Array, OpError, rng
from cnngraph.ir.text import from_text, to_text
from cnngraph.ir.types import TensorType
from cnngraph.ops.adam import Adam
from cnngraph.ops.moving_average import MovingAverage
from cnngraph.ops.sgd import Sgd

NET = from_text("""\
graph net
x: f32[2, 3] = input
target: f32[2, 1] = input
random: i64[2] = state(initial='key', trainable=False)
seen: f32[2, 3] = state(initial='zeros', trainable=False)
d.weight: f32[3, 1] = state(initial='he') with d
d: f32[2, 1] = linear(features=1, bias=False) <- x, d.weight on gpu0
loss: f32 = mse <- d, target
output loss = loss
update random = random
update seen = x
""")


def means(decay: float, values: Array) -> list[Array]:
    """The average after each value."""
    mean, count, found = np.full(values.shape[1:], 77.0), np.array(0.0), []
    for value in values:
        mean, count = MovingAverage(decay).forward(value, mean, count)
        found.append(mean)
    return found


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_an_average_is_the_weighted_mean_of_all_values(decay: float) -> None:
    values = rng(1).normal(size=(10, 4))
    for count, mean in enumerate(means(decay, values), start=1):
        weights = decay ** np.arange(count)[::-1]
        np.testing.assert_allclose(mean, np.average(values[:count], axis=0, weights=weights), rtol=1e-12)


def test_it_is_the_average_of_pytorch_once_the_first_value_is_forgotten() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    values = rng(2).normal(size=(200, 3))
    model = torch.nn.Linear(3, 1, bias=False).double()
    twin = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.8))
    for value in values:
        model.weight.data[0] = torch.from_numpy(value)
        twin.update_parameters(model)
    np.testing.assert_allclose(means(0.8, values)[-1], twin.module.weight[0].detach().numpy(), rtol=1e-12)


def test_every_state_that_a_step_changes_has_an_average_but_those_of_the_optimizer() -> None:
    step = training_step(NET, Ref("loss"), Adam(), average=Ema(0.9))
    averaged = [name for name in step.updates if average_of(name) in step.updates]
    assert averaged == ["seen", "d.weight"]  # whole numbers have none either
    assert step[average_of("d.weight")].colocated == step["update.d.weight.average"].colocated == "d"
    assert step["update.d.weight.average"].inputs[0] == Ref("update.d.weight")
    assert from_text(to_text(step)) == step


def test_an_average_does_not_change_the_step() -> None:
    step = training_step(NET, Ref("loss"), Sgd(0.1), average=Ema(0.5))
    given = {**filled(step), "rate": np.array(1.0, np.float32)}
    given["update.d.weight.average.count"] = np.array(1.0, np.float32)
    values = evaluate(step, given)
    alone = evaluate(training_step(NET, Ref("loss"), Sgd(0.1)), given)
    np.testing.assert_array_equal(values["update.d.weight"], alone["update.d.weight"])
    expected = given[average_of("d.weight")] / 3 + values["update.d.weight"] * 2 / 3
    np.testing.assert_allclose(values[str(step.updates[average_of("d.weight")])], expected, rtol=1e-6)


def test_states_and_averages_change_places() -> None:
    states = {"w": 1, "b": 2, average_of("w"): 3, "update.w.velocity": 4}
    swapped = exchanged(states)
    assert swapped == {"w": 3, "b": 2, average_of("w"): 1, "update.w.velocity": 4}
    assert list(swapped) == list(states)
    assert exchanged(swapped) == states


@pytest.mark.parametrize("decay", [1.0, -0.1, float("nan")])
def test_a_decay_is_at_least_0_and_below_1(decay: float) -> None:
    with pytest.raises(ValueError, match="decay is at least 0 and below 1"):
        Ema(decay)
    with pytest.raises(OpError, match="the decay of moving_average must be at least 0 and below 1"):
        MovingAverage(decay).infer(TensorType((3,)))
