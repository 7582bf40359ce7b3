from __future__ import annotations

import numpy as np
import pytest
from kernels.contract import check_kernel, forward_task, gradient_task
from kernels.conv_cases import WINDOWS

from cnngraph.ir.op import rng
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.conv_layout import layout_of
from cnngraph.kernels.kernel import Kernel
from cnngraph.kernels.winograd import Form
from cnngraph.kernels.winograd_conv import (
    Winograd2,
    Winograd4,
    Winograd4x5,
    WinogradInput2,
    WinogradInput4,
    WinogradInput4x5,
)
from cnngraph.kernels.winograd_weight import WinogradWeight2, WinogradWeight4, WinogradWeight4x5
from cnngraph.ops.conv import Conv

FORWARD = (Winograd4(), Winograd2())
INPUT = (WinogradInput4(), WinogradInput2())

CASES = (
    (Conv(5, Window((3,)), 1), TensorType.of(3, (8, 12))),
    (Conv(5, Window((3,)), 1), TensorType.of(3, (7, 10))),
    (Conv(4, Window((3,)), ((0, 2), (1, 0)), bias=False), TensorType.of(6, (5, 9))),
    (Conv(4, Window((3,))), TensorType.of(3, (3, 3))),
    (Conv(24, Window((3,)), 1), TensorType.of(20, (37, 30))),
)


@pytest.mark.parametrize("form", [Form(4, 3), Form(2, 3), Form(2, 5), Form(6, 3), Form(4, 5), Form(1, 1)], ids=str)
def test_the_algebra(form: Form) -> None:
    d, w = rng(1).normal(size=(form.size, form.size)), rng(2).normal(size=(form.window, form.window))
    u, v = form.weights @ w @ form.weights.T, form.inner @ d @ form.inner.T
    y = form.outer @ (u * v) @ form.outer.T
    wanted = [
        [(d[i : i + form.window, j : j + form.window] * w).sum() for j in range(form.outputs)]
        for i in range(form.outputs)
    ]
    assert np.allclose(y, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("op", "x"), CASES, ids=str)
@pytest.mark.parametrize("kernel", FORWARD, ids=lambda k: str(k.form))
@pytest.mark.parametrize("batch", [1, 3])
def test_forward(op: Conv, x: TensorType, kernel: Kernel, batch: int) -> None:
    check_kernel(kernel, forward_task(op, x, batch=batch))


@pytest.mark.parametrize(("op", "x"), CASES, ids=str)
@pytest.mark.parametrize("kernel", INPUT, ids=lambda k: str(k.form))
def test_input_gradient(op: Conv, x: TensorType, kernel: Kernel) -> None:
    check_kernel(kernel, gradient_task(op, "x", x, batch=3))


@pytest.mark.parametrize(("op", "x"), CASES, ids=str)
@pytest.mark.parametrize("kernel", [WinogradWeight4(), WinogradWeight2()], ids=lambda k: str(k.form))
@pytest.mark.parametrize("least", [5, 96])
def test_weight_gradient(op: Conv, x: TensorType, kernel: Kernel, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnngraph.kernels.winograd_weight.LEAST_TILES", least)
    monkeypatch.setattr("cnngraph.kernels.winograd_weight.BLOCK_BYTES", 600_000 if least > 5 else 1)
    check_kernel(kernel, gradient_task(op, "weight", x, batch=3))


@pytest.mark.parametrize("x", [TensorType.of(6, (14, 14)), TensorType.of(3, (7, 10))], ids=str)
def test_windows_of_five(x: TensorType) -> None:
    op = Conv(5, Window((5,)), ((2, 0), (2, 2)))
    check_kernel(Winograd4x5(), forward_task(op, x))
    check_kernel(WinogradInput4x5(), gradient_task(op, "x", x))
    check_kernel(WinogradWeight4x5(), gradient_task(op, "weight", x))


@pytest.mark.parametrize(("op", "x"), WINDOWS, ids=str)
def test_what_has_no_tiles_is_refused(op: Conv, x: TensorType) -> None:
    g = layout_of(forward_task(op, x)).geometry
    plain = g.size == (3, 3) and set(g.stride) == set(g.dilation) == {1} and op.groups == 1
    assert Winograd4().applies(forward_task(op, x)) == plain
