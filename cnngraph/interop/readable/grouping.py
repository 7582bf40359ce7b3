"""How units are put on lines: a layer with weights and what follows it, or a norm and what follows that."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.interop.readable.terms import Knot, Lanes, Layer, Repeat, Residual, Unit, Units, weighs

NORMS = ("batchnorm", "layernorm", "groupnorm", "instancenorm", "rmsnorm", "lrn", "normalize")
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
    heavy = False
    for unit in units:
        begins = (word_of(unit) in NORMS and heavy) if norm_first else (is_heavy(unit) and heavy)
        if not found or begins or (found[-1] and is_wide(unit) and heavy):
            found.append([])
            heavy = False
        found[-1].append(unit)
        heavy = heavy or is_heavy(unit)
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
