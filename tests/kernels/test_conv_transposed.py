from __future__ import annotations

import pytest
from kernels.contract import check_kernel, forward_task, gradient_task

from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.conv_transposed import RowsUpConvInput, RowsUpConvWeight, SpreadUpConv
from cnngraph.ops.upconv import UpConv

CASES = (
    *((sample.op, sample.inputs[0], sample.batch) for sample in UpConv.samples()),
    (UpConv(12, Window((2,), (2,))), TensorType.of(24, (20, 22)), 3),
    (UpConv(10, Window((3,)), 1), TensorType.of(9, (6, 7)), 2),
)


@pytest.mark.parametrize(("op", "x", "batch"), CASES, ids=str)
def test_forward(op: UpConv, x: TensorType, batch: int) -> None:
    check_kernel(SpreadUpConv(), forward_task(op, x, batch=batch))


@pytest.mark.parametrize(("op", "x", "batch"), CASES, ids=str)
def test_gradients(op: UpConv, x: TensorType, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_kernel(RowsUpConvInput(), gradient_task(op, "x", x, batch=batch))
    check_kernel(RowsUpConvWeight(), gradient_task(op, "weight", x, batch=batch))
    monkeypatch.setattr("cnngraph.kernels.conv_rows.LEAST_ROWS", 5)
    monkeypatch.setattr("cnngraph.kernels.conv_rows.BLOCK_BYTES", 1)
    check_kernel(RowsUpConvWeight(), gradient_task(op, "weight", x, batch=batch))
