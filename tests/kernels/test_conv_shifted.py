from __future__ import annotations

from math import prod

import pytest
from kernels.contract import check_kernel, forward_task
from kernels.conv_cases import POINTWISE, WINDOWS

from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.conv_rows import RowsConv
from cnngraph.kernels.conv_shifted import ShiftedConv
from cnngraph.ops.conv import Conv


@pytest.mark.parametrize(("op", "x"), [*WINDOWS, *POINTWISE], ids=str)
def test_forward(op: Conv, x: TensorType) -> None:
    check_kernel(ShiftedConv(), forward_task(op, x, batch=3))


def test_it_needs_a_fraction_of_the_memory_of_copied_rows() -> None:
    task = forward_task(Conv(64, Window((3,)), 1), TensorType.of(64, (56, 56)), batch=1)
    shifted, rows = (sum(prod(t.concrete) for t in k.workspace(task)) for k in (ShiftedConv(), RowsConv()))
    assert 5 * shifted < rows
