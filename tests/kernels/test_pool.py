"""Pools and their gradients: every sample, edges, ties, several blocks, no numbers."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.contract import check_kernel, forward_task, gradient_task

from cnngraph.ir.op import Array, rng
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.kernel import Kernel, Task
from cnngraph.kernels.pool import GlobalPool, WindowPool
from cnngraph.kernels.pool_gradient import ExtremePoolGradient, GlobalAvgPoolGradient, SumPoolGradient
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.globalavgpool import GlobalAvgPool
from cnngraph.ops.globalmaxpool import GlobalMaxPool
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.minpool import MinPool
from cnngraph.ops.pool import Pool
from cnngraph.ops.sumpool import SumPool

POOLS = (MaxPool, MinPool, SumPool, AvgPool)
LARGE = TensorType.of(24, (61, 40))
WIDE = TensorType.of(3000, (5, 7))  # a row alone is larger than a block


def gradient_kernel(pool: type[Pool]) -> Kernel:
    return ExtremePoolGradient() if pool in (MaxPool, MinPool) else SumPoolGradient()


@pytest.mark.parametrize("pool", POOLS)
def test_every_sample(pool: type[Pool]) -> None:
    for sample in pool.samples():
        check_kernel(WindowPool(), forward_task(sample.op, *sample.inputs, batch=sample.batch))
        task = gradient_task(sample.op, "x", *sample.inputs, batch=sample.batch)
        if gradient_kernel(pool).applies(task):
            check_kernel(gradient_kernel(pool), task)


@pytest.mark.parametrize("pool", [MaxPool, AvgPool])
@pytest.mark.parametrize(
    "window", [Window((3, 3), (2, 2)), Window((2, 2)), Window((3, 3), (1, 1)), Window((2, 3), (3, 4))]
)
def test_several_blocks(pool: type[Pool], window: Window) -> None:
    for x in (LARGE, WIDE):
        op = pool(window, (1, 1), ceil=True)
        check_kernel(WindowPool(), forward_task(op, x))
        check_kernel(gradient_kernel(pool), gradient_task(op, "x", x))


def test_many_small_samples_in_a_block() -> None:
    x = TensorType.of(6, (14, 14))
    check_kernel(WindowPool(), forward_task(MaxPool(Window((2, 2))), x, batch=60))
    check_kernel(ExtremePoolGradient(), gradient_task(MaxPool(Window((2, 2))), "x", x, batch=60))


@pytest.mark.parametrize("count_padding", [True, False])
def test_an_average_at_the_edges(count_padding: bool) -> None:
    op = AvgPool(Window((3, 3), (2, 2)), (1, 1), ceil=True, count_padding=count_padding)
    for x in (TensorType.of(3, (8, 7)), LARGE):
        check_kernel(WindowPool(), forward_task(op, x))
        check_kernel(SumPoolGradient(), gradient_task(op, "x", x))


def gradient_values(op: Pool, x: Array) -> tuple[Task, list[Array]]:
    task = gradient_task(op, "x", TensorType.of(x.shape[-1], x.shape[1:-1]), batch=len(x))
    y = op.forward(x)
    return task, [rng(5).normal(size=y.shape).astype(np.float32), x, y]


@pytest.mark.parametrize(
    "op", [MaxPool(Window((3, 3), (2, 2)), 1), MinPool(Window((3, 2), (1, 1))), MaxPool(Window((2, 2)))]
)
def test_of_equal_values_the_first_takes_the_gradient(op: Pool) -> None:
    x = rng(7).integers(0, 3, (2, 9, 8, 5)).astype(np.float32)
    x *= rng(8).choice([-1, 1], x.shape)  # zeros of both signs are equal, too
    task, values = gradient_values(op, x)
    check_kernel(ExtremePoolGradient(), task, values=values)


def test_what_is_no_number_takes_the_gradient() -> None:
    op = MaxPool(Window((3, 3), (2, 2)), 1)
    x = rng(9).normal(size=(1, 7, 8, 4)).astype(np.float32)
    x[0, 2:4, 3:6, 1] = np.nan
    x[0, 6, 7, 2] = -np.nan
    task, (dy, x, y) = gradient_values(op, x)
    kernel, dx = ExtremePoolGradient(), np.empty_like(x)
    work = [np.empty(t.concrete, t.dtype) for t in kernel.workspace(task)]
    kernel.bind(task, [dy, x, y], [dx], work, [])()
    np.testing.assert_allclose(dx, op.vjp("x", dy, {"x": x, "y": y}, {"x": x.shape}), rtol=1e-6)


def test_all_positions() -> None:
    for op in (GlobalAvgPool(), GlobalMaxPool()):
        for sample in op.samples():
            check_kernel(GlobalPool(), forward_task(sample.op, *sample.inputs, batch=sample.batch))
    for sample in GlobalAvgPool.samples():
        check_kernel(GlobalAvgPoolGradient(), gradient_task(sample.op, "x", *sample.inputs))
