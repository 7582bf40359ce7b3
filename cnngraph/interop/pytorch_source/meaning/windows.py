"""Windows over positions: convolutions and pools."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from cnngraph.interop.pytorch_source.form import Argument, Form, call, made, method
from cnngraph.interop.pytorch_source.layout import Layout
from cnngraph.interop.pytorch_source.site import Site, Unwritable, each, option
from cnngraph.ir.op import Array
from cnngraph.ir.window import Geometry, spread

FIRST = Layout.FIRST


def conv(site: Site) -> None:
    op, g = site.op, site.op.geometry(site.types[0])
    padding, before = _padded(g, 0.0)
    form = made(
        f"nn.Conv{site.rank}d",
        Argument.of("in_channels", site.types[0].channels),
        Argument.of("out_channels", op.features),
        Argument.of("kernel_size", each(g.size)),
        option("stride", each(g.stride), 1),
        option("padding", padding, 0),
        option("dilation", each(g.dilation), 1),
        option("groups", op.groups, 1),
        option("bias", op.bias, True),
    )
    weights = [site.weight("weight", 1, _conv_order), *([site.weight("bias", 2)] if op.bias else [])]
    site.add([site.take(FIRST)], (*before, form), layout=FIRST, weights=weights)


def upconv(site: Site) -> None:
    op, g = site.op, site.op.geometry(site.rank)
    if any(a != b for a, b in g.pad):
        raise Unwritable("a transposed convolution with different paddings before and after")
    form = made(
        f"nn.ConvTranspose{site.rank}d",
        Argument.of("in_channels", site.types[0].channels),
        Argument.of("out_channels", op.features),
        Argument.of("kernel_size", each(g.size)),
        option("stride", each(g.stride), 1),
        option("padding", each([a for a, _ in g.pad]), 0),
        option("output_padding", each(op.added(site.rank)), 0),
        option("groups", op.groups, 1),
        option("bias", op.bias, True),
        option("dilation", each(g.dilation), 1),
    )

    def turn(weight: Array) -> Array:
        """(window..., channels / groups, features) -> (channels, features / groups, window...)."""
        parts = np.split(_conv_order(weight).swapaxes(0, 1), op.groups, axis=1)
        return np.concatenate(parts)

    weights = [site.weight("weight", 1, turn), *([site.weight("bias", 2)] if op.bias else [])]
    site.add([site.take(FIRST)], form, layout=FIRST, weights=weights)


def _conv_order(weight: Array) -> Array:
    """(window..., channels, features) -> (features, channels, window...)."""
    return np.ascontiguousarray(np.moveaxis(weight, (-1, -2), (0, 1)))


def _padded(g: Geometry, value: float) -> tuple[int | tuple[int, ...], list[Form]]:
    """What the module itself pads, and what must stand before it where the two sides differ."""
    if all(a == b for a, b in g.pad):
        return each([a for a, _ in g.pad]), []
    sides = tuple(n for pair in reversed(g.pad) for n in pair)
    padding, amount = Argument.of("padding", sides), Argument.of("value", value)
    return 0, [made(f"nn.ConstantPad{len(g.size)}d", padding, amount)]


def _pool(module: str, function: str, padding_value: float) -> Callable[[Site], None]:
    def rule(site: Site) -> None:
        op, g = site.op, site.op.geometry(site.types[0])
        if padding_value == 0.0 and not op.count_padding and any(a != b for a, b in g.pad):
            raise Unwritable("an average that does not count a padding that differs before and after")
        if padding_value == 0.0 and set(g.dilation) != {1}:
            raise Unwritable("an average over a window with holes")
        padding, before = _padded(g, padding_value)
        arguments = (
            Argument.of("kernel_size", each(g.size)),
            option("stride", None if g.stride == g.size else each(g.stride), None),
            option("padding", padding, 0),
            *([option("dilation", each(g.dilation), 1)] if module == "MaxPool" else []),
            option("ceil_mode", op.ceil, False),
            *([option("count_include_pad", op.count_padding, True)] if module == "AvgPool" else []),
        )
        made_one = made(f"nn.{module}{site.rank}d", *arguments)
        called = None if before else call(f"F.{function}{site.rank}d", *arguments)
        site.add([site.take(FIRST)], (*before, made_one), called, layout=FIRST)

    return rule


def _adaptive(kind: str) -> Callable[[Site], None]:
    def rule(site: Site) -> None:
        size = Argument.of("output_size", each(site.op.counts(site.rank)))
        module = made(f"nn.Adaptive{kind.title()}Pool{site.rank}d", size)
        function = call(f"F.adaptive_{kind}_pool{site.rank}d", size)
        site.add([site.take(FIRST)], module, function, layout=FIRST)

    return rule


def _global(kind: str, function: str) -> Callable[[Site], None]:
    """The mean or the maximum over all positions; as modules, a pool with one cell and a flatten."""

    def rule(site: Site) -> None:
        first = site.layout() is FIRST
        axes = tuple(range(2, 2 + site.rank)) if first else tuple(range(1, 1 + site.rank))
        form = method(function, Argument.of("dim", axes if len(axes) > 1 else axes[0]))
        pool = made(f"nn.Adaptive{kind}Pool{site.rank}d", Argument.of("output_size", 1))
        site.add([site.plain()], (pool, made("nn.Flatten")) if first else (), form)

    return rule


def minpool(site: Site) -> None:
    """The largest of the negated."""
    op, g = site.op, site.op.geometry(site.types[0])
    padding, before = _padded(g, math.inf)
    if before:
        raise Unwritable("a minimum with a padding that differs before and after")
    arguments = (
        Argument.of("kernel_size", each(g.size)),
        option("stride", None if g.stride == g.size else each(g.stride), None),
        option("padding", padding, 0),
        option("dilation", each(g.dilation), 1),
        option("ceil_mode", op.ceil, False),
    )
    site.add([site.take(FIRST)], (), Form(f"-F.max_pool{site.rank}d(-{{0}}, {{}})", arguments), layout=FIRST)


def sumpool(site: Site) -> None:
    """The average with 1 for its divisor."""
    op, g = site.op, site.op.geometry(site.types[0])
    if site.rank == 1 or any(a != b for a, b in g.pad):
        raise Unwritable("a sum over windows of a sequence, or with a padding that differs before and after")
    arguments = (
        Argument.of("kernel_size", each(g.size)),
        option("stride", None if g.stride == g.size else each(g.stride), None),
        option("padding", each([a for a, _ in g.pad]), 0),
        option("ceil_mode", op.ceil, False),
        option("divisor_override", 1, None),
    )
    name = f"{site.rank}d"
    module, function = made(f"nn.AvgPool{name}", *arguments), call(f"F.avg_pool{name}", *arguments)
    site.add([site.take(FIRST)], module, function, layout=FIRST)


def l2pool(site: Site) -> None:
    g = site.op.geometry(site.types[0])
    if any(map(any, g.pad)) or site.op.ceil or set(g.dilation) != {1}:
        raise Unwritable("the length of windows with padding or holes, or that reach over the edge")
    arguments = (
        Argument.of("norm_type", 2),
        Argument.of("kernel_size", each(g.size)),
        option("stride", None if g.stride == g.size else each(g.stride), None),
    )
    name = f"{site.rank}d"
    module, function = made(f"nn.LPPool{name}", *arguments), call(f"F.lp_pool{name}", *arguments)
    site.add([site.take(FIRST)], module, function, layout=FIRST)


def resize(site: Site) -> None:
    op = site.op
    if op.mode == "cubic" and site.rank != 2:
        raise Unwritable("cubic curves along other than two axes")
    linear = ("linear", "bilinear", "trilinear")[site.rank - 1]
    arguments = (
        option("size", each(op.counts(site.rank)), None),
        option("mode", {"linear": linear, "cubic": "bicubic"}.get(op.mode, op.mode), "nearest"),
        option("align_corners", True if op.corners and op.mode != "nearest" else None, None),
    )
    module, function = made("nn.Upsample", *arguments), call("F.interpolate", *arguments)
    site.add([site.take(FIRST)], module, function, layout=FIRST)


def _pixels(module: str, function: str) -> Callable[[Site], None]:
    def rule(site: Site) -> None:
        factors = set(spread(site.op.name, "factor", site.op.factor, site.rank))
        if site.rank != 2 or len(factors) > 1:
            raise Unwritable("other than squares of pixels")
        factor = Argument.of("factor", factors.pop())
        site.add([site.take(FIRST)], made(f"nn.{module}", factor), call(f"F.{function}", factor), layout=FIRST)

    return rule


def upsample(site: Site) -> None:
    linear = ("linear", "bilinear", "trilinear")[site.rank - 1]
    factor = site.op.factor
    arguments = (
        option("scale_factor", each(factor) if isinstance(factor, tuple) else factor, None),
        option("mode", linear if site.op.mode == "linear" else site.op.mode, "nearest"),
    )
    module, function = made("nn.Upsample", *arguments), call("F.interpolate", *arguments)
    site.add([site.take(FIRST)], module, function, layout=FIRST)


MEANING: Mapping[str, Callable[[Site], None]] = {
    "conv": conv,
    "upconv": upconv,
    "maxpool": _pool("MaxPool", "max_pool", -math.inf),
    "avgpool": _pool("AvgPool", "avg_pool", 0.0),
    "minpool": minpool,
    "adaptive_avgpool": _adaptive("avg"),
    "adaptive_maxpool": _adaptive("max"),
    "globalavgpool": _global("Avg", "mean"),
    "globalmaxpool": _global("Max", "amax"),
    "sumpool": sumpool,
    "l2pool": l2pool,
    "upsample": upsample,
    "resize": resize,
    "pixel_shuffle": _pixels("PixelShuffle", "pixel_shuffle"),
    "pixel_unshuffle": _pixels("PixelUnshuffle", "pixel_unshuffle"),
}
"""Windows and what they give."""
