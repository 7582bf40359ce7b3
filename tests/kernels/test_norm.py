"""The parts of batch normalization: moments of blocks joined, sums of slopes, the plane of the gradient."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.contract import check_kernel, forward_task, fused_task

from cnngraph.ir.op import rng
from cnngraph.ir.types import TensorType
from cnngraph.kernels.norm import MomentsByBlock, SlopeSumsByBlock
from cnngraph.kernels.pointwise import Pointwise
from cnngraph.ops.moments import Moments
from cnngraph.ops.plane import Plane
from cnngraph.ops.relu import Relu
from cnngraph.ops.slope_sums import SlopeSums

SHAPES = (TensorType.of(3, (4, 5)), TensorType.of(4), TensorType.of(24, (41, 40)), TensorType.of(3000, (5, 7)))


@pytest.mark.parametrize("x", SHAPES, ids=str)
def test_moments_and_slopes(x: TensorType) -> None:
    each = TensorType(x.shape[-1:])
    check_kernel(MomentsByBlock(), forward_task(Moments(), x, batch=3))
    check_kernel(SlopeSumsByBlock(), forward_task(SlopeSums(), x, x, each, each, batch=3))
    task = forward_task(Plane(), x, x, each, each, each, batch=3)
    check_kernel(Pointwise(), task)
    check_kernel(Pointwise(), fused_task(task, (Relu(), ())))


def test_a_mean_far_from_zero_costs_no_digits_of_the_variance() -> None:
    x = rng(3).normal(1000, 1, (3, 41, 40, 24)).astype(np.float32)
    task = forward_task(Moments(), TensorType.of(24, (41, 40)), batch=3)
    kernel = MomentsByBlock()
    found = [np.empty(24, np.float32), np.empty(24, np.float32)]
    kernel.bind(task, [x], found, [np.empty(t.concrete, np.float32) for t in kernel.workspace(task)], [])()
    wanted = x.astype(np.float64).var(axis=(0, 1, 2))
    plain = np.abs(Moments().forward(x)[1] - wanted).max()
    assert np.abs(found[1] - wanted).max() < 2 * plain
