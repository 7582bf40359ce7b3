"""Local response normalization and its gradient: every sample, wide windows, several blocks."""

from __future__ import annotations

import pytest
from kernels.contract import check_kernel, forward_task, gradient_task

from cnngraph.ir.types import TensorType
from cnngraph.kernels.lrn import LrnForward, LrnGradient
from cnngraph.ops.lrn import Lrn

CASES = [
    *((s.op, s.inputs[0]) for s in Lrn.samples()),
    (Lrn(1), TensorType.of(4, (3,))),
    (Lrn(5, 0.5), TensorType.of(24, (41, 40))),  # several blocks
    (Lrn(9), TensorType.of(3, (4, 5))),  # wider than there are channels
]


@pytest.mark.parametrize(("op", "x"), CASES, ids=str)
def test_both_ways(op: Lrn, x: TensorType) -> None:
    check_kernel(LrnForward(), forward_task(op, x))
    check_kernel(LrnGradient(), gradient_task(op, "x", x))
