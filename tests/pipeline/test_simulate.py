"""The simulator: formulae of even pipelines, an oracle on random ones, deadlocks, teams, roads, bubbles, memory."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from time import perf_counter

import pytest
from pipeline.oracle import Pipeline, random_pipeline, step_seconds

from cnngraph.diagnostics import CnnGraphError
from cnngraph.pipeline.program import Compute, Program, Receive, Send, Transport, coarse, even_program, instant
from cnngraph.pipeline.schedule import KINDS, Phase, Schedule, depths, make_schedule
from cnngraph.pipeline.simulate import enough_capacity, in_flight_bytes, least_capacity, simulate
from cnngraph.pipeline.timeline import Timeline

FREE = Transport(instant, capacity=99)


def by_bytes(source: str, target: str, count: int) -> float:
    return count / 8


def chain(count: int) -> tuple[list[str], list[tuple[str, str]]]:
    devices = [f"gpu{i}" for i in range(count)]
    return devices, list(pairwise(devices))


def even_step(kind: str, stages: int, microbatches: int, f: float, b: float, w: float) -> float:
    devices, edges = chain(stages)
    seconds = {Phase.FORWARD: f, Phase.BACKWARD: b, Phase.WEIGHTS: w, Phase.UPDATE: 0.0}
    schedule = make_schedule(kind, microbatches, depths(devices, edges), has_backward=True)
    return simulate(even_program(devices, edges, seconds), schedule, FREE).step_seconds


@pytest.mark.parametrize("stages", [1, 2, 4, 7])
@pytest.mark.parametrize("microbatches", [7, 8, 16])
def test_even_stages_take_what_the_formulae_say(stages: int, microbatches: int) -> None:
    m, s = microbatches, stages
    for kind in ("fill-drain", "1f1b"):  # a wave of all microbatches through all stages
        assert even_step(kind, s, m, 1.0, 2.0, 0.0) == (m + s - 1) * (1.0 + 2.0)
        assert even_step(kind, s, m, 1.0, 1.0, 1.0) == (m + s - 1) * 2.0 + m * 1.0  # weights gradients hold up nobody
    assert even_step("zero-bubble", s, m, 1.0, 1.0, 1.0) == 3.0 * m + (s - 1)  # (stages - 1)(F + B - W) is lost
    assert even_step("one-shot", s, 1, 1.0, 2.0, 3.0) == s * 3.0 + 3.0


@pytest.mark.parametrize("seed", range(40))
def test_no_step_is_shorter_than_the_work_of_a_device(seed: int) -> None:
    pipeline = random_pipeline(seed)
    timeline = run(pipeline)
    work = [sum(span.seconds for span in spans if span.kind != "wait") for spans in timeline.spans.values()]
    assert timeline.step_seconds >= max(work) - 1e-9
    for device in timeline.devices:
        parts = timeline.busy_seconds, timeline.communication_seconds, timeline.wait_seconds
        assert sum(part[device] for part in parts) == pytest.approx(timeline.step_seconds)


def run(pipeline: Pipeline, capacity: int = 9) -> Timeline:
    return simulate(pipeline.program, pipeline.schedule, Transport(by_bytes, True, capacity))


def predicted(pipeline: Pipeline, transport: Transport) -> float | None:
    try:
        return simulate(pipeline.program, pipeline.schedule, transport).step_seconds
    except CnnGraphError:
        return None


def check_against_the_oracle(seed: int) -> None:
    """The same step, or the same deadlock, at the least capacity, below it and above it, by copies and by roads."""
    pipeline = random_pipeline(seed, with_teams=seed % 3 == 0)
    least = least_capacity(pipeline.program, pipeline.schedule)
    for occupies in (True, False):
        for capacity in {max(least - 1, 1), least, least + 1}:
            transport = Transport(by_bytes, occupies, capacity)
            expected, found = step_seconds(pipeline, transport), predicted(pipeline, transport)
            assert found == (None if expected is None else pytest.approx(expected)), seed
            assert (found is None) == (capacity < least), seed


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_random_pipelines_against_longest_paths(start: int) -> None:
    for seed in range(start, start + 20):
        check_against_the_oracle(seed)


@pytest.mark.sweep
def test_thousands_of_pipelines_against_longest_paths() -> None:
    for seed in range(200, 4000):
        check_against_the_oracle(seed)


@pytest.mark.parametrize("start", range(0, 1000, 100))
def test_every_action_runs_after_what_it_needs(start: int) -> None:
    for seed in range(start, start + 100):
        pipeline = random_pipeline(seed, with_teams=seed % 4 == 0)
        timeline = run(pipeline)
        check_messages(pipeline, timeline)
        check_order_on_devices(pipeline.schedule, timeline)
        check_memory_in_flight(pipeline)


def check_messages(pipeline: Pipeline, timeline: Timeline) -> None:
    """Each message is taken once, by the member whose microbatch it is, after it was given."""
    spans = [span for spans in timeline.spans.values() for span in spans]
    given = {(s.name, s.microbatch): s for s in spans if s.kind == "send"}
    taken = {(s.name, s.microbatch): s for s in spans if s.kind == "receive"}
    ways = len(pipeline.edges) * (2 if any(span.phase is Phase.BACKWARD for span in spans) else 1)
    assert len(given) == ways * pipeline.schedule.microbatches
    assert given.keys() == taken.keys()
    for key, span in taken.items():
        assert given[key].end_seconds <= span.start_seconds
        assert (given[key].device, given[key].peer) == (span.peer, span.device)


def check_order_on_devices(schedule: Schedule, timeline: Timeline) -> None:
    for device, spans in timeline.spans.items():
        assert all(a.end_seconds == b.start_seconds for a, b in pairwise(spans))
        place = {(action.phase, action.microbatch): i for i, action in enumerate(schedule.actions[device])}
        ran = [place[span.phase, span.microbatch] for span in spans]
        assert ran == sorted(ran)
        for (phase, m), i in place.items():
            before = {Phase.BACKWARD: Phase.FORWARD, Phase.WEIGHTS: Phase.BACKWARD}.get(phase)
            assert before is None or place[before, m] < i
        for phase in (Phase.FORWARD, Phase.BACKWARD, Phase.WEIGHTS):
            numbers = [m for other, m in place if other is phase]
            assert numbers == sorted(numbers)


def check_memory_in_flight(pipeline: Pipeline) -> None:
    schedule, depth = pipeline.schedule, pipeline.depth
    for device in schedule.devices:
        stage = schedule.stage_of[device]
        size = len(schedule.team(stage))
        own = -(-depth[stage] // size)  # of each member
        most = {"1f1b": own, "zero-bubble": own + (max(depth.values()) - depth[stage]) // size}
        assert schedule.in_flight(device) <= most.get(schedule.name, schedule.microbatches)


def test_a_full_channel_is_a_deadlock_that_is_told() -> None:
    """The skip from `a` to `c` is taken by the backward of `c`: as many messages as there are forwards before it."""
    devices = ["a", "b", "c"]
    program: Program = {
        "a": {Phase.FORWARD: (Send(0, 1, "b"), Send(2, 1, "c", "skip")), Phase.BACKWARD: (Receive(1, "b"),)},
        "b": {Phase.FORWARD: (Receive(0, "a"), Send(3, 1, "c")), Phase.BACKWARD: (Receive(4, "c"), Send(1, 1, "a"))},
        "c": {Phase.FORWARD: (Receive(3, "b"),), Phase.BACKWARD: (Receive(2, "a", "skip"), Send(4, 1, "b"))},
    }
    depth = depths(devices, [("a", "b"), ("b", "c"), ("a", "c")])
    schedule = make_schedule("fill-drain", 4, depth, has_backward=True)
    with pytest.raises(CnnGraphError) as caught:
        simulate(program, schedule, Transport(instant, capacity=1))
    text = str(caught.value)
    assert "E0602" in text
    assert "a in F1 waits for room for skip of c" in text
    assert "c in F2 waits for message 3 of b; b in F2 waits for message 0 of a" in text
    assert least_capacity(program, schedule) == 3  # the last one may wait: its message to `b` has gone
    assert least_capacity(program, make_schedule("1f1b", 4, depth, has_backward=True)) == 1


def test_a_message_that_nobody_gives_is_told() -> None:
    program: Program = {"a": {}, "b": {Phase.FORWARD: (Receive(7, "a", "conv1"),)}}
    schedule = make_schedule("one-shot", 1, depths("ab", [("a", "b")]), has_backward=False)
    with pytest.raises(CnnGraphError, match="b in F0 waits for conv1 of a; a has ended"):
        least_capacity(program, schedule)


def test_enough_capacity_for_a_skip_is_the_distance() -> None:
    """The last stage takes the skip of F0 in slot 3, when the first stage puts that of F2: two are on the way.

        gpu0  F0 F1 F2 F3          with room for one, gpu0 waits with F1 until F0 is taken
        gpu3  .  .  .  F0
    """
    devices, edges = chain(4)
    program = even_program(devices, [*edges, ("gpu0", "gpu3")])
    schedule = make_schedule("fill-drain", 8, depths(devices, edges), has_backward=True)
    assert least_capacity(program, schedule) == 1
    assert enough_capacity(program, schedule, FREE) == 2
    times = [simulate(program, schedule, replace(FREE, capacity=c)).step_seconds for c in (1, 2, 8)]
    assert times[0] > times[1] == times[2]


def two_devices(transport: Transport) -> Timeline:
    program: Program = {
        "a": {Phase.FORWARD: (Compute(1.0), Send(0, 16, "b"), Send(1, 8, "b"))},
        "b": {Phase.FORWARD: (Receive(0, "a"), Receive(1, "a"), Compute(1.0))},
    }
    return simulate(program, make_schedule("1f1b", 2, {"a": 2, "b": 1}, has_backward=False), transport)


def test_copies_hold_up_both_ends() -> None:
    """
    a  F . . . F . . .          each copies 2 s and 1 s in after 1 s of work
    b        . . . F ...        and the other one out
    """
    timeline = two_devices(Transport(by_bytes, occupies=True, capacity=2))
    assert [(span.kind, span.start_seconds, span.end_seconds) for span in timeline.spans["a"]] == [
        ("compute", 0, 1), ("send", 1, 3), ("send", 3, 4), ("compute", 4, 5), ("send", 5, 7), ("send", 7, 8),
    ]  # fmt: skip
    assert [(span.kind, span.start_seconds, span.end_seconds) for span in timeline.spans["b"]] == [
        ("wait", 0, 3), ("receive", 3, 5), ("receive", 5, 6), ("compute", 6, 7), ("receive", 7, 9), ("receive", 9, 10),
        ("compute", 10, 11),
    ]  # fmt: skip
    assert (timeline.busy_seconds["a"], timeline.communication_seconds["a"], timeline.wait_seconds["a"]) == (2, 6, 3)


def test_a_road_carries_one_message_after_the_other() -> None:
    timeline = two_devices(Transport(by_bytes, occupies=False, capacity=2))
    assert [span.end_seconds for span in timeline.spans["a"]] == [1, 1, 1, 2, 2, 2]
    waits = [(s.start_seconds, s.end_seconds) for s in timeline.spans["b"] if s.kind == "wait"]
    assert waits == [(0, 3), (3, 4), (5, 6), (6, 7)]  # on the road: 1-3, 3-4, 4-6, 6-7
    assert timeline.step_seconds == 8


def test_a_team_halves_the_time_of_a_slow_stage_and_reduces_together() -> None:
    seconds = {"a": 1.0, "b": 2.0}
    program: Program = {
        stage: {
            Phase.FORWARD: ((Receive(0, "a"), Compute(t)) if stage == "b" else (Compute(t), Send(0, 1, "b"))),
            Phase.BACKWARD: ((Compute(t), Send(1, 1, "a")) if stage == "b" else (Receive(1, "b"), Compute(t))),
            Phase.REDUCE: (Compute(0.5),),
            Phase.UPDATE: (Compute(0.25),),
        }
        for stage, t in seconds.items()
    }
    alone = make_schedule("1f1b", 8, depths("ab", [("a", "b")]), has_backward=True)
    teams = {"b": ("b0", "b1")}
    shared = make_schedule("1f1b", 8, depths("ab", [("a", "b")], teams), True, teams)
    one, two = simulate(program, alone, FREE), simulate(program, shared, FREE)
    assert one.step_seconds >= 8 * 4
    assert two.step_seconds <= 8 * 2 + 8
    both = [span for span in (*two.spans["b0"], *two.spans["b1"]) if span.kind == "reduce" and span.seconds]
    reduced = [(span.start_seconds, span.end_seconds) for span in both]
    assert reduced[0] == reduced[1]
    assert [span for span in two.spans["a"] if span.kind == "reduce"] == []
    assert two.spans["b0"][-1].kind == "update"


def test_what_is_for_all_goes_from_one_member_to_each() -> None:
    teams = {"a": ("a0", "a1"), "b": ("b0", "b1", "b2")}
    program: Program = {
        "a": {Phase.UPDATE: (Compute(1.0), Send(0, 8, "b"))},
        "b": {Phase.UPDATE: (Receive(0, "a"), Compute(1.0))},
    }
    schedule = make_schedule("1f1b", 2, depths("ab", [("a", "b")], teams), True, teams)
    timeline = simulate(program, schedule, Transport(by_bytes))
    sent = [(span.device, span.peer) for spans in timeline.spans.values() for span in spans if span.kind == "send"]
    assert sent == [("a0", "b0"), ("a0", "b2"), ("a1", "b1")]
    assert timeline.step_seconds == 3.0


@pytest.mark.parametrize("occupies", [True, False])
def test_devices_that_share_cores(occupies: bool) -> None:
    """Enough cores change nothing; on one core whatever is done is done one after the other, if no road is slow."""
    transport = Transport(by_bytes, occupies, 9)
    for seed in range(30):
        pipeline = random_pipeline(seed, with_teams=seed % 3 == 0)
        alone, *shared = (
            simulate(pipeline.program, pipeline.schedule, transport, cores=cores) for cores in (None, 99, 2, 1)
        )
        work = sum(span.seconds for spans in alone.spans.values() for span in spans if span.kind != "wait")
        assert shared[0].step_seconds == pytest.approx(alone.step_seconds)
        assert shared[1].step_seconds >= max(alone.step_seconds, work / 2) - 1e-6
        assert shared[2].step_seconds == pytest.approx(work) if occupies else shared[2].step_seconds >= work - 1e-6
        for timeline in shared:
            check_messages(pipeline, timeline)
            check_order_on_devices(pipeline.schedule, timeline)


def test_three_devices_on_two_cores() -> None:
    """
    a  --- --       2 s of work: a second of it in 1.5 s, with two thirds of a core, then a second with a whole one
    b  ---          1 s of work
    c  --- --       as a
    """
    program: Program = {d: {Phase.FORWARD: (Compute(1.0 if d == "b" else 2.0),)} for d in "abc"}
    schedule = make_schedule("one-shot", 1, depths("abc", []), has_backward=False)
    timeline = simulate(program, schedule, FREE, cores=2)
    ends = {device: spans[-1].end_seconds for device, spans in timeline.spans.items()}
    assert ends == pytest.approx({"a": 2.5, "b": 1.5, "c": 2.5})


@pytest.mark.parametrize("kind", [*KINDS][1:])
def test_coarse_programs_take_as_long(kind: str) -> None:
    for seed in range(30):
        pipeline = random_pipeline(seed, kind=kind)
        less = simulate(coarse(pipeline.program), pipeline.schedule, Transport(by_bytes, True, 9))
        assert less.step_seconds == pytest.approx(run(pipeline).step_seconds)


def test_memory_of_stages_and_members() -> None:
    teams = {"b": ("b0", "b1")}
    schedule = make_schedule("1f1b", 8, depths("ab", [("a", "b")], teams), True, teams)
    assert in_flight_bytes(schedule, {"a": 100, "b": 7}, {"a": 10, "b": 1000}) == {"a": 130, "b0": 1007, "b1": 1007}


def test_two_hundred_thousand_events_take_no_minute() -> None:
    devices, edges = chain(8)
    program = {
        device: {phase: (*items, *[Compute(1.0)] * 80) for phase, items in phases.items()}
        for device, phases in even_program(devices, edges).items()
    }
    schedule = make_schedule("1f1b", 100, depths(devices, edges), has_backward=True)
    start = perf_counter()
    timeline = simulate(program, schedule, FREE)
    assert sum(map(len, timeline.spans.values())) > 190_000
    assert perf_counter() - start < 20  # 0.2 s on a machine with nothing else to do
