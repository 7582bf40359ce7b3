"""Normalizations, and what runs over the features: softmax, sums, lengths."""

from __future__ import annotations

from cnngraph.interop.onnx.writing.boundary import channels_first, channels_last
from cnngraph.interop.onnx.writing.sheet import Value, kind_of
from cnngraph.interop.onnx.writing.site import Inexpressible, Site


def batchnorm(site: Site) -> Value:
    """As it predicts: by the running mean and variance."""
    if site.op.training:
        raise Inexpressible("it is in the form for training")
    weights = [site.kept(number) for number in range(1, 5)]
    return site.counterpart(site.first(), *weights, axes=channels_first(site.rank()))


def groupnorm(site: Site) -> Value:
    """Statistics in the precision of x; ONNX takes them in float32 if not told."""
    precision = kind_of(site.type().dtype)
    weights = site.kept(1), site.kept(2)
    return site.counterpart(site.first(), *weights, axes=channels_first(site.rank()), stash_type=precision)


def layernorm(site: Site) -> Value:
    return site.counterpart(site.last(), site.kept(1), site.kept(2), axes=channels_last(site.rank()))


def rmsnorm(site: Site) -> Value:
    """ONNX has it from opset 23 on."""
    x, axes = site.last(), channels_last(site.rank())
    if site.has_counterpart:
        return site.counterpart(x, site.kept(1), axes=axes)
    mean = site.add("ReduceMean", site.add("Mul", x, x, name="square"), site.whole("features", [-1]))
    root = site.add("Sqrt", site.add("Add", mean, site.numbers("epsilon", site.op.epsilon)))
    return site.result("Mul", site.add("Div", x, root), site.kept(1), axes=axes)


def lrn(site: Site) -> Value:
    """ONNX Runtime knows images only: other positions are laid along one axis of two."""
    axes = channels_first(site.rank())
    if site.rank() == 4:
        return site.counterpart(site.first(), axes=axes)
    x = site.first()
    found = site.op.onnx()
    plane = site.add("Reshape", x, site.whole("plane", [0, 0, -1, 1] if site.rank() > 2 else [0, -1, 1, 1]))
    normed = site.add(found.operator, plane, **found.attributes)
    return site.result("Reshape", normed, site.add("Shape", x), axes=axes)


def along_features(site: Site) -> Value:
    """Over the features, wherever they lie."""
    return site.counterpart(site.value().name, axes=site.value().axes, axis=site.value().axis(-1))


def argmax(site: Site) -> Value:
    x = site.value()
    axes = tuple(axis for axis in x.axes if axis != site.rank() - 1)
    return site.counterpart(x.name, axes=axes, axis=x.axis(-1))


def normalize(site: Site) -> Value:
    if site.op.onnx() is not None:
        return along_features(site)
    x = site.value()
    length = site.add("ReduceL2", x.name, site.whole("features", [x.axis(-1)]), keepdims=1)
    return site.result("Div", x.name, site.add("Max", length, site.numbers("epsilon", site.op.epsilon)), axes=x.axes)


def reduce(site: Site) -> Value:
    """Over the features, which leaves an axis of 1, or over all positions, which leaves none."""
    x = site.value()
    over = [x.axis(-1)] if site.op.over == "features" else [x.axis(axis) for axis in range(1, site.rank() - 1)]
    axes = x.axes if site.op.over == "features" else (0, 1)
    return site.counterpart(x.name, site.whole("axes", sorted(over)), axes=axes)


WAYS = {
    "argmax": argmax,
    "batchnorm": batchnorm,
    "groupnorm": groupnorm,
    "layernorm": layernorm,
    "log_softmax": along_features,
    "lrn": lrn,
    "normalize": normalize,
    "reduce": reduce,
    "rmsnorm": rmsnorm,
    "softmax": along_features,
}
