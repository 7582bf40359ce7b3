"""Depthwise convolution and its gradients: windows, strides, holes, edges, several features for a channel."""

from __future__ import annotations

import pytest
from kernels.contract import check_kernel, forward_task, fused_task, gradient_task

from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.depthwise import Depthwise, DepthwiseInputGradient, DepthwiseWeightGradient
from cnngraph.ops.clip import Clip
from cnngraph.ops.conv import Conv
from cnngraph.ops.mul import Mul
from cnngraph.ops.silu import Silu

IMAGE = TensorType.of(6, (9, 8))
CASES = [
    (Conv(6, Window((3, 3)), "same", groups=6), IMAGE),
    (Conv(6, Window((3, 3), (2, 2)), 1, groups=6), IMAGE),
    (Conv(6, Window((5, 3), (2, 1)), 2, bias=False, groups=6), IMAGE),
    (Conv(6, Window((2, 2), (3, 3)), groups=6), IMAGE),
    (Conv(6, Window((3, 2)), ((1, 0), (2, 1)), groups=6, dilation=(2, 3)), IMAGE),
    (Conv(6, Window((3, 3)), "full", groups=6), IMAGE),
    (Conv(6, Window((1, 1), (2, 2)), groups=6), IMAGE),
    (Conv(5, Window((3,), (2,)), 1, groups=5), TensorType.of(5, (9,))),
    (Conv(30, Window((3, 3)), 1, groups=30), TensorType.of(30, (57, 40))),  # several blocks
    (Conv(30, Window((3, 3), (2, 2)), 1, groups=30), TensorType.of(30, (57, 80))),
]


@pytest.mark.parametrize(("conv", "x"), CASES, ids=str)
def test_the_convolution_and_its_gradients(conv: Conv, x: TensorType) -> None:
    check_kernel(Depthwise(), forward_task(conv, x))
    check_kernel(DepthwiseInputGradient(), gradient_task(conv, "x", x))
    check_kernel(DepthwiseWeightGradient(), gradient_task(conv, "weight", x))


def test_several_features_for_a_channel() -> None:
    conv = Conv(12, Window((3, 3), (2, 2)), 1, groups=4)
    x = TensorType.of(4, (7, 8))
    check_kernel(Depthwise(), forward_task(conv, x))
    check_kernel(DepthwiseWeightGradient(), gradient_task(conv, "weight", x))
    assert not DepthwiseInputGradient().applies(gradient_task(conv, "x", x))


def test_what_follows_is_applied_to_each_block() -> None:
    conv, x = CASES[-2]
    task = forward_task(conv, x)
    check_kernel(Depthwise(), fused_task(task, (Clip(0, 6), ())))
    check_kernel(Depthwise(), fused_task(task, (Silu(), ()), (Mul(), (TensorType((2, 30)),))))


def test_other_convolutions_are_left_to_others() -> None:
    for conv, channels in (
        (Conv(6, Window((3,))), 6),
        (Conv(6, Window((3,)), groups=2), 6),
        (Conv(3, Window((3,))), 1),
    ):
        assert not Depthwise().applies(forward_task(conv, TensorType.of(channels, (9,))))
    stride_and_holes = Conv(6, Window((3, 3), (2, 2)), 2, groups=6, dilation=2)
    assert not DepthwiseInputGradient().applies(gradient_task(stride_and_holes, "x", IMAGE))
