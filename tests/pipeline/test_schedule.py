"""Schedules: their pictures are those of their docstrings; orders, memory in flight, depths, teams, errors."""

from __future__ import annotations

import inspect

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.pipeline.schedule import ALL, KINDS, Action, Phase, Schedule, depths, make_schedule
from cnngraph.pipeline.simulate import picture

CHAIN = {"gpu0": 3, "gpu1": 2, "gpu2": 1}
EDGES = [("gpu0", "gpu1"), ("gpu1", "gpu2")]


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_that_of_the_docstring(kind: str) -> None:
    schedule = make_schedule(kind, 1 if kind == "one-shot" else 4, CHAIN, has_backward=True)
    drawn = [line.rstrip() for line in picture(schedule, EDGES).splitlines()]
    told = [line for line in inspect.getdoc(KINDS[kind]).splitlines() if line.strip().startswith("gpu")]  # type: ignore[union-attr]
    assert drawn == [line.strip() for line in told]


def microbatches(schedule: Schedule, device: str, phase: Phase) -> list[int]:
    return [action.microbatch for action in schedule.actions[device] if action.phase is phase]


@pytest.mark.parametrize("kind", [*KINDS][1:])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 17])
def test_each_phase_of_each_microbatch_once_and_in_order(kind: str, count: int) -> None:
    schedule = make_schedule(kind, count, CHAIN, has_backward=True)
    for device in schedule.devices:
        for phase in (Phase.FORWARD, Phase.BACKWARD, Phase.WEIGHTS):
            assert microbatches(schedule, device, phase) == list(range(count))
        assert schedule.actions[device][-1] == Action(Phase.UPDATE, ALL)
        assert len(schedule.actions[device]) == 3 * count + 1
        assert Action(Phase.REDUCE) not in schedule.actions[device]


@pytest.mark.parametrize("kind", KINDS)
def test_without_backward_there_are_forwards_only(kind: str) -> None:
    count = 1 if kind == "one-shot" else 3
    schedule = make_schedule(kind, count, CHAIN, has_backward=False)
    assert {*schedule.actions.values()} == {tuple(Action(Phase.FORWARD, m) for m in range(count))}
    assert schedule.in_flight("gpu0") == 1


def test_memory_in_flight() -> None:
    def in_flight(kind: str, count: int) -> list[int]:
        schedule = make_schedule(kind, count, CHAIN, has_backward=True)
        return [schedule.in_flight(device) for device in schedule.devices]

    assert in_flight("fill-drain", 8) == [8, 8, 8]
    assert in_flight("1f1b", 8) == [3, 2, 1]
    assert in_flight("1f1b", 2) == [2, 2, 1]
    assert in_flight("zero-bubble", 8) == [3, 3, 3]


def test_weights_follow_their_backward_but_in_zero_bubble() -> None:
    for kind in ("fill-drain", "1f1b"):
        for actions in make_schedule(kind, 5, CHAIN, has_backward=True).actions.values():
            backward = [i for i, action in enumerate(actions) if action.phase is Phase.BACKWARD]
            assert [actions[i + 1] for i in backward] == [Action(Phase.WEIGHTS, m) for m in range(5)]
    last = make_schedule("zero-bubble", 5, CHAIN, has_backward=True).actions["gpu2"]
    assert last.index(Action(Phase.WEIGHTS, 0)) > last.index(Action(Phase.BACKWARD, 2))


def test_depths_of_branches_skips_and_circles() -> None:
    assert depths("abcd", [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]) == {"a": 4, "b": 3, "c": 2, "d": 1}
    assert depths("abcde", [("a", "b"), ("b", "e"), ("a", "c"), ("c", "d"), ("d", "e")]) == {
        "a": 4, "b": 2, "c": 3, "d": 2, "e": 1,
    }  # fmt: skip
    assert depths("abcd", [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]) == {"a": 3, "b": 2, "c": 2, "d": 1}
    assert depths("ab", []) == {"a": 1, "b": 1}
    assert depths("abc", [("a", "b"), ("b", "c")], {"b": ("b0", "b1", "b2")}) == {"a": 5, "b": 4, "c": 1}


def test_a_team_shares_the_microbatches_and_reduces_before_the_update() -> None:
    teams = {"b": ("b0", "b1")}
    schedule = make_schedule("1f1b", 5, depths("ab", [("a", "b")], teams), True, teams)
    assert schedule.devices == ("a", "b0", "b1")
    assert str(schedule).splitlines()[1:] == [
        "b0  F0 B0 W0 F2 B2 W2 F4 B4 W4 R U",
        "b1  F1 B1 W1 F3 B3 W3 R U",
    ]
    assert [schedule.member("b", m) for m in range(3)] == ["b0", "b1", "b0"]
    assert (schedule.member("a", 3), schedule.stage_of["b1"], schedule.stage_of["a"]) == ("a", "b", "a")


def test_errors() -> None:
    with pytest.raises(CnnGraphError, match=r"E0107.*zero-buble(.|\n)*did you mean `zero-bubble`"):
        make_schedule("zero-buble", 4, CHAIN, has_backward=True)
    with pytest.raises(CnnGraphError, match=r"E0107(.|\n)*schedules: one-shot, fill-drain"):
        make_schedule("x", 4, CHAIN, has_backward=True)
    with pytest.raises(CnnGraphError, match=r"E0108.*0 microbatches"):
        make_schedule("1f1b", 0, CHAIN, has_backward=True)
    with pytest.raises(CnnGraphError, match=r"E0108.*one-shot has one microbatch, not 2"):
        make_schedule("one-shot", 2, CHAIN, has_backward=True)
