"""What the axes of the inputs may be: which is the batch, if any, and which the features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from onnx import TensorProto

from cnngraph.interop.onnx.reading.foreign import Fed, Foreign
from cnngraph.interop.onnx.reading.layout import Layout
from cnngraph.interop.onnx.reading.names import words
from cnngraph.interop.onnx.reading.open_sizes import shapes_of
from cnngraph.interop.onnx.reading.reading import ANY_IDS, Reading, Refused
from cnngraph.interop.onnx.reading.values import Tensor
from cnngraph.ir.graph import Fact
from cnngraph.ir.size import Dim, bind, symbol, symbols
from cnngraph.ir.types import BATCH, TensorType

INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64")
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
FRACTIONS = ("float32", "float64", "float16", "bfloat16", "bool")  # a truth is fed as 1 or 0


@dataclass(frozen=True)
class Place:
    """One input with a guess at its axes; all other axes are positions, in their order. `name` is ours."""

    name: str
    fed: Fed
    shape: tuple[Dim, ...]
    batch: int | None
    features: int | None

    def feed(self, reading: Reading, guess: Guess) -> Tensor:
        """Our input, and how the array that is fed lies in it."""
        if self.fed.shape is None or self.fed.kind not in (*INTEGERS, *FRACTIONS):
            what = "of no known rank" if self.fed.kind in (*INTEGERS, *FRACTIONS) else f"of the kind {self.fed.kind}"
            raise Refused(f"it is {what}", "an array of numbers with a known number of axes can be fed")
        layout, vocabulary = self.layout(guess), self._vocabulary(guess)
        sizes = [layout.size(group) for group in layout.groups]
        if "float16" in self.fed.kind:
            reading.note(f"numbers of {self.fed.kind} are computed in float32")
        if vocabulary is None:
            kind = "float64" if self.fed.kind == "float64" else "float32"
            type_ = TensorType((BATCH, *sizes[1:]), kind)
        else:
            type_ = TensorType.ids(vocabulary, tuple(sizes[1:]))
        return Tensor(reading.fed(self.name, type_), layout)

    def layout(self, guess: Guess) -> Layout:
        positions = [[axis] for axis in range(len(self.shape)) if axis not in (self.batch, self.features)]
        batch = [] if self.batch is None else [self.batch]
        features = [] if self._vocabulary(guess) is not None else [[] if self.features is None else [self.features]]
        return Layout.of(self.shape, [batch, *positions, *features])

    def _vocabulary(self, guess: Guess) -> int | None:
        """Below what ids are; None for plain numbers."""
        return guess.vocabularies.get(self.name, ANY_IDS if self.fed.kind in INTEGERS else None)


@dataclass(frozen=True)
class Guess:
    """A place for each input. `batch` is what the file has for our batch, where that is a number."""

    places: Sequence[Place]
    batch: int | None = None
    sample: bool = False
    vocabularies: Mapping[str, int | None] = field(default_factory=dict)
    notes: Sequence[str] = ()
    facts: tuple[Fact, ...] = ()


def with_multiples(guess: Guess, number: int) -> Guess:
    """The guess with open sizes that this number divides; the same object where none is open."""
    names = {s.name for place in guess.places for size in place.shape for s in symbols(size)} - {"batch"}
    if not names:
        return guess
    known = {name: symbol(name, number) for name in names}
    places = [replace(place, shape=tuple(bind(size, known) for size in place.shape)) for place in guess.places]
    note = f"the open sizes {', '.join(sorted(names))} are multiples of {number}, or its values would not meet"
    return replace(guess, places=places, notes=[*guess.notes, note])


def guesses(net: Foreign) -> Iterator[Guess]:
    """The guesses, the likely ones first."""
    if not net.inputs:
        yield Guess(())
    first, *_ = [*net.inputs, Fed("")]
    later = first.shape is not None and len(first.shape) > 1 and "batch" in str(first.shape[1])
    modes, numbers = [], _cast_at_once(net)
    for mode in ((1, 0, None) if later else (0, None, 1)):
        batches = [_batch_axis(fed, mode, net.inputs) for fed in net.inputs]
        if (mode == 1 and batches[:1] != [1]) or len(_batch_sizes(net.inputs, batches)) > 1:
            continue
        options = [_options(fed, batch, numbers) for fed, batch in zip(net.inputs, batches, strict=True)]
        if all(options):
            modes.append((batches, options))
    for choices in (_alike, _others):
        for batches, options in modes:
            for features in choices(options):
                yield _guess(net, batches, features, numbers)


def _cast_at_once(net: Foreign) -> frozenset[str]:
    """Inputs of whole numbers that become others at once, such as the bytes of an image."""
    users = net.users()
    whole = [fed.name for fed in net.inputs if fed.kind in INTEGERS and users.get(fed.name)]
    return frozenset(n for n in whole if all(u.operator == "Cast" and u.attributes["to"] in FLOATS for u in users[n]))


def _guess(
    net: Foreign, batches: Sequence[int | None], features: Sequence[int | None], numbers: frozenset[str]
) -> Guess:
    fed = net.inputs
    shapes, facts = shapes_of(fed, batches, net.needs)
    places = [Place(*place) for place in zip(words(fed), fed, shapes, batches, features, strict=True)]
    fixed = next(iter(_batch_sizes(fed, batches)), None)
    sample = all(batch is None for batch in batches)
    notes = [f"the file has a batch of {fixed}; here it is free"] if fixed is not None else []
    notes += ["the model has no batch: it runs as one sample"] if sample and fed else []
    vocabularies = {place.name: None for place in places if place.fed.name in numbers}
    return Guess(places, fixed, sample, vocabularies, notes, facts)


def _batch_sizes(inputs: Sequence[Fed], batches: Sequence[int | None]) -> set[int]:
    """The numbers that the file has for the batch; more than one, and it is none."""
    sizes = [fed.shape[axis] for fed, axis in zip(inputs, batches, strict=True) if fed.shape and axis is not None]
    return {size for size in sizes if isinstance(size, int)}


def _batch_axis(fed: Fed, mode: int | None, inputs: Sequence[Fed]) -> int | None:
    """Where the batch of an input is, if it is the axis `mode` of the first input."""
    shape, first = fed.shape or (), inputs[0].shape or ()
    if mode is None or not shape:
        return None
    if fed is inputs[0] or mode >= len(first):
        return mode if mode < len(shape) else None
    wanted = first[mode]
    same = [axis for axis, size in enumerate(shape) if size == wanted and size is not None]
    return same[0] if same else min(mode, len(shape) - 1)


def _options(fed: Fed, batch: int | None, numbers: frozenset[str]) -> list[int | None]:
    """Which axes may be the features: those after the batch as most tools have them, the last, none."""
    rank = len(fed.shape or ())
    others = [axis for axis in range(rank) if axis != batch]
    if fed.kind in INTEGERS and fed.name not in numbers:
        return [None]
    if batch is None and rank > 3:
        others = others[1:]  # the first of them is a batch of one
    wanted = [*others[:1], *others[-1:], *others[1:-1]] if len(others) > 1 else others
    found: list[int | None] = [*dict.fromkeys(wanted)]
    return [*found, None] if len(others) != 1 else found


def _alike(options: Sequence[list[int | None]]) -> list[tuple[int | None, ...]]:
    """Choices for all inputs, of the same rank in the options of each."""
    most = max(map(len, options), default=0)
    alike = (tuple(choice[min(i, len(choice) - 1)] for choice in options) for i in range(most))
    return list(dict.fromkeys(alike)) or [()]


def _others(options: Sequence[list[int | None]]) -> Iterator[tuple[int | None, ...]]:
    """All other choices."""
    alike = _alike(options)
    return (choice for choice in product(*options) if choice not in alike)
