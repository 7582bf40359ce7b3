"""Products with known matrices."""

from __future__ import annotations

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.arithmetic import ADD, joined
from cnngraph.interop.onnx.reading.meaning.elementwise import chained
from cnngraph.interop.onnx.reading.values import Constant, Later, Tensor, Value
from cnngraph.ir.op import Array
from cnngraph.ops.dense import Dense
from cnngraph.ops.linear import Linear
from cnngraph.ops.scale import Scale


def gemm(call: Call) -> Tensor:
    x, weight = call.tensor(0), call.constant(1, "the matrix")
    call.need(x.rank == 2 and weight.ndim == 2, "it needs two matrices")
    x = Tensor(x.ref, x.layout.permuted((1, 0))) if call["transA"] else x
    weight = weight.T if call["transB"] else weight
    weight = weight if call["alpha"] == 1 else weight * np.float32(call["alpha"])
    bias = None
    if call.has(2):
        given = call.value(2)
        if isinstance(given, Tensor) or (len(given.shape) == 2 and given.shape[0] != 1):
            return _with_any_bias(call, product(call, x, weight), given)
        bias = np.broadcast_to(call.constant(2, "the bias").reshape(-1) * np.float32(call["beta"]), weight.shape[1:])
    return product(call, x, weight, bias)


def _with_any_bias(call: Call, y: Tensor, bias: Value) -> Tensor:
    """With numbers that are computed, or differ between the samples."""
    beta = float(call["beta"])
    if isinstance(bias, Tensor):
        return joined(call, ADD, y, chained(call, bias, Scale(beta)))
    return joined(call, ADD, y, Constant(call.constant(2, "the bias") * np.float32(beta)))


def product(call: Call, x: Tensor, weight: Array, bias: Array | None = None) -> Tensor:
    """The last foreign axis of x times a matrix (channels, features)."""
    x, order = call.rows(x, -1)
    if not any(x.layout.groups[1:-1]):
        x = call.reading.arranged(x, (x.layout.groups[0], x.layout.groups[-1]), call.path)
    channels = call.type_of(x.ref).channels
    call.need(channels == len(weight), f"a matrix of {len(weight)} rows meets {channels} features")
    rows: Array | Later = weight if order is None else Later(weight.shape, lambda: weight[order])
    weights = {"weight": rows} | ({} if bias is None else {"bias": bias})
    layer = Linear if call.type_of(x.ref).positions else Dense
    return call.with_features(x, -1, call.apply(layer(weight.shape[1], bias is not None), [x.ref], weights))


MEANINGS = {"Gemm": gemm}
