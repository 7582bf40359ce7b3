"""Operators that work element by element: alone, behind each other, in place, with vectors, across blocks."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.contract import check_kernel, forward_task, fused_task

from cnngraph.ir.op import Op, rng
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.kernels import kernels_for
from cnngraph.kernels.kernel import PLAIN, Task
from cnngraph.kernels.pointwise import FORMS, Pointwise, knows, needs_scratch, pointwise_calls
from cnngraph.ops.add import Add
from cnngraph.ops.affine import Affine
from cnngraph.ops.clip import Clip
from cnngraph.ops.gelu import Gelu
from cnngraph.ops.layer_scale import LayerScale
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.mul import Mul
from cnngraph.ops.relu import Relu
from cnngraph.ops.sigmoid import Sigmoid
from cnngraph.ops.silu import Silu

KERNEL = Pointwise()
LARGE = TensorType.of(24, (40, 41))  # several blocks, and a row of vectors that does not divide them


def tasks() -> list[Task]:
    """Each operator on each of its samples, those that begin with a vector left out."""
    made = [forward_task(s.op, *s.inputs, batch=s.batch) for op in FORMS for s in op.samples()]
    return [task for task in made if KERNEL.applies(task)]


@pytest.mark.parametrize("task", tasks(), ids=str)
def test_each_operator_is_right_alone_and_before_others(task: Task) -> None:
    check_kernel(KERNEL, task)


@pytest.mark.parametrize("op", [Relu(), Silu(), LeakyRelu(1.5), LeakyRelu(0.0), Gelu(tanh=True), Clip(-1, 1)], ids=str)
def test_several_blocks(op: Op) -> None:
    check_kernel(KERNEL, forward_task(op, LARGE, batch=3))


@pytest.mark.parametrize("op", [Add(), Mul()], ids=str)
def test_a_vector_for_each_sample(op: Op) -> None:
    check_kernel(KERNEL, forward_task(op, LARGE, TensorType.of(24)))
    check_kernel(KERNEL, forward_task(op, TensorType.of(3, (4, 5, 6)), TensorType.of(3), TensorType.of(3, (4, 5, 6))))


@pytest.mark.parametrize("channels", [1, 3, 64, 2500])
def test_a_vector_for_all_samples(channels: int) -> None:
    vector = TensorType((channels,))
    grid = TensorType.of(channels, (7, 5))
    check_kernel(KERNEL, forward_task(Affine(), grid, vector, vector, batch=3))
    line = fused_task(forward_task(Relu(), grid, batch=3), (Affine(), (vector, vector)), (Silu(), ()))
    check_kernel(KERNEL, line)


def test_a_vector_for_all_samples_beside_one_for_each() -> None:
    grid = TensorType.of(6, (7, 9))
    scaled = forward_task(LayerScale(), grid, batch=3)
    check_kernel(KERNEL, fused_task(scaled, (Add(), (TensorType.of(6).bind(batch=3),)), (Silu(), ())))


def test_where_the_first_operand_is_not_as_large_as_the_result_the_plain_kernel_serves() -> None:
    task = forward_task(Add(), TensorType.of(3), TensorType.of(3, (4, 5)))
    assert kernels_for(task) == (PLAIN,)
    assert not knows(Gelu())


def test_every_operator_that_is_pointwise_is_known_or_served_plainly() -> None:
    left = {cls.name for cls in registry().values() if cls.pointwise} - {cls.name for cls in FORMS}
    may_warn = {"div", "log", "pow", "power"}  # of numbers outside of their domain, which only `forward` keeps quiet
    assert left == {"reverse_gradient", "sign", "stop_gradient", "erf", "select", *may_warn}


@pytest.mark.parametrize("op", [Relu(), Clip(0, 6), LeakyRelu(), Sigmoid(), Silu()], ids=str)
def test_infinity_and_no_number_pass_as_in_the_operator(op: Op) -> None:
    x = np.array([-np.inf, -200, -1, 0, 1, 200, np.inf, np.nan], np.float32)
    if isinstance(op, Silu):
        x = x[1:]  # -inf * 0
    y = np.empty_like(x)
    for call in pointwise_calls(op, x, y, (), np.empty_like(x) if needs_scratch(op) else None):
        call()
    np.testing.assert_allclose(y, op.forward(x), rtol=1e-5, atol=1e-30 if isinstance(op, Sigmoid) else 1e-5)


def test_a_block_of_rows_is_written_in_place() -> None:
    x = rng(1).normal(size=(6, 5)).astype(np.float32)
    skip, before = rng(2).normal(size=(6, 5)).astype(np.float32), x.copy()
    for call in [*pointwise_calls(Add(), x, x, (skip,)), *pointwise_calls(Relu(), x, x, ())]:
        call()
    assert np.array_equal(x, np.maximum(before + skip, 0))
