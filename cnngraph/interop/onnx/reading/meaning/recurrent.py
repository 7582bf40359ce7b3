"""Recurrent layers of ONNX as scans of cells.

ONNX   X (T, N, c), first states (directions, N, n), Y (T, directions, N, n), last states (directions, N, n)
here   x (N, T, c) -> a scan for each direction, side by side; a last state is a cut at its end
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from cnngraph.interop.onnx.reading import cells
from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.cells import ACTIVATIONS, DEFAULT_ALPHA, Cell, Direction
from cnngraph.interop.onnx.reading.tables import Meaning
from cnngraph.interop.onnx.reading.values import Constant, Tensor
from cnngraph.ir.graph import Ref
from cnngraph.ops.concat import Concat
from cnngraph.ops.cut import Cut

DEFAULTS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def recurrent(kind: str, call: Call) -> tuple[Tensor | None, ...]:
    """Y, the last h and, of an LSTM, the last c."""
    batch, time = (0, 1) if call["layout"] else (1, 0)
    call.need(not call["input_forget"], "an input gate that is the rest of the forget gate")
    x = call.arranged(call.tensor(0), [[batch], [time], [2]])
    length = call.tensor(0).shape[time]
    if call.has(4):
        lengths = call.constant(4, "the lengths of the sequences")
        call.need(isinstance(length, int) and (lengths == length).all(), "sequences of several lengths")
    found = [_direction(kind, call, x, i, reverse) for i, reverse in enumerate(_directions(call))]
    return _outputs(kind, call, found)


def _directions(call: Call) -> list[bool]:
    """For each direction, whether it is the reverse one."""
    return {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[call["direction"]]


def _direction(kind: str, call: Call, x: Tensor, place: int, reverse: bool) -> tuple[Ref, Cell, bool]:
    """The scan of one direction: all its states at all positions, side by side."""
    cell = _cell(kind, call, place)
    initial = _initial(kind, call, place)
    scan = replace(cell.scan, reverse=reverse, started=bool(initial))
    weights = dict(zip(scan.weights, cell.weights, strict=True))
    return call.apply(scan, [x.ref, *initial], weights), cell, reverse


def _cell(kind: str, call: Call, place: int) -> Cell:
    w, r = call.constant(1, "the weights W")[place], call.constant(2, "the weights R")[place]
    n = r.shape[1]
    b = call.optional(3, "the biases")
    direction = Direction(w, r, np.zeros(2 * GATES[kind] * n, w.dtype) if b is None else b[place])
    names = _activations(kind, call, place)
    if kind == "RNN":
        return cells.rnn(direction, names)
    if kind == "GRU":
        call.need(names[0].endswith("sigmoid"), "gates of a GRU by another function than the sigmoid")
        return cells.gru(direction, names, bool(call["linear_before_reset"]))
    peepholes = call.optional(7, "the peepholes")
    return cells.lstm(replace(direction, peepholes=None if peepholes is None else peepholes[place]), names)


def _activations(kind: str, call: Call, place: int) -> list[str]:
    """In the words of the language."""
    call.need(not call["clip"], "a limit for what its activations receive")
    count = len(DEFAULTS[kind])
    given = (call["activations"] or DEFAULTS[kind] * len(_directions(call)))[place * count : (place + 1) * count]
    call.need(all(name in ACTIVATIONS for name in given), f"the activations {', '.join(given)}")
    alphas = [a for a in (call["activation_alpha"] or [])[place * count : (place + 1) * count] if a]
    taken = iter(alphas)
    return [ACTIVATIONS[n].format(alpha=next(taken, DEFAULT_ALPHA[n]) if n in DEFAULT_ALPHA else 0) for n in given]


def _initial(kind: str, call: Call, place: int) -> list[Ref]:
    """The first states, if they are not all zeros."""
    given = [5, 6] if kind == "LSTM" else [5]
    states = [call.value(i) if call.has(i) else None for i in given]
    if all(state is None or _is_zero(state) for state in states):
        return []
    return [_state(call, i, place) for i in given]


def _is_zero(value: object) -> bool:
    return isinstance(value, Constant) and not value.array.any()


def _state(call: Call, number: int, place: int) -> Ref:
    """One direction of a first state that is computed: (directions, N, n), or (N, directions, n)."""
    x = call.tensor(number)
    batch, ways = (0, 1) if call["layout"] else (1, 0)
    if x.shape[ways] == 1:
        return call.arranged(x, [[batch], [2]]).ref
    both = call.arranged(x, [[batch], [ways, 2]])
    n = int(str(x.shape[2]))
    return call.apply(Cut(place * n, (place + 1) * n), [both.ref], beside=True)


def _outputs(kind: str, call: Call, found: Sequence[tuple[Ref, Cell, bool]]) -> tuple[Tensor | None, ...]:
    states = 2 if kind == "LSTM" else 1
    n = int(str(call.type_of(found[0][0]).channels)) // states
    wanted = [*(bool(name) for name in call.node.outputs), False, False, False]
    results: list[Tensor | None] = [None] * (states + 1)
    if wanted[0]:
        parts = [ref if states == 1 else call.apply(Cut(0, n), [ref], beside=True) for ref, _, _ in found]
        results[0] = _as_theirs(call, parts, (0, 1, 2, 3) if call["layout"] else (1, 2, 0, 3))
    for state in range(states):
        if wanted[state + 1]:
            cuts = [Cut(state * n, (state + 1) * n, 0 if reverse else -1) for _, _, reverse in found]
            parts = [call.apply(cut, [ref], beside=True) for cut, (ref, _, _) in zip(cuts, found, strict=True)]
            results[state + 1] = _as_theirs(call, parts, (0, 1, 2) if call["layout"] else (1, 0, 2))
    return tuple(results)


def _as_theirs(call: Call, directions: Sequence[Ref], order: Sequence[int]) -> Tensor:
    """All directions as one array: first (N, T, directions, n) or (N, directions, n), then in this order."""
    ref = directions[0] if len(directions) == 1 else call.apply(Concat(), directions, beside=True)
    rank = len(order) - 1
    x = call.result(ref, [[axis] for axis in range(rank)], rank)
    layout = x.layout.reshaped([*x.shape[:-1], len(directions), -1], call.reading.batch)
    assert layout is not None, "features of all directions"
    return Tensor(ref, layout.permuted(order))


MEANINGS: Mapping[str, Meaning] = {kind: partial(recurrent, kind) for kind in DEFAULTS}
