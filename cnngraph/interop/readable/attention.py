"""Attention as the standard library has it: `self_attention(d, heads)`, and `attention(memory, memory, d, heads)`.

    let v = it -> linear(768) -> split_heads(12)
    let k = it -> linear(768) -> split_heads(12)
    linear(768) -> split_heads(12) -> dot(k) -> scale(0.125) -> softmax -> mix(v) -> join_heads -> linear(768)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any

from cnngraph.interop.readable.changes import chains, changed
from cnngraph.interop.readable.layer_text import REQUIRED, Parameter, parameters_of
from cnngraph.interop.readable.terms import (
    IT,
    Body,
    Knot,
    Lanes,
    Layer,
    Line,
    Residual,
    Said,
    Unit,
    Units,
    passage_of,
)
from cnngraph.ir.registry import registry

FILE = "std/attention.cnn"
_ATTENTION = (
    Parameter("d", REQUIRED, in_order=True),
    Parameter("heads", REQUIRED, in_order=True),
    Parameter("masked", False),
)
_PERCEPTRON = tuple(Parameter(name, REQUIRED, in_order=True) for name in ("hidden", "d", "activation"))
CALLS = {"attention": _ATTENTION, "self_attention": _ATTENTION, "perceptron": _PERCEPTRON}


def with_attention(body: Body) -> Body:
    """The body with calls of these blocks. Where there is attention, two linear maps with an activation between them
    are a perceptron."""
    made = _with_lines(changed(body, _with_self_attention))
    words = {unit.word for units, _ in chains(made) for unit in units if isinstance(unit, Layer)}
    return changed(made, _with_perceptrons) if words & CALLS.keys() else body


def _with_self_attention(units: Units) -> Units:
    return _replaced(units, _self_attention)


def _with_perceptrons(units: Units) -> Units:
    return _replaced(units, _perceptron)


def _replaced(units: Units, call_of: Callable[[Sequence[Unit]], tuple[Layer | None, int]]) -> Units:
    found: list[Unit] = []
    rest = list(units)
    while rest:
        call, length = call_of(rest)
        found.append(call or rest[0])
        del rest[:length]
    return tuple(found)


def _with_lines(body: Body) -> Body:
    """The body with attention to values from elsewhere in one line each, in all its lines."""
    lines = [replace(line, units=tuple(map(_done, line.units))) for line in body.lines]
    found: list[Line] = []
    while lines:
        made = _across(lines[:3])
        found.append(made or lines[0])
        del lines[: 3 if made else 1]
    return Body(tuple(found))


def _done(unit: Unit) -> Unit:
    match unit:
        case Lanes(lanes=lanes):
            return replace(unit, lanes=tuple(map(_with_lines, lanes)))
        case Residual(body=body) | Knot(body=body):
            return replace(unit, body=_with_lines(body))
    return unit


def _self_attention(units: Sequence[Unit]) -> tuple[Layer | None, int]:
    """The call that a knot and the two layers behind it are, and how many units that is."""
    knot = units[0]
    if not isinstance(knot, Knot) or len(knot.body.lines) != 3:
        return None, 1
    values, keys, queries = knot.body.lines
    row = (*queries.units, *units[1:3])
    call = _call("self_attention", values, keys, row) if values.source == keys.source == queries.source == IT else None
    if call is None or len(row) != _length(call):
        return None, 1
    return replace(call, passage=passage_of(tuple(units[:3]))), 3


def _across(lines: Sequence[Line]) -> Line | None:
    """The line that keys and values from elsewhere are, and the line that asks them."""
    if len(lines) < 3 or lines[0].source != lines[1].source or lines[0].source == IT or lines[2].source != IT:
        return None
    values, keys, queries = lines
    call = _call("attention", values, keys, queries.units)
    if call is None:
        return None
    length = _length(call)
    passage = passage_of(queries.units[:length])
    asked = replace(call, tensors=(values.source, values.source), passage=passage)
    return replace(queries, units=(asked, *queries.units[length:]))


def _length(call: Layer) -> int:
    """How many units the line of the queries has."""
    return 9 if dict(call.leaves)["masked"] else 8


def _call(word: str, values: Line, keys: Line, row: Sequence[Unit]) -> Layer | None:
    """The block, if keys, values and queries are made as it makes them, and `row` goes on from the queries."""
    layers = [unit for unit in row if isinstance(unit, Layer)]
    made = _told(layers[:2])
    masked = [layer.word for layer in layers[4:5]] == ["causal"]
    if len(made) != 2 or made != _told(values.units) or made != _told(keys.units) or values.moves or keys.moves:
        return None
    (first, (d,)), (second, (heads,)) = made
    if (first, second) != ("linear", "split_heads") or type(d) is not int or d % heads:
        return None
    wanted = [*made, ("dot", ()), ("scale", (1.0 / sqrt(d / heads),)), *[("causal", ())] * masked, ("softmax", ())]
    wanted += [("mix", ()), ("join_heads", ()), ("linear", (d,))]
    known = _told(layers[: len(wanted)])
    read = [key for layer in layers[: len(wanted)] for key in layer.tensors]
    if known != wanted or read != [keys.keys[0], values.keys[0]]:
        return None
    return Layer(word, (("d", d), ("heads", heads), ("masked", masked)), weighs=True)


def _told(units: Sequence[Unit]) -> list[tuple[str, tuple[Any, ...]]]:
    """The words of layers with the arguments that are not the usual ones."""
    layers = [unit for unit in units if isinstance(unit, Layer)]
    return [(layer.word, _unusual(layer)) for layer in layers] if len(layers) == len(units) else []


def _unusual(layer: Layer) -> tuple[Any, ...]:
    if layer.word not in registry() or layer.word == "scan":
        return (layer.leaves,)
    given = ((dict(layer.leaves)[parameter.name], parameter.default) for parameter in parameters_of(layer.word))
    return tuple(value for value, default in given if value != default)


def _perceptron(units: Sequence[Unit]) -> tuple[Layer | None, int]:
    row = _told(units[:3])
    if [word for word, _ in row[::2]] != ["linear", "linear"] or any(len(given) != 1 for _, given in row[::2]):
        return None, 1
    (_, (hidden,)), (activation, given), (_, (d,)) = row
    op = registry().get(activation)
    if op is None or not op.activation or given:
        return None, 1
    leaves = (("hidden", hidden), ("d", d), ("activation", Said(activation)))
    return Layer("perceptron", leaves, weighs=True, passage=passage_of(tuple(units[:3]))), 3

