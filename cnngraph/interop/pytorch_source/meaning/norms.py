"""Norms, and learned factors for features."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnngraph.interop.pytorch_source.form import Argument, call, made
from cnngraph.interop.pytorch_source.layout import Layout
from cnngraph.interop.pytorch_source.orders import turned_axis
from cnngraph.interop.pytorch_source.site import Site, Unwritable, option
from cnngraph.interop.pytorch_source.step import Weight
from cnngraph.ir.op import Array

FIRST, LAST = Layout.FIRST, Layout.LAST


def batchnorm(site: Site) -> None:
    op = site.op
    if op.training:
        raise Unwritable("a batch norm of the training form; write the network itself")
    grid = site.orders.columns.get(site.state(1))

    def turn(array: Array) -> Array:
        return turned_axis(array, 0, grid)

    form = made(
        f"nn.BatchNorm{max(site.rank, 1)}d",
        Argument.of("num_features", site.types[0].channels),
        option("eps", op.epsilon, 1e-5),
        option("momentum", round(1 - op.momentum, 12), 0.1),
    )
    names = ("weight", "bias", "running_mean", "running_var")
    weights = [site.weight(name, place, turn) for place, name in enumerate(names, start=1)]
    site.add([site.take(FIRST)], form, layout=FIRST, weights=weights)


def layernorm(site: Site) -> None:
    """Over the last axis; between convolutions, a class that moves it there and back."""
    users = site.graph.users[site.node.name]
    keep_first = site.rank == 2 and site.layout() is FIRST and not any(user.op.name == "linear" for user in users)
    name = "LayerNorm2d" if keep_first else "nn.LayerNorm"
    size = Argument.of("normalized_shape", site.types[0].channels)
    layout = FIRST if keep_first else LAST
    form = made(name, size, option("eps", site.op.epsilon, 1e-5))
    site.add([site.take(layout)], form, layout=layout, weights=_scale_and_shift(site))


def groupnorm(site: Site) -> None:
    form = made(
        "nn.GroupNorm",
        Argument.of("num_groups", site.op.groups),
        Argument.of("num_channels", site.types[0].channels),
        option("eps", site.op.epsilon, 1e-5),
    )
    site.add([site.take(FIRST)], form, layout=FIRST, weights=_scale_and_shift(site))


def rmsnorm(site: Site) -> None:
    size = Argument.of("normalized_shape", site.types[0].channels)
    form = made("nn.RMSNorm", size, option("eps", site.op.epsilon, None))
    site.add([site.take(LAST)], form, layout=LAST, weights=[site.weight("weight", 1)])


def _scale_and_shift(site: Site) -> list[Weight]:
    return [site.weight("weight", 1), site.weight("bias", 2)]


def lrn(site: Site) -> None:
    op = site.op
    arguments = (
        Argument.of("size", op.size),
        option("alpha", op.alpha, 1e-4),
        option("beta", op.beta, 0.75),
        option("k", op.bias, 1.0),
    )
    module, function = made("nn.LocalResponseNorm", *arguments), call("F.local_response_norm", *arguments)
    site.add([site.take(FIRST)], module, function, layout=FIRST)


def normalize(site: Site) -> None:
    arguments = (option("dim", site.axis(), 1), option("eps", site.op.epsilon, 1e-12))
    site.add([site.plain()], (), call("F.normalize", *arguments))


def layer_scale(site: Site) -> None:
    form = made("LayerScale", Argument.of("channels", site.types[0].channels))
    site.add([site.take(LAST)], form, layout=LAST, weights=[site.weight("weight", 1)])


def prelu(site: Site) -> None:
    form = made("nn.PReLU", Argument.of("num_parameters", site.types[0].channels))
    site.add([site.take(FIRST)], form, layout=FIRST, weights=[site.weight("weight", 1)])


MEANING: Mapping[str, Callable[[Site], None]] = {
    "batchnorm": batchnorm,
    "layernorm": layernorm,
    "groupnorm": groupnorm,
    "rmsnorm": rmsnorm,
    "lrn": lrn,
    "normalize": normalize,
    "layer_scale": layer_scale,
    "prelu": prelu,
}
"""Norms, and learned factors."""
