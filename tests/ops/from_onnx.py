"""Nodes of ONNX in our operators, as far as our fields can say them: for the test cases that ONNX brings along.

Each entry of `MEANING` takes the attributes (with their defaults) and the inputs of a node (None where one is left
out), and gives its first output. An operator here has one axis of features, the last one, and any axis can be put
there; axes that are treated alike can be its positions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from cnngraph.ir.op import Array, Op, OpError
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window

Meaning = Callable[..., Array]


def first(x: Array) -> Array:
    """The channels before the positions: (N, C, positions...)."""
    return np.moveaxis(x, -1, 1) if x.ndim > 2 else x


def last(x: Array) -> Array:
    """The channels after the positions: (N, positions..., C)."""
    return np.moveaxis(x, 1, -1) if x.ndim > 2 else x


class Inexpressible(Exception):
    """What a node asks for and no field of ours says."""


def need(condition: object, reason: str) -> None:
    if not condition:
        raise Inexpressible(reason)


def run(op: Op, *values: Array, ids: int | None = None) -> Array:
    """The first result, of values that the operator takes; the last of them are ids of so many where given."""
    types = [TensorType(v.shape, str(v.dtype)) for v in values]
    if ids is not None:
        types[-1] = TensorType(values[-1].shape, "int64", ids)
    operands = types if op.variadic else types[: len(op.operands)]
    for value in values[: len(operands)]:
        need(ids is not None or value.dtype in (np.float32, np.float64), f"numbers of {value.dtype}")
    try:
        op.output_types(operands)
    except OpError as refused:
        raise Inexpressible(refused.message) from refused
    return np.asarray(op.apply(values)[0])


def of(name: str, **fields: Any) -> Op:
    return registry()[name](**fields)


def each(name: str, **renamed: str) -> Meaning:
    """Each number by itself; attributes under other names."""
    return lambda a, x, *more: run(of(name, **{ours: getattr(a, theirs) for ours, theirs in renamed.items()}), x)


def alone(name: str, *, of_default: tuple[str, ...] = (), **expected: object) -> Meaning:
    """The same with attributes that have one value only."""

    def meaning(a: Any, x: Array) -> Array:
        for key, value in expected.items():
            need(getattr(a, key) is None or np.isclose(getattr(a, key), value), f"{key} other than {value:.4g}")
        return run(of(name), x)

    return meaning


def along(name: str, **fields: Any) -> Meaning:
    """Over the features, which can be any axis."""
    return lambda a, *values: features_at(a.axis, of(name, **fields), *values)


def features_at(axis: int, op: Op, *values: Array) -> Array:
    """The result of an operator whose features are on this axis; a vector is a sample."""
    if values[0].ndim == 1:
        return run(op, *(v[None] for v in values))[0]
    return np.moveaxis(run(op, *(np.moveaxis(v, axis, -1) for v in values)), -1, axis)


# ---- windows ----


def laid(a: Any, x: Array, kernel: Any, *, transposed: bool = False) -> dict[str, Any]:
    """window, pad and stride of a node; `SAME_UPPER` and the like worked out for this input."""
    rank = x.ndim - 2
    kernel = tuple(a.kernel_shape or kernel)
    strides, dilations = tuple(a.strides or (1,) * rank), tuple(getattr(a, "dilations", None) or (1,) * rank)
    mode = (a.auto_pad or b"NOTSET").decode()
    if mode.startswith("SAME"):
        windows = zip(x.shape[2:], kernel, strides, dilations, strict=True)
        totals = [max(d * (k - 1) + 1 - (s if transposed else s - -n % s), 0) for n, k, s, d in windows]
        befores = [t // 2 if mode == "SAME_UPPER" else t - t // 2 for t in totals]
        pads = [*befores, *(t - b for t, b in zip(totals, befores, strict=True))]
    else:
        pads = a.pads or [0] * 2 * rank
    pairs = tuple(zip(pads[:rank], pads[rank:], strict=True))
    return {"window": Window(kernel), "pad": pairs, "stride": strides, "dilation": dilations}


def pooled(name: str) -> Meaning:
    def meaning(a: Any, x: Array) -> Array:
        fields = laid(a, x, None)
        need(set(fields.pop("dilation")) == {1}, "dilation of a pool")
        need(getattr(a, "p", 2) == 2, "p other than 2")
        if name == "avgpool":
            fields["count_padding"] = bool(a.count_include_pad)
        return first(run(of(name, **fields, ceil=bool(a.ceil_mode)), last(x)))

    return meaning


def conv(a: Any, x: Array, weight: Array, *bias: Array) -> Array:
    fields = laid(a, x, weight.shape[2:])
    op = of("conv", features=len(weight), **fields, bias=bool(bias), groups=a.group)
    return first(run(op, last(x), np.moveaxis(weight, (0, 1), (-1, -2)), *bias))


def upconv(a: Any, x: Array, weight: Array, *bias: Array) -> Array:
    rank = x.ndim - 2
    fields = laid(a, x, weight.shape[2:], transposed=True)
    added = list(a.output_padding or (0,) * rank)
    if a.output_shape:
        grown = zip(x.shape[2:], fields["stride"], fields["dilation"], fields["window"].size, strict=True)
        totals = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in grown]
        totals = [t + more - asked for t, more, asked in zip(totals, added, a.output_shape, strict=True)]
        added = [more - min(t, 0) for more, t in zip(added, totals, strict=True)]
        fields["pad"] = tuple((max(t, 0) - max(t, 0) // 2, max(t, 0) // 2) for t in totals)
    op = of("upconv", features=weight.shape[1] * a.group, **fields, bias=bool(bias), groups=a.group,
            output_padding=tuple(added))  # fmt: skip
    kernel = np.concatenate([np.moveaxis(w, (0, 1), (-2, -1)) for w in np.split(weight, a.group)], axis=-1)
    return first(run(op, last(x), kernel, *bias))


def global_pool(name: str) -> Meaning:
    return lambda a, x: run(of(name), last(x)).reshape(*x.shape[:2], *(1,) * (x.ndim - 2))


# ---- with weights ----


def batchnorm(a: Any, x: Array, *weights: Array) -> Array:
    op = of("batchnorm", epsilon=a.epsilon, momentum=a.momentum)
    return first(run(op.for_training() if a.training_mode else op, last(x), *weights))


def groupnorm(a: Any, x: Array, *weights: Array) -> Array:
    return first(
        run(of("groupnorm", groups=getattr(a, "num_groups", x.shape[1]), epsilon=a.epsilon), last(x), *weights)
    )


def layernorm(a: Any, x: Array, *weights: Array) -> Array:
    need(a.axis in (-1, x.ndim - 1), "statistics over several axes")
    return run(of("layernorm", epsilon=a.epsilon), x, *weights)


def prelu(a: Any, x: Array, slope: Array) -> Array:
    need(slope.ndim == 1, "a slope for each number")
    return run(of("prelu"), x, slope)


def gemm(a: Any, x: Array, weight: Array, bias: Array | None = None) -> Array:
    need(a.alpha == a.beta == 1, "alpha or beta other than 1")
    need(bias is None or bias.ndim < 2 or len(bias) == 1, "a bias for each sample")
    x, weight = x.T if a.transA else x, weight.T if a.transB else weight
    biases = [] if bias is None else [np.resize(bias, weight.shape[1])]
    return run(of("dense", features=weight.shape[1], bias=bool(biases)), x, weight, *biases)


def matmul(a: Any, x: Array, y: Array) -> Array:
    if x.ndim == y.ndim == 2:
        return run(of("linear", features=y.shape[1], bias=False), x, y)
    need(x.ndim == y.ndim and x.shape[:-2] == y.shape[:-2], "broadcasting")
    return run(of("mix"), x, y)


def gather(a: Any, table: Array, ids: Array) -> Array:
    need(a.axis == 0, "rows along another axis than the first")
    need(ids.min() >= 0, "ids below 0")
    rows = table.reshape(len(table), -1)
    op = of("embed", features=rows.shape[1])
    return np.asarray(op.forward(ids, rows)).reshape(*ids.shape, *table.shape[1:])


# ---- several values ----


def merged(name: str) -> Meaning:
    def meaning(a: Any, *values: Array) -> Array:
        x = max(values, key=lambda v: v.ndim)
        vectors = [np.broadcast_to(v, (len(x), *v.shape)) if v.ndim < x.ndim else v for v in values]
        return run(of(name), *(v if v.ndim > 1 else v[None] for v in vectors)).reshape(x.shape)

    return meaning


def part(a: Any, x: Array, sizes: Array | None = None) -> Array:
    axis = a.axis or 0
    count = getattr(a, "num_outputs", None) or a.outputs
    need(sizes is not None or x.shape[axis] % count == 0, "parts of which the last is smaller")
    return features_at(axis, of("part", index=0, of=count if sizes is None else tuple(map(int, sizes))), x)


# ---- positions ----


def as_positions(x: Array) -> Array:
    """All axes as positions: one sample of one channel."""
    return x[None, ..., None]


def slice_(
    a: Any, x: Array, starts: Array, ends: Array, axes: Array | None = None, steps: Array | None = None
) -> Array:
    cuts = [[0, 0, 1] for _ in x.shape]
    each = range(len(starts)) if axes is None else axes
    for i, axis in enumerate(each):
        step = 1 if steps is None else int(steps[i])
        need(ends[i] != 0, "a stop of 0, which is not the end")
        cuts[axis] = [int(starts[i]), int(ends[i]), step]
    start, stop, step = zip(*cuts, strict=True)
    return run(of("slice", start=start, stop=stop, step=step), as_positions(x))[0, ..., 0]


def transpose(a: Any, x: Array) -> Array:
    order = tuple(a.perm or reversed(range(x.ndim)))
    return run(of("transpose", order=order), as_positions(x))[0, ..., 0]


def padding(a: Any, x: Array, pads: Array, value: Array | None = None, axes: Array | None = None) -> Array:
    need(value is None or value == 0, "padding with a number other than 0")
    each = list(range(x.ndim)) if axes is None else [int(axis) % x.ndim for axis in axes]
    pairs = dict(zip(each, zip(pads[: len(each)].tolist(), pads[len(each) :].tolist(), strict=True), strict=True))
    need(not any(map(any, (pairs.get(0, ()), pairs.get(1, ())))), "padding of the batch or the channels")
    mode = {"constant": "zeros"}.get(a.mode.decode(), a.mode.decode())
    margin = tuple(pairs.get(axis, (0, 0)) for axis in range(2, x.ndim))
    return first(run(of("padding", margin=margin, mode=mode), last(x.astype(np.float32)))).astype(x.dtype)


def resize(a: Any, x: Array, roi: Any = None, scales: Array | None = None, sizes: Array | None = None) -> Array:
    mode = a.mode.decode()
    need(mode in ("nearest", "linear"), f"mode {mode}")
    frame = a.coordinate_transformation_mode.decode()
    need(frame == "half_pixel", f"coordinates {frame}")
    need(a.nearest_mode == b"round_prefer_floor", f"nearest_mode {a.nearest_mode.decode()}")
    need(a.keep_aspect_ratio_policy == b"stretch", "a policy for the ratio of the sides")
    axes = list(a.axes or range(x.ndim))
    factors = np.ones(x.ndim)
    factors[axes] = scales if scales is not None else np.array(sizes) / np.array(x.shape)[axes]
    need((factors >= 1).all() and (factors == factors.round()).all(), "another factor than a whole number")
    return first(run(of("upsample", factor=tuple(map(int, factors[2:])), mode=mode), last(x)))


def reshape(a: Any, x: Array, shape: Array) -> Array:
    sizes = [x.shape[i] if n == 0 and not a.allowzero else int(n) for i, n in enumerate(shape)]
    need(0 not in sizes, "no numbers")
    known = [n for n in sizes if n != -1]
    sizes = [x.size // int(np.prod(known)) if n == -1 else n for n in sizes]
    need(sizes[0] == len(x) and len(sizes) > 1, "another batch")
    return run(of("reshape", shape=TensorType.of(sizes[-1], tuple(sizes[1:-1]))), x)


def flatten(a: Any, x: Array) -> Array:
    need(a.axis % x.ndim == 1, "another axis than the first")
    return run(of("flatten"), x)


def reduced(by: str) -> Meaning:
    def meaning(a: Any, x: Array, axes: Array | None = None) -> Array:
        need(axes is not None and len(axes) == 1 and axes[0] % x.ndim != 0, "reduction over the batch")
        need(x.size, "no numbers")
        y = features_at(int(axes[0]), of("reduce", by=by), x)  # type: ignore[index]
        return y if a.keepdims else y.squeeze(int(axes[0]))  # type: ignore[index]

    return meaning


# ---- the rest ----


def clip(a: Any, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    need(low is not None and high is not None, "a limit at one side, or none")
    return run(of("clip", low=float(low), high=float(high)), x)  # type: ignore[arg-type]


def dropout(a: Any, x: Array, rate: Array | None = None, training: Array | None = None) -> Array:
    need(training is None or not training, "random numbers of its own")
    return run(of("dropout", rate=0.5 if rate is None else float(rate)), x)


def identity(a: Any, x: Any) -> Array:
    need(isinstance(x, np.ndarray), "no tensor")
    return run(of("identity"), x)


def loss(name: str) -> Meaning:
    def meaning(a: Any, x: Array, label: Array, weights: Array | None = None) -> Array:
        need(a.reduction == b"mean", f"reduction {a.reduction.decode()}")
        channels = x.shape[1]
        if a.ignore_index is not None:
            need(label.min() >= 0 and label.max() < channels, "ids that are none of the classes")
            weights = np.ones(channels) if weights is None else weights.copy()
            weights[a.ignore_index :][:1] = 0
        table = last(x).reshape(len(x), -1, channels)  # more positions than three axes have
        table = np.exp(table) if name == "cross_entropy" else table  # ours takes probabilities
        op = of(name, class_weights=() if weights is None else tuple(map(float, weights)))
        return run(op, table, label.reshape(len(x), -1), ids=channels)

    return meaning


MEANING: Mapping[str, Meaning] = {
    **{t: each(t.lower()) for t in ("Abs", "Mish", "Relu", "Sigmoid", "Sign", "Softplus", "Softsign", "Tanh")},
    "Add": merged("add"),
    "AveragePool": pooled("avgpool"),
    "BatchNormalization": batchnorm,
    "Clip": clip,
    "Concat": along("concat"),
    "Conv": conv,
    "ConvTranspose": upconv,
    "Dropout": dropout,
    "Elu": each("elu", alpha="alpha"),
    "Flatten": flatten,
    "Gather": gather,
    "Gelu": lambda a, x: run(of("gelu", tanh=a.approximate == b"tanh"), x),
    "Gemm": gemm,
    "GlobalAveragePool": global_pool("globalavgpool"),
    "GlobalMaxPool": global_pool("globalmaxpool"),
    "GroupNormalization": groupnorm,
    "HardSigmoid": alone("hard_sigmoid", alpha=1 / 6, beta=0.5),
    "HardSwish": each("hard_swish"),
    "Identity": identity,
    "InstanceNormalization": groupnorm,
    "LRN": lambda a, x: first(run(of("lrn", size=a.size, alpha=a.alpha, beta=a.beta, bias=a.bias), last(x))),
    "LayerNormalization": layernorm,
    "LeakyRelu": each("leaky_relu", slope="alpha"),
    "LogSoftmax": along("log_softmax"),
    "LpNormalization": lambda a, x: (need(a.p == 2, "p other than 2"), along("normalize")(a, x))[1],
    "LpPool": pooled("l2pool"),
    "MatMul": matmul,
    "Max": merged("max"),
    "MaxPool": pooled("maxpool"),
    "Mul": merged("mul"),
    "NegativeLogLikelihoodLoss": loss("cross_entropy"),
    "PRelu": prelu,
    "Pad": padding,
    "ReduceMax": reduced("max"),
    "ReduceMean": reduced("mean"),
    "ReduceMin": reduced("min"),
    "ReduceSum": reduced("sum"),
    "Reshape": reshape,
    "Resize": resize,
    "Selu": alone("selu", alpha=1.6732632, gamma=1.0507010),
    "Slice": slice_,
    "Softmax": along("softmax"),
    "SoftmaxCrossEntropyLoss": loss("softmax_cross_entropy"),
    "Split": part,
    "Sum": merged("add"),
    "Swish": alone("silu", alpha=1.0),
    "Transpose": transpose,
}
