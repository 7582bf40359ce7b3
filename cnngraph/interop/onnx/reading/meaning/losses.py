"""Losses: a number from predictions and labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.elementwise import chained
from cnngraph.interop.onnx.reading.meaning.reductions import over
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Array
from cnngraph.ops.cross_entropy import CrossEntropy
from cnngraph.ops.embed import Embed
from cnngraph.ops.exp import Exp
from cnngraph.ops.log_softmax import LogSoftmax
from cnngraph.ops.mul import Mul
from cnngraph.ops.scale import Scale
from cnngraph.ops.softmax import Softmax


def softmax_cross_entropy(call: Call) -> tuple[Tensor, ...]:
    """Of scores; the logarithms of their softmax are a further output."""
    scores = call.features(call.tensor(0), 1)
    if call["reduction"] == "mean":
        loss = _mean(call, scores, call.apply(Softmax(), [scores.ref], beside=True))
    else:
        loss = _each(call, call.each(LogSoftmax(), scores))
    if len(call.node.outputs) < 2:
        return (loss,)
    return loss, call.keep(scores, call.apply(LogSoftmax(), [scores.ref], beside=True))


def negative_log_likelihood(call: Call) -> Tensor:
    """Of logarithms of shares; our loss takes the shares themselves, and a softmax is known to be one."""
    logs = call.features(call.tensor(0), 1)
    if call["reduction"] != "mean":
        return _each(call, logs)
    node = call.reading.builder.nodes[logs.ref.node]
    if isinstance(node.op, LogSoftmax):
        return _mean(call, logs, call.apply(Softmax(), [node.inputs[0]], beside=True))
    return _mean(call, logs, call.apply(Exp(), [logs.ref], beside=True))


def _mean(call: Call, x: Tensor, shares: Ref) -> Tensor:
    """The mean over all labels, in which classes can have weights, and one of them be ignored."""
    weights, ids = _weights(call, shares)
    op = CrossEntropy(class_weights=() if weights is None else tuple(map(float, weights)))
    return call.result(call.apply(op, [shares, ids]), [], 0)


def _each(call: Call, logs: Tensor) -> Tensor:
    """The loss of each label, or the sum of them."""
    weights, ids = _weights(call, logs.ref)
    losses = chained(call, _chosen(call, logs, 1, ids, weights), Scale(-1.0))
    axes = [1] if call["reduction"] == "none" else list(range(logs.rank))
    total = losses if axes == [1] else over(call, losses, axes, "sum")
    return Tensor(total.ref, total.layout.squeezed(axes))


def _chosen(call: Call, x: Tensor, axis: int, ids: Ref, weights: Array | None = None) -> Tensor:
    """The number of x that each id says along the features: x times a row of a table, in which all else is 0."""
    count = int(str(call.type_of(x.ref).channels))
    rows = np.diag(np.ones(count, np.float32) if weights is None else weights)
    row = call.apply(Embed(count, call.type_of(x.ref).dtype), [ids], {"weight": rows}, beside=True)
    return over(call, call.keep(x, call.apply(Mul(), [x.ref, row], beside=True)), [axis], "sum")


def gather_elements(call: Call) -> Tensor:
    """One number of each row, as losses pick them; not any table of places."""
    x, places = call.tensor(0), call.tensor(1)
    axis = call.axis(call["axis"], x.rank)
    call.need(places.shape == (*x.shape[:axis], 1, *x.shape[axis + 1 :]), "places in a table")
    x = call.features(x, axis)
    count = call.type_of(x.ref).channels
    call.need(isinstance(count, int), "places on an axis of open size")
    return _chosen(call, x, axis, call.ids(1, int(str(count))))


def _weights(call: Call, shares: Ref) -> tuple[Array | None, Ref]:
    """The weights of the classes, of which one may be ignored, and the labels as ids."""
    classes = call.type_of(shares).channels
    call.need(isinstance(classes, int), "classes of open number")
    count = int(str(classes))
    weights = call.optional(2, "the weights of the classes")
    if (ignored := call["ignore_index"]) is not None:
        call.need(-count <= ignored or ignored < 0, f"there is no class {ignored} to ignore")
        if 0 <= ignored < count:
            weights = np.ones(count, np.float32) if weights is None else weights.copy()
            weights[ignored] = 0
        else:
            call.note(f"labels are classes from 0 to {count - 1}: none is {ignored}, which the file would ignore")
    ids = call.ids(1, count)
    call.need(call.type_of(ids).shape == call.type_of(shares).shape[:-1], "labels of other positions than the scores")
    return weights, ids


MEANINGS: Mapping[str, Meaning] = {
    "GatherElements": gather_elements,
    "NegativeLogLikelihoodLoss": negative_log_likelihood,
    "SoftmaxCrossEntropyLoss": softmax_cross_entropy,
}
