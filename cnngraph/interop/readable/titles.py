"""Names for blocks, by what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnngraph.interop.readable.grouping import is_heavy
from cnngraph.interop.readable.terms import Knot, Lanes, Layer, Residual, Unit, bodies_in

SHORT = {"batchnorm": "bn", "layernorm": "norm", "groupnorm": "norm", "leaky_relu": "leaky", "clip": "clipped"}
LONGEST_NAME = 3


def title_of(units: Sequence[Unit]) -> str:
    """A word for these units.

    >>> title_of([Layer("conv", ()), Layer("leaky_relu", ())])
    'conv_leaky'
    """
    layers = list(_layers(units))
    words = [layer.word for layer in layers]
    wide = [unit for unit in units if isinstance(unit, Lanes | Residual | Knot)]
    if not wide:
        return _flat(words, layers)
    residuals = [unit for unit in wide if isinstance(unit, Residual)]
    if {"dot", "mix"} <= set(words):
        return "encoder_layer" if len(residuals) > 1 or (residuals and len(wide) > 1) else "attention"
    if residuals:
        return _residual(residuals[0])
    lanes = next((unit for unit in wide if isinstance(unit, Lanes)), None)
    return _lanes(lanes, units) if lanes else "unit"


def _flat(words: Sequence[str], layers: Sequence[Layer]) -> str:
    if len(words) <= LONGEST_NAME:
        return "_".join(SHORT.get(word, word) for word in words)
    return "stage" if sum(map(is_heavy, layers)) > 1 else "unit"


def _residual(residual: Residual) -> str:
    heavy = [layer for layer in _layers([residual]) if is_heavy(layer)]
    sides = [dict(layer.leaves).get("window") for layer in heavy]
    if any(_is_grouped(layer) for layer in heavy):
        return "inverted_residual"
    if len(heavy) >= LONGEST_NAME and sides[0] == (1, 1) and sides[2] == (1, 1):
        return "bottleneck"
    return "basic" if len(heavy) in (2, 3) and None not in sides[:2] else "residual_unit"


def _is_grouped(layer: Layer) -> bool:
    return dict(layer.leaves).get("groups", 1) not in (1, 32)


def _lanes(lanes: Lanes, units: Sequence[Unit]) -> str:
    words = {layer.word for layer in _layers([lanes])}
    with_identity = any(not lane.lines for lane in lanes.lanes)
    if lanes.word == "mul":
        return "squeeze_excite" if "globalavgpool" in words else "gate"
    if lanes.word == "concat" and with_identity:
        return "dense_layer"
    if lanes.word == "concat" and is_heavy(units[0]) and units[0] is not lanes:
        return "fire"
    return "inception" if lanes.word == "concat" and len(lanes.lanes) > 1 else "branches"


def _layers(units: Sequence[Unit]) -> Iterator[Layer]:
    for unit in units:
        if isinstance(unit, Layer):
            yield unit
        for body in bodies_in(unit):
            for line in body.lines:
                yield from _layers(line.units)
