"""Optimizers as operators, against PyTorch over several steps and against their formulas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cnngraph.ir.op import Array, Op, OpError, rng
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.ops.adagrad import Adagrad
from cnngraph.ops.adam import Adam
from cnngraph.ops.adamw import AdamW
from cnngraph.ops.rmsprop import RmsProp
from cnngraph.ops.sgd import Sgd

STEPS = 10


def run(optimizer: Op, weight: Array, gradients: list[Array], rates: list[float]) -> Array:
    """The weight after one step for each gradient; states begin as the optimizer says."""
    kind = TensorType(weight.shape, str(weight.dtype))
    weights = optimizer.weight_types(kind, kind, TensorType(())).values()
    states = [np.full(w.type.concrete, 0 if w.initial == "zeros" else float(w.initial), w.type.dtype) for w in weights]
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
    (Adam(0.1, beta2=0.5, amsgrad=True), "Adam", {"lr": 0.1, "betas": (0.9, 0.5), "amsgrad": True}),
    (AdamW(0.1), "AdamW", {"lr": 0.1}),
    (AdamW(0.1, weight_decay=0.2, amsgrad=True), "AdamW", {"lr": 0.1, "weight_decay": 0.2, "amsgrad": True}),
    (Adagrad(0.1), "Adagrad", {"lr": 0.1}),
    (
        Adagrad(0.1, 0.5, 1e-3, 0.2),
        "Adagrad",
        {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3, "weight_decay": 0.2},
    ),
    (RmsProp(), "RMSprop", {}),
    (RmsProp(0.1, weight_decay=0.2), "RMSprop", {"lr": 0.1, "weight_decay": 0.2}),
    (RmsProp(0.1, 0.9, 0.5), "RMSprop", {"lr": 0.1, "alpha": 0.9, "momentum": 0.5}),
    (RmsProp(0.1, centered=True), "RMSprop", {"lr": 0.1, "centered": True}),
    (
        RmsProp(0.1, 0.9, 0.5, 1e-3, True, 0.2),
        "RMSprop",
        {"lr": 0.1, "alpha": 0.9, "momentum": 0.5, "eps": 1e-3, "centered": True, "weight_decay": 0.2},
    ),
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


# Numbers that ONNX's attributes, which are float32, hold exactly.
ONNX = [
    (Sgd(0.1, 0.875), "Momentum"),
    (Sgd(0.1, 0.875, weight_decay=0.25), "Momentum"),
    (Sgd(0.1, 0.875, True, 0.25), "Momentum"),
    (Adagrad(0.1, epsilon=2**-10, weight_decay=0.25), "Adagrad"),
    (Adam(0.1, 0.875, 0.75, epsilon=2**-10, weight_decay=0.25), "Adam"),
]


@pytest.mark.parametrize(("optimizer", "name"), ONNX, ids=str)
def test_onnx_takes_the_same_steps(optimizer: Sgd | Adam | Adagrad, name: str) -> None:
    pytest.importorskip("onnx", reason="ONNX's reference implementation is the oracle of this test")
    weight, gradients = draw()
    kind = TensorType(weight.shape, "float64")
    states = [np.zeros(w.type.concrete) for w in optimizer.weight_types(kind, kind, TensorType(())).values()]
    for step, gradient in enumerate(gradients, start=1):
        twin = onnx_step(name, onnx_attributes(optimizer, step), 1 if name != "Adam" else 2)
        feeds = [np.array(optimizer.lr), np.array(step), weight, gradient, *states[:2]]
        expected = twin.run(None, dict(zip(twin.input_names, feeds, strict=True)))
        weight, *states = optimizer.apply([weight, gradient, np.array(1.0), *states])
        for ours, theirs in zip((weight, *states), expected, strict=False):
            np.testing.assert_allclose(ours, theirs, rtol=1e-7 if name == "Adam" else 1e-12)


def onnx_attributes(optimizer: Sgd | Adam | Adagrad, step: int) -> dict[str, object]:
    """The attributes of the ONNX operator that means the same."""
    decay = {"norm_coefficient": optimizer.weight_decay}
    match optimizer:
        case Sgd():
            mode = "nesterov" if optimizer.nesterov else "standard"
            return {**decay, "alpha": optimizer.momentum, "beta": 1.0, "mode": mode}
        case Adagrad():
            return {**decay, "epsilon": optimizer.epsilon, "decay_factor": 0.0}
    epsilon = optimizer.epsilon * np.sqrt(1 - optimizer.beta2**step)  # ONNX adds it before the correction
    return {**decay, "alpha": optimizer.beta1, "beta": optimizer.beta2, "epsilon": epsilon}


def onnx_step(name: str, attributes: dict[str, object], states: int) -> Any:
    """One node of ai.onnx.preview.training, ready to run: (rate, count, weight, gradient, states) -> weight, states."""
    from onnx import TensorProto, helper
    from onnx.reference import ReferenceEvaluator

    kept = [f"state{i}" for i in range(states)]
    domain = "ai.onnx.preview.training"
    node = helper.make_node(name, ["r", "t", "x", "g", *kept], ["y", *(f"{s}_out" for s in kept)], domain=domain)
    node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
    inputs, outputs = (
        [helper.make_tensor_value_info(i, TensorProto.INT64 if i == "t" else TensorProto.DOUBLE, None) for i in names]
        for names in (node.input, node.output)
    )
    graph = helper.make_graph([node], name, inputs, outputs)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(domain, 1)]
    return ReferenceEvaluator(helper.make_model(graph, opset_imports=opsets))


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
    for optimizer in (Sgd(0.1, 0.9), Adam(), AdamW(), Adagrad(), RmsProp()):
        assert (run(optimizer, weight, gradients[:1], [0.0]) == weight).all()


def test_a_centered_rmsprop_outlives_a_variance_that_rounding_makes_negative() -> None:
    optimizer = RmsProp(decay=0.1, centered=True)
    gradients = [np.full(50, g, np.float32) for g in np.linspace(0.3, 0.7, 50, dtype=np.float32).repeat(5)]
    assert np.isfinite(run(optimizer, np.zeros(50, np.float32), gradients, [1.0] * len(gradients))).all()


def test_decoupled_decay_shrinks_a_weight_without_a_gradient() -> None:
    weight = np.arange(3.0)
    after = run(AdamW(0.5, weight_decay=0.1), weight, [np.zeros(3)] * 2, [1.0, 0.5])
    assert after == pytest.approx(weight * 0.95 * 0.975)


def test_states_follow_the_momentum() -> None:
    kind = TensorType((2, 3))
    assert not Sgd().changes_state
    assert Sgd().weight_types(kind, kind, TensorType(())) == {}
    assert Sgd(momentum=0.9).changes_state
    assert list(Adam().weight_types(kind, kind, TensorType(()))) == ["first", "second", "step"]


def test_scalar_weights_are_stepped_as_arrays() -> None:
    for optimizer in (Sgd(0.1), Sgd(0.1, 0.9, True), Adam(), AdamW(), Adagrad(), RmsProp(0.1, 0.9, 0.5, 1e-8, True)):
        after = run(optimizer, np.array(1.0), [np.array(2.0)], [1.0])
        assert isinstance(after, np.ndarray)
        assert after.shape == ()


def test_optimizers_are_found_by_their_mark() -> None:
    assert {name for name, cls in registry().items() if cls.optimizer} >= {"sgd", "adam", "adamw", "adagrad", "rmsprop"}
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
        (AdamW(weight_decay=-1), "the weight_decay of adamw must be 0 or more, not -1"),
        (Adagrad(initial=-1), "the initial of adagrad must be 0 or more, not -1"),
        (Adagrad(epsilon=-1), "the epsilon of adagrad must be above 0, not -1"),
        (RmsProp(decay=1), "the decay of rmsprop must be at least 0 and below 1, not 1"),
        (RmsProp(momentum=1), "the momentum of rmsprop must be at least 0 and below 1, not 1"),
        (RmsProp(epsilon=0), "the epsilon of rmsprop must be above 0, not 0"),
    ],
    ids=str,
)
def test_a_field_outside_its_range_is_refused(optimizer: Op, message: str) -> None:
    kind = TensorType((2, 3))
    with pytest.raises(OpError) as caught:
        optimizer.infer(kind, kind, TensorType(()))
    assert (caught.value.code, caught.value.message) == ("E0108", message)


@pytest.mark.parametrize("optimizer", [Sgd(), Adam(), AdamW(), Adagrad(), RmsProp()], ids=str)
def test_operands_that_do_not_belong_together_are_refused(optimizer: Op) -> None:
    kind, rate = TensorType((2, 3)), TensorType(())
    turned, longer = TensorType((3, 2)), replace(kind, dtype="float64")
    for operands in ((kind, turned, rate), (kind, longer, rate), (kind, kind, kind)):
        with pytest.raises(OpError) as caught:
            optimizer.infer(*operands)
        assert caught.value.code == "E0204"
