"""Attention as one operator: scores, softmax, and the mean of the values by them.

    (N, h, T, d) queries, (N, h, S, d) keys -> (N, h, T, S) scores -> softmax -> (N, h, T, e)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.arithmetic import ADD, MUL, joined, repeated_to
from cnngraph.interop.onnx.reading.meaning.attention import FAR_BELOW, LOWEST, Operand, between, causal, is_causal
from cnngraph.interop.onnx.reading.meaning.elementwise import chained, short
from cnngraph.interop.onnx.reading.meaning.parts import side_by_side
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Constant, Tensor, Value
from cnngraph.ir.op import Array
from cnngraph.ir.size import Dim
from cnngraph.ops.scale import Scale
from cnngraph.ops.softmax import Softmax
from cnngraph.ops.tanh import Tanh

MASKED = 2  # of the scores that may be a further result: those with the mask
HEADS = (0, 1)
"""The axes that all operands share: samples and heads."""


def attention(call: Call) -> tuple[Value | None, ...]:
    """Its results: the values mixed, all keys and values so far, and the scores as some step left them."""
    call.need(not call.has(6), "another number of keys for each sample")
    q, k, v = (_in_heads(call, place) for place in range(3))
    before: Dim = 0
    if call.has(4):
        before = call.tensor(4).shape[2]
        k, v = side_by_side(call, [call.tensor(4), k], 2), side_by_side(call, [call.tensor(5), v], 2)
    many_keys, many_values = (_of_as_many_heads(call, x, q) for x in (k, v))
    scores, weights, mixed = _attended(call, q, many_keys, many_values, before)
    result = mixed if call.tensor(0).rank == 4 else _joined_heads(call, mixed)
    return result, k, v, [*scores, weights][call["qk_matmul_output_mode"] or 0]


def _attended(call: Call, q: Tensor, k: Tensor, v: Tensor, before: Dim) -> tuple[list[Tensor], Tensor, Tensor]:
    """The scores: as products, with the mask, limited; the weights that softmax makes of them; the values by these."""
    products = between(call, Operand(q, HEADS, [2], [3]), Operand(k, HEADS, [2], [3]))
    features = q.shape[-1]
    factor = call["scale"]
    if factor is None:
        call.need(isinstance(features, int), "features of open number")
        factor = 1 / np.sqrt(float(str(features)))
    products = call.keep(products, call.apply(Scale(float(factor)), [products.ref], beside=True))
    limit = short(call["softcap"] or 0.0)
    limited = chained(call, products, Scale(1 / limit), Tanh(), Scale(limit)) if limit else products
    scores, sees = _masked(call, limited, before)
    weights = call.keep(scores, call.apply(Softmax(), [scores.ref], beside=True))
    if not sees.all():
        weights = joined(call, MUL, weights, Constant(sees.astype(np.float32)))
    mixed = between(call, Operand(weights, HEADS, [2], [3]), Operand(v, HEADS, [3], [2]))
    return [products, limited, scores], weights, mixed


# ---- heads ----


def _in_heads(call: Call, place: int) -> Tensor:
    """(N, h, T, d) of itself, or of (N, T, h * d)."""
    x = call.tensor(place)
    if x.rank == 4:
        return x
    heads = call["q_num_heads"] if place == 0 else call["kv_num_heads"]
    layout = x.layout.reshaped([*x.shape[:-1], heads, -1])
    call.need(layout is not None, f"{x.shape[-1]} features in {heads} heads")
    assert layout is not None
    return Tensor(x.ref, layout.permuted((0, 2, 1, 3)))


def _of_as_many_heads(call: Call, x: Tensor, q: Tensor) -> Tensor:
    """Keys or values, of which each head serves several queries."""
    own, wanted = x.shape[1], q.shape[1]
    if own == wanted:
        return x
    whole = isinstance(own, int) and isinstance(wanted, int) and wanted % own == 0
    call.need(whole, f"{own} heads of keys for {wanted} of queries")
    n, _, length, features = x.shape
    wide = Tensor(x.ref, x.layout.unsqueezed([2]))
    wide = repeated_to(call, wide, (n, own, int(str(wanted)) // int(str(own)), length, features))
    return Tensor(wide.ref, wide.layout.joined([1, 2]))


def _joined_heads(call: Call, x: Tensor) -> Tensor:
    """(N, T, h * d) of (N, h, T, d)."""
    return Tensor(x.ref, x.layout.permuted((0, 2, 1, 3)).joined([2, 3]))


# ---- masks ----


def _masked(call: Call, scores: Tensor, before: Dim) -> tuple[Tensor, Array]:
    """The scores of what a query may see, of all else minus infinity, and which queries see anything.

    Some keys come `before` the first query.
    """
    shown = call["qk_matmul_output_mode"] == MASKED and len(call.node.outputs) > 3
    windows = [call[side] if call[side] is not None else -1 for side in ("left_window_size", "right_window_size")]
    plain = windows == [-1, -1] and before == 0 and scores.shape[-1] == scores.shape[-2]
    if call["is_causal"] and plain and not shown and not call.has(3):
        return causal(call, scores), np.ones(1)
    seen = _seen(call, scores, before, windows)
    added = np.zeros_like(seen, np.float32)
    if call.has(3):
        seen, added = _told(call, seen, call.constant(3, "the mask"))
    added = np.maximum(np.where(seen, added, LOWEST), LOWEST).astype(np.float32)
    call.need(not shown or added.min() > FAR_BELOW, "minus infinity among the results")
    sees = np.asarray(added.max(axis=-1, keepdims=True) > FAR_BELOW)
    if not added.any():
        return scores, sees
    return causal(call, scores) if is_causal(added) else joined(call, ADD, scores, Constant(added)), sees


def _seen(call: Call, scores: Tensor, before: Dim, windows: list[int]) -> Array:
    """Which keys each query may see by its place: (T, S), or one truth where they all may."""
    left, right = windows
    if not call["is_causal"] and windows == [-1, -1]:
        return np.ones((1, 1), bool)
    queries, keys = scores.shape[-2:]
    sizes = [size for size in (queries, keys, before) if isinstance(size, int)]
    call.need(len(sizes) == 3, "a mask for sequences of open length")
    distance = np.arange(int(str(keys))) - np.arange(int(str(queries)))[:, None] - int(str(before))
    seen = distance <= 0 if call["is_causal"] else np.ones_like(distance, bool)
    seen &= (distance >= -left) if left >= 0 else True
    return np.asarray(seen & (distance <= right) if right >= 0 else seen)


def _told(call: Call, seen: Array, mask: Array) -> tuple[Array, Array]:
    """With a mask: truths, of which the last are left out, or numbers to add."""
    if mask.dtype != bool:
        return np.broadcast_arrays(seen, np.asarray(mask, np.float32))  # type: ignore[return-value]
    truths = np.logical_and(*np.broadcast_arrays(seen, mask))
    return truths, np.zeros_like(truths, np.float32)


MEANINGS: Mapping[str, Meaning] = {"Attention": attention}
