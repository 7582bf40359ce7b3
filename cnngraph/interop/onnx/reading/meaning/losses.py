"""Losses: a number from predictions and labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.graph import Ref
from cnngraph.ops.cross_entropy import CrossEntropy
from cnngraph.ops.exp import Exp
from cnngraph.ops.log_softmax import LogSoftmax
from cnngraph.ops.softmax import Softmax


def softmax_cross_entropy(call: Call) -> tuple[Tensor, ...]:
    """Of scores; the logarithms of their softmax are a further output."""
    scores = call.features(call.tensor(0), 1)
    shares = call.apply(Softmax(), [scores.ref], beside=True)
    loss = _mean(call, scores, shares)
    if len(call.node.outputs) < 2:
        return (loss,)
    return loss, call.keep(scores, call.apply(LogSoftmax(), [scores.ref], beside=True))


def negative_log_likelihood(call: Call) -> Tensor:
    """Of logarithms of shares; our loss takes the shares themselves, and a softmax is known to be one."""
    logs = call.features(call.tensor(0), 1)
    node = call.reading.builder.nodes[logs.ref.node]
    if isinstance(node.op, LogSoftmax):
        return _mean(call, logs, call.apply(Softmax(), [node.inputs[0]], beside=True))
    return _mean(call, logs, call.apply(Exp(), [logs.ref], beside=True))


def _mean(call: Call, x: Tensor, shares: Ref) -> Tensor:
    """The mean over all labels, in which classes can have weights, and one of them be ignored."""
    call.need(call["reduction"] == "mean", f"a loss without the mean of all samples (reduction {call['reduction']})")
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
    op = CrossEntropy(class_weights=() if weights is None else tuple(map(float, weights)))
    return call.result(call.apply(op, [shares, ids]), [], 0)


MEANINGS: Mapping[str, Meaning] = {
    "NegativeLogLikelihoodLoss": negative_log_likelihood,
    "SoftmaxCrossEntropyLoss": softmax_cross_entropy,
}
