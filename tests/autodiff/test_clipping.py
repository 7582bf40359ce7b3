"""Limits for gradients in the graph of a step, against those of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from autodiff.interpreter import evaluate, filled

from cnngraph.autodiff.clipping import ByNorm, ByValue, Clipping
from cnngraph.autodiff.step import training_step
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.op import OpError, rng
from cnngraph.ir.text import from_text, to_text
from cnngraph.ir.types import TensorType
from cnngraph.ops.clip_norm import ClipNorm
from cnngraph.ops.joint_norm import JointNorm
from cnngraph.ops.sgd import Sgd
from cnngraph.ops.square_sum import SquareSum

LINE = from_text("""\
graph line
x: f32[2, 3] = input
target: f32[2, 1] = input
d.weight: f32[3, 1] = state(initial='he') with d
d.bias: f32[1] = state(initial='zeros') with d
d: f32[2, 1] = dense(features=1) <- x, d.weight, d.bias on gpu0
loss: f32 = mse <- d, target
output loss = loss
""")
NAMES = ("d.weight", "d.bias")


def step(clip: Clipping) -> Graph:
    return training_step(LINE, Ref("loss"), Sgd(lr=1.0), clip=clip)


def moved(graph: Graph) -> tuple[list[Any], list[Any]]:
    """(gradients, what the step takes from each state)."""
    given = {**filled(graph), "rate": np.array(1.0, np.float32)}
    values = evaluate(graph, given)
    return (
        [values[f"gradient.{name}"] for name in NAMES],
        [given[name] - values[str(graph.updates[name])] for name in NAMES],
    )


@pytest.mark.parametrize("limit", [0.01, 0.5, 1e9])
@pytest.mark.parametrize("way", ["norm", "value"])
def test_gradients_are_clipped_as_in_pytorch(way: str, limit: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    gradients, moves = moved(step(ByNorm(limit) if way == "norm" else ByValue(limit)))
    parameters = [torch.nn.Parameter(torch.zeros(g.shape)) for g in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.from_numpy(gradient.copy())
    getattr(torch.nn.utils, f"clip_grad_{way}_")(parameters, limit)
    for parameter, move in zip(parameters, moves, strict=True):
        np.testing.assert_allclose(move, parameter.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_all_gradients_together_get_the_length_of_the_limit() -> None:
    _, moves = moved(step(ByNorm(0.25)))
    assert np.sqrt(sum(np.square(m, dtype=np.float64).sum() for m in moves)) == pytest.approx(0.25, rel=1e-5)


def test_short_gradients_stay_bit_for_bit() -> None:
    gradients, _ = moved(graph := step(ByNorm(1e9)))
    values = evaluate(graph, {**filled(graph), "rate": np.array(1.0, np.float32)})
    for name, gradient in zip(NAMES, gradients, strict=True):
        np.testing.assert_array_equal(values[f"update.{name}.clipped"], gradient)


def test_each_state_is_clipped_where_it_stands_and_only_numbers_travel() -> None:
    graph = step(ByNorm(1.0))
    for name in NAMES:
        for what in ("squares", "clipped"):
            assert graph[f"update.{name}.{what}"].colocated == "d"
        assert graph[f"update.{name}.squares"].type.shape == ()
        assert graph[f"update.{name}"].inputs[1] == Ref(f"update.{name}.clipped")
    assert graph["gradient_norm"].inputs == tuple(Ref(f"update.{name}.squares") for name in NAMES)
    assert from_text(to_text(graph)) == graph


def test_squares_beyond_float32_are_added_up() -> None:
    x = np.full(1000, 1e30, np.float32)
    assert SquareSum().forward(x) == pytest.approx(1000 * float(x[0]) ** 2)
    assert SquareSum().forward(np.array(3.0)) == 9


@pytest.mark.parametrize("count", [1, 7, 4096, 100_003])
def test_a_sum_of_squares_is_exact_to_double_precision(count: int) -> None:
    x = rng(count).normal(size=count).astype(np.float32)
    assert float(SquareSum().forward(x)) == pytest.approx(float(np.square(x, dtype=np.float64).sum()), rel=1e-12)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_gradient_that_is_no_number_is_not_hidden(wrong: float) -> None:
    x = np.array([1.0, wrong])
    norm = JointNorm().forward(SquareSum().forward(x))
    with np.errstate(invalid="ignore"):
        assert np.isnan(ClipNorm(1.0).forward(x, norm)[1])


def test_limits_are_above_zero() -> None:
    for make in (ByNorm, ByValue):
        with pytest.raises(ValueError, match="limit is above 0, not 0"):
            make(0)
        with pytest.raises(ValueError, match="not nan"):
            make(float("nan"))
    with pytest.raises(OpError, match="the limit of clip_norm must be above 0, not -1"):
        ClipNorm(-1).infer(TensorType((3,)), TensorType((), "float64"))


def test_norms_are_single_numbers_of_one_type() -> None:
    scalar, short = TensorType((), "float64"), TensorType(())
    for wrong in ((scalar, short), (TensorType((3,)),)):
        with pytest.raises(OpError, match="joint_norm adds single numbers of one type"):
            JointNorm().infer(*wrong)
    with pytest.raises(OpError, match="the norm of clip_norm must be a scalar, not"):
        ClipNorm(1).infer(TensorType((3,)), TensorType((3,)))
