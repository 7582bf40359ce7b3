"""How units are put on lines: a layer with weights and what follows it, or a norm and what follows that."""

from __future__ import annotations

from collections.abc import Sequence

from cnngraph.interop.readable.terms import Knot, Lanes, Layer, Repeat, Residual, Unit, Units, weighs
from cnngraph.ir.registry import registry

NORMS = ("batchnorm", "layernorm", "groupnorm", "instancenorm", "rmsnorm")
SHORT = 2
LIGHT = (*NORMS, "lrn", "normalize", "layer_scale", "add_positions", "prepend_token", "prelu")
"""Words of layers that finish a line, though they have weights."""


def groups(units: Sequence[Unit]) -> list[Units]:
    """The units of each line. Behind a block or a merge, only an activation stays on its line.

    >>> layers = [Layer(word, (), weighs=word in ("conv", "dense")) for word in "conv relu maxpool conv dense".split()]
    >>> [" ".join(unit.word for unit in group) for group in groups(layers)]
    ['conv relu maxpool', 'conv', 'dense']
    """
    found: list[list[Unit]] = []
    norm_first = bool(units) and word_of(units[0]) in NORMS
    heavy: Unit | None = None
    for unit in units:
        breaks = heavy is not None and (
            (is_heavy(unit) and not _goes_on(found[-1], unit))
            or (word_of(unit) in NORMS and (norm_first or is_block(heavy)))
            or (is_block(heavy) and not is_follower(unit))
        )
        reads = isinstance(unit, Layer) and unit.is_block and unit.tensors
        if not found or ((breaks or is_block(unit)) and not (reads and (heavy is None or not is_block(heavy)))):
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


def is_follower(unit: Unit) -> bool:
    """An activation or a dropout."""
    op = registry().get(word_of(unit))
    return op is not None and (op.activation or op.name in ("dropout", "clip"))


def _goes_on(group: Sequence[Unit], unit: Unit) -> bool:
    """Whether a layer stays behind the merge with a value from further above: `upconv -> concat(skip) -> conv`."""
    last = group[-1]
    op = registry().get(word_of(last))
    merges = op is not None and op.merges and isinstance(last, Layer) and bool(last.tensors)
    single = isinstance(unit, Layer) or (isinstance(unit, Repeat) and len(unit.units) == 1)
    return merges and single and len(group) <= SHORT and word_of(unit) != "upconv" and not is_block(unit)


def is_block(unit: Unit) -> bool:
    """Whether a unit is a merge, a residual, or the call of a block that is more than a layer with what follows it."""
    match unit:
        case Layer():
            return unit.is_block
        case Repeat(units=units):
            return any(map(is_block, units))
    return True


def is_wide(unit: Unit) -> bool:
    """Whether a unit has lines of its own."""
    if isinstance(unit, Repeat):
        return any(is_wide(inner) for inner in unit.units)
    return isinstance(unit, Lanes | Residual | Knot)
