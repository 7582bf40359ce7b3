"""Products with known matrices."""

from __future__ import annotations

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.values import Later, Tensor
from cnngraph.ir.op import Array
from cnngraph.ops.dense import Dense
from cnngraph.ops.linear import Linear


def gemm(call: Call) -> Tensor:
    x, weight = call.tensor(0), call.constant(1, "the matrix")
    call.need(x.rank == 2 and weight.ndim == 2, "it needs two matrices")
    x = Tensor(x.ref, x.layout.permuted((1, 0))) if call["transA"] else x
    weight = weight.T if call["transB"] else weight
    weight = weight if call["alpha"] == 1 else weight * np.float32(call["alpha"])
    bias = None
    if call.has(2):
        given = call.constant(2, "the bias")
        call.need(given.ndim < 2 or given.shape[0] == 1, "it adds other numbers to each sample")
        bias = np.broadcast_to(given.reshape(-1) * np.float32(call["beta"]), weight.shape[1:])
    return product(call, x, weight, bias)


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
