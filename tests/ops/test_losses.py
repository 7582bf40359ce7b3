"""Losses: their values, their limits, and what they refuse. Their gradients are in test_contract and test_pytorch."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import Array, Op, OpError
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.net import loads
from cnngraph.ops.bce import Bce
from cnngraph.ops.contrastive import Contrastive
from cnngraph.ops.cross_entropy import CrossEntropy
from cnngraph.ops.hinge import Hinge
from cnngraph.ops.kl_divergence import KlDivergence
from cnngraph.ops.l1 import L1
from cnngraph.ops.mse import Mse
from cnngraph.ops.multiclass_hinge import MulticlassHinge
from cnngraph.ops.sigmoid_bce import SigmoidBce
from cnngraph.ops.smooth_l1 import SmoothL1
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.softmax_cross_entropy import SoftmaxCrossEntropy
from cnngraph.ops.triplet import Triplet

GRID, CLASSES = TensorType.of(3, (4, 5)), TensorType.ids(3, (4, 5))


def value(loss: Op, *inputs: Array) -> float:
    return float(loss.apply(inputs)[0])


def slope(loss: Op, prediction: Array, label: Array) -> Array:
    wanted = loss.operands[0]
    saved = dict(zip(loss.operands, (prediction, label), strict=True))
    return loss.vjp(wanted, np.ones((), prediction.dtype), saved, {wanted: prediction.shape})


def test_uniform_probabilities_cost_the_logarithm_of_their_number() -> None:
    label = np.array([0, 3, 9])
    assert value(CrossEntropy(), np.full((3, 10), 0.1), label) == pytest.approx(np.log(10))
    assert value(SoftmaxCrossEntropy(), np.full((3, 10), -7.0), label) == pytest.approx(np.log(10))


def test_certainty_costs_nothing() -> None:
    label = np.array([1, 0])
    assert value(CrossEntropy(), np.array([[0.0, 1.0], [1.0, 0.0]]), label) == 0
    assert value(SoftmaxCrossEntropy(), np.array([[0.0, 99.0], [99.0, 0.0]]), label) == pytest.approx(0)


def test_the_fusion_is_softmax_and_then_cross_entropy() -> None:
    logits = np.linspace(-2, 3, 2 * 4 * 5 * 3).reshape(2, 4, 5, 3)
    label = np.arange(40).reshape(2, 4, 5) % 3
    probabilities = Softmax().forward(logits)
    assert value(SoftmaxCrossEntropy(), logits, label) == pytest.approx(value(CrossEntropy(), probabilities, label))
    through = Softmax().vjp("x", slope(CrossEntropy(), probabilities, label), {"y": probabilities}, {})
    np.testing.assert_allclose(slope(SoftmaxCrossEntropy(), logits, label), through, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_impossible_label_costs_a_finite_amount(dtype: str) -> None:
    prediction, label = np.array([[1, 0], [0.5, 0.5]], dtype), np.array([1, 0])
    tiny = np.finfo(dtype).tiny
    assert value(CrossEntropy(), prediction, label) == pytest.approx((np.log(2) - np.log(tiny)) / 2, rel=1e-6)
    np.testing.assert_array_equal(slope(CrossEntropy(), prediction, label), np.array([[0, 0], [-1, 0]], dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_fusion_neither_overflows_nor_underflows(dtype: str) -> None:
    logits, label = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype), np.array([1, 1])
    assert value(SoftmaxCrossEntropy(), logits, label) == 1e4
    np.testing.assert_array_equal(slope(SoftmaxCrossEntropy(), logits, label), np.array([[0.5, -0.5], [0, 0]], dtype))


def test_a_mean_does_not_grow_with_batch_or_positions() -> None:
    prediction, label = np.array([[0.25, 0.75]]), np.array([1])
    many = np.broadcast_to(prediction, (7, 5, 6, 2)), np.ones((7, 5, 6), np.int64)
    for loss in (CrossEntropy(), SoftmaxCrossEntropy()):
        assert value(loss, *many) == pytest.approx(value(loss, prediction, label))
    assert value(Mse(), *(np.full((7, 5, 6, 2), x) for x in (1.0, 4.0))) == 9


def test_gradients_of_a_fusion_sum_to_zero_at_each_position() -> None:
    logits = np.linspace(-2, 3, 24).reshape(2, 4, 3)
    dx = slope(SoftmaxCrossEntropy(), logits, np.arange(8).reshape(2, 4) % 3)
    np.testing.assert_allclose(dx.sum(axis=-1), 0, atol=1e-16)


@pytest.mark.parametrize("loss", [CrossEntropy(), SoftmaxCrossEntropy(), MulticlassHinge()], ids=str)
def test_a_target_has_one_kind_of_label_for_each_channel(loss: Op) -> None:
    assert loss.target(GRID) == CLASSES
    assert loss.infer(GRID, loss.target(GRID)) == TensorType(())


@pytest.mark.parametrize("loss", [Mse(), L1(), SmoothL1(), Bce()], ids=str)
def test_features_are_compared_with_features_of_the_same_shape(loss: Op) -> None:
    name = loss.name
    assert loss.target(GRID) == GRID
    assert loss.infer(GRID, GRID) == TensorType(())
    other = TensorType.of(3, (5, 4))
    assert refusal(loss, GRID, other) == f"{name} compares 3@4x5 with 3@5x4: their shapes differ"
    assert refusal(loss, GRID, CLASSES) == f"{name} needs features, but receives ids(3)@4x5"
    with pytest.raises(OpError, match="needs features"):
        loss.target(CLASSES)


def test_smooth_l1_is_a_parabola_within_beta_and_a_line_beyond() -> None:
    zero = np.zeros((1, 1))
    assert [value(SmoothL1(2.0), np.full((1, 1), d), zero) for d in (-1.0, 2.0, 5.0)] == [0.25, 1.0, 4.0]
    with pytest.raises(OpError, match="above 0, not 0"):
        SmoothL1(0.0).infer(GRID, GRID)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_certainty_of_what_is_wrong_costs_a_finite_amount(dtype: str) -> None:
    prediction, target = np.array([[0, 1, 1, 0.5]], dtype), np.array([[1, 0, 1, 1]], dtype)
    assert value(Bce(), prediction, target) == pytest.approx((np.log(2) - 2 * np.log(np.finfo(dtype).tiny)) / 4)
    saved = {"prediction": prediction, "target": target}
    slopes = Bce().vjp("prediction", np.ones((), dtype), saved, {})
    np.testing.assert_array_equal(slopes, np.array([[0, 0, -0.25, -0.5]], dtype))


def test_bce_of_pytorch_agrees() -> None:
    torch = pytest.importorskip("torch")
    prediction, target = np.linspace(0.01, 0.99, 12), np.tile([0.0, 1.0, 0.5], 4)
    theirs = torch.nn.functional.binary_cross_entropy(torch.from_numpy(prediction), torch.from_numpy(target))
    assert value(Bce(), prediction, target) == pytest.approx(float(theirs), rel=1e-12)


def test_triplets_that_are_far_enough_apart_cost_nothing() -> None:
    anchor, near, far = np.zeros((2, 3)), np.full((2, 3), 0.1), np.full((2, 3), 2.0)
    assert value(Triplet(0.2), anchor, near, far) == 0
    assert value(Triplet(0.2), anchor, far, near) == pytest.approx(12 - 0.03 + 0.2)
    vector = TensorType.of(3)
    assert refusal(Triplet(), vector, vector, TensorType.of(4)) == "triplet compares 3 with 4: their shapes differ"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loss_has_the_dtype_of_the_prediction(dtype: str) -> None:
    grid = TensorType.of(3, (4, 5), dtype)
    for loss in (CrossEntropy(), SoftmaxCrossEntropy(), Mse(), L1(), SmoothL1(), Bce()):
        assert loss.infer(grid, loss.target(grid)) == TensorType((), dtype)


def refusal(loss: Op, *inputs: TensorType) -> str:
    with pytest.raises(OpError) as caught:
        loss.infer(*inputs)
    assert caught.value.code == "E0204"
    return caught.value.message


@pytest.mark.parametrize("loss", [CrossEntropy(), SoftmaxCrossEntropy()], ids=str)
def test_what_cannot_be_compared_is_refused_with_its_numbers(loss: Op) -> None:
    name = loss.name
    fewer, elsewhere = TensorType.ids(2, (4, 5)), TensorType.ids(3, (5, 4))
    assert refusal(loss, GRID, fewer) == f"{name} compares 3 channels with labels of 2 kinds"
    assert refusal(loss, GRID, elsewhere) == f"{name} compares 3@4x5 with ids(3)@5x4: their positions differ"
    assert refusal(loss, GRID, GRID) == f"the label of {name} must be ids, but is 3@4x5"
    assert refusal(loss, CLASSES, CLASSES) == f"{name} needs features, but receives ids(3)@4x5"


def test_losses_are_found_by_their_mark() -> None:
    assert {name for name, cls in registry().items() if cls.loss} >= {"cross_entropy", "softmax_cross_entropy", "mse"}


@pytest.mark.parametrize("loss", [KlDivergence(), Hinge(), SigmoidBce()], ids=str)
def test_targets_of_the_same_shape(loss: Op) -> None:
    assert loss.target(GRID) == GRID
    assert loss.infer(GRID, GRID) == TensorType(())
    other = TensorType.of(3, (5, 4))
    assert refusal(loss, GRID, other) == f"{loss.name} compares 3@4x5 with 3@5x4: their shapes differ"


def test_what_the_target_excludes_costs_no_divergence() -> None:
    p, t = np.array([[0.25, 0.75, 0.0]]), np.array([[0.25, 0.75, 0.0]])
    assert value(KlDivergence(), p, t) == 0
    assert value(KlDivergence(), p, np.array([[0.0, 1.0, 0.0]])) == pytest.approx(-np.log(0.75))
    dear = value(KlDivergence(), p, np.array([[0.0, 0.0, 1.0]]))
    assert dear == pytest.approx(-np.log(np.finfo(np.float64).tiny))


def test_the_perceptron_criterion_gives_the_rule_of_rosenblatt() -> None:
    """A sample on the wrong side moves the weights by its target times itself; one on the right side by nothing."""
    x, target, weight = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1.0], [1.0]]), np.array([[-2.0], [1.0]])
    score = x @ weight + np.array([[-0.5], [9.0]])
    saved = {"prediction": score, "target": target}
    slopes = Hinge(margin=0).vjp("prediction", np.ones(()), saved, {})
    np.testing.assert_array_equal(-2 * x.T @ slopes, target[0] * x[:1].T)


@pytest.mark.parametrize("loss", [Hinge(-0.5), MulticlassHinge(-0.5), Contrastive(0.0)], ids=str)
def test_margins_have_a_lowest_value(loss: Op) -> None:
    types = {2: (GRID, CLASSES if isinstance(loss, MulticlassHinge) else GRID), 3: (GRID, GRID, TensorType.ids(2))}
    with pytest.raises(OpError, match=f"the margin of {loss.name} must be") as caught:
        loss.infer(*types[len(loss.operands)])
    assert caught.value.code == "E0108"


def test_a_pair_has_one_label_of_two_kinds() -> None:
    vector = TensorType.of(3)
    assert Contrastive().target(GRID) == TensorType.ids(2)
    assert Contrastive().infer(GRID, GRID, TensorType.ids(2)) == TensorType(())
    wrong = "contrastive needs one ids(2) for each pair, but receives "
    for label in (TensorType.ids(3), TensorType.ids(2, (4,)), vector):
        assert refusal(Contrastive(), vector, vector, label) == f"{wrong}{label}"
    assert "shapes differ" in refusal(Contrastive(), vector, GRID, TensorType.ids(2))


def test_equal_vectors_that_should_differ_have_no_slope() -> None:
    same = np.ones((1, 3))
    saved = {"left": same, "right": same, "alike": np.array([0])}
    assert value(Contrastive(2.0), *saved.values()) == 2.0
    np.testing.assert_array_equal(Contrastive(2.0).vjp("left", np.ones(()), saved, {}), np.zeros((1, 3)))


@pytest.mark.parametrize("loss", [CrossEntropy, SoftmaxCrossEntropy])
def test_smoothing_and_class_weights_have_ranges(loss: type[CrossEntropy]) -> None:
    fields: tuple[tuple[float, tuple[float, ...], str], ...] = (
        (1.0, (), "at least 0 and below 1, not 1.0"),
        (0.0, (1.0, 2.0), "has 2 class_weights for 3 channels"),
        (0.0, (1.0, -1.0, 1.0), "must be 0 or more, and not all 0"),
        (0.0, (0.0, 0.0, 0.0), "must be 0 or more, and not all 0"),
    )
    for smoothing, weights, words in fields:
        with pytest.raises(OpError, match=words) as caught:
            loss(smoothing, weights).infer(GRID, CLASSES)
        assert caught.value.code == "E0108"


def test_a_class_of_weight_zero_is_ignored() -> None:
    p, label = np.array([[0.5, 0.5], [0.9, 0.1], [0.25, 0.75]]), np.array([0, 1, 0])
    loss = CrossEntropy(class_weights=(1.0, 0.0))
    assert value(loss, p, label) == pytest.approx(-(np.log(0.5) + np.log(0.25)) / 2)
    assert np.isnan(value(loss, p, np.ones(3, np.int64)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_of_any_size_have_a_binary_loss(dtype: str) -> None:
    logits, target = np.array([[1e4, -1e4, 1e4, 0]], dtype), np.array([[1, 0, 0, 1]], dtype)
    assert value(SigmoidBce(), logits, target) == pytest.approx((1e4 + np.log(2)) / 4)
    np.testing.assert_array_equal(slope(SigmoidBce(), logits, target) * 4, np.array([[0, 0, 1, -0.5]], dtype))


def test_smoothing_and_class_weights_are_written_in_a_file_and_kept_in_training() -> None:
    text = """cnn 1
net n(x: 4) = dense(3) -> softmax
train { loss: cross_entropy(output, label, smoothing = 0.1, class_weights = (1, 2.5, 0)) }
"""
    loss = loads(text).training_graph()["loss.cross_entropy"]
    assert loss.op == SoftmaxCrossEntropy(0.1, (1.0, 2.5, 0.0))
    with pytest.raises(CnnGraphError, match="`class_weights` of cross_entropy is numbers such as"):
        loads(text.replace("(1, 2.5, 0)", "same")).training_graph()


def test_a_sigmoid_and_its_loss_are_trained_in_one_step() -> None:
    graph = loads("cnn 1\nnet n(x: 4) = dense(3) -> sigmoid\ntrain { loss: bce(output, target) }").training_graph()
    assert "sigmoid_bce" in {node.op.name for node in graph}
    assert "bce" not in {node.op.name for node in graph}


@pytest.mark.parametrize(
    ("loss", "inputs"),
    [
        ("kl_divergence(output, teacher)", {"teacher": TensorType.of(3)}),
        ("hinge(output, side, margin = 0)", {"side": TensorType.of(3)}),
        ("multiclass_hinge(output, label)", {"label": TensorType.ids(3)}),
        ("contrastive(output, twin, alike, margin = 2)", {"twin": TensorType.of(3), "alike": TensorType.ids(2)}),
    ],
)
def test_inputs_that_only_a_loss_names(loss: str, inputs: dict[str, TensorType]) -> None:
    if "twin" in inputs:
        text = f"cnn 1\nnet n(x: 4, twin: 3) = x -> dense(3)\ntrain {{ loss: {loss} }}"
    else:
        text = f"cnn 1\nnet n(x: 4) = dense(3) -> softmax\ntrain {{ loss: {loss} }}"
    graph = loads(text).training_graph()
    assert {name: graph[name].type for name in inputs} == inputs
