"""Timelines of a pipeline as SVG: a lane for each device, predicted above measured on one axis.

    gpu0  | F0 F1 F2 .  .  B0 W0 F3 ...     a box for each phase of a microbatch; what is empty is a wait
    gpu1  | .  F0 F1 .  B0 W0 F2 B1 ...
          0 ms      10 ms      20 ms        marks below the boxes: the critical path

With `memory` each lane has a strip below it: bytes in flight, against the limit of the device.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from math import floor, log10

from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.timeline import COMMUNICATION, Span, Timeline
from cnngraph.render.colour import tint
from cnngraph.render.style import FAINT, GREEN, GREY, INK, ORANGE, PURPLE, RED, SKY, WHITE, YELLOW

PLOT_WIDTH, RIGHT, TOP = 960, 136, 58  # pixels
GAP, STRIP, BETWEEN = 7, 24, 32
TALL, LOW, MANY = 24, 14, 16  # heights of lanes; of more than `MANY` devices they are low
LETTER = 6.2  # pixels of one at the size of most text
GRID = 0.25  # pixels to which edges of boxes are rounded: what is thinner than that is not drawn
MAX_NAME = 20

COLOURS: Mapping[str, tuple[str, str]] = {
    "F": (tint(SKY, 0.6), "forward"),
    "B": (tint(ORANGE, 0.65), "backward"),
    "W": (tint(GREEN, 0.5), "weight gradients"),
    "R": (tint(YELLOW, 0.9), "reduce"),
    "U": (tint(PURPLE, 0.75), "update"),
    "send": (tint(INK, 0.75), "send, receive"),
    "wait": (tint(GREY, 0.14), "wait"),
}
CRITICAL, HELD = RED, tint(GREY, 0.6)


@dataclass(frozen=True)
class Memory:
    """What a device holds all the time, and for each microbatch in flight; and what it may hold."""

    fixed_bytes: int
    stash_bytes: int
    limit_bytes: int


def timeline_svg(
    timelines: Sequence[Timeline], title: str = "", memory: Mapping[str, Memory] | None = None
) -> str:
    """The picture, as the text of an SVG file. Equal timelines give equal text."""
    return _Picture(timelines, title, memory or {}).text()


@dataclass(frozen=True)
class _Box:
    """Neighbouring spans of an action that look alike."""

    colour: str  # a key of COLOURS
    label: str
    microbatch: int
    start_seconds: float
    end_seconds: float


class _Picture:
    def __init__(self, timelines: Sequence[Timeline], title: str, memory: Mapping[str, Memory]) -> None:
        self.timelines, self.title, self.memory = timelines, title, memory
        self.seconds = max((timeline.step_seconds for timeline in timelines), default=0.0) or 1.0
        names = [name for timeline in timelines for name in timeline.devices]
        self.left = 24 + LETTER * max((len(_clipped(name)) for name in names), default=0)
        self.lane = TALL if max((len(timeline.devices) for timeline in timelines), default=0) <= MANY else LOW
        self.parts: list[str] = []

    def text(self) -> str:
        bottom: float = TOP
        for timeline in self.timelines:
            bottom = self._timeline(timeline, bottom) + BETWEEN
        marks = self.parts
        self.parts = []
        self._axis(TOP + 14, bottom - BETWEEN)
        self._head()
        width, height = self.left + PLOT_WIDTH + RIGHT, bottom + 8
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_px(width)} {_px(height)}" '
                f'width="{_px(width)}" height="{_px(height)}" font-family="Helvetica, Arial, sans-serif" '
                f'font-size="11" fill="{INK}">',
                f'<rect width="100%" height="100%" fill="{WHITE}"/>',
                *self.parts,
                *marks,
                "</svg>\n",
            ]
        )

    def _x(self, seconds: float) -> float:
        return round((self.left + PLOT_WIDTH * seconds / self.seconds) / GRID) * GRID

    def _head(self) -> None:
        self._text(12, 20, self.title or "timeline", size=14, weight="bold")
        x = 12.0
        used = {box.colour for timeline in self.timelines for spans in timeline.spans.values() for box in _boxes(spans)}
        for key, (colour, name) in COLOURS.items():
            if key in used or key == "wait":
                self._rect(x, 31, 16, 11, colour)
                if len(key) == 1:
                    self._text(x + 8, 40, key, size=9, anchor="middle")
                self._text(x + 21, 40.5, name)
                x += 21 + LETTER * len(name) + 14
        self._rect(x, 35, 16, 3, CRITICAL)
        self._text(x + 21, 40.5, "critical path")
        if self.memory:
            x += 21 + LETTER * len("critical path") + 14
            self._rect(x, 36, 16, 6, HELD)
            self._rect(x, 31, 16, 1, INK)
            self._text(x + 21, 40.5, "memory, limit")

    def _axis(self, top: float, bottom: float) -> None:
        step, unit, factor = _ticks(self.seconds)
        for i in range(floor(self.seconds / step + 1e-9) + 1):
            x = self._x(i * step)
            self.parts.append(
                f'<path d="M{_px(x)} {_px(top)}V{_px(bottom + 4)}" stroke="{tint(FAINT, 0.6)}" stroke-width="0.6"/>'
            )
            self._text(x, bottom + 17, f"{i * step / factor:.6g}", anchor="middle")
        self._text(self.left + PLOT_WIDTH + 12, bottom + 17, unit)

    def _timeline(self, timeline: Timeline, top: float) -> float:
        """Draw it; the y below it."""
        named = f'<tspan font-weight="bold">{escape(timeline.name)}</tspan>'
        told = f"{named}: step {seconds_text(timeline.step_seconds)}, bubble {timeline.bubble:.1%}"
        self._text(self.left, top + 8, told, plain=False)
        y = top + 14
        lanes: dict[str, float] = {}
        for device, spans in timeline.spans.items():
            lanes[device] = y
            self._lane(timeline, device, spans, y)
            y += self.lane + 4
            if device in self.memory:
                self._strip(timeline, device, self.memory[device], y + 2)
                y += STRIP
            y += GAP - 4
        self._critical(timeline, lanes)
        end = self._x(timeline.step_seconds)
        self.parts.append(
            f'<path d="M{_px(end)} {_px(top + 10)}V{_px(y - GAP + 2)}" stroke="{INK}" stroke-width="1" '
            'stroke-dasharray="3 2"/>'
        )
        return y

    def _lane(self, timeline: Timeline, device: str, spans: Sequence[Span], y: float) -> None:
        middle = y + self.lane / 2 + 4
        self._text(self.left - 8, middle, _clipped(device), anchor="end")
        self._rect(self.left, y, self._x(timeline.step_seconds) - self.left, self.lane, COLOURS["wait"][0])
        for box in _boxes(spans):
            self._box(box, y)
        share = timeline.busy_seconds[device] / timeline.step_seconds if timeline.step_seconds else 0.0
        self._text(self.left + PLOT_WIDTH + 12, middle, f"computes {share:.0%}", size=10)

    def _box(self, box: _Box, y: float) -> None:
        x, end = self._x(box.start_seconds), self._x(box.end_seconds)
        if end <= x:
            return
        width = end - x
        told = f"{box.label} {COLOURS[box.colour][1] if box.colour == 'send' else ''}".strip()
        told += f": {seconds_text(box.end_seconds - box.start_seconds)} from {seconds_text(box.start_seconds)}"
        edge = f' stroke="{WHITE}" stroke-width="0.6"' if width >= 3 else ""
        self.parts.append(
            f'<rect x="{_px(x)}" y="{_px(y)}" width="{_px(width)}" height="{self.lane}" '
            f'fill="{COLOURS[box.colour][0]}"{edge}><title>{escape(told)}</title></rect>'
        )
        short = str(box.microbatch) if box.microbatch >= 0 else box.label
        fitting = [text for text in (box.label, short) if len(text) * LETTER + 2 <= width]
        if fitting and box.colour != "send":
            size = 11 if self.lane == TALL else 10
            self._text(x + width / 2, y + self.lane / 2 + 4, fitting[0], anchor="middle", size=size)

    def _critical(self, timeline: Timeline, lanes: Mapping[str, float]) -> None:
        """Bars below the boxes of the critical path, and lines where it goes from one device to another."""
        previous: tuple[str, float] | None = None
        for device, start, end in _runs(timeline.critical_path):
            x, y = self._x(start), lanes[device] + self.lane
            if previous is not None:
                came = lanes[previous[0]] + self.lane + 1
                self.parts.append(
                    f'<path d="M{_px(self._x(previous[1]))} {_px(came)}L{_px(x)} {_px(y + 1)}" stroke="{CRITICAL}" '
                    'stroke-width="0.8" stroke-opacity="0.7"/>'
                )
            if (width := self._x(end) - x) > 0:
                self._rect(x, y, width, 2.5, CRITICAL)
            previous = device, end

    def _strip(self, timeline: Timeline, device: str, memory: Memory, y: float) -> None:
        """Bytes over time as a filled staircase, and the limit as a line; what does not fit is said."""
        steps = timeline.in_flight(device)
        held = [(seconds, memory.fixed_bytes + count * memory.stash_bytes) for seconds, count in steps]
        most = max(count for _, count in held)
        highest = max(most, memory.limit_bytes, 1)
        room, end = STRIP - 10, self._x(timeline.step_seconds)

        def at(count: int) -> str:
            return _px(y + room * (1 - count / highest))

        path = "".join(f"H{_px(self._x(seconds))}V{at(count)}" for seconds, count in held)
        self.parts.append(f'<path d="M{_px(self.left)} {at(0)}{path}H{_px(end)}V{at(0)}Z" fill="{HELD}"/>')
        self.parts.append(
            f'<path d="M{_px(self.left)} {at(memory.limit_bytes)}H{_px(end)}" stroke="{INK}" stroke-width="0.8"/>'
        )
        over = most > memory.limit_bytes
        told = f"{bytes_text(most)} {'above' if over else 'of'} {bytes_text(memory.limit_bytes)}"
        weight = "bold" if over else ""
        self._text(self.left + PLOT_WIDTH + 12, y + room, told, size=10, weight=weight)

    def _rect(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self.parts.append(
            f'<rect x="{_px(x)}" y="{_px(y)}" width="{_px(width)}" height="{_px(height)}" fill="{colour}"/>'
        )

    def _text(
        self, x: float, y: float, text: str, size: int = 11, anchor: str = "", weight: str = "", plain: bool = True
    ) -> None:
        style = f' font-size="{size}"' if size != 11 else ""
        style += f' text-anchor="{anchor}"' if anchor else ""
        style += f' font-weight="{weight}"' if weight else ""
        self.parts.append(f'<text x="{_px(x)}" y="{_px(y)}"{style}>{escape(text) if plain else text}</text>')


def _boxes(spans: Iterable[Span]) -> Iterator[_Box]:
    """What is drawn of a lane: neighbours that look alike are one box."""
    current: _Box | None = None
    for span in spans:
        if span.kind == "wait" or span.seconds <= 0:
            continue
        moves = span.kind in COMMUNICATION and span.phase is not Phase.REDUCE
        colour = "send" if moves else str(span.phase)
        box = _Box(colour, span.label, span.microbatch, span.start_seconds, span.end_seconds)
        if current is not None and current.end_seconds >= box.start_seconds and _alike(current, box):
            current = replace(current, end_seconds=box.end_seconds)
            continue
        if current is not None:
            yield current
        current = box
    if current is not None:
        yield current


def _alike(a: _Box, b: _Box) -> bool:
    return (a.colour, a.label) == (b.colour, b.label)


def _runs(path: Iterable[Span]) -> list[tuple[str, float, float]]:
    """Neighbouring spans of one device as one: device, start, end."""
    runs: list[tuple[str, float, float]] = []
    for span in path:
        if runs and runs[-1][0] == span.device:
            runs[-1] = (span.device, runs[-1][1], span.end_seconds)
        else:
            runs.append((span.device, span.start_seconds, span.end_seconds))
    return runs


def _ticks(seconds: float) -> tuple[float, str, float]:
    """Seconds between marks (about ten on the axis), the unit of their numbers, and its seconds.

    >>> _ticks(0.042)
    (0.005, 'ms', 0.001)
    """
    unit, factor = next((u for u in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)) if seconds >= u[1]), ("ns", 1e-9))
    rough = seconds / 10
    power = 10.0 ** floor(log10(rough))
    step = next(m for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9)) * power
    return step, unit, factor


def _clipped(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"


def _px(pixels: float) -> str:
    return f"{pixels:.2f}".rstrip("0").rstrip(".")
