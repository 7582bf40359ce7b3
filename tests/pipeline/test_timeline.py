"""Timelines: sums by device, the critical path, one span for an action, the picture, the table."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pipeline.oracle import random_pipeline

from cnngraph.pipeline.program import Transport, even_program, instant
from cnngraph.pipeline.schedule import Phase, depths, make_schedule
from cnngraph.pipeline.simulate import simulate
from cnngraph.pipeline.timeline import Span, Timeline

EDGES = [("gpu0", "gpu1")]
F, B, W, U = Phase.FORWARD, Phase.BACKWARD, Phase.WEIGHTS, Phase.UPDATE


def small() -> Timeline:
    """
    gpu0  F0 F1 .  B0 W0 .  B1 W1 U
    gpu1  .  F0 B0 W0 F1 B1 W1 U  .
    """
    schedule = make_schedule("1f1b", 2, depths(["gpu0", "gpu1"], EDGES), has_backward=True)
    return simulate(even_program(["gpu0", "gpu1"], EDGES), schedule, Transport(instant, capacity=2))


def test_picture() -> None:
    assert [line.rstrip() for line in small().picture(1.0).splitlines()] == [
        line.strip() for line in (small.__doc__ or "").strip().splitlines()
    ]
    assert len(small().picture(1e-9).splitlines()[0]) < 10_000


def test_sums_and_the_table() -> None:
    timeline = small()
    assert timeline.step_seconds == 9
    assert timeline.busy_seconds == {"gpu0": 7, "gpu1": 7}
    assert timeline.wait_seconds == {"gpu0": 2, "gpu1": 2}
    assert timeline.bubble == pytest.approx(4 / 18)
    assert str(timeline).splitlines() == [
        "device  busy  communication  wait  critical",
        "gpu0    7 s   0 s            2 s   4 s",
        "gpu1    7 s   0 s            2 s   5 s",
        "predicted: step 9 s, bubble 22.2%",
    ]


def test_the_critical_path_of_the_small_one() -> None:
    """Of the first device its first forward, then all of the second one up to its last backward, then the end."""
    path = [(span.device, span.label) for span in small().critical_path if span.seconds]
    assert path == [
        ("gpu0", "F0"),
        *[("gpu1", label) for label in ("F0", "B0", "W0", "F1", "B1")],
        *[("gpu0", label) for label in ("B1", "W1", "U")],
    ]


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_the_critical_path_fills_the_whole_step(start: int) -> None:
    for seed in range(start, start + 50):
        pipeline = random_pipeline(seed, with_teams=seed % 3 == 0)
        timeline = simulate(pipeline.program, pipeline.schedule, Transport(lambda a, b, n: n / 8, True, 9))
        path = timeline.critical_path
        assert sum(span.seconds for span in path) == pytest.approx(timeline.step_seconds), seed
        assert all(a.end_seconds == b.start_seconds for a, b in pairwise(path)), seed


def test_one_span_for_an_action() -> None:
    spans = (
        Span("a", F, 0, "wait", 0, 1, "x", "b"),
        Span("a", F, 0, "receive", 1, 2, "x", "b"),
        Span("a", F, 0, "compute", 2, 3, "conv1"),
        Span("a", F, 0, "wait", 3, 5, "y", "b"),
        Span("a", F, 0, "compute", 5, 6, "conv2"),
        Span("a", F, 1, "compute", 6, 7, "conv1"),
        Span("a", U, -1, "update", 7, 8, "sgd"),
    )
    assert Timeline("measured", {"a": spans}).actions.spans["a"] == (
        Span("a", F, 0, "compute", 1, 6, "F0"),
        Span("a", F, 1, "compute", 6, 7, "F1"),
        Span("a", U, -1, "update", 7, 8, "U"),
    )


def test_nothing_at_all() -> None:
    empty = Timeline("none", {"a": ()})
    assert (empty.step_seconds, empty.bubble, empty.critical_path, empty.actions.spans) == (0, 0, (), {"a": ()})
    assert empty.picture(1.0) == "a"


def test_devices_that_wait_for_each_other_at_one_time_have_a_critical_path() -> None:
    """Each of two sends, waits for what the other sent, and both messages arrive at once."""

    def lane(own: str, other: str) -> tuple[Span, ...]:
        def did(kind: str, start: float, end: float) -> Span:
            return Span(own, Phase.FORWARD, 0, kind, start, end, kind, other)

        return did("compute", 0, 1), did("wait", 1, 2), did("receive", 2, 2), did("compute", 2, 3)

    path = Timeline("predicted", {"a": lane("a", "b"), "b": lane("b", "a")}).critical_path
    assert path[-1].end_seconds == 3
    assert len(path) == len(set(path))
    assert path[0].start_seconds == 0
