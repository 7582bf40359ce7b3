"""The data of timelines: nothing is lost below the limit; above it older spans are merged, never the recent ones."""

from __future__ import annotations

import json

from cnngraph.pages.timeline import Held, Message, Track, merged, shared, timeline_json
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.timeline import Span, Timeline


def spans(device: str, microbatches: int, parts: int) -> tuple[Span, ...]:
    """Forward phases of so many parts, each a second long."""
    return tuple(
        Span(device, Phase.FORWARD, m, "compute", float(m * parts + p), float(m * parts + p + 1), f"conv{p}")
        for m in range(microbatches)
        for p in range(parts)
    )


def test_all_spans_are_there_with_their_words() -> None:
    timeline = Timeline("predicted", {"a": spans("a", 2, 3), "b": spans("b", 1, 1)})
    message = Message("a", "b", "conv2", 0, 400, 3.0, 3.5)
    track = Track(timeline, "a note", {"a": Held(((0.0, 10), (2.0, 30)), 20.0)}, (message,))
    found = json.loads(json.dumps(timeline_json([track], {"b": 1}, lambda word: [7] if word == "conv1" else [])))
    a, b = found["tracks"][0]["lanes"]
    starts = [row * found["tick"] for row in a["spans"][0::7]]
    assert starts == [0, 1, 2, 3, 4, 5]
    assert [found["words"][word] for word in a["spans"][5::7]] == ["conv0", "conv1", "conv2"] * 2
    assert found["picks"][found["words"].index("conv1")] == [7]
    assert [a["actions"][3::4], b["colour"]] == [[0, 1], 1]
    assert (a["room"], a["limit"], a["told"]) == ("30 B above 20 B", 20.0, "computes 100%")
    (link,) = found["tracks"][0]["links"]
    assert (link["name"], link["messages"][4]) == ("a to b", 400)
    assert found["told"] == ""


def test_older_spans_are_merged_first() -> None:
    many = spans("a", 10, 10)
    few = merged(many, 60)
    assert len(few) <= 60
    assert few[-30:] == list(many[-30:])
    assert few[0].name == "10 parts of F0"
    assert (few[0].start_seconds, few[0].end_seconds, few[-1].end_seconds) == (0.0, 10.0, 100.0)


def test_even_one_span_for_each_action_may_be_too_many() -> None:
    few = merged(spans("a", 1000, 2), 20)
    assert len(few) <= 20
    assert few[0].name.startswith("F0 to F")
    assert sum(span.seconds for span in few) == 2000


def test_the_limit_is_that_of_all_lanes_together() -> None:
    timeline = Timeline("predicted", {"a": spans("a", 50, 10), "b": spans("b", 1, 5)})
    found = timeline_json([Track(timeline)], most=100)
    lanes = found["tracks"][0]["lanes"]  # type: ignore[index]
    assert [len(lane["spans"]) // 7 for lane in lanes] == [95, 5]
    assert found["told"] == "100 of 505 spans are here; older ones are merged"


def test_short_lanes_leave_room_for_others() -> None:
    assert shared([5, 500, 900], 605) == 300
    assert shared([], 10) == 0
