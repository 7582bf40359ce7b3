"""Softmax, its logarithm and its cross-entropy, with their gradients."""

from __future__ import annotations

import numpy as np
import pytest
from kernels.contract import check_kernel, forward_task, gradient_task

from cnngraph.ir.types import TensorType
from cnngraph.kernels.softmax import CrossEntropy, CrossEntropyGradient, SoftmaxByRows, SoftmaxGradient
from cnngraph.ops.log_softmax import LogSoftmax
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.softmax_cross_entropy import SoftmaxCrossEntropy

GRIDS = (TensorType.of(3, (4, 5)), TensorType.of(7), TensorType.of(40, (41, 24)), TensorType.of(40000))


@pytest.mark.parametrize("x", GRIDS, ids=str)
@pytest.mark.parametrize("op", [Softmax(), LogSoftmax()], ids=str)
def test_over_the_channels(op: Softmax | LogSoftmax, x: TensorType) -> None:
    check_kernel(SoftmaxByRows(), forward_task(op, x))
    check_kernel(SoftmaxGradient(), gradient_task(op, "x", x))


@pytest.mark.parametrize("x", GRIDS, ids=str)
def test_cross_entropy(x: TensorType) -> None:
    labels = TensorType.ids(int(x.shape[-1]), x.positions)
    check_kernel(CrossEntropy(), forward_task(SoftmaxCrossEntropy(), x, labels))
    check_kernel(CrossEntropyGradient(), gradient_task(SoftmaxCrossEntropy(), "logits", x, labels))


def test_far_logits_neither_over_nor_underflow() -> None:
    task = forward_task(SoftmaxCrossEntropy(), TensorType.of(3), TensorType.ids(3))
    check_kernel(CrossEntropy(), task, values=[np.array([[0, 1000, 5], [-1e4, 0, 1]]), np.array([0, 2])])


def test_smoothed_labels_are_left_to_the_plain_kernel() -> None:
    labels = TensorType.ids(7)
    smooth = SoftmaxCrossEntropy(0.1)
    assert not CrossEntropy().applies(forward_task(smooth, TensorType.of(7), labels))
    assert not CrossEntropyGradient().applies(gradient_task(smooth, "logits", TensorType.of(7), labels))
