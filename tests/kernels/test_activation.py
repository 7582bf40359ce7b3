"""Gradients of activations: on every sample, over several blocks, and beyond the ordinary numbers."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.contract import check_kernel, gradient_task

from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.kernels.activation import FORMS, ActivationGradient
from cnngraph.kernels.kernel import Task
from cnngraph.ops.elu import Elu
from cnngraph.ops.gelu import Gelu
from cnngraph.ops.hard_swish import HardSwish
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.relu import Relu
from cnngraph.ops.silu import Silu

KERNEL = ActivationGradient()


def tasks() -> list[Task]:
    made = [gradient_task(s.op, "x", *s.inputs, batch=s.batch) for op in FORMS for s in op.samples()]
    return [task for task in made if KERNEL.applies(task)]


@pytest.mark.parametrize("task", tasks(), ids=str)
def test_every_sample(task: Task) -> None:
    check_kernel(KERNEL, task)


@pytest.mark.parametrize(
    "op", [Relu(), LeakyRelu(0.0), LeakyRelu(1.5), Elu(0.5), Gelu(tanh=True), HardSwish(), Silu()], ids=str
)
def test_several_blocks(op: Op) -> None:
    check_kernel(KERNEL, gradient_task(op, "x", TensorType.of(24, (40, 41)), batch=2))


@pytest.mark.parametrize("op", [Relu(), HardSwish(), Elu(0.5)], ids=str)
def test_at_the_corners(op: Op) -> None:
    task = gradient_task(op, "x", TensorType.of(8), batch=1)
    read = np.array([[-np.inf, -3, -1, -0.0, 0, 1, 3, np.inf]], np.float32)
    dy, dx = np.full_like(read, 2), np.empty_like(read)
    work = [np.empty(t.concrete, np.float32) for t in KERNEL.workspace(task)]
    KERNEL.bind(task, [dy, read], [dx], work, [])()
    wanted = op.vjp("x", dy, {"x": read, "y": read}, {"x": read.shape})
    np.testing.assert_allclose(dx, wanted, rtol=1e-6)


def test_no_number_passes_the_gradient_of_relu() -> None:
    task = gradient_task(Relu(), "x", TensorType.of(2), batch=1)
    y, dx = np.array([[np.nan, 0]], np.float32), np.empty((1, 2), np.float32)
    work = [np.empty(t.concrete, np.float32) for t in KERNEL.workspace(task)]
    KERNEL.bind(task, [np.full_like(y, 3), y], [dx], work, [])()
    assert dx.tolist() == [[3, 0]]
