"""Convolutions and pools: windows that slide over the positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.window import Window
from cnngraph.ops.conv import Conv


def conv(call: Call) -> Tensor:
    x, weight = call.tensor(0), call.constant(1, "the weight")
    bias = {"bias": call.constant(2, "the bias")} if call.has(2) else {}
    fields = laid(call, x, weight.shape[2:])
    op = Conv(len(weight), **fields, bias=bool(bias), groups=call["group"])
    kernel = np.moveaxis(weight, (0, 1), (-1, -2))  # (window..., channels of a group, features)
    return call.of_grid(call.apply(op, [call.grid(x)], {"weight": kernel, **bias}))


def laid(call: Call, x: Tensor, kernel: Any) -> dict[str, Any]:
    """The window, its stride and its padding."""
    rank = x.rank - 2
    kernel = tuple(call["kernel_shape"] or kernel)
    strides = tuple(call["strides"] or (1,) * rank)
    pads = call["pads"] or [0] * 2 * rank
    return {
        "window": Window(kernel, None if set(strides) == {1} else strides),
        "pad": tuple(zip(pads[:rank], pads[rank:], strict=True)),
        "dilation": tuple(call["dilations"] or (1,) * rank),
    }


MEANINGS = {"Conv": conv}
