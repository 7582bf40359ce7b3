"""What treats each channel by itself, or the channels of each position: norms, PRelu, softmax."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.meaning.elementwise import short
from cnngraph.interop.onnx.reading.values import Tensor, Value
from cnngraph.ir.op import Array, Op
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.leaky_relu import LeakyRelu
from cnngraph.ops.log_softmax import LogSoftmax
from cnngraph.ops.lrn import Lrn
from cnngraph.ops.prelu import Prelu
from cnngraph.ops.softmax import Softmax


def batch_normalization(call: Call) -> Tensor:
    call.need(not call["training_mode"], "it is in training mode", "export the model in the mode of inference")
    x = call.features(call.tensor(0), 1 if call.tensor(0).rank > 1 else 0)
    names = ("scale", "shift", "mean", "variance")
    weights = {name: call.constant(i, f"the {name}").reshape(-1) for i, name in enumerate(names, start=1)}
    op = BatchNorm(short(call["epsilon"]), short(call["momentum"]))
    return call.keep(x, call.apply(op, [x.ref], weights))


def local_response(call: Call) -> Tensor:
    x = call.features(call.tensor(0), 1)
    op = Lrn(call["size"], short(call["alpha"]), short(call["beta"]), short(call["bias"]))
    return call.keep(x, call.apply(op, [x.ref]))


def prelu(call: Call) -> Tensor:
    x, slope = call.tensor(0), call.constant(1, "the slope")
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


MEANINGS: Mapping[str, Callable[[Call], Value]] = {
    "BatchNormalization": batch_normalization,
    "LRN": local_response,
    "LogSoftmax": over_axis(LogSoftmax()),
    "PRelu": prelu,
    "Softmax": over_axis(Softmax()),
}
