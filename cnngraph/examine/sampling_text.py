"""Texts that a net writes: one token after the other, each read again for the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.diagnostics import error
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.runner import Runner

MARK = 0
"""The id that an answer begins with, and that ends it."""
BLOCK = 32  # texts are padded to multiples of it, so that few sizes are planned
TEXTS = 7  # a part of the key: no other use of the seed has the same


@dataclass(frozen=True)
class Manner:
    """How the next token is chosen: the most probable one at temperature 0, else by chance, p^(1/temperature)."""

    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Writer:
    """A net as a writer: `written` is the input that it reads its own words from, `source` the one that it answers."""

    runner: Runner
    prediction: str
    written: str
    source: str | None

    def write(
        self, begun: Array, length: int, source: Array | None = None, manner: Manner | None = None
    ) -> Array:
        """(N, length) ids that continue `begun` (N, any number); with a `source` (N, S) an answer to it.

        A net that reads ahead of what is written would read zeros: this is for nets that do not, which is what
        training them on texts to come asks for.
        """
        how = manner or Manner()
        generator = rng(how.seed, TEXTS)
        text, count = begun, begun.shape[1]
        for place in range(count, count + length):
            if place % BLOCK == 0 or place == count:
                text = np.pad(text[:, :place], ((0, 0), (0, BLOCK - place % BLOCK)))
            feeds = {self.written: text} if source is None or self.source is None else {
                self.written: text, self.source: source,
            }  # fmt: skip
            chances = self.runner.run(feeds)[self.prediction][:, place - 1]
            text[:, place] = chosen(chances, how.temperature, generator)
        return text[:, count : count + length]

    def answer(self, source: Array, length: int, manner: Manner | None = None) -> list[Array]:
        """What the net says to each row of `source` (N, S), up to the mark that ends it, or `length` tokens."""
        written = self.write(np.full((len(source), 1), MARK), length, source, manner)
        ends = [np.flatnonzero(row == MARK) for row in written]
        return [row[: end[0]] if len(end) else row for row, end in zip(written, ends, strict=True)]


def writer_of(net: Net) -> Writer | None:
    """The writer that a net is; None where it predicts no token for each position of an input of such tokens."""
    name = net.training.prediction
    if not name:
        return None
    type_ = net.graph.type_of(net.graph.outputs[name])
    inputs = {node.name: node.type for node in net.graph.inputs}
    alike = [n for n, t in inputs.items() if t.vocabulary == type_.channels and t.positions == type_.positions]
    others = [n for n, t in inputs.items() if n not in alike and t.vocabulary is not None]
    if not type_.positions or len(alike) != 1 or len(inputs) != 1 + len(others) or len(others) > 1:
        return None
    part = run(net.graph.fetch([name]), INFERENCE)
    runner = Runner(part, {node.name: net.states[node.name] for node in part.states}, settings=net.settings)
    return Writer(runner, name, alike[0], others[0] if others else None)


def chosen(chances: Array, temperature: float, generator: np.random.Generator) -> Array:
    """(N,) ids by probabilities (N, tokens).

    >>> chosen(np.array([[0.2, 0.5, 0.3]]), 0.0, rng(0))
    array([1])
    """
    if temperature == 0:
        return np.asarray(chances.argmax(axis=-1))
    logarithm = np.log(np.maximum(chances.astype(np.float64), np.finfo(np.float64).tiny)) / temperature
    weight = np.exp(logarithm - logarithm.max(axis=-1, keepdims=True))
    limits = weight.cumsum(axis=-1)
    return np.asarray((generator.random((len(chances), 1)) * limits[:, -1:] >= limits).sum(axis=-1))


def encoded(text: str, names: Sequence[str]) -> Array:
    """The ids (1, tokens) of a text, where `names` are the tokens by their ids: letters, or words between spaces.

    Raises E0108 where a token has no id.

    >>> encoded("cab", ("a", "b", "c")), encoded("so it is", ("is", "it", "so"))
    (array([[2, 0, 1]]), array([[2, 1, 0]]))
    """
    ids = {name: i for i, name in enumerate(names)}
    tokens = list(text) if max(map(len, names), default=1) == 1 else text.split()
    if wrong := [token for token in tokens if token not in ids]:
        known = " ".join(names) if len(names) <= 100 else f"{' '.join(names[:100])} ..."
        raise error("E0108", f"the net knows no {wrong[0]!r}", f"it knows {known}")
    return np.array([[ids[token] for token in tokens]], np.int64).reshape(1, -1)


def decoded(ids: Array, names: Sequence[str]) -> str:
    """The text of ids (tokens,).

    >>> decoded(np.array([2, 0, 1]), ("a", "b", "c"))
    'cab'
    """
    between = "" if max(map(len, names), default=1) == 1 else " "
    return between.join(class_name(names, i) for i in ids)
