"""Optimizers as operators, against PyTorch over several steps and against their formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnngraph.ir.op import Array, Op, OpError, registry, rng
from cnngraph.ir.types import TensorType
from cnngraph.ops.adam import Adam
from cnngraph.ops.sgd import Sgd

STEPS = 6


def run(optimizer: Op, weight: Array, gradients: list[Array], rates: list[float]) -> Array:
    """The weight after one step for each gradient; all states begin with zeros."""
    kind = TensorType(weight.shape, str(weight.dtype))
    types = [w.type for w in optimizer.weight_types(kind, kind, TensorType(())).values()]
    states = [np.zeros(t.concrete, t.dtype) for t in types]
    for gradient, rate in zip(gradients, rates, strict=True):
        weight, *states = optimizer.apply([weight, gradient, np.array(rate, np.float32), *states])
    return weight


def draw(dtype: str = "float64") -> tuple[Array, list[Array]]:
    weight, *gradients = rng(3).normal(size=(STEPS + 1, 4, 3)).astype(dtype)
    return weight, gradients


PAIRS = [
    (Sgd(0.1), "SGD", {"lr": 0.1}),
    (Sgd(0.1, weight_decay=0.2), "SGD", {"lr": 0.1, "weight_decay": 0.2}),
    (Sgd(0.1, 0.9), "SGD", {"lr": 0.1, "momentum": 0.9}),
    (Sgd(0.1, 0.9, weight_decay=0.2), "SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2}),
    (Sgd(0.1, 0.9, True), "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (Sgd(0.1, 0.9, True, 0.2), "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.2}),
    (Adam(), "Adam", {}),
    (Adam(0.1, weight_decay=0.2), "Adam", {"lr": 0.1, "weight_decay": 0.2}),
    (Adam(0.1, 0.5, 0.75, 1e-3), "Adam", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3}),
]


@pytest.mark.parametrize("schedule", [lambda step: 1.0, lambda step: 0.5**step], ids=["constant", "halving"])
@pytest.mark.parametrize(("optimizer", "name", "options"), PAIRS, ids=[str(pair[0]) for pair in PAIRS])
def test_pytorch_takes_the_same_steps(optimizer, name, options, schedule) -> None:  # type: ignore[no-untyped-def]
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    weight, gradients = draw()
    rates = [schedule(step) for step in range(STEPS)]
    parameter = torch.nn.Parameter(torch.from_numpy(weight.copy()))
    twin = getattr(torch.optim, name)([parameter], **options)
    first_lr = twin.param_groups[0]["lr"]
    for gradient, rate in zip(gradients, rates, strict=True):
        twin.param_groups[0]["lr"] = first_lr * rate
        parameter.grad = torch.from_numpy(gradient)
        twin.step()
    np.testing.assert_allclose(run(optimizer, weight, gradients, rates), parameter.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("optimizer", [pair[0] for pair in PAIRS], ids=str)
def test_float32_stays_float32_and_close_to_float64(optimizer: Op) -> None:
    weight, gradients = draw()
    exact = run(optimizer, weight, gradients, [1.0] * STEPS)
    short = run(optimizer, weight.astype("float32"), [g.astype("float32") for g in gradients], [1.0] * STEPS)
    assert short.dtype == np.float32
    np.testing.assert_allclose(short, exact, rtol=1e-4, atol=1e-5)


def test_momentum_repeats_the_last_step() -> None:
    one, none = np.ones(1), np.zeros(1)
    assert run(Sgd(1.0, 0.5), none, [one, none, none], [1.0] * 3) == pytest.approx(-(1 + 0.5 + 0.25))


def test_the_first_step_of_adam_has_the_length_of_the_learning_rate() -> None:
    gradients = np.array([1e-3, -5.0, 700.0])
    assert run(Adam(0.1), np.zeros(3), [gradients], [1.0]) == pytest.approx(-0.1 * np.sign(gradients), rel=1e-4)


def test_adam_stands_still_without_a_gradient() -> None:
    weight = np.arange(3.0)
    assert (run(Adam(), weight, [np.zeros(3)] * 2, [1.0] * 2) == weight).all()


def test_a_rate_of_zero_changes_states_but_not_the_weight() -> None:
    weight, gradients = draw()
    for optimizer in (Sgd(0.1, 0.9), Adam()):
        assert (run(optimizer, weight, gradients[:1], [0.0]) == weight).all()


def test_states_follow_the_momentum() -> None:
    kind = TensorType((2, 3))
    assert not Sgd().changes_state
    assert Sgd().weight_types(kind, kind, TensorType(())) == {}
    assert Sgd(momentum=0.9).changes_state
    assert list(Adam().weight_types(kind, kind, TensorType(()))) == ["first", "second", "step"]


def test_scalar_weights_are_stepped_as_arrays() -> None:
    for optimizer in (Sgd(0.1), Sgd(0.1, 0.9, True), Adam()):
        after = run(optimizer, np.array(1.0), [np.array(2.0)], [1.0])
        assert isinstance(after, np.ndarray)
        assert after.shape == ()


def test_optimizers_are_found_by_their_mark() -> None:
    assert {name for name, cls in registry().items() if cls.optimizer} >= {"sgd", "adam"}
    assert not any(cls.internal or cls.saves for cls in registry().values() if cls.optimizer)


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (Sgd(lr=-1), "the lr of sgd must be 0 or more, not -1"),
        (Sgd(lr=float("nan")), "the lr of sgd must be 0 or more, not nan"),
        (Sgd(momentum=1), "the momentum of sgd must be at least 0 and below 1, not 1"),
        (Sgd(weight_decay=-0.1), "the weight_decay of sgd must be 0 or more, not -0.1"),
        (Sgd(nesterov=True), "nesterov of sgd needs a momentum"),
        (Adam(beta1=1), "the beta1 of adam must be at least 0 and below 1, not 1"),
        (Adam(beta2=1.5), "the beta2 of adam must be at least 0 and below 1, not 1.5"),
        (Adam(epsilon=0), "the epsilon of adam must be above 0, not 0"),
    ],
    ids=str,
)
def test_a_field_outside_its_range_is_refused(optimizer: Op, message: str) -> None:
    kind = TensorType((2, 3))
    with pytest.raises(OpError) as caught:
        optimizer.infer(kind, kind, TensorType(()))
    assert (caught.value.code, caught.value.message) == ("E0108", message)


@pytest.mark.parametrize("optimizer", [Sgd(), Adam()], ids=str)
def test_operands_that_do_not_belong_together_are_refused(optimizer: Op) -> None:
    kind, rate = TensorType((2, 3)), TensorType(())
    turned, longer = TensorType((3, 2)), replace(kind, dtype="float64")
    for operands in ((kind, turned, rate), (kind, longer, rate), (kind, kind, kind)):
        with pytest.raises(OpError) as caught:
            optimizer.infer(*operands)
        assert caught.value.code == "E0204"
