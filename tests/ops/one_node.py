"""One operator as an ONNX model of one node, in the layout of ONNX: channels first, weights in its order.

`WAYS` says, for each operator that names its counterpart (`Op.onnx`), what the layout asks of an exporter: the arrays
that go in, the attributes that depend on the input, and how the result comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

from cnngraph.ir.op import Array, Onnx, Op
from cnngraph.ir.types import TensorType
from cnngraph.ops.crop import margins

Y = "y"
OF_TWO = ("Mul",)  # of several: a chain of them


def first(x: Array) -> Array:
    """The channels before the positions: (N, C, positions...)."""
    return np.moveaxis(x, -1, 1) if x.ndim > 2 else x


def plane(x: Array) -> Array:
    """All positions on one axis of two, for a reference that knows images only: (N, C, P, 1)."""
    return first(x.reshape(len(x), -1, 1, x.shape[-1]))


def last(x: Array) -> Array:
    """The channels after the positions: (N, positions..., C)."""
    return np.moveaxis(x, 1, -1) if x.ndim > 2 else x


def unmoved(x: Array) -> Array:
    return x


@dataclass(frozen=True)
class Call:
    """What goes into the node, and how its first result becomes ours."""

    inputs: tuple[Array, ...]
    attributes: Mapping[str, object] = field(default_factory=dict)
    back: Callable[[Array], Array] = last


Way = Callable[..., Call]


def at_each_position(op: Op, *values: Array) -> Call:
    return Call(tuple(map(first, values)))


def to_ids(op: Op, x: Array) -> Call:
    """Ids have no features: their positions stay in their order."""
    return Call((first(x),), back=unmoved)


def features_last(op: Op, *values: Array) -> Call:
    """Where ONNX, too, has the features on the last axis."""
    return Call(values, back=unmoved)


def with_vectors(op: Op, *values: Array) -> Call:
    """A vector c that meets c@HxW: (N, C, 1, 1)."""
    rank = max(v.ndim for v in values)
    return Call(tuple(first(spread(v, rank)) for v in values))


def spread(x: Array, rank: int) -> Array:
    """With an axis of 1 for each that is lacking between the batch and the channels."""
    return x.reshape((*x.shape[:1], *(1,) * (rank - x.ndim), *x.shape[1:])) if x.ndim else x


def per_channel(op: Op, x: Array, *weights: Array) -> Call:
    return Call((first(x), *weights))


def groupnorm(op: Op, x: Array, *weights: Array) -> Call:
    """Statistics in the precision of x; ONNX takes them in float32 if not told."""
    return Call((first(x), *weights), {"stash_type": kind_of(x)})


def prelu(op: Op, x: Array, slope: Array) -> Call:
    return Call((first(x), slope.reshape(-1, *(1,) * (x.ndim - 2))))


def all_positions(op: Op, x: Array) -> Call:
    return Call((plane(x),), back=lambda y: y.reshape(y.shape[:2]))


def lrn(op: Op, x: Array) -> Call:
    """The reference counts the samples where it means the channels: it gets as many of them."""
    channels = x.shape[-1]
    square = np.resize(plane(x), (channels, channels, x[0, ..., 0].size, 1))
    return Call((square,), back=lambda y: last(y[: len(x)]).reshape(x.shape))


def layout(g: Any) -> dict[str, object]:
    befores, afters = zip(*g.pad, strict=True)
    return {"kernel_shape": g.size, "strides": g.stride, "pads": befores + afters}


def pool(op: Any, x: Array) -> Call:
    return Call((first(x),), layout(op.geometry(TensorType(x.shape))))


def conv(op: Any, x: Array, weight: Array, *bias: Array) -> Call:
    g = op.geometry(TensorType(x.shape))
    kernel = np.moveaxis(weight, (-1, -2), (0, 1))  # (features, channels of a group, window...)
    return Call((first(x), kernel, *bias), {**layout(g), "dilations": g.dilation})


def upconv(op: Any, x: Array, weight: Array, *bias: Array) -> Call:
    rank = x.ndim - 2
    g = op.geometry(rank)
    groups = np.split(weight, op.groups, axis=-1)
    kernel = np.concatenate([np.moveaxis(w, (-2, -1), (0, 1)) for w in groups])  # (channels, features of a group, ...)
    return Call(
        (first(x), kernel, *bias),
        {**layout(g), "dilations": g.dilation, "output_padding": op.added(rank)},
    )


def reshape(op: Any, x: Array) -> Call:
    return Call((x, np.array([len(x), *op.shape.shape[1:]])), back=unmoved)


def padding(op: Any, x: Array) -> Call:
    befores, afters = zip(*op.pairs(x.ndim - 2), strict=True)
    return Call((first(x), np.array([0, 0, *befores, 0, 0, *afters])))


def slice_(op: Any, x: Array) -> Call:
    cuts = op.place(x.shape)[1:]
    ranges = ([c.start for c in cuts], [c.stop for c in cuts], range(2, x.ndim), [c.step for c in cuts])
    return Call((first(x), *map(np.array, ranges)))


def crop(op: Any, x: Array) -> Call:
    befores, afters = zip(*margins("crop", op.margin, x.ndim - 2, ""), strict=True)
    ends = [n - after for n, after in zip(x.shape[1:], afters, strict=False)]
    return Call((first(x), *map(np.array, (befores, ends, range(2, x.ndim)))))


def transpose(op: Any, x: Array) -> Call:
    order = op.order if isinstance(op.order, tuple) else (op.order,)
    return Call((first(x),), {"perm": (0, 1, *(axis + 2 for axis in order))})


def position(op: Any, x: Array) -> Call:
    return Call((first(x), np.array(op.index)), back=unmoved)


def embed(op: Op, ids: Array, weight: Array) -> Call:
    return Call((weight, ids), back=unmoved)


def labelled(op: Any, logits: Array, label: Array) -> Call:
    weights = [np.array(op.class_weights, logits.dtype)] if op.class_weights else []
    return Call((first(logits), label, *weights), back=unmoved)


def of_limits(op: Any, x: Array) -> Call:
    return Call((first(x), np.array(op.low, x.dtype), np.array(op.high, x.dtype)))


def reduce(op: Any, x: Array) -> Call:
    axes = np.arange(2, x.ndim) if op.over == "positions" else np.array([1])
    return Call((first(x), axes), back=unmoved if op.over == "positions" else last)


def upsample(op: Any, x: Array) -> Call:
    positions = op.infer(TensorType(x.shape)).positions
    nothing = np.array([], np.float32)
    return Call((first(x), nothing, nothing, np.array([*first(x).shape[:2], *positions])))


SIMPLE = (
    "abs", "concat", "cos", "dropout", "elu", "erf", "exp", "gelu", "hard_sigmoid", "hard_swish", "identity",
    "leaky_relu", "log", "log_softmax", "max", "min", "mish", "normalize", "relu", "reverse_gradient", "selu",
    "sigmoid", "sign", "silu", "sin", "softmax", "softplus", "softsign", "stop_gradient", "tanh",
)  # fmt: skip
WAYS: dict[str, Way] = {
    **dict.fromkeys(SIMPLE, at_each_position),
    **dict.fromkeys(("dense", "flatten", "layernorm", "linear", "mix", "constant", "rmsnorm"), features_last),
    **dict.fromkeys(("add", "div", "mul"), with_vectors),
    **dict.fromkeys(("globalavgpool", "globalmaxpool"), all_positions),
    **dict.fromkeys(("avgpool", "l2pool", "maxpool"), pool),
    "argmax": to_ids,
    "batchnorm": per_channel,
    "clip": of_limits,
    "conv": conv,
    "crop": crop,
    "embed": embed,
    "groupnorm": groupnorm,
    "lrn": lrn,
    "padding": padding,
    "pixel_shuffle": at_each_position,
    "position": position,
    "prelu": prelu,
    "reduce": reduce,
    "reshape": reshape,
    "slice": slice_,
    "softmax_cross_entropy": labelled,
    "transpose": transpose,
    "upconv": upconv,
    "upsample": upsample,
}


def by_onnx(op: Op, values: list[Array]) -> Array:
    """The first result of `op`, as the reference of ONNX computes it from a model that its checker accepts."""
    found, call = op.onnx(), WAYS[op.name](op, *values)
    assert found is not None
    given = {f"x{i}": np.array(v, order="C") for i, v in enumerate(call.inputs)}
    feeds = {name: v for name, v in given.items() if v.size}
    names = [name if name in feeds else "" for name in given]  # an empty array stands for an input left out
    made = model(found, names, feeds, {**found.attributes, **call.attributes})
    (y,) = map(np.asarray, ReferenceEvaluator(made).run(None, feeds))
    made.graph.output[0].CopyFrom(helper.make_tensor_value_info(Y, kind_of(y), y.shape))
    checker.check_model(made, full_check=True)
    return call.back(y)


def model(found: Onnx, names: list[str], feeds: Mapping[str, Array], attributes: Mapping[str, Any]) -> Any:
    inputs = [helper.make_tensor_value_info(name, kind_of(v), v.shape) for name, v in feeds.items()]
    result = helper.make_tensor_value_info(Y, TensorProto.UNDEFINED, None)
    graph = helper.make_graph(nodes(found.operator, names, attributes), "one", inputs, [result])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", found.opset)])


def nodes(operator: str, names: list[str], attributes: Mapping[str, Any]) -> list[Any]:
    """One, but for an operator of two that has more: a chain of them."""
    if operator not in OF_TWO:
        return [helper.make_node(operator, names, [Y], **attributes)]
    results = [*(f"y{i}" for i in range(len(names) - 2)), Y]
    return [
        helper.make_node(operator, [a, b], [y])
        for a, b, y in zip([names[0], *results[:-1]], names[1:], results, strict=True)
    ]


def kind_of(x: Array) -> int:
    return int(helper.np_dtype_to_tensor_dtype(x.dtype))
