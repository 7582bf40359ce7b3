"""Registered kernels against `forward`, bit for bit, over the samples of their operators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from cnngraph.ir.op import Array, Op, Sample
from cnngraph.ops.add import Add
from cnngraph.ops.relu import Relu
from cnngraph.ops.sgd import Sgd
from cnngraph.runtime.kernels import kernel_for, kernels, plain, register

CASES = [(op, sample) for op in kernels() for sample in op.samples()]


def arrays(sample: Sample, seed: int = 0) -> list[Array]:
    generator = np.random.default_rng(seed)
    types = [t.bind(batch=sample.batch) for t in sample.inputs]
    return [np.asarray(generator.normal(size=t.concrete), t.dtype) for t in types]


@pytest.mark.parametrize(("op", "sample"), CASES, ids=[f"{op.name}-{i}" for i, (op, _) in enumerate(CASES)])
def test_a_kernel_equals_forward(op: type[Op], sample: Sample) -> None:
    inputs = arrays(sample)
    for array in inputs:
        array.flags.writeable = False
    wanted = sample.op.apply(inputs)
    outputs = [np.full(np.shape(value), np.nan, np.asarray(value).dtype) for value in wanted]
    call = kernel_for(sample.op)(sample.op, inputs, outputs)
    for _ in range(2):
        call()
        for out, value in zip(outputs, wanted, strict=True):
            np.testing.assert_array_equal(out, value, strict=True)


def test_some_operators_have_kernels_and_others_the_plain_one() -> None:
    assert kernel_for(Relu()) is not plain
    assert kernel_for(Sgd()) is plain


def test_two_vectors_before_a_grid_take_the_plain_way() -> None:
    vector, grid = np.ones((2, 3), "f4"), np.ones((2, 4, 5, 3), "f4")
    out = np.empty_like(grid)
    kernel_for(Add())(Add(), [vector, vector, grid], [out])()
    np.testing.assert_array_equal(out, 3 * grid)


def test_overlapping_steps_take_kernels_that_say_so() -> None:
    assert kernel_for(Relu(), overlap=True) is plain


def test_the_plain_kernel_is_right_over_its_own_inputs() -> None:
    weight, velocity = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    gradient, rate = np.array([0.5, 0.25]), np.array(1.0)
    op = Sgd(0.1, momentum=0.9)
    wanted = op.apply([weight.copy(), gradient, rate, velocity.copy()])
    plain(op, [weight, gradient, rate, velocity], [weight, velocity])()
    np.testing.assert_array_equal(weight, wanted[0])
    np.testing.assert_array_equal(velocity, wanted[1])


@dataclass(frozen=True)
class Crossed(Op):
    """Gives its inputs back in the other order, as views."""

    name = "crossed"
    operands = ("a", "b")

    def forward(self, a: Array, b: Array) -> tuple[Array, Array]:
        return b, a


def test_views_of_inputs_are_kept_apart() -> None:
    a, b = np.array([1.0]), np.array([2.0])
    plain(Crossed(), [a, b], [a, b])()
    assert (a[0], b[0]) == (2.0, 1.0)


def test_one_operator_has_one_kernel() -> None:
    with pytest.raises(AssertionError, match="relu has two kernels"):
        register(Relu)(plain)


def test_a_result_of_another_shape_is_noticed() -> None:
    with pytest.raises(AssertionError, match="relu gives"):
        plain(Relu(), [np.ones((2, 3))], [np.ones((3, 2))])()
