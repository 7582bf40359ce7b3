"""From units of one shape to a block: which of their leaves are parameters, and what follows from those.

A leaf that is the same in all of them is a constant; leaves that always agree are one parameter; a number that is
always the same multiple of another is written so, and one that is as many as the channels coming in is `it.c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from cnngraph.interop.flat.names import words_of_a_file
from cnngraph.interop.readable.layer_text import REQUIRED, Parameter, is_ratio
from cnngraph.interop.readable.shapes import Place, Shape, projections_in, values_of, with_values
from cnngraph.interop.readable.terms import Lanes, Layer, Said, Units

UNKNOWN = object()
"""The value of a leaf of a projection that is not there."""

DEFAULTS = {"stride": 1, "pad": 0, "groups": 1, "dilation": 1}
COUNTED = ("window", "pad", "stride", "times", "dilation")
"""Leaves that are not numbers of features."""

MOST_PARAMETERS = 10

CHANNELS = "c"
"""What the channels that come in are called."""

INSIDE = Said("")
"""The stride of a window that is a parameter as a whole."""


@dataclass
class Column:
    """One leaf in all units: `values` by unit, and the channels that its layer takes in each."""

    place: Place
    values: list[Any]
    taken: list[Any]
    text: Any = UNKNOWN

    @property
    def known(self) -> list[Any]:
        return [value for value in self.values if value is not UNKNOWN]

    @property
    def family(self) -> str:
        if self.place.key in COUNTED:
            return self.place.key
        return "number" if all(isinstance(value, int) for value in self.known) else self.place.key


@dataclass
class Class:
    """Columns that always agree."""

    columns: list[Column]
    values: list[Any]
    name: str = ""
    parameter: bool = True
    is_laid: bool = False  # the window or the stride of a window that is one parameter

    @property
    def first(self) -> Column:
        return self.columns[0]


@dataclass(frozen=True)
class Fitted:
    """A block that stands for all the units: its parameters, its body, and the arguments of each use."""

    parameters: tuple[Parameter, ...]
    units: Units
    arguments: tuple[tuple[Any, ...], ...]
    channels: str = ""  # the name of the channels that come in, where the body speaks of them


def fitted(uses: Sequence[Units], shapes: Sequence[Shape]) -> Fitted | None:
    """The block of all these units, which have one shape and one kind of projections; None for too many parameters."""
    columns = _columns(shapes)
    projected = [_projected(shapes, i) for i in range(len(shapes[0].projections))]
    every = [*columns, *(column for each in projected for column in each)]
    entry = _entry(uses)
    classes = _parameters(every, entry)
    if len(classes) > MOST_PARAMETERS:
        return None
    units = with_values(uses[0], _texts(columns), _projections(uses, shapes, [_texts(each) for each in projected]))
    parameters = tuple(map(_parameter, classes))
    values = [_known(c.values, parameter.default) for c, parameter in zip(classes, parameters, strict=True)]
    arguments = tuple(tuple(each[row] for each in values) for row in range(len(uses)))
    said = [text.text.replace("*", " ").split() for text in _texts(every) if isinstance(text, Said)]
    spoken = bool(entry) and any(CHANNELS in words for words in said)
    return Fitted(parameters, units, arguments, CHANNELS if spoken else "")


def _parameter(found: Class) -> Parameter:
    default = _default(found)
    return Parameter(found.name, default, default is REQUIRED, found.is_laid and found.first.family == "window")


def _columns(shapes: Sequence[Shape]) -> list[Column]:
    return [
        Column(place, values_of([s.places[j] for s in shapes]), [_taken(s.places[j].layer) for s in shapes])
        for j, place in enumerate(shapes[0].places)
    ]


def _texts(columns: Sequence[Column]) -> list[Any]:
    return [column.text for column in columns]


def _known(values: Sequence[Any], default: Any) -> list[Any]:
    """The arguments of all uses; what only an absent projection would tell is the default, or what others have."""
    other = next((value for value in values if value is not UNKNOWN), None) if default is REQUIRED else default
    return [other if value is UNKNOWN else value for value in values]


def _entry(uses: Sequence[Units]) -> list[Any]:
    """The channels that come in, of a gate: its last layer makes as many."""
    firsts = [use[0] for use in uses]
    if not all(isinstance(unit, Lanes) and unit.word == "mul" and unit.passage for unit in firsts):
        return []
    return [unit.passage.takes.channels for unit in firsts if unit.passage]


def _model(shapes: Sequence[Shape], index: int) -> Shape | None:
    return next((s.projections[index] for s in shapes if s.projections[index]), None)


def _projected(shapes: Sequence[Shape], index: int) -> list[Column]:
    """The leaves of a projection; unknown where a unit has none."""
    found: list[Column] = []
    model, each = _model(shapes, index), [s.projections[index] for s in shapes]
    for j, place in enumerate(model.places if model else ()):
        values = [UNKNOWN if shape is None else shape.places[j].value for shape in each]
        taken = [UNKNOWN if shape is None else _taken(shape.places[j].layer) for shape in each]
        found.append(Column(place, values, taken))
    return found


def _projections(
    uses: Sequence[Units], shapes: Sequence[Shape], values: Sequence[Sequence[Any]]
) -> list[tuple[Units, Sequence[Any]]]:
    """The units of each projection, from a use that has it, with their values."""
    found: list[tuple[Units, Sequence[Any]]] = []
    for i, texts in enumerate(values):
        use = next((use for use, shape in zip(uses, shapes, strict=True) if shape.projections[i]), None)
        found.append((() if use is None else list(projections_in(use))[i], texts))
    return found


def _taken(layer: Layer) -> Any:
    if layer.passage is None or layer.passage.takes.vocabulary is not None:
        return None
    return layer.passage.takes.channels


# ---- what follows from what ----


def _parameters(columns: list[Column], entry: Sequence[Any]) -> list[Class]:
    """The classes that are parameters, in their order; all columns get their texts."""
    classes = _classes(columns)
    numbers = [c for c in classes if c.first.family == "number"]
    for each in numbers:
        _by_input(each, len(numbers) == 1 and not entry)
        if each.parameter and entry and (ratio := _ratio(each.values, entry)):
            each.parameter = False
            for column in each.columns:
                column.text = Said(_times(ratio, CHANNELS))
    _join_windows(classes)
    derived = _by_multiples([c for c in numbers if c.parameter])
    kept = [c for c in classes if c.parameter]
    if len(kept) > MOST_PARAMETERS:
        return kept
    _name(kept, {CHANNELS} if entry else set())
    for each in kept:
        for column in each.columns:
            axes = len(column.known[0]) if column.family == "window" else 0
            column.text = INSIDE if each.is_laid and column.family == "stride" else Said(each.name, axes)
    for each, base, ratio in derived:
        for column in each.columns:
            column.text = Said(_times(ratio, base.name))
    return sorted(kept, key=lambda c: (_default(c) is not REQUIRED, c.name != "c"))


def _classes(columns: Sequence[Column]) -> list[Class]:
    """Columns that vary, in classes. What is constant stays so, but projections follow what they agree with."""
    found: list[Class] = []
    for column in columns:
        constant = len(set(column.known)) == 1
        if constant and (UNKNOWN not in column.values or not any(_fits(c, column) for c in found)):
            column.text = column.known[0]
            continue
        same = next((c for c in found if _fits(c, column)), None)
        if same is None:
            found.append(Class([column], list(column.values)))
        else:
            same.columns.append(column)
            same.values = [b if a is UNKNOWN else a for a, b in zip(same.values, column.values, strict=True)]
    return found


def _fits(found: Class, column: Column) -> bool:
    return found.first.family == column.family and _agree(found.values, column.values)


def _agree(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return all(x is UNKNOWN or y is UNKNOWN or x == y for x, y in zip(a, b, strict=True))


def _by_input(found: Class, alone: bool) -> None:
    """`groups = it.c` and what goes with it; `it.c / 2` where it is the only number of the block."""
    ratios = [_ratio(column.values, column.taken) for column in found.columns]
    depthwise = any(column.place.key == "groups" for column in found.columns)
    grows = all(ratio and ratio[1] == 1 for ratio in ratios)
    if (depthwise and grows) or (alone and len(ratios) == 1 and ratios[0] not in (None, (1, 1))):
        for column, ratio in zip(found.columns, ratios, strict=True):
            assert ratio is not None
            column.text = Said(_times(ratio, "it.c"))
        found.parameter = False


def _times(ratio: tuple[int, int], what: str) -> str:
    times, over = ratio
    return f"{times}*{what}" if times > 1 else f"{what} / {over}" if over > 1 else what


def _ratio(values: Sequence[Any], base: Sequence[Any]) -> tuple[int, int] | None:
    """(q, 1) where values are always q times the base, (1, q) where they are the q-th part."""
    pairs = [(v, b) for v, b in zip(values, base, strict=True) if v is not UNKNOWN and b is not UNKNOWN]
    if not pairs or not all(type(v) is int and type(b) is int and v > 0 and b > 0 for v, b in pairs):
        return None
    v, b = pairs[0]
    times, over = (v // b, 1) if v >= b else (1, b // v)
    return (times, over) if all(x * over == y * times for x, y in pairs) else None


def _join_windows(classes: list[Class]) -> None:
    """A window and its stride that are parameters of one layer alone are written as one: `5x5/2`."""
    for window in [c for c in classes if c.first.family == "window" and len(c.columns) == 1]:
        layer = window.first.place.layer
        own = [c for c in classes if c.first.family == "stride" and len(c.columns) == 1]
        stride = next((c for c in own if c.first.place.layer is layer and UNKNOWN not in c.values), None)
        if stride is not None and all(map(is_ratio, window.values, stride.values)):
            window.is_laid, stride.is_laid = True, True
            return


def _by_multiples(numbers: list[Class]) -> list[tuple[Class, Class, tuple[int, int]]]:
    """Numbers that are always so many times another one, with that and how many."""
    found: list[tuple[Class, Class, tuple[int, int]]] = []
    bases: list[Class] = []
    for each in sorted(numbers, key=lambda c: next(v for v in c.values if v is not UNKNOWN)):
        for base in bases:
            ratio = _ratio(each.values, base.values)
            if ratio and ratio[0] > 1 and len(set(base.values) - {UNKNOWN}) > 1:
                each.parameter = False
                found.append((each, base, ratio))
                break
        else:
            bases.append(each)
    return found


def _default(found: Class) -> Any:
    default = DEFAULTS.get(found.first.place.key, REQUIRED)
    if found.is_laid and found.first.family == "stride":
        return default if found.first.place.layer.weighs else None  # a pool goes on by its own size
    return default if default in found.values else REQUIRED


# ---- names ----


def _name(classes: list[Class], taken: set[str]) -> None:
    """Names that are no words of the language: `c`, `cb`, `cc` where several are the same thing."""
    words = words_of_a_file()
    for each in sorted(classes, key=lambda c: not c.is_laid):  # `window` and `stride` are theirs
        word = _word(each)
        each.name = next(
            name for x in ("", *ascii_lowercase[1:]) if (name := f"{word}{x}") not in taken and name not in words
        )
        taken.add(each.name)


def _word(found: Class) -> str:
    roles = [column.place.role for column in found.columns if column.place.role]
    role = next((word for word in roles if word[0] == "n"), roles[0] if roles else "")
    place = found.first.place
    if found.first.family == "number" and place.key in ("features", "c"):
        return role or ("n" if place.layer.word in ("dense", "linear") else "c")
    return {"times": "n", "rate": "p"}.get(place.key, place.key)
