"""Compiled kernels: the contract of all kernels, where numba is installed; and what holds where it is not."""

from __future__ import annotations

import pytest
from kernels.contract import check_kernel, forward_task, fused_task, gradient_task

from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.compiled_depthwise import (
    CompiledDepthwise,
    CompiledDepthwiseInputGradient,
    CompiledDepthwiseWeightGradient,
)
from cnngraph.kernels.compiled_norm import CompiledMoments, CompiledSlopeSums
from cnngraph.kernels.compiled_pointwise import (
    FORWARD,
    CompiledActivationGradient,
    CompiledPointwise,
)
from cnngraph.kernels.compiled_pool import CompiledMaxPool, CompiledMaxPoolGradient
from cnngraph.kernels.compiled_winograd import CompiledWinograd, CompiledWinogradInput, CompiledWinogradWeight
from cnngraph.kernels.kernel import Task
from cnngraph.ops.add import Add
from cnngraph.ops.affine import Affine
from cnngraph.ops.clip import Clip
from cnngraph.ops.conv import Conv
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.moments import Moments
from cnngraph.ops.plane import Plane
from cnngraph.ops.relu import Relu
from cnngraph.ops.slope_sums import SlopeSums

pytest.importorskip("numba")

LARGE = TensorType.of(24, (40, 41))  # several pieces, and a row of vectors that does not divide them
VECTOR = TensorType((24,))


def pointwise_tasks() -> list[Task]:
    made = [forward_task(s.op, *s.inputs, batch=s.batch) for op in FORWARD for s in op.samples()]
    chained = fused_task(forward_task(Affine(), LARGE, VECTOR, VECTOR), (Add(), [LARGE.bind(batch=2)]), (Relu(), ()))
    large = [forward_task(Plane(), LARGE, LARGE, VECTOR, VECTOR, VECTOR), forward_task(Add(), LARGE, LARGE)]
    return [task for task in [*made, *large, chained] if CompiledPointwise().applies(task)]


@pytest.mark.parametrize("task", pointwise_tasks(), ids=str)
def test_chains_are_right(task: Task) -> None:
    check_kernel(CompiledPointwise(), task)


@pytest.mark.parametrize("op", [Relu(), Clip(-0.5, 0.5), LeakyRelu(0.25)], ids=str)
def test_slopes_of_activations_are_right(op: Relu | Clip | LeakyRelu) -> None:
    for operand in (LARGE, TensorType.of(3, (5,))):
        check_kernel(CompiledActivationGradient(), gradient_task(op, "x", operand))


@pytest.mark.parametrize("operand", [LARGE, TensorType.of(3, (5,)), TensorType.of(40)], ids=str)
def test_moments_and_slope_sums_are_right(operand: TensorType) -> None:
    each = TensorType(operand.shape[-1:])
    check_kernel(CompiledMoments(), forward_task(Moments(), operand, batch=3))
    check_kernel(CompiledSlopeSums(), forward_task(SlopeSums(), operand, operand, each, each, batch=3))


DEPTHWISE = [
    (Conv(6, Window((3, 3)), "same", groups=6), TensorType.of(6, (7, 8))),
    (Conv(6, Window((3, 3), (2, 2)), 1, groups=6, bias=False), TensorType.of(6, (7, 8))),
    (Conv(40, Window((5, 5), (2, 2)), "same", groups=40), TensorType.of(40, (14, 9))),
    (Conv(5, Window((3, 2)), ((2, 0), (1, 3)), groups=5, dilation=(2, 1)), TensorType.of(5, (9, 10))),
    (Conv(5, Window((3, 3), (2, 3)), 5, groups=5, dilation=2), TensorType.of(5, (9, 10))),
]


@pytest.mark.parametrize(("conv", "operand"), DEPTHWISE, ids=str)
def test_depthwise_convolution_is_right(conv: Conv, operand: TensorType) -> None:
    check_kernel(CompiledDepthwise(), forward_task(conv, operand))
    check_kernel(CompiledDepthwiseInputGradient(), gradient_task(conv, "x", operand))
    check_kernel(CompiledDepthwiseWeightGradient(), gradient_task(conv, "weight", operand))


TILED = [
    (Conv(5, Window((3,)), 1), TensorType.of(3, (7, 10))),
    (Conv(4, Window((3,)), ((0, 2), (1, 0)), bias=False), TensorType.of(6, (5, 9))),
    (Conv(24, Window((3,)), 1), TensorType.of(20, (37, 30))),
]


@pytest.mark.parametrize(("conv", "operand"), TILED, ids=str)
def test_winograd_convolution_is_right(conv: Conv, operand: TensorType) -> None:
    check_kernel(CompiledWinograd(), forward_task(conv, operand, batch=3))
    check_kernel(CompiledWinogradInput(), gradient_task(conv, "x", operand))
    check_kernel(CompiledWinogradWeight(), gradient_task(conv, "weight", operand, batch=3))


POOLS = [
    (MaxPool(Window((3, 3), (2, 2)), "same"), TensorType.of(6, (7, 8))),
    (MaxPool(Window((2, 2))), TensorType.of(20, (8, 6))),
    (MaxPool(Window((3, 2), (1, 3)), ((2, 0), (0, 1))), TensorType.of(3, (9, 10))),
]


@pytest.mark.parametrize(("pool", "operand"), POOLS, ids=str)
def test_pools_are_right(pool: MaxPool, operand: TensorType) -> None:
    check_kernel(CompiledMaxPool(), forward_task(pool, operand))
    check_kernel(CompiledMaxPoolGradient(), gradient_task(pool, "x", operand))
