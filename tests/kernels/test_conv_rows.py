from __future__ import annotations

import pytest
from kernels.contract import check_kernel, forward_task, gradient_task
from kernels.conv_cases import POINTWISE, WINDOWS

from cnngraph.ir.types import TensorType
from cnngraph.kernels.conv_layout import Columns, layout_of
from cnngraph.kernels.conv_rows import RowsConv, RowsConvWeight, SpreadConv, TurnedRowsConv
from cnngraph.ops.conv import Conv

ALL = (*WINDOWS, *POINTWISE)


@pytest.mark.parametrize(("op", "x"), ALL, ids=str)
@pytest.mark.parametrize("batch", [1, 3])
def test_forward(op: Conv, x: TensorType, batch: int) -> None:
    check_kernel(RowsConv(), forward_task(op, x, batch=batch))


@pytest.mark.parametrize(("op", "x"), ALL, ids=str)
@pytest.mark.parametrize("batch", [1, 3])
def test_weight_gradient(op: Conv, x: TensorType, batch: int) -> None:
    check_kernel(RowsConvWeight(), gradient_task(op, "weight", x, batch=batch))


@pytest.mark.parametrize(("op", "x"), ALL, ids=str)
@pytest.mark.parametrize("kernel", [TurnedRowsConv(), SpreadConv()], ids=["turned", "spread"])
def test_input_gradient(op: Conv, x: TensorType, kernel: TurnedRowsConv | SpreadConv) -> None:
    task = gradient_task(op, "x", x, batch=3)
    if kernel.applies(task):
        check_kernel(kernel, task)
    else:
        g = layout_of(task).geometry
        beyond = any(before >= extent for (before, _), extent in zip(g.pad, g.extent, strict=True))
        assert set(g.stride) != {1} or beyond, "only strides and padding beyond the window need another way"


@pytest.mark.parametrize(("op", "x"), ALL, ids=str)
@pytest.mark.parametrize("wanted", [1, 7, 40, 1000])
def test_every_row_is_in_one_block(op: Conv, x: TensorType, wanted: int) -> None:
    at = layout_of(forward_task(op, x, batch=3))
    covered = [row for block in at.cut(wanted) for row in range(at.rows)[at.rows_of(block)]]
    assert covered == list(range(at.rows))


@pytest.mark.parametrize(("op", "x"), WINDOWS[:9], ids=str)
def test_blocks_of_any_size_are_right(op: Conv, x: TensorType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks: bands of rows whose padding changes from one to the next."""
    small = lambda at: Columns(at, at.cut(5))  # noqa: E731
    monkeypatch.setattr("cnngraph.kernels.conv_rows.columns_of", small)
    monkeypatch.setattr("cnngraph.kernels.conv_rows.weight_columns_of", small)
    check_kernel(RowsConv(), forward_task(op, x))
    check_kernel(SpreadConv(), gradient_task(op, "x", x))
    check_kernel(RowsConvWeight(), gradient_task(op, "weight", x))
