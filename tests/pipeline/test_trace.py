"""Traces: valid JSON, complete events in microseconds, arrows with two ends, a process for each timeline."""

from __future__ import annotations

import json
from typing import Any

from pipeline.oracle import random_pipeline

from cnngraph.pipeline.program import Transport
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.simulate import simulate
from cnngraph.pipeline.timeline import Span, Timeline
from cnngraph.pipeline.trace import trace_json


def events(*timelines: Timeline) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(trace_json(*timelines))["traceEvents"]
    return found


def test_one_span() -> None:
    span = Span("gpu0", Phase.FORWARD, 3, "compute", 0.5, 0.75, "conv1")
    wait = Span("gpu0", Phase.FORWARD, 4, "wait", 0.75, 0.8, "relu1", "gpu1")
    complete = [event for event in events(Timeline("measured", {"gpu0": (span, wait)})) if event["ph"] == "X"]
    assert complete == [
        {
            "ph": "X", "name": "F3 conv1", "cat": "compute", "pid": 1, "tid": 1, "ts": 500_000.0, "dur": 250_000.0,
            "args": {"phase": "forward", "microbatch": 3},
        }
    ]  # fmt: skip


def test_processes_threads_and_arrows() -> None:
    pipeline = random_pipeline(4, with_teams=True, kind="1f1b")
    timeline = simulate(pipeline.program, pipeline.schedule, Transport(lambda a, b, n: n * 1e-3, True, 9))
    both = events(timeline, Timeline("measured", timeline.spans))
    names = [(e["pid"], e["args"]["name"]) for e in both if e["name"] == "process_name"]
    assert names == [(1, "predicted"), (2, "measured")]
    threads = [e["args"]["name"] for e in both if e["name"] == "thread_name" and e["pid"] == 1]
    assert threads == list(timeline.devices)
    spans = [span for spans in timeline.spans.values() for span in spans if span.kind != "wait"]
    assert len([e for e in both if e["ph"] == "X" and e["pid"] == 1]) == len(spans)
    begun = {e["id"]: e for e in both if e["ph"] == "s"}
    ended = {e["id"]: e for e in both if e["ph"] == "f"}
    assert begun
    assert begun.keys() == ended.keys()
    assert all(e["ts"] <= ended[i]["ts"] and e["tid"] != ended[i]["tid"] for i, e in begun.items())


def test_a_message_to_several_has_an_arrow_to_each_and_one_without_an_end_has_none() -> None:
    def span(device: str, kind: str, start: float, name: str, peer: str) -> Span:
        return Span(device, Phase.FORWARD, 0, kind, start, start + 1, name, peer)

    spans = {
        "a": (span("a", "send", 1, "x", "b, c"), span("a", "send", 2, "lost", "b"), span("a", "send", 9, "late", "b")),
        "b": (span("b", "receive", 2, "x", "a"), span("b", "receive", 4, "late", "a")),
        "c": (span("c", "receive", 3, "x", "a"),),
    }
    arrows = [event for event in events(Timeline("predicted", spans)) if event["ph"] in "sf"]
    assert {event["name"] for event in arrows} == {"x"}
    assert sorted((event["id"], event["ph"], event["tid"]) for event in arrows) == [
        ("1.0", "f", 2), ("1.0", "s", 1), ("1.1", "f", 3), ("1.1", "s", 1),
    ]  # fmt: skip


def test_the_same_text_every_time() -> None:
    pipeline = random_pipeline(7)
    texts = {
        trace_json(simulate(pipeline.program, pipeline.schedule, Transport(lambda a, b, n: n * 1e-3, False, 9)))
        for _ in range(2)
    }
    assert len(texts) == 1
