"""What treats each channel by itself, or the channels of each position: norms, PRelu, softmax."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.meaning.arithmetic import MUL, joined, met
from cnngraph.interop.onnx.reading.meaning.elementwise import chained, short
from cnngraph.interop.onnx.reading.values import Constant, Tensor, Value
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Array, Op
from cnngraph.ops.add import Add
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.log_softmax import LogSoftmax
from cnngraph.ops.lrn import Lrn
from cnngraph.ops.power import Power
from cnngraph.ops.prelu import Prelu
from cnngraph.ops.relu import Relu
from cnngraph.ops.scale import Scale
from cnngraph.ops.shift import Shift
from cnngraph.ops.softmax import Softmax


def batch_normalization(call: Call) -> Value | tuple[Value, ...]:
    x = call.features(call.tensor(0), 1 if call.tensor(0).rank > 1 else 0)
    names = ("scale", "shift", "mean", "variance")
    weights = {name: call.constant(i, f"the {name}").reshape(-1) for i, name in enumerate(names, start=1)}
    op = BatchNorm(short(call["epsilon"]), short(call["momentum"]))
    if call["training_mode"]:
        return _in_training(call, x, op, weights)
    return call.keep(x, call.apply(op, [x.ref], weights))


def _in_training(call: Call, x: Tensor, op: BatchNorm, weights: Mapping[str, Array]) -> tuple[Value, ...]:
    """With the statistics of the batch; and the next of the running ones, of which ONNX takes the divisor m."""
    y = call.apply(op.for_training(), [x.ref], weights)
    _, _, _, _, variance = call.reading.builder.nodes[y.node].inputs
    own = call.apply(Power(-2.0), [Ref(y.node, 2)], beside=True)
    own = call.apply(Shift(-op.epsilon), [own], beside=True)
    parts = [(variance, op.momentum), (own, 1 - op.momentum)]
    shares = [call.apply(Scale(share), [ref], beside=True) for ref, share in parts]
    layout = Layout(((call.type_of(variance).shape[0],),), ((0,),))
    return call.keep(x, y), Tensor(Ref(y.node, 3), layout), Tensor(call.apply(Add(), shares, beside=True), layout)


def local_response(call: Call) -> Tensor:
    x = call.features(call.tensor(0), 1)
    op = Lrn(call["size"], short(call["alpha"]), short(call["beta"]), short(call["bias"]))
    return call.keep(x, call.apply(op, [x.ref]))


def prelu(call: Call) -> Tensor:
    """With a slope for all, for each channel, or for each number."""
    x, slope = call.tensor(0), call.constant(1, "the slope")
    if call["of_channels"] and slope.size > 1:
        slope = slope.reshape(-1, *(1,) * (x.rank - 2))
    if sum(size > 1 for size in slope.shape) > 1:
        below = joined(call, MUL, chained(call, x, Scale(-1.0), Relu(), Scale(-1.0)), Constant(slope))
        return met(call, Add(), [call.each(Relu(), x), below])
    if slope.size == 1 and slope.reshape(()) >= 0:
        return call.each(LeakyRelu(short(float(slope.reshape(())))), x)
    axis = _only_axis(call, slope, x)
    x = call.features(x, axis)
    channels = call.type_of(x.ref).channels
    call.need(isinstance(channels, int), "an open number of channels")
    weight = np.broadcast_to(slope.reshape(-1), (int(str(channels)),))
    return call.keep(x, call.apply(Prelu(), [x.ref], {"slope": weight}))


def _only_axis(call: Call, array: Array, x: Tensor) -> int:
    """The axis of x along which known numbers differ; the channels if they do nowhere."""
    axes = [x.rank - array.ndim + axis for axis, size in enumerate(array.shape) if size > 1]
    call.need(len(axes) < 2, "it has numbers for more than each channel")
    return axes[0] if axes else min(1, x.rank - 1)


def over_axis(op: Op) -> Callable[[Call], Value]:
    """Along one axis; up to opset 12 along all axes from this one on."""

    def meaning(call: Call) -> Value:
        x = call.tensor(0)
        axis = call.axis(call["axis"], x.rank)
        axes = range(axis, x.rank) if call["flattened"] else [axis]
        x = call.along(x, axes)
        return call.keep(x, call.apply(op, [x.ref]))

    return meaning


MEANINGS: Mapping[str, Callable[[Call], Value | tuple[Value, ...]]] = {
    "BatchNormalization": batch_normalization,
    "LRN": local_response,
    "LogSoftmax": over_axis(LogSoftmax()),
    "PRelu": prelu,
    "Softmax": over_axis(Softmax()),
}
