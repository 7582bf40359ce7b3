from __future__ import annotations

import pytest
from kernels.contract import check_kernel, forward_task, fused_task, gradient_task
from kernels.conv_cases import POINTWISE, WINDOWS

from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_product import PointwiseConv, PointwiseConvInput, PointwiseConvWeight
from cnngraph.ops.affine import Affine
from cnngraph.ops.clip import Clip
from cnngraph.ops.conv import Conv
from cnngraph.ops.mul import Mul
from cnngraph.ops.silu import Silu


@pytest.mark.parametrize(("op", "x"), POINTWISE, ids=str)
def test_forward(op: Conv, x: TensorType) -> None:
    check_kernel(PointwiseConv(), forward_task(op, x, batch=3))


@pytest.mark.parametrize(("op", "x"), POINTWISE, ids=str)
def test_gradients(op: Conv, x: TensorType) -> None:
    check_kernel(PointwiseConvInput(), gradient_task(op, "x", x, batch=3))
    check_kernel(PointwiseConvWeight(), gradient_task(op, "weight", x, batch=3))


def test_epilogues_of_all_kinds() -> None:
    task = forward_task(*POINTWISE[0], batch=3)
    (y,) = task.outputs
    channels, samples = TensorType((6,)), TensorType((3, 6))
    check_kernel(PointwiseConv(), fused_task(task, (Clip(-0.5, 1.0), ())))
    check_kernel(PointwiseConv(), fused_task(task, (Silu(), ()), (Mul(), (samples,))))
    check_kernel(PointwiseConv(), fused_task(task, (Affine(), (channels, channels)), (Mul(), (y,))))


@pytest.mark.parametrize(("op", "x"), WINDOWS, ids=str)
def test_what_needs_copies_is_refused(op: Conv, x: TensorType) -> None:
    assert not PointwiseConv().applies(forward_task(op, x))
