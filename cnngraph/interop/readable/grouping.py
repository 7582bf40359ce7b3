"""How units are put on lines: a layer with weights and what follows it, or a norm and what follows that."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.interop.readable.terms import Knot, Lanes, Layer, Repeat, Residual, Unit, Units, weighs

NORMS = ("batchnorm", "layernorm", "groupnorm", "instancenorm", "rmsnorm", "lrn", "normalize")
LAYERS = ("conv", "upconv", "dense", "linear", "embed")
LIGHT = (*NORMS, "layer_scale", "add_positions", "prepend_token", "prelu")
"""Words of layers that finish a line, though they have weights."""


def groups(units: Sequence[Unit]) -> list[Units]:
    """The units of each line.

    >>> layers = [Layer(word, (), weighs=word in ("conv", "dense")) for word in "conv relu maxpool conv dense".split()]
    >>> [" ".join(unit.word for unit in group) for group in groups(layers)]
    ['conv relu maxpool', 'conv', 'dense']
    """
    found: list[list[Unit]] = []
    norm_first = bool(units) and word_of(units[0]) in NORMS
    heavy: Unit | None = None
    for unit in units:
        is_norm = word_of(unit) in NORMS
        before_layer = is_norm and (norm_first or (heavy is not None and word_of(heavy) not in LAYERS))
        if not found or (heavy is not None and (before_layer or is_heavy(unit))):
            found.append([])
            heavy = None
        found[-1].append(unit)
        heavy = unit if is_heavy(unit) else heavy
    return [tuple(group) for group in found]


def word_of(unit: Unit) -> str:
    return unit.word if isinstance(unit, Layer) else ""


def is_heavy(unit: Unit) -> bool:
    """Whether a line is about this unit."""
    return not (isinstance(unit, Layer) and (unit.word in LIGHT or not weighs(unit)))


def is_wide(unit: Unit) -> bool:
    """Whether a unit has lines of its own."""
    if isinstance(unit, Repeat):
        return any(is_wide(inner) for inner in unit.units)
    return isinstance(unit, Lanes | Residual | Knot)
