"""Attempts to read a graph: one for each layout that its inputs may have; the best is taken.

Nothing in a file says which axis of an input is the batch, and which the features. But a wrong guess is refused by some
layer, or costs nodes that move data; so the few that are likely are tried, and the one with no refusals and the fewest
moves is what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from cnngraph.interop.imported import Axes, Imported
from cnngraph.interop.onnx.reading.call import Call
from cnngraph.interop.onnx.reading.convert import defaults
from cnngraph.interop.onnx.reading.foreign import Fed, Foreign, ForeignNode
from cnngraph.interop.onnx.reading.guess import Guess, guesses
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.names import legal, paths_of
from cnngraph.interop.onnx.reading.reading import Again, Reading, Refusal, Refused
from cnngraph.interop.onnx.reading.tables import meanings
from cnngraph.interop.onnx.reading.values import Constant, Sizes, Tensor, Value
from cnngraph.ir.graph import Ref
from cnngraph.ir.size import SizeError

MOST_ATTEMPTS = 24


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
        graph = self.reading.builder.finish(name if name[0].isalpha() else f"net_{name}", self.results)
        notes = [*self.guess.notes, *self.reading.notes]
        return Imported(graph, self.reading.arrays, self.inputs, self.outputs, notes)


def best(net: Foreign) -> Attempt:
    """The attempt with the fewest refusals and moves; of equals the first."""
    found: Attempt | None = None
    for guess in islice(guesses(net), MOST_ATTEMPTS):
        attempt = attempted(net, guess)
        if found is None or attempt.score < found.score:
            found = attempt
        if found.score == (0, 0):
            break
    assert found is not None, "there is always a guess"
    return found


def attempted(net: Foreign, guess: Guess) -> Attempt:
    """The graph read with a guess; begun anew when an input turns out to be ids of another vocabulary."""
    while True:
        try:
            return _attempt(net, guess)
        except Again as found:
            guess = replace(guess, vocabularies={**guess.vocabularies, found.name: found.vocabulary})


def _attempt(net: Foreign, guess: Guess) -> Attempt:
    paths = paths_of(net)
    reading = Reading(lambda node: paths[id(node)], guess.batch, guess.sample)
    attempt = Attempt(net, guess, reading)
    for place in guess.places:
        tensor = place.feed(reading, guess)
        reading.values[place.fed.name] = tensor
        axes = tensor.layout.axes()
        assert axes is not None, "a fed axis is one of ours"
        attempt.inputs[tensor.ref.node] = axes
    for node in net.nodes:
        _read(node, net, reading)
    for output in net.outputs:
        _give(output, attempt)
    return attempt


def _read(node: ForeignNode, net: Foreign, reading: Reading) -> None:
    """The values of a node's outputs; None for all of them where they stay unknown."""
    meaning = meanings().get(node.operator)
    values: Sequence[Value | None] = [None] * len(node.outputs)
    try:
        if meaning is None:
            raise Refused("there is no such operator in the language")
        inputs = [reading.known(name, net) if name else None for name in node.inputs]
        if all(value is not None for name, value in zip(node.inputs, inputs, strict=True) if name):
            call = Call(reading, node, inputs, {**defaults(node.operator), **node.attributes}, reading.path(node))
            made = meaning(call)
            values = made if isinstance(made, tuple) else (made,)
    except Refused as refused:
        name = node.name or (node.outputs[0] if node.outputs else "")
        reading.refusals.append(Refusal(node.operator, name, refused.why, refused.helps))
    except SizeError as problem:
        reading.refusals.append(Refusal(node.operator, node.name, str(problem)))
    reading.values.update(zip(node.outputs, [*values, *[None] * len(node.outputs)], strict=False))


def _give(output: Fed, attempt: Attempt) -> None:
    reading, value = attempt.reading, attempt.reading.known(output.name, attempt.net)
    if value is None:
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
    name = legal(output.name).replace(".", "_").replace("-", "_")
    if name != output.name:
        reading.note(f"the output `{output.name}` is named `{name}`")
    axes = tensor.layout.axes()
    assert axes is not None, "an output that was arranged"
    attempt.outputs[name], attempt.results[name] = axes, tensor.ref


def _plain(x: Tensor, name: str, reading: Reading) -> Tensor:
    """The value with a foreign axis for each of ours."""
    if x.layout.axes() is not None:
        return x
    batch = x.layout.batch
    whole = [axis for axis in range(x.rank) if axis != batch and x.layout.theirs[axis]]
    groups = [[batch] if batch is not None else [], *([axis] for axis in whole)]
    return reading.arranged(x, x.layout.foreign_axes(groups), name)


def layouts(net: Foreign, guess: Guess) -> Mapping[str, Layout]:
    """How each fed array is laid out under a guess."""
    return {place.fed.name: place.layout(guess) for place in guess.places}


def attempts(net: Foreign) -> Iterator[Attempt]:
    """All attempts, for tests and for the curious."""
    return (attempted(net, guess) for guess in islice(guesses(net), MOST_ATTEMPTS))
