"""Compiled kernels: the contract of all kernels, where numba is installed; and what holds where it is not."""

from __future__ import annotations

import pytest
from kernels.contract import check_kernel, forward_task, fused_task, gradient_task

from cnngraph.ir.types import TensorType
from cnngraph.kernels.compiled_norm import CompiledMoments, CompiledSlopeSums
from cnngraph.kernels.compiled_pointwise import (
    FORWARD,
    GRADIENTS,
    CompiledActivationGradient,
    CompiledPointwise,
)
from cnngraph.kernels.kernel import Kernel, Task
from cnngraph.ops.add import Add
from cnngraph.ops.affine import Affine
from cnngraph.ops.clip import Clip
from cnngraph.ops.hard_swish import HardSwish
from cnngraph.ops.leaky_relu import LeakyRelu
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
