from __future__ import annotations

from math import prod

import numpy as np
import pytest
from kernels.contract import check_kernel, forward_task, gradient_task
from kernels.conv_cases import WINDOWS

from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.conv_banded import BandedConv
from cnngraph.kernels.conv_banded_gradient import BandedConvInput, BandedConvWeight
from cnngraph.kernels.conv_banded_layout import Banded, Strips, bandable, strips_of
from cnngraph.kernels.conv_layout import layout_of
from cnngraph.kernels.kernel import Kernel, Task
from cnngraph.ops.conv import Conv

FEW = (
    (Conv(6, Window((5,))), TensorType.of(1, (32, 32))),
    (Conv(16, Window((5,))), TensorType.of(6, (14, 14))),
    (Conv(3, Window((9,)), 4), TensorType.of(1, (300,))),
)
"""Few channels and features, as in the first layers of small networks; the last of several blocks in one dimension."""

CASES = tuple((op, x) for op, x in (*WINDOWS, *FEW) if bandable(forward_task(op, x)))


def tasks(op: Conv, x: TensorType, batch: int) -> list[tuple[Kernel, Task]]:
    return [
        (BandedConv(), forward_task(op, x, batch=batch)),
        (BandedConvWeight(), gradient_task(op, "weight", x, batch=batch)),
        (BandedConvInput(), gradient_task(op, "x", x, batch=batch)),
    ]


@pytest.mark.parametrize(("op", "x"), CASES, ids=str)
@pytest.mark.parametrize("batch", [1, 3])
def test_convolution_and_gradients(op: Conv, x: TensorType, batch: int) -> None:
    for kernel, task in tasks(op, x, batch):
        check_kernel(kernel, task)


@pytest.mark.parametrize(("op", "x"), CASES, ids=str)
@pytest.mark.parametrize(("width", "wanted"), [(2, 5), (3, 30)])
def test_parts_of_any_width_in_small_blocks(
    op: Conv, x: TensorType, width: int, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts that fit the row and parts that do not; bands of rows whose padding changes from one to the next."""
    for module in ("conv_banded", "conv_banded_gradient"):
        monkeypatch.setattr(f"cnngraph.kernels.{module}.strips_of", lambda one: Strips(one.wide, one.wide.cut(wanted)))
    monkeypatch.setattr("cnngraph.kernels.conv_banded.banded_conv", lambda at: Banded(at, width))
    for name in ("banded_weight", "banded_input"):
        monkeypatch.setattr(f"cnngraph.kernels.conv_banded_gradient.{name}", lambda at: Banded(at, width))
    for kernel, task in tasks(op, x, 2):
        check_kernel(kernel, task)


def test_the_band_has_the_weight_on_its_diagonals() -> None:
    banded = Banded(layout_of(forward_task(Conv(1, Window((2,), (3,))), TensorType.of(1, (8,)))), 2)
    band = np.empty(banded.band_type.concrete)
    banded.fill(np.array([[[1.0]], [[2.0]]]), band)
    assert band.reshape(5, 2).T.tolist() == [[1, 2, 0, 0, 0], [0, 0, 0, 1, 2]]


def test_groups_and_windows_of_one_column_are_of_other_kernels() -> None:
    assert not bandable(forward_task(Conv(4, Window((3,)), groups=2), TensorType.of(4, (9, 9))))
    assert not bandable(forward_task(Conv(4, Window((3, 1))), TensorType.of(4, (9, 9))))


@pytest.mark.parametrize(("op", "helps"), [(Conv(6, Window((5,))), True), (Conv(6, Window((3,), (2,))), False)])
def test_rows_are_copied_twice_only_where_that_makes_fewer_runs(op: Conv, helps: bool) -> None:
    strips = strips_of(Banded(layout_of(forward_task(op, TensorType.of(1, (32, 32)))), 4))
    assert strips.helps == helps
    assert bool(prod(strips.strips_shape)) == helps
