"""Timelines in the trace event format, for chrome://tracing and ui.perfetto.dev.

A timeline is a process, a device is a thread, a span is a complete event, a message is an arrow from its send to its
receive. Waits are left out: they are the gaps.

source: Trace Event Format, sections "Complete Events", "Flow Events" and "Metadata Events".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cnngraph.pipeline.schedule import ALL
from cnngraph.pipeline.timeline import Span, Timeline

Event = Mapping[str, Any]


def trace_json(*timelines: Timeline) -> str:
    """The timelines, such as a predicted and a measured one, as the text of a trace file."""
    events = [event for process, timeline in enumerate(timelines, 1) for event in _events(process, timeline)]
    lines = ",\n".join(json.dumps(event, allow_nan=False) for event in events)
    return f'{{"displayTimeUnit": "ms", "traceEvents": [\n{lines}\n]}}\n'


def _events(process: int, timeline: Timeline) -> Iterator[Event]:
    yield _named("process_name", process, 0, timeline.name)
    threads = {device: thread for thread, device in enumerate(timeline.devices, 1)}
    arrows = _Arrows(process)
    for device, thread in threads.items():
        yield _named("thread_name", process, thread, device)
        yield {"ph": "M", "name": "thread_sort_index", "pid": process, "tid": thread, "args": {"sort_index": thread}}
    for device, thread in threads.items():
        for span in timeline.spans[device]:
            if span.kind != "wait":
                yield _complete(process, thread, span)
                arrows.add(thread, span)
    yield from arrows.events()


def _named(what: str, process: int, thread: int, name: str) -> Event:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": {"name": name}}


def _complete(process: int, thread: int, span: Span) -> Event:
    told: dict[str, str | int] = {"phase": span.phase.name.lower()}
    told |= {} if span.microbatch == ALL else {"microbatch": span.microbatch}
    told |= {"peer": span.peer} if span.peer else {}
    return {
        "ph": "X",
        "name": f"{span.label} {span.name}" if span.name not in ("", span.label) else span.label,
        "cat": span.kind,
        "pid": process,
        "tid": thread,
        "ts": _microseconds(span.start_seconds),
        "dur": _microseconds(span.seconds),
        "args": told,
    }


class _Arrows:
    """The ends of messages: a send and a receive with the same name, microbatch and devices share an id.

    What has one end alone, or is received before it is sent (periods of a ring), has no arrow.
    """

    def __init__(self, process: int) -> None:
        self.process = process
        self.ends: dict[tuple[str, int, str, str], dict[str, Event]] = {}

    def add(self, thread: int, span: Span) -> None:
        if span.kind not in ("send", "receive"):
            return
        sends = span.kind == "send"
        for peer in span.peer.split(", "):
            between = (span.device, peer) if sends else (peer, span.device)
            end = {
                "ph": "s" if sends else "f",
                **({} if sends else {"bp": "e"}),
                "name": span.name,
                "cat": "message",
                "pid": self.process,
                "tid": thread,
                "ts": _microseconds(span.start_seconds if sends else span.end_seconds),
            }
            self.ends.setdefault((span.name, span.microbatch, *between), {})[span.kind] = end

    def events(self) -> Iterator[Event]:
        number = 0
        for ends in self.ends.values():
            if len(ends) == 2 and ends["send"]["ts"] <= ends["receive"]["ts"]:
                yield from ({**end, "id": f"{self.process}.{number}"} for end in ends.values())
                number += 1


def _microseconds(seconds: float) -> float:
    return round(seconds * 1e6, 3)
