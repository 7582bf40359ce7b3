"""Names for blocks, by what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnngraph.interop.readable.grouping import is_heavy
from cnngraph.interop.readable.shapes import shape_of
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
    if residuals and ({"dot", "mix"} <= set(words) or any("attention" in word for word in words)):
        if len(residuals) < 2:
            return "attention_layer"
        return "decoder_layer" if shape_of(units).outer else "encoder_layer"
    if residuals:
        return _residual(residuals[0])
    if {"dot", "mix"} <= set(words):
        return "attention"
    lanes = next((unit for unit in wide if isinstance(unit, Lanes)), None)
    return _lanes(lanes, units) if lanes else "unit"


def _flat(words: Sequence[str], layers: Sequence[Layer]) -> str:
    heavy = [layer for layer in layers if is_heavy(layer)]
    grouped = [_is_grouped(layer) for layer in heavy]
    if len(heavy) < 2 and len(words) <= LONGEST_NAME:
        return "_".join("relu6" if _is_relu6(layer) else SHORT.get(layer.word, layer.word) for layer in layers)
    if words[-1] in ("softmax", "sigmoid"):
        return "head"
    if grouped == [True, False]:
        return "depthwise_separable"
    if grouped[:2] == [False, True]:
        return "inverted"
    return "stage" if any(layer.is_block for layer in heavy) else "unit"


def _is_relu6(layer: Layer) -> bool:
    return layer.word == "clip" and [value for _, value in layer.leaves] == [0, 6]


def _residual(residual: Residual) -> str:
    heavy = [layer for layer in _layers([residual]) if is_heavy(layer)]
    sides = [dict(layer.leaves).get("window") for layer in heavy]
    grouped = [_is_grouped(layer) for layer in heavy]
    if grouped[:2] == [False, True] or any(layer.word.startswith("inverted") for layer in heavy):
        return "inverted_residual"
    if len(heavy) >= LONGEST_NAME and sides[0] == (1, 1) and sides[2] == (1, 1):
        return "bottleneck"
    return "basic" if len(heavy) in (2, 3) and sides[:2] == [(3, 3), (3, 3)] else "residual_unit"


def _is_grouped(layer: Layer) -> bool:
    """Whether a convolution is depthwise."""
    groups = dict(layer.leaves).get("groups", 1)
    channels = layer.passage.takes.channels if layer.passage else None
    return groups not in (1, None) and (groups == channels or channels is None)


def _lanes(lanes: Lanes, units: Sequence[Unit]) -> str:
    words = {layer.word for layer in _layers([lanes])}
    held = [[layer.word for layer in _layers(lane.units)] for lane in lanes.lanes if lane.is_plain]
    with_identity = [] in held or ["identity"] in held
    if lanes.word == "mul":
        return "squeeze_excite" if "globalavgpool" in words else "gate"
    if lanes.word == "concat" and with_identity:
        return "dense_layer"
    if lanes.word == "concat" and is_heavy(units[0]) and units[0] is not lanes:
        return "fire"
    return "inception" if lanes.word == "concat" and len(lanes.lanes) > 2 else "branches"


def _layers(units: Sequence[Unit]) -> Iterator[Layer]:
    for unit in units:
        if isinstance(unit, Layer):
            yield unit
        for body in bodies_in(unit):
            for line in body.lines:
                yield from _layers(line.units)
