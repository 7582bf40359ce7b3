"""The recurrent layers of ONNX as cells of the language, and their weights as ours.

    ONNX   W (directions, gates * n, c), R (directions, gates * n, n), B (directions, 2 * gates * n), rows of units
    here   (c + n, gates * n): a column for each unit; rows of the position, then of the state; one bias

A gate of a cell in `specs/blocks` may stand elsewhere, or say the opposite: how much of a GRU is new, where ONNX says
how much stays. Then the weights are put in our order, and those of that gate get the other sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.ir.op import Array
from cnngraph.ops.scan import Scan

ACTIVATIONS = {
    "Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Softsign": "softsign", "Softplus": "softplus",
    "LeakyRelu": "leaky_relu(slope = {alpha:g})", "Elu": "elu(alpha = {alpha:g})",
}  # fmt: skip
"""The activations that the language has, with the first of their numbers."""

DEFAULT_ALPHA = {"LeakyRelu": 0.01, "Elu": 1.0}

RNN = """block rnn(x: tensor, h: tensor(n), n) = concat(x, h) -> dense(n) -> {f}"""

LSTM = """block lstm(x: tensor, h: tensor(n), c: tensor(n), n) {{
  let i, f, o, g = concat(x, h) -> dense(4*n) -> split(4)
  let c2 = (f -> {f}) * c + (i -> {f}) * (g -> {g})
  let h2 = (o -> {f}) * (c2 -> {h})
  return h2, c2
}}"""

PEEPHOLES = """block lstm(x: tensor, h: tensor(n), c: tensor(n), n) {{
  let i, f, o, g = concat(x, h) -> dense(4*n) -> split(4)
  let kept = f + (c -> layer_scale) -> {f}
  let new = i + (c -> layer_scale) -> {f}
  let c2 = kept * c + new * (g -> {g})
  let seen = o + (c2 -> layer_scale) -> {f}
  return seen * (c2 -> {h}), c2
}}"""

GRU = """block gru(x: tensor, h: tensor(n), n) {{
  let z, r = concat(x, h) -> dense(2*n) -> {f} -> split(2)
  let candidate = concat(x, r * h) -> dense(n) -> {g}
  return (1 - z) * h + z * candidate
}}"""

GRU_RESET_AFTER = """block gru_reset_after(x: tensor, h: tensor(n), n) {{
  let z, r = concat(x, h) -> dense(2*n) -> {f} -> split(2)
  let seen = h -> dense(n)
  let candidate = (x -> dense(n)) + r * seen -> {g}
  return (1 - z) * h + z * candidate
}}"""

PLAIN = {
    "rnn": {"f": "tanh"},
    "lstm": {"f": "sigmoid", "g": "tanh", "h": "tanh"},
    "gru": {"f": "sigmoid", "g": "tanh"},
    "gru_reset_after": {"f": "sigmoid", "g": "tanh"},
}
"""The activations with which the blocks of `std/recurrent.cnn` are meant."""


@dataclass(frozen=True)
class Cell:
    """A scan that begins with zeros, and the arrays of its weights in their order."""

    scan: Scan
    weights: Sequence[Array]


@dataclass(frozen=True)
class Direction:
    """The arrays of one direction, as ONNX has them; `peepholes` (3 n) or None."""

    w: Array
    r: Array
    b: Array
    peepholes: Array | None = None

    def of(self, gates: slice, sign: int = 1) -> tuple[Array, Array, Array, Array]:
        """Columns of some units: of the position, of the state, and the biases of both."""
        own, seen = np.split(self.b, 2)
        return sign * self.w[gates].T, sign * self.r[gates].T, sign * own[gates], sign * seen[gates]


def rnn(d: Direction, activations: Sequence[str]) -> Cell:
    n = d.r.shape[1]
    return _cell(_text("rnn", RNN, activations), d.w.shape[1], n, [*_joined([d.of(slice(0, n))])])


def lstm(d: Direction, activations: Sequence[str]) -> Cell:
    """ONNX: input, output, forget, cell; ours: input, forget, output, cell."""
    n = d.r.shape[1]
    parts = [d.of(slice(g * n, (g + 1) * n)) for g in (0, 2, 1, 3)]
    if d.peepholes is None:
        return _cell(_text("lstm", LSTM, activations), d.w.shape[1], n, _joined(parts))
    i, o, f = np.split(d.peepholes, 3)
    return _cell(_text("lstm", PEEPHOLES, activations), d.w.shape[1], n, [*_joined(parts), f, i, o])


def gru(d: Direction, activations: Sequence[str], reset_after: bool) -> Cell:
    """ONNX: update, reset, hidden. Its update gate says how much stays; 1 - f(x) = f(-x) only for the sigmoid."""
    n, channels = d.r.shape[1], d.w.shape[1]
    if activations[0] != "sigmoid":
        raise ValueError(f"the gates of a GRU by {activations[0]}")
    gates = _joined([d.of(slice(0, n), -1), d.of(slice(n, 2 * n))])
    w, r, own, seen = d.of(slice(2 * n, 3 * n))
    if reset_after:
        return _cell(_text("gru_reset_after", GRU_RESET_AFTER, activations), channels, n, [*gates, r, seen, w, own])
    return _cell(_text("gru", GRU, activations), channels, n, [*gates, *_joined([(w, r, own, seen)])])


def _joined(parts: Sequence[tuple[Array, Array, Array, Array]]) -> list[Array]:
    """Weight and bias of one layer on a position and the state: rows of both, the columns of all parts."""
    weight = np.concatenate([np.concatenate([w, r]) for w, r, _, _ in parts], axis=1)
    return [weight, np.concatenate([own + seen for _, _, own, seen in parts])]


def _text(name: str, block: str, activations: Sequence[str]) -> str:
    """The block in a file; that of `std` where it says the same."""
    given: Mapping[str, str] = dict(zip("fgh", activations, strict=False))
    if given == PLAIN[name] and block != PEEPHOLES:
        return f'import {name} from "std/recurrent.cnn"'
    return block.format(**given)


@lru_cache(maxsize=256)
def _scan(block: str, name: str, channels: int, n: int) -> Scan:
    graph = elaborate(load_text(f"{block}\nnet cell(x: {channels}@1) {{ scan({name}(n = {n})) }}"))
    (scan,) = (node.op for node in graph if isinstance(node.op, Scan))
    return scan


def _cell(block: str, channels: int, n: int, weights: Sequence[Array]) -> Cell:
    name = next(name for name in PLAIN if f"import {name} " in block or f"block {name}(" in block)
    return Cell(_scan(block, name, channels, n), [np.ascontiguousarray(w, np.float32) for w in weights])
