"""Sequences: tables, where a position lies, what a position may see, and cells that go along."""

from __future__ import annotations

import numpy as np
from onnx import numpy_helper

from cnngraph.interop.onnx.writing.boundary import channels_last
from cnngraph.interop.onnx.writing.families.merging import agreed
from cnngraph.interop.onnx.writing.sheet import Value, kind_of
from cnngraph.interop.onnx.writing.site import Site
from cnngraph.ir.size import number
from cnngraph.ops.add_positions import LONGEST, waves
from cnngraph.ops.causal import NEVER


def embed(site: Site) -> Value:
    return site.counterpart(site.kept(1), site.value().name, axes=channels_last(site.rank() + 1))


def causal(site: Site) -> Value:
    """Up to the diagonal of the last two axes is seen."""
    rank, length = site.rank(), site.type().shape[-1]
    x = site.last()
    if isinstance(length, int):
        seen = site.numbers("seen", np.tri(length, dtype=bool), "bool")
    else:
        table = site.add("Shape", x, start=rank - 2)
        everything = site.add("ConstantOfShape", table, value=numpy_helper.from_array(np.array([True])))
        seen = site.add("Trilu", everything, name="seen", upper=0)
    return site.result("Where", seen, x, site.numbers("never", NEVER), axes=channels_last(rank))


def add_positions(site: Site) -> Value:
    """A table that was learned, one of waves, or, for a sequence of any length, the waves computed."""
    x = site.value()
    order = tuple(axis - 1 for axis in x.axes[1:])
    if site.op.learned:
        return site.result("Add", x.name, site.kept(1, order), axes=x.axes)
    length, features = site.type().shape[1], number(site.type().channels)
    if isinstance(length, int):
        return site.result("Add", x.name, site.numbers("waves", waves(length, features).transpose(order)), axes=x.axes)
    return site.result("Add", site.last(), _waves(site, features), axes=channels_last(3))


def _waves(site: Site, features: int) -> str:
    """The waves for as many positions as there are, in double precision: a cosine is a sine a quarter further."""
    pair = np.arange(features) // 2
    rates = site.numbers("rates", LONGEST ** (-2 * pair / features), "float64")
    phases = site.numbers("phases", np.arange(features) % 2 * (np.pi / 2), "float64")
    length = site.add("Squeeze", site.add("Shape", site.last(), start=1, end=2), name="length")
    places = site.add("Range", site.whole("zero", 0), length, site.whole("one", 1))
    places = site.add("Cast", places, to=kind_of("float64"))
    column = site.add("Unsqueeze", places, site.whole("columns", [1]))
    angles = site.add("Add", site.add("Mul", column, rates), phases, name="angles")
    return site.add("Cast", site.add("Sin", angles), name="waves", to=kind_of(site.type().dtype))


def sinusoid(site: Site) -> Value:
    """A table: there are as many numbers as the vocabulary has."""
    vocabulary = site.type().vocabulary
    assert vocabulary is not None, "infer refuses what is not ids"
    table = site.numbers("table", site.op.forward(np.arange(vocabulary)), site.op.dtype)
    return site.result("Gather", table, site.value().name, axes=channels_last(site.rank() + 1), axis=0)


def prepend_token(site: Site) -> Value:
    x = site.last()
    batch, _, channels = site.type().shape
    token = site.kept(1, shape=(1, 1, number(channels)))
    first = site.add("Expand", token, site.sizes([batch, 1, channels], (x, site.type().shape)), name="token")
    return site.result("Concat", first, x, axes=channels_last(3), axis=1)


def diffuse(site: Site) -> Value:
    """How much of the value and of the noise there is at each time, for each channel alike, from two tables."""
    axes, channels = agreed(site, (0, 1)), number(site.type().channels)
    signal = site.op.signal()
    positions = site.whole("positions", [place for place, axis in enumerate(axes) if axis not in (0, len(axes) - 1)])
    mixed = []
    for i, (name, shares) in enumerate((("kept", np.sqrt(signal)), ("added", np.sqrt(1 - signal)))):
        table = site.numbers(f"{name}_of_time", np.repeat(shares[:, None], channels, axis=1))
        share = site.add("Gather", table, site.value(2).name, axis=0)
        share = site.add("Unsqueeze", share, positions) if len(axes) > 2 else share
        mixed.append(site.add("Mul", site.turned(axes, i), share, name=name))
    return site.result("Add", *mixed, axes=axes)


WAYS = {
    "add_positions": add_positions,
    "causal": causal,
    "diffuse": diffuse,
    "embed": embed,
    "prepend_token": prepend_token,
    "sinusoid": sinusoid,
}
