from __future__ import annotations

import pytest
from kernels.contract import check_kernel, forward_task, fused_task, gradient_task

from cnngraph.ir.op import Op
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.kernels.dense import BiasGradient, Product, ProductInput, ProductWeight
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.gelu import Gelu
from cnngraph.ops.linear import Linear
from cnngraph.ops.upconv import UpConv

CASES = (
    (Dense(5), TensorType.of(3), 4),
    (Dense(5, bias=False), TensorType.of(3), 2),
    (Dense(7), TensorType.of(4), 1),
    (Linear(6), TensorType.of(5, (3, 4)), 2),
    (Linear(300), TensorType.of(8, (20, 30)), 3),
)


@pytest.mark.parametrize(("op", "x", "batch"), CASES, ids=str)
def test_linear_maps(op: Op, x: TensorType, batch: int) -> None:
    check_kernel(Product(), forward_task(op, x, batch=batch))
    check_kernel(ProductInput(), gradient_task(op, "x", x, batch=batch))
    check_kernel(ProductWeight(), gradient_task(op, "weight", x, batch=batch))


@pytest.mark.parametrize("op", [Conv(5, Window((3,))), Linear(5), UpConv(5, Window((2,), (2,)))], ids=str)
def test_bias(op: Op) -> None:
    check_kernel(BiasGradient(), gradient_task(op, "bias", TensorType.of(3, (70, 6)), batch=3))


def test_temporaries_of_an_activation_are_cut_into_blocks() -> None:
    check_kernel(Product(), fused_task(forward_task(*CASES[4][:2], batch=2), (Gelu(tanh=True), ())))
