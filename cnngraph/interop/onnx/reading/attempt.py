"""Attempts to read a graph: one for each layout that its inputs may have; the best is taken.

Nothing in a file says which axis of an input is the batch, and which the features. But a wrong guess is refused by some
layer, or costs nodes that move data; so the few that are likely are tried, and the one with no refusals and the fewest
moves is what was meant. Open sizes may have to be multiples of a number, for values of several depths to meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from cnngraph.interop.imported import Axes, Imported
from cnngraph.interop.onnx.reading.foreign import Fed, Foreign
from cnngraph.interop.onnx.reading.guess import Guess, guesses, with_multiples
from cnngraph.interop.onnx.reading.names import legal, words
from cnngraph.interop.onnx.reading.nodes import read_nodes
from cnngraph.interop.onnx.reading.reading import Again, Reading, Refusal, Refused
from cnngraph.interop.onnx.reading.values import Constant, Later, Sizes, Tensor, Value
from cnngraph.ir.graph import Ref
from cnngraph.ir.op import Array

MOST_ATTEMPTS = 24
ENOUGH_ATTEMPTS = 4  # that were not refused
MULTIPLES = (2, 4, 8, 16, 32, 64)


@dataclass
class Attempt:
    """A graph that was read with one guess, as far as that went."""

    net: Foreign
    guess: Guess
    reading: Reading
    inputs: dict[str, Axes] = field(default_factory=dict)
    outputs: dict[str, Axes] = field(default_factory=dict)
    results: dict[str, Ref] = field(default_factory=dict)

    @property
    def refusals(self) -> Sequence[Refusal]:
        return self.reading.refusals

    @property
    def score(self) -> tuple[int, int]:
        return len(self.refusals), self.reading.moved

    def imported(self) -> Imported:
        name = legal(self.net.name).replace(".", "_").replace("-", "_") or "net"
        graph = self.reading.builder.finish(
            name if name[0].isalpha() else f"net_{name}", self.results, facts=self.guess.facts
        )
        notes = [*self.guess.notes, *self.reading.notes]
        states = {name: _array(array, graph[name].type.dtype) for name, array in self.reading.arrays.items()}
        return Imported(graph, states, self.inputs, self.outputs, notes)


def _array(array: Array | Later, dtype: str) -> Array:
    return np.asarray(array.make() if isinstance(array, Later) else array, dtype, order="C")


def best(net: Foreign) -> Attempt:
    """The attempt with the fewest refusals and moves; of equals the first."""
    found: Attempt | None = None
    good = 0
    for guess in islice(guesses(net), MOST_ATTEMPTS):
        attempt = attempted(net, guess)
        good += not attempt.refusals
        if found is None or attempt.score < found.score:
            found = attempt
        if not found.refusals and (not found.reading.moved or good >= ENOUGH_ATTEMPTS):
            break
    assert found is not None, "there is always a guess"
    for number in MULTIPLES:
        guess = with_multiples(found.guess, number)
        if not found.refusals or guess is found.guess:
            break
        attempt = attempted(net, guess)
        found = found if attempt.refusals else attempt
    return found


def attempted(net: Foreign, guess: Guess) -> Attempt:
    """The graph read with a guess; begun anew when an input turns out to be ids of another vocabulary."""
    while True:
        try:
            return _attempt(net, guess)
        except Again as found:
            guess = replace(guess, vocabularies={**guess.vocabularies, found.name: found.vocabulary})


def _attempt(net: Foreign, guess: Guess) -> Attempt:
    reading = Reading(net.ours, guess.batch, guess.sample)
    attempt = Attempt(net, guess, reading)
    for place in guess.places:
        try:
            tensor = place.feed(reading, guess)
        except Refused as refused:
            reading.refusals.append(Refusal("input", place.fed.name, refused.why, refused.helps))
            reading.values[place.fed.name] = None
            continue
        reading.values[place.fed.name] = tensor
        axes = tensor.layout.axes()
        assert axes is not None, "a fed axis is one of ours"
        attempt.inputs[tensor.ref.node] = axes
    for output, name, value in zip(net.outputs, words(net.outputs), read_nodes(net, reading), strict=True):
        _give(output, name, value, attempt)
    return attempt


def _give(output: Fed, name: str, value: Value | None, attempt: Attempt) -> None:
    reading = attempt.reading
    if value is None:
        if not reading.refusals:
            reading.refusals.append(Refusal("output", output.name, "nothing here computes it"))
        return
    if isinstance(value, Constant | Sizes):
        why = "it is known before anything is fed"
        reading.refusals.append(Refusal("output", output.name, why))
        return
    try:
        tensor = _plain(value, output.name, reading)
    except Refused as refused:
        reading.refusals.append(Refusal("output", output.name, refused.why, refused.helps))
        return
    if name != output.name:
        reading.note(f"the output `{output.name}` is named `{name}`")
    axes = tensor.layout.axes()
    assert axes is not None, "an output that was arranged"
    attempt.outputs[name], attempt.results[name] = axes, tensor.ref


def _plain(x: Tensor, name: str, reading: Reading) -> Tensor:
    """The value with a foreign axis for each of ours."""
    if x.layout.axes() is not None:
        return x
    each = [group for group in x.layout.foreign_groups[1:] if group]
    groups = [x.layout.foreign_groups[0], *([axis] for group in each for axis in group)]
    return reading.arranged(x, x.layout.foreign_axes(groups if len(groups) > 1 else [*groups, []]), name)
