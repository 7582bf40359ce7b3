"""What each device of a pipeline did when, predicted or measured."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from cnngraph.cost.quantity import seconds_text
from cnngraph.pipeline.schedule import ALL, Phase

BUSY = ("compute", "update")
COMMUNICATION = ("send", "receive", "reduce")
KINDS = (*BUSY, *COMMUNICATION, "wait")


class Span(NamedTuple):
    """A stretch of time of a device. `peer` is the device at the other end of a message (several, with commas, of
    what goes to all of them at once), or the one waited for."""

    device: str
    phase: Phase
    microbatch: int
    kind: str  # compute, update, send, receive, reduce, wait
    start_seconds: float
    end_seconds: float
    name: str = ""
    peer: str = ""

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.start_seconds

    @property
    def label(self) -> str:
        """The action as it is drawn: `F3`, `U`."""
        return f"{self.phase}{self.microbatch}" if self.microbatch != ALL else str(self.phase)


@dataclass(frozen=True)
class Timeline:
    """The spans of each device, in order of time; no two of one device overlap. Time 0 is the start of the step."""

    name: str
    spans: Mapping[str, tuple[Span, ...]]

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(self.spans)

    @cached_property
    def step_seconds(self) -> float:
        return max((spans[-1].end_seconds for spans in self.spans.values() if spans), default=0.0)

    @cached_property
    def busy_seconds(self) -> Mapping[str, float]:
        """For each device the time in which it computes."""
        return self._seconds(BUSY)

    @cached_property
    def communication_seconds(self) -> Mapping[str, float]:
        """For each device the time in which it sends, receives or reduces."""
        return self._seconds(COMMUNICATION)

    @cached_property
    def wait_seconds(self) -> Mapping[str, float]:
        """For each device the rest of the step."""
        busy, moving = self.busy_seconds, self.communication_seconds
        return {device: max(self.step_seconds - busy[device] - moving[device], 0.0) for device in self.spans}

    def _seconds(self, kinds: tuple[str, ...]) -> Mapping[str, float]:
        return {
            device: sum(span.end_seconds - span.start_seconds for span in spans if span.kind in kinds)
            for device, spans in self.spans.items()
        }

    @cached_property
    def bubble(self) -> float:
        """The share of the devices' time in which they do nothing."""
        total = self.step_seconds * len(self.spans)
        return sum(self.wait_seconds.values()) / total if total else 0.0

    @cached_property
    def actions(self) -> Timeline:
        """One span for each action: from its first work to its last, whatever it waits for in between."""
        return Timeline(self.name, {device: tuple(_actions(spans)) for device, spans in self.spans.items()})

    @cached_property
    def critical_path(self) -> tuple[Span, ...]:
        """The spans that the end of the step waited for, in order of time: shorten one of them to shorten the step."""
        if not any(self.spans.values()):
            return ()
        ends = {device: [span.end_seconds for span in spans] for device, spans in self.spans.items()}
        device = max((name for name in self.spans if self.spans[name]), key=lambda name: ends[name][-1])
        found: list[Span] = []
        i = len(ends[device]) - 1
        before = {name: len(spans) for name, spans in ends.items()}  # where the path may still go: never forward again
        while i >= 0:
            span = self.spans[device][i]
            before[device] = i
            if span.kind != "wait":
                found.append(span)
                i -= 1
                continue
            if span.peer not in ends:
                break
            device = span.peer
            i = min(bisect_right(ends[device], span.end_seconds), before[device]) - 1
            while i >= 0 and self.spans[device][i].kind == "wait":  # what it waits for now left before
                i -= 1
        return tuple(reversed(found))

    @property
    def critical_seconds(self) -> Mapping[str, float]:
        """For each device its seconds on the critical path."""
        total = dict.fromkeys(self.spans, 0.0)
        for span in self.critical_path:
            total[span.device] += span.seconds
        return total

    def in_flight(self, device: str) -> tuple[tuple[float, int], ...]:
        """The microbatches in flight from each time on: from the start of a forward to the end of its last phase."""
        began: dict[int, float] = {}
        ended: dict[int, float] = {}
        for span in self.spans[device]:
            if span.microbatch != ALL and span.kind != "wait":
                began.setdefault(span.microbatch, span.start_seconds)
                ended[span.microbatch] = span.end_seconds
        changes = sorted([*((time, 1) for time in began.values()), *((time, -1) for time in ended.values())])
        counts = accumulate((change for _, change in changes), initial=0)
        return ((0.0, 0), *((time, count) for (time, _), count in zip(changes, [*counts][1:], strict=True)))

    def picture(self, slot_seconds: float) -> str:
        """Rows of devices, columns of time slots: what runs in the middle of each slot; `.` where nothing does.

        A row has at most a thousand slots.
        """
        count = min(round(self.step_seconds / slot_seconds), 1000)
        middles = [(i + 0.5) * slot_seconds for i in range(count)]
        cells = {device: [_label_at(spans, middle) for middle in middles] for device, spans in self.spans.items()}
        width = max((len(cell) for row in cells.values() for cell in row), default=1)
        head = max(map(len, self.spans), default=0)
        return "\n".join(
            f"{device:<{head}}  {' '.join(cell.ljust(width) for cell in row)}".rstrip() for device, row in cells.items()
        )

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("device", "busy", "communication", "wait", "critical")]
        critical = self.critical_seconds
        for device in self.spans:
            parts = self.busy_seconds, self.communication_seconds, self.wait_seconds, critical
            rows.append((device, *(seconds_text(part[device]) for part in parts)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, f"{self.name}: step {seconds_text(self.step_seconds)}, bubble {self.bubble:.1%}"])


def _actions(spans: Iterable[Span]) -> Iterable[Span]:
    current: Span | None = None
    for span in spans:
        if span.kind == "wait":
            continue
        if current is not None and (current.phase, current.microbatch) == (span.phase, span.microbatch):
            kind = span.kind if current.kind in COMMUNICATION else current.kind
            current = current._replace(end_seconds=span.end_seconds, kind=kind)
            continue
        if current is not None:
            yield current
        current = span._replace(name=span.label, peer="")
    if current is not None:
        yield current


def _label_at(spans: tuple[Span, ...], seconds: float) -> str:
    i = bisect_right(spans, seconds, key=lambda span: span.start_seconds) - 1
    if i < 0 or spans[i].end_seconds <= seconds or spans[i].kind == "wait":
        return "."
    return spans[i].label
