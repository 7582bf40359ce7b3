"""Timelines as the value of JSON that `assets/timeline` draws: lanes of bars, one track above the other on one axis.

    tracks   name, note, length, lanes, links
    lanes    name, device, label, colour, told; actions [start, length, phase, microbatch], spans [start, length,
             kind, phase, microbatch, word, peer], critical [start, length], held [time, bytes], limit; nodes by phase
    links    name; messages [start, length, microbatch, word, bytes]
    words    what spans and messages are called;   picks: for each the places of its nodes in the graph

Rows are flat lists of whole numbers; times are multiples of `tick`. A page holds `MOST` spans at most: of a lane with
more of them, the older ones are merged, first those of one action, then neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import ceil, floor, log10

from cnngraph.cost.quantity import bytes_text
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.timeline import KINDS, Span, Timeline

TIMELINE_STYLES = ("timeline.css",)
SCRIPTS = ("scale", "bars", "patterns", "draw", "tables", "reach", "timeline")
TIMELINE_SCRIPTS = tuple(f"timeline/{name}.js" for name in SCRIPTS)

MOST = 12_000  # spans of a page
LEAST = 8  # of a lane, however many lanes there are
DIGITS = 8  # of the longest time
PHASES: Mapping[Phase, str] = {
    Phase.FORWARD: "forward",
    Phase.BACKWARD: "backward",
    Phase.WEIGHTS: "weight gradients",
    Phase.REDUCE: "reduce",
    Phase.UPDATE: "update",
}

Json = dict[str, object]
Picks = Callable[[str], Collection[int]]
"""Places in the graph of what a span is called."""


@dataclass(frozen=True)
class Message:
    """A value on its way from one device to another."""

    source: str
    target: str
    name: str
    microbatch: int
    bytes: int
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True)
class Held:
    """Bytes of a device from each time on, and how many it may hold."""

    steps: tuple[tuple[float, int], ...]
    limit_bytes: float

    @property
    def peak_bytes(self) -> int:
        return max((count for _, count in self.steps), default=0)

    def __str__(self) -> str:
        over = self.peak_bytes > self.limit_bytes
        return f"{bytes_text(self.peak_bytes)} {'above' if over else 'of'} {bytes_text(self.limit_bytes)}"


@dataclass(frozen=True)
class Track:
    """A timeline with what is shown beside it."""

    timeline: Timeline
    note: str = ""
    held: Mapping[str, Held] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()


@dataclass
class _Words:
    """Words by number, each once."""

    numbers: dict[str, int] = field(default_factory=dict)

    def __call__(self, word: str) -> int:
        return self.numbers.setdefault(word, len(self.numbers))


def timeline_json(
    tracks: Sequence[Track],
    colours: Mapping[str, int] | None = None,
    picks: Picks = lambda name: (),
    nodes: Mapping[str, Mapping[Phase, Sequence[int]]] | None = None,
    labels: Mapping[str, str] | None = None,
    unit: str = "s",
    most: int = MOST,
) -> Json:
    """The data of the tracks. Equal tracks give equal data.

    colours: numbers of devices, which have the same ones elsewhere on the page
    picks:   nodes of a span, by its name;   nodes: those of a phase of a lane
    labels:  what lanes are called, where that is not their name
    unit:    `s`, or "" for times of a unit that nobody knows
    """
    longest = max((track.timeline.step_seconds for track in tracks), default=0.0) or 1.0
    tick = 10.0 ** (floor(log10(longest)) - DIGITS)
    lengths = [len(spans) for track in tracks for spans in track.timeline.spans.values()]
    total = sum(lengths)
    maker = _Maker(tick, _Words(), colours or {}, nodes or {}, labels or {}, max(shared(lengths, most), LEAST))
    made = [maker.track(track) for track in tracks]
    words = list(maker.words.numbers)
    return {
        "tick": tick,
        "unit": unit,
        "phases": [[str(phase), name] for phase, name in PHASES.items()],
        "kinds": list(KINDS),
        "words": words,
        "picks": [sorted(picks(word)) for word in words],
        "tracks": made,
        "told": f"{maker.kept:,} of {total:,} spans are here; older ones are merged" if maker.kept < total else "",
    }


@dataclass
class _Maker:
    tick: float
    words: _Words
    colours: Mapping[str, int]
    nodes: Mapping[str, Mapping[Phase, Sequence[int]]]
    labels: Mapping[str, str]
    most: int  # spans of a lane
    kept: int = 0

    def track(self, track: Track) -> Json:
        timeline = track.timeline
        return {
            "name": timeline.name,
            "note": track.note,
            "length": self.ticks(timeline.step_seconds),
            "lanes": [self.lane(track, device) for device in timeline.devices],
            "links": [self.link(*ends, found) for ends, found in _by_link(track.messages)],
        }

    def lane(self, track: Track, device: str) -> Json:
        timeline = track.timeline
        spans = merged(timeline.spans[device], self.most)
        actions = merged(timeline.actions.spans[device], self.most)
        self.kept += len(spans)
        critical = [(s.start_seconds, s.end_seconds) for s in timeline.critical_path if s.device == device]
        share = timeline.busy_seconds[device] / timeline.step_seconds if timeline.step_seconds else 0.0
        held = track.held.get(device)
        more: Json = {} if held is None else {
            "held": [n for seconds, count in held.steps for n in (self.ticks(seconds), count)],
            "limit": held.limit_bytes,
            "room": str(held),
        }  # fmt: skip
        stage = device if device in self.nodes else device.partition(" (")[0]
        return {
            "name": device,
            "device": stage,
            "label": self.labels.get(device, device),
            "colour": self.colours.get(stage, 0),
            "told": f"computes {share:.0%}",
            "actions": [n for s in actions for n in (*self.extent(s), _phase(s), s.microbatch)],
            "labels": {str(i): s.name for i, s in enumerate(actions) if s.name != s.label},
            "spans": [n for s in spans for n in (*self.extent(s), KINDS.index(s.kind), _phase(s), s.microbatch,
                                                 self.words(s.name), self.words(s.peer))],
            "critical": [self.ticks(n) for start, end in _runs(critical) for n in (start, end - start)],
            "nodes": {str(phase): list(found) for phase, found in self.nodes.get(stage, {}).items()},
            **more,
        }  # fmt: skip

    def link(self, source: str, target: str, found: Sequence[Message]) -> Json:
        rows = []
        for message in found[-self.most :]:
            start, length = self.ticks(message.start_seconds), self.ticks(message.end_seconds - message.start_seconds)
            rows += [start, length, message.microbatch, self.words(message.name), message.bytes]
        return {"name": f"{source} to {target}", "source": source, "target": target, "messages": rows}

    def extent(self, span: Span) -> tuple[int, int]:
        return self.ticks(span.start_seconds), max(self.ticks(span.seconds), 0)

    def ticks(self, seconds: float) -> int:
        return round(seconds / self.tick)


def _phase(span: Span) -> int:
    return [*PHASES].index(span.phase)


def shared(lengths: Sequence[int], most: int) -> int:
    """The largest length of a list with which all together have at most so many items; short ones leave room.

    >>> shared([10, 200, 300], 310), shared([1, 2], 310)
    (150, 2)
    """
    left, count = most, len(lengths)
    for length in sorted(lengths):
        if length * count > left:
            return left // count
        left, count = left - length, count - 1
    return max(lengths, default=0)


def merged(spans: Sequence[Span], most: int) -> list[Span]:
    """Spans of one device, at most so many: of the older ones first those of one action become one, then neighbours."""
    if len(spans) <= most:
        return list(spans)
    actions = [list(group) for _, group in groupby(spans, key=lambda span: (span.phase, span.microbatch))]
    left, found = len(spans), []
    for group in actions:
        if left > most:
            left -= len(group) - 1
            found.append([_joined(group)])
        else:
            found.append(group)
    flat = [span for group in found for span in group]
    if len(flat) <= most:
        return flat
    recent = flat[len(flat) - most // 2 :]
    older = flat[: len(flat) - most // 2]
    size = ceil(len(older) / (most - most // 2))
    return [_joined(older[i : i + size]) for i in range(0, len(older), size)] + recent


def _joined(spans: Sequence[Span]) -> Span:
    """Neighbours as one, called by the first and the last of them."""
    first, last = spans[0], spans[-1]
    if len(spans) == 1:
        return first
    kind = max(spans, key=lambda span: (span.seconds, span.kind)).kind
    name = f"{first.label} to {last.label}" if first.label != last.label else f"{len(spans)} parts of {first.label}"
    return first._replace(kind=kind, end_seconds=last.end_seconds, name=name, peer="")


def _runs(extents: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Extents that touch each other as one."""
    runs: list[tuple[float, float]] = []
    for start, end in extents:
        if runs and start <= runs[-1][1] + 1e-12 * abs(end):
            runs[-1] = runs[-1][0], max(end, runs[-1][1])
        else:
            runs.append((start, end))
    return runs


def _by_link(messages: Iterable[Message]) -> list[tuple[tuple[str, str], list[Message]]]:
    found: dict[tuple[str, str], list[Message]] = {}
    for message in sorted(messages, key=lambda message: message.start_seconds):
        found.setdefault((message.source, message.target), []).append(message)
    return sorted(found.items())
