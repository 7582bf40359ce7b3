"""Rows of tables and single places; norms of a sample; losses; steps of training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

import onnx
from interop.onnx.reading.models import Shape, agree, checked, computed, drawn, expected, model, node, operators
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading import read_model
from cnngraph.ir.op import Array

IMAGE: dict[str, Shape] = {"x": ["N", 4, 5, 6]}
SEQUENCE: dict[str, Shape] = {"x": ["N", 5, 8]}
IDS = {"i": TensorProto.INT64}


def ints(*numbers: int) -> Array:
    return np.array(numbers, np.int64)


def of_ids(made: onnx.ModelProto, below: int, *shape: int) -> Imported:
    """What was read, once its numbers for ids are those of ONNX Runtime."""
    ids = np.random.default_rng(0).integers(0, below, shape)
    found = read_model(made)
    agree(computed(found, {"i": ids}), expected(made, {"i": ids}))
    return found


# ---- rows and places ----


@pytest.mark.parametrize("shape", [(2, 5), (2, 5, 3), (4,)])
def test_rows_of_a_table(shape: tuple[int, ...]) -> None:
    made = model([node("Gather", ["t", "i"], ["y"])], {"i": ["N", *shape[1:]]}, weights={"t": drawn(9, 7)}, kinds=IDS)
    found = of_ids(made, 9, *shape)
    assert operators(found) == ["embed(7)"]
    assert found.graph.inputs[0].type.vocabulary == 9


def test_two_tables_of_one_kind_of_ids() -> None:
    nodes = [node("Gather", ["t", "i"], ["a"]), node("Gather", ["u", "i"], ["b"]), node("Add", ["a", "b"], ["y"])]
    made = model(nodes, {"i": ["N", 5]}, weights={"t": drawn(9, 7), "u": drawn(9, 7, seed=1)}, kinds=IDS)
    assert operators(of_ids(made, 9, 2, 5)) == ["embed(7)", "embed(7)", "add"]


def test_rows_along_another_axis_are_told() -> None:
    made = model([node("Gather", ["t", "i"], ["y"], axis=1)], {"i": ["N"]}, weights={"t": drawn(9, 7)}, kinds=IDS)
    with pytest.raises(CnnGraphError, match="rows along another axis than the first"):
        read_model(made)


PLACES = {
    "the first of a sequence": (SEQUENCE, 1, np.int64(0), ["position(0)"]),
    "the last of a sequence": (SEQUENCE, 1, np.int64(-1), ["position(-1)"]),
    "a list of one": (SEQUENCE, 1, ints(2), ["position(2)"]),
    "every second": (SEQUENCE, 1, ints(0, 2, 4), ["slice(0, 0, 2)"]),
}


@pytest.mark.parametrize(("inputs", "axis", "index", "wanted"), PLACES.values(), ids=PLACES)
def test_places_of_a_sequence(inputs: dict[str, Shape], axis: int, index: Array, wanted: list[str]) -> None:
    nodes = [node("MatMul", ["x", "m"], ["a"]), node("Gather", ["a", "i"], ["y"], axis=axis)]
    found = operators(checked(nodes, inputs, weights={"m": drawn(8, 8), "i": np.asarray(index)}))
    assert found[0] == "linear(8, bias=false)"
    assert found[1].partition("(")[0] == wanted[0].partition("(")[0]


def test_one_of_the_parts_of_the_features() -> None:
    nodes = [
        node("MatMul", ["x", "m"], ["a"]), node("Reshape", ["a", "s"], ["b"]),
        node("Transpose", ["b"], ["c"], perm=[2, 0, 1, 3]),
        node("Gather", ["c", "i"], ["y"]),
    ]  # fmt: skip
    weights = {"m": drawn(8, 12), "s": ints(0, 0, 3, 4), "i": np.asarray(np.int64(1))}
    assert operators(checked(nodes, SEQUENCE, weights=weights)) == ["linear(12, bias=false)", "part(1, 3)"]


def test_a_row_of_an_image() -> None:
    nodes = [node("Conv", ["x", "w"], ["a"]), node("Gather", ["a", "i"], ["y"], axis=2)]
    weights = {"w": drawn(3, 4, 1, 1), "i": np.asarray(np.int64(3))}
    assert operators(checked(nodes, IMAGE, weights=weights))[1].startswith(("slice", "crop"))


def test_places_in_disorder_are_taken_one_by_one() -> None:
    found = checked([node("Gather", ["x", "i"], ["y"], axis=1)], SEQUENCE, weights={"i": ints(3, 0, 4)})
    assert [op.partition("(")[0] for op in operators(found)].count("concat") == 1


# ---- norms ----


def test_norms_over_one_axis() -> None:
    weights = {"s": drawn(8), "b": drawn(8, seed=1)}
    assert operators(checked([node("LayerNormalization", ["x", "s", "b"], ["y"])], SEQUENCE, weights=weights)) == [
        "layernorm"
    ]
    found = checked([node("LayerNormalization", ["x", "s"], ["y"], epsilon=1e-3)], SEQUENCE, weights=weights)
    assert operators(found) == ["layernorm(epsilon=0.001)"]


def test_a_norm_over_all_axes_of_an_image() -> None:
    """Its weights stand at every number: in our order, channels last."""
    nodes = [node("Conv", ["x", "w"], ["a"]), node("LayerNormalization", ["a", "s", "b"], ["y"], axis=1)]
    weights = {"w": drawn(3, 4, 1, 1), "s": drawn(3, 5, 6), "b": drawn(3, 5, 6, seed=1)}
    found = operators(checked(nodes, IMAGE, weights=weights))
    assert found[1:3] == ["flatten", "layernorm"]


def test_norms_of_channels() -> None:
    weights = {"s": drawn(4), "b": drawn(4, seed=1)}
    nodes = [node("InstanceNormalization", ["x", "s", "b"], ["y"])]
    assert operators(checked(nodes, IMAGE, weights=weights)) == ["groupnorm(4)"]
    nodes = [node("GroupNormalization", ["x", "s", "b"], ["y"], num_groups=2)]
    assert operators(checked(nodes, IMAGE, weights=weights)) == ["groupnorm(2)"]


@pytest.mark.parametrize("axes", [[2, 3], [1, 2, 3]])
def test_mean_and_variance(axes: list[int]) -> None:
    (found,) = operators(checked([node("MeanVarianceNormalization", ["x"], ["y"], axes=axes)], IMAGE, tolerance=1e-4))
    assert found.startswith("groupnorm(1" if 1 in axes else "groupnorm(4")


def test_statistics_over_the_batch_are_told() -> None:
    nodes = [node("Conv", ["x", "w"], ["a"]), node("MeanVarianceNormalization", ["a"], ["y"])]
    with pytest.raises(CnnGraphError, match="MeanVarianceNormalization `y`: statistics over"):
        read_model(model(nodes, IMAGE, weights={"w": drawn(3, 4, 1, 1)}))


def test_lengths() -> None:
    assert operators(checked([node("LpNormalization", ["x"], ["y"], axis=1, p=2)], IMAGE)) == ["normalize"]


def test_a_norm_without_a_mean() -> None:
    made = model([node("RMSNormalization", ["x", "s"], ["y"])], SEQUENCE, weights={"s": drawn(8)}, opset=23)
    x = drawn(2, 5, 8)
    found = read_model(made)
    agree(computed(found, {"x": x}), ReferenceEvaluator(made).run(None, {"x": x}))
    assert operators(found) == ["rmsnorm"]


# ---- losses ----


def loss(
    operator: str, names: Sequence[str], shape: Sequence[int], weights: dict[str, Array], **attributes: object
) -> list[str]:
    labels = [shape[0], *shape[2:]]
    made = model(
        [node(operator, ["x", "i", *names], ["y"], **attributes)], {"x": ["N", *shape[1:]], "i": ["N", *labels[1:]]},
        weights=weights, kinds=IDS, opset=17,
    )  # fmt: skip
    feeds = {"x": drawn(*shape), "i": np.random.default_rng(1).integers(0, shape[1], labels)}
    if operator.startswith("Negative"):
        feeds["x"] = np.log(np.abs(feeds["x"]) / 5 + 0.01)
    found = read_model(made)
    agree(computed(found, feeds), ReferenceEvaluator(made).run(None, feeds), 1e-4)
    return operators(found)


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 4), (3, 5, 2, 4)])
def test_losses_of_scores(shape: tuple[int, ...]) -> None:
    assert loss("SoftmaxCrossEntropyLoss", [], shape, {}) == ["softmax", "cross_entropy"]
    assert loss("NegativeLogLikelihoodLoss", [], shape, {}) == ["exp", "cross_entropy"]


def test_losses_with_weights_of_classes() -> None:
    loss("SoftmaxCrossEntropyLoss", ["w"], (3, 5), {"w": np.abs(drawn(5)) + np.float32(0.1)})
    loss("SoftmaxCrossEntropyLoss", [], (3, 5), {}, ignore_index=2)
    loss("NegativeLogLikelihoodLoss", ["w"], (3, 5, 4), {"w": np.abs(drawn(5)) + np.float32(0.1)}, ignore_index=1)


def test_a_loss_of_a_softmax_reads_the_softmax() -> None:
    nodes = [node("LogSoftmax", ["x"], ["l"], axis=1), node("NegativeLogLikelihoodLoss", ["l", "i"], ["y"])]
    found = read_model(model(nodes, {"x": ["N", 5], "i": ["N"]}, kinds=IDS))
    assert operators(found) == ["softmax", "cross_entropy"]


# ---- optimizers ----

TRAINING = "ai.onnx.preview.training"


def step(operator: str, kept: int, count: int, steps: int, **attributes: object) -> list[str]:
    """The operators, once the numbers are those of ONNX's own reference."""
    letters = ["w", "g", "v", "h"][: 2 + kept]
    names = [f"{letter}{i}" for letter in letters for i in range(count)]
    outputs = [f"n{letter}{i}" for letter in ["w", *letters[2:]] for i in range(count)]
    made = model(
        [node(operator, ["r", "t", *names], outputs, domain=TRAINING, **attributes)],
        {name: [3 + int(name[1])] for name in names}, outputs,
        {"t": np.asarray(np.int64(steps)), "r": np.asarray(np.float32(0.1))},
        domains=[TRAINING],
    )  # fmt: skip
    feeds = {name: np.abs(drawn(3 + int(name[1]), seed=i)) for i, name in enumerate(names)}
    found = read_model(made)
    agree(computed(found, feeds), ReferenceEvaluator(made).run(None, feeds), 1e-4)
    return [word for op in operators(found) if (word := op.partition("(")[0]) != "constant"]


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("count", [1, 2])
def test_steps_of_training(steps: int, count: int) -> None:
    assert (
        step("Adagrad", 1, count, steps, norm_coefficient=0.01, decay_factor=0.1, epsilon=1e-5) == ["adagrad"] * count
    )
    assert step("Adam", 2, count, steps, norm_coefficient=0.01, alpha=0.95, beta=0.8, epsilon=1e-3) == ["adam"] * count
    found = step("Momentum", 1, count, steps, norm_coefficient=0.01, alpha=0.9, beta=0.5, mode="standard")
    assert found[-1] == "sgd"
    assert (
        step("Momentum", 1, count, steps, norm_coefficient=0.01, alpha=0.9, beta=1.0, mode="nesterov")
        == ["sgd"] * count
    )


def test_a_decay_after_the_step() -> None:
    assert step("Adam", 2, 1, 1, norm_coefficient_post=0.1) == ["adam", "scale"]
