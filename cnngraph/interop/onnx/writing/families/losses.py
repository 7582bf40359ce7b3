"""Losses: one number, the mean over the batch."""

from __future__ import annotations

import numpy as np

from cnngraph.interop.onnx.writing.families.merging import agreed
from cnngraph.interop.onnx.writing.sheet import Value
from cnngraph.interop.onnx.writing.site import Site
from cnngraph.ir.size import number


def mean(site: Site, x: str) -> Value:
    return site.result("ReduceMean", x, axes=(), keepdims=0)


def alike(site: Site, count: int = 2) -> list[str]:
    """The first inputs, all in one order of axes."""
    axes = agreed(site, range(count))
    return [site.turned(axes, i) for i in range(count)]


def l1(site: Site) -> Value:
    return mean(site, site.add("Abs", site.add("Sub", *alike(site))))


def mse(site: Site) -> Value:
    return mean(site, squared(site, site.add("Sub", *alike(site))))


def squared(site: Site, x: str) -> str:
    return site.add("Mul", x, x, name="square")


def smooth_l1(site: Site) -> Value:
    beta = site.op.beta
    distance = site.add("Abs", site.add("Sub", *alike(site)))
    parabola = site.add("Div", squared(site, distance), site.numbers("two_beta", 2 * beta), name="parabola")
    line = site.add("Sub", distance, site.numbers("half_beta", beta / 2), name="line")
    near = site.add("Less", distance, site.numbers("beta", beta))
    return mean(site, site.add("Where", near, parabola, line))


def bce(site: Site) -> Value:
    """t log p + (1 - t) log(1 - p), negative."""
    prediction, target = alike(site)
    one = site.numbers("one", 1)
    yes = site.add("Mul", target, logarithm(site, prediction), name="yes")
    other = logarithm(site, site.add("Sub", one, prediction))
    no = site.add("Mul", site.add("Sub", one, target), other, name="no")
    return mean(site, site.add("Neg", site.add("Add", yes, no)))


def logarithm(site: Site, x: str) -> str:
    """That of the smallest normal number at least."""
    return site.add("Log", site.add("Max", x, site.numbers("tiny", np.finfo(site.type().dtype).tiny)))


def sigmoid_bce(site: Site) -> Value:
    """(1 - t) x where x is not below 0, -t x elsewhere, plus log(1 + exp(-|x|))."""
    logits, target = alike(site)
    zero = site.numbers("zero", 0)
    most = site.add("Max", logits, zero)
    size = site.add("Softplus", site.add("Neg", site.add("Abs", logits)))
    return mean(site, site.add("Add", site.add("Sub", most, site.add("Mul", target, logits)), size))


def hinge(site: Site) -> Value:
    prediction, target = alike(site)
    short = site.add("Sub", site.numbers("margin", site.op.margin), site.add("Mul", target, prediction))
    return mean(site, site.add("Relu", short))


def multiclass_hinge(site: Site) -> Value:
    """The label itself, which should not count, counts a margin in each sum."""
    margin, classes = site.op.margin, number(site.type().channels)
    label = site.add("Unsqueeze", site.value(1).name, site.whole("features", [site.rank() - 1]))
    chosen = site.add("GatherElements", site.last(), label, axis=site.rank() - 1)
    excess = site.add("Add", site.add("Sub", site.last(), chosen), site.numbers("margin", margin))
    all_ = site.add("ReduceMean", site.add("Relu", excess), keepdims=0)
    return site.result("Sub", all_, site.numbers("own", margin / classes), axes=())


def kl_divergence(site: Site) -> Value:
    prediction, target = alike(site)
    away = site.add("Sub", logarithm(site, target), logarithm(site, prediction))
    features = site.whole("features", [agreed(site, (0, 1)).index(site.rank() - 1)])
    return mean(site, site.add("ReduceSum", site.add("Mul", target, away), features, keepdims=0))


def contrastive(site: Site) -> Value:
    away = site.add("Flatten", site.add("Sub", *alike(site)))
    distance = site.add("ReduceL2", away, site.whole("values", [1]), keepdims=0)
    lacking = site.add("Relu", site.add("Sub", site.numbers("margin", site.op.margin), distance))
    same = site.add("Equal", site.value(2).name, site.whole("one", 1))
    square = squared(site, site.add("Where", same, distance, lacking))
    half = site.add("ReduceMean", square, keepdims=0)
    return site.result("Div", half, site.numbers("two", 2), axes=())


def triplet(site: Site) -> Value:
    anchor, *others = alike(site, 3)
    near, far = (squared(site, site.add("Sub", anchor, other)) for other in others)
    difference = site.add("Flatten", site.add("Sub", near, far))
    sums = site.add("ReduceSum", difference, site.whole("values", [1]), keepdims=0)
    return mean(site, site.add("Relu", site.add("Add", sums, site.numbers("margin", site.op.margin))))


# ---- of classes ----


def softmax_cross_entropy(site: Site) -> Value:
    if site.op.smoothing:
        return smoothed(site, site.add("LogSoftmax", site.last(), axis=site.rank() - 1))
    return site.counterpart(site.first(), site.value(1).name, *class_weights(site), axes=(), reduction="mean")


def cross_entropy(site: Site) -> Value:
    """Of the logarithm of probabilities."""
    log = logarithm(site, site.last() if site.op.smoothing else site.first())
    if site.op.smoothing:
        return smoothed(site, log)
    label, weights = site.value(1).name, class_weights(site)
    return site.result("NegativeLogLikelihoodLoss", log, label, *weights, axes=(), reduction="mean")


def class_weights(site: Site) -> list[str]:
    return [site.numbers("class_weights", site.op.class_weights)] if site.op.class_weights else []


def smoothed(site: Site, log: str) -> Value:
    """(1 - s) times the loss, and s / c times that of all classes: logarithms with the features last.

        sum_n,k w[k] ((1 - s) [k = label[n]] + s / c) (-log p[n, k]) / sum_n w[label[n]]
    """
    smoothing, classes = site.op.smoothing, number(site.type().channels)
    weights = site.numbers("class_weights", site.op.class_weights or (1.0,) * classes)
    label = site.value(1).name
    features = site.whole("features", [site.rank() - 1])
    column = site.add("Unsqueeze", label, features)
    chosen = site.add("Squeeze", site.add("GatherElements", log, column, axis=site.rank() - 1), features)
    counts = site.add("Gather", weights, label, name="counts", axis=0)
    own = site.add("ReduceSum", site.add("Mul", counts, chosen), name="own", keepdims=0)
    each = site.add("ReduceSum", site.add("Mul", weights, log), name="each", keepdims=0)
    parts = [
        site.add("Mul", value, site.numbers(f"{name}_share", share))
        for name, value, share in (("own", own, smoothing - 1), ("each", each, -smoothing / classes))
    ]
    return site.result("Div", site.add("Add", *parts), site.add("ReduceSum", counts, name="total", keepdims=0), axes=())


WAYS = {
    "bce": bce,
    "contrastive": contrastive,
    "cross_entropy": cross_entropy,
    "hinge": hinge,
    "kl_divergence": kl_divergence,
    "l1": l1,
    "mse": mse,
    "multiclass_hinge": multiclass_hinge,
    "sigmoid_bce": sigmoid_bce,
    "smooth_l1": smooth_l1,
    "softmax_cross_entropy": softmax_cross_entropy,
    "triplet": triplet,
}
