"""How long units are as text: what a block costs, and what it saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnngraph.interop.readable.layer_text import Parameter, arguments, parameters_of
from cnngraph.interop.readable.terms import Body, Knot, Lanes, Layer, Repeat, Residual, Unit, bodies_in


def weight(units: Sequence[Unit], calls: Mapping[str, Sequence[Parameter]]) -> int:
    """About how many words units take."""
    total = 0
    for unit in units:
        match unit:
            case Layer():
                total += 2 + len(unit.tensors) + _words(unit, calls)
            case Lanes() | Residual() | Knot():
                total += 2 + sum(2 * max(len(body.lines), 1) - 1 + weight_of(body, calls) for body in bodies_in(unit))
            case Repeat():
                total += 2 + weight(unit.units, calls)
    return total


def weight_of(body: Body, calls: Mapping[str, Sequence[Parameter]]) -> int:
    return sum(weight(line.units, calls) + len(line.keys) for line in body.lines)


def _words(layer: Layer, calls: Mapping[str, Sequence[Parameter]]) -> int:
    if layer.word in ("scan", "split") or not layer.leaves:
        return len(layer.leaves[:1])
    parameters = calls[layer.word] if layer.word in calls else parameters_of(layer.word)
    return len(arguments(parameters, layer.leaves))
