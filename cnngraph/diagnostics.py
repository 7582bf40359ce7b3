"""Sources, spans and diagnostics: how every other layer says where and why something is wrong.

A diagnostic follows rustc and the language server protocol: one code, one sentence, a primary label, secondary labels
that show the cause, notes, and a help that was computed. `CnnGraphError` carries one or more of them and is the only
exception a user has to catch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

MAX_PRINTED = 20
MAX_LINE = 300  # characters of a line of a file that are shown; people do not write longer ones
MAX_TEXT = 1_000  # characters of a sentence, which may quote a name of any length

CODES = {
    "E0001": "the text does not follow the grammar",
    "E0002": "a file is too large, too deeply nested or not UTF-8",
    "E0101": "a name is unknown",
    "E0102": "a name is defined twice, or takes the name of a layer",
    "E0103": "a value has the wrong kind",
    "E0104": "an argument is missing",
    "E0105": "there are too many arguments",
    "E0106": "an argument is given twice",
    "E0107": "a parameter is unknown",
    "E0108": "an argument is outside its range",
    "E0109": "a computation on sizes or numbers is impossible",
    "E0110": "a line has no input, or an ambiguous one",
    "E0111": "a block uses itself",
    "E0112": "a key of a section is unknown or wrong",
    "E0113": "a result is dropped",
    "E0201": "a layer needs a vector and receives a grid",
    "E0202": "a layer needs a grid and receives a vector",
    "E0203": "a window does not fit its input",
    "E0204": "a layer cannot take this input",
    "E0300": "a shape row does not hold",
    "E0301": "the inputs of a merge have different positions",
    "E0302": "the inputs of a merge have different channels",
    "E0303": "a merge needs more inputs",
    "E0304": "state or update does not fit",
    "E0400": "a check does not hold",
    "E0401": "a where fact does not hold or cannot be used",
    "E0402": "the network is larger than the stated limits",
    "E0501": "a file cannot be imported",
    "E0502": "the version of the language is not known",
    "E0601": "a device or a cluster is wrong",
    "E0602": "no partition exists within the limits",
    "E0603": "an engine, for drawing or running, is missing or failed",
    "E0604": "a partition does not fit its network or its cluster",
    "E0701": "data cannot be read",
    "E0702": "data does not fit the network",
    "E0703": "weights do not fit the network",
    "E0704": "training cannot go on",
    "E0705": "a fed or fetched value is wrong",
    "E0801": "a model file cannot be read",
    "E0802": "a part of a model cannot be expressed in the language",
    "E0803": "a network cannot be written in this format",
    "W101": "a labelled line breaks the flow",
    "W102": "a value or a name is not used",
    "W103": "a convolution has a bias before a batch norm",
    "W104": "softmax stands twice, or not at all, before cross-entropy",
    "W105": "two activations follow each other",
    "W106": "an even window cannot be centred",
    "W107": "dropout stands at the output",
    "W108": "a merge would read better as lanes",
    "W109": "a file does not state its version of the language",
    "W110": "an `allow` comment allows nothing",
    "W111": "a window of one axis looks like a stride",
}

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Source:
    """A named text. Positions in it are character offsets; lines and columns count from 1."""

    name: str
    text: str = field(repr=False)

    @staticmethod
    def of(name: str, text: str) -> Source:
        """A text as a file has it: a byte order mark is not part of the source."""
        return Source(name, text.removeprefix(BYTE_ORDER_MARK))

    @cached_property
    def _starts(self) -> list[int]:
        return [0] + [i + 1 for i, c in enumerate(self.text) if c == "\n"]

    def line_at(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def column_at(self, offset: int) -> int:
        return offset - self._starts[self.line_at(offset) - 1] + 1

    def line(self, number: int) -> str:
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


@dataclass(frozen=True)
class Span:
    """A stretch of a source: characters `start` up to, not including, `end`."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.line_at(self.start)

    @property
    def column(self) -> int:
        return self.source.column_at(self.start)

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """The stretch from the start of this span to the end of `other`."""
        return Span(self.source, self.start, other.end)

    def contains(self, other: Span) -> bool:
        """Whether all of `other` lies in this stretch."""
        return self.source == other.source and self.start <= other.start and other.end <= self.end

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Use:
    """One step into a block: the name of the block, the place that uses it, and what its parameters are there."""

    block: str
    span: Span
    arguments: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Origin:
    """Where a node comes from: the span that wrote it, and the stack of block uses that led there, outermost first."""

    span: Span
    uses: tuple[Use, ...] = ()

    def depth_shared_with(self, other: Origin) -> int:
        """How many uses of blocks both places share: the level of the innermost body from which both are seen."""
        pairs = zip(self.uses, other.uses, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a is not b), min(len(self.uses), len(other.uses)))

    def seen_from(self, other: Origin) -> Span:
        """The span that shows this place in the innermost body from which `other` is seen as well."""
        return self.at_depth(self.depth_shared_with(other))

    def at_depth(self, depth: int) -> Span:
        """The span as seen from a body that lies `depth` block uses deep."""
        return self.uses[depth].span if len(self.uses) > depth else self.span


@dataclass(frozen=True)
class Label:
    """A span with a remark."""

    span: Span
    text: str


@dataclass(frozen=True)
class Suggestion:
    """A replacement of `span` that mends the file; a `safe` one gives what was surely meant."""

    span: Span
    replacement: str
    safe: bool = True

    @property
    def title(self) -> str:
        """What it does, for a menu of an editor or a report."""
        old, new = " ".join(self.span.text.split()), " ".join(self.replacement.split())
        if not old:
            return f"insert `{new}`"
        return f"replace `{old}` by `{new}`" if new else f"remove `{old}`"


Paint = Callable[[str, str], str]
"""Colours a text of a kind: `error`, `warning`, `message` (of a head or a help), `bar` (numbers, bars, other marks)."""


def _unpainted(kind: str, text: str) -> str:
    return text


def edited(text: str, changes: Iterable[Suggestion]) -> str:
    """The text with all changes, none of which overlap, made."""
    for change in sorted(changes, key=lambda change: change.span.start, reverse=True):
        text = text[: change.span.start] + change.replacement + text[change.span.end :]
    return text


@dataclass(frozen=True)
class Diagnostic:
    """One finding. Codes that begin with E are errors, those with W are warnings."""

    code: str
    message: str
    primary: Label | None = None
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    suggestion: Suggestion | None = None

    @property
    def severity(self) -> str:
        return "warning" if self.code.startswith("W") else "error"

    def render(self, paint: Paint = _unpainted) -> str:
        """The finding as text for a terminal: head, place, marked lines, notes, helps."""
        head = paint(self.severity, f"{self.severity}[{self.code}]")
        lines = [f"{head}{paint('message', f': {_clipped(self.message)}')}"]
        if self.primary is not None:
            lines.append(f"  {paint('bar', '-->')} {self.primary.span}")
            lines += _excerpts(self.primary, self.secondary, _Brush(paint, self.severity))
        lines += [f"  {_clipped(note)}" for note in self.notes]
        lines += [f"  {paint('bar', '=')} {paint('message', 'help')}: {_clipped(text)}" for text in self.helps]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


class CnnGraphError(Exception):
    """The one exception of the package: what is wrong, as one or more diagnostics."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        found = [diagnostics] if isinstance(diagnostics, Diagnostic) else list(diagnostics)
        assert found, "an error says what is wrong"
        self.diagnostics: tuple[Diagnostic, ...] = tuple(in_order(found))
        super().__init__(render(self.diagnostics))


def error(code: str, message: str, *helps: str) -> CnnGraphError:
    """An error that has no place in a source: a missing file, a wrong argument."""
    return CnnGraphError(Diagnostic(code, message, helps=helps))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """By file and line; equal findings (a block used many times) once."""
    by_cause: dict[object, Diagnostic] = {}
    for d in diagnostics:
        by_cause.setdefault((d.code, _place(d)) if d.primary else d, d)
    return sorted(by_cause.values(), key=_place)


def _place(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.primary.span if diagnostic.primary else None
    return (span.source.name, span.start) if span else ("", -1)


def render(diagnostics: Sequence[Diagnostic], paint: Paint = _unpainted) -> str:
    """All findings as text; of very many, twenty in full, errors before warnings."""
    chosen = sorted(range(len(diagnostics)), key=lambda i: diagnostics[i].severity)[:MAX_PRINTED]
    shown = [diagnostics[i].render(paint) for i in sorted(chosen)]
    if len(diagnostics) > MAX_PRINTED:
        shown.append(f"... and {len(diagnostics) - MAX_PRINTED} more")
    return "\n\n".join(shown)


@dataclass(frozen=True)
class _Brush:
    """How the lines of an excerpt look: `-` marks and bars alike, `^` marks as the finding is severe."""

    paint: Paint
    severity: str

    def line(self, number: str, width: int, text: str) -> str:
        return f"{self.paint('bar', f'{number:>{width}} |')} {text}".rstrip()

    def underline(self, line: str, column: int, label: Label, mark: str) -> str:
        before = "".join("\t" if c == "\t" else " " for c in line[: column - 1])
        room = max(len(line) - len(before), 1)
        marks = mark * max(min(label.span.end - label.span.start, room), 1)
        text = f"{marks} {_clipped(label.text)}".rstrip()
        return before + self.paint(self.severity if mark == "^" else "bar", text)


def _excerpts(primary: Label, secondary: Sequence[Label], brush: _Brush) -> list[str]:
    """The marked lines of each file, the file of the primary label first."""
    labels = [(primary, "^"), *((label, "-") for label in secondary)]
    sources = list(dict.fromkeys(label.span.source for label, _ in labels))
    width = max(len(str(label.span.line)) for label, _ in labels)
    lines: list[str] = []
    for source in sources:
        own = [(label, mark) for label, mark in labels if label.span.source == source]
        if source != primary.span.source:
            lines.append(f"  {brush.paint('bar', ':::')} {source.name}")
        lines += _excerpt(source, own, width, brush)
    return lines


def _excerpt(source: Source, labels: Sequence[tuple[Label, str]], width: int, brush: _Brush) -> list[str]:
    by_line: dict[int, list[tuple[Label, str]]] = {}
    for label, mark in labels:
        by_line.setdefault(label.span.line, []).append((label, mark))
    lines, previous = [], None
    for number in sorted(by_line):
        if previous is not None and number > previous + 1:
            lines.append(brush.paint("bar", "..."))
        text, left_out = _shown(source.line(number), min(label.span.column for label, _ in by_line[number]))
        lines.append(brush.line(str(number), width, text))
        marked = sorted(by_line[number], key=lambda m: (m[1] != "^", -m[0].span.start))
        for label, mark in marked:
            lines.append(brush.line("", width, brush.underline(text, label.span.column - left_out, label, mark)))
        previous = number
    return lines


def _shown(line: str, column: int) -> tuple[str, int]:
    """The part of a very long line around a column, and how many characters are left out before it."""
    start = max(column - MAX_LINE // 4, 0) if len(line) > MAX_LINE else 0
    part = line[start : start + MAX_LINE]
    after = "..." if start + MAX_LINE < len(line) else ""
    return (f"...{part}{after}", start - 3) if start else (f"{part}{after}", 0)


def _clipped(text: str) -> str:
    """A sentence without the middle of it, where nobody could read it all."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT // 2]} ... {text[-MAX_TEXT // 4 :]}"
