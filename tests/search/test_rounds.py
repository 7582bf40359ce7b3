"""Which trials are made."""

from __future__ import annotations

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.search.rounds import Task, drawn, grid, halving, rungs, whole
from cnngraph.search.spaces import Lin, Listed, Log

SPACES = {"lr": Log(1e-4, 1e-1), "n": Listed((8, 16)), "momentum": Lin(0, 1)}


def test_the_first_trials_are_the_same_for_any_number_of_them() -> None:
    many = drawn(SPACES, 40, seed=3)
    assert drawn(SPACES, 5, seed=3) == many[:5]
    assert drawn(SPACES, 5, seed=4) != many[:5]
    assert len({tuple(each.values()) for each in many}) == 40
    assert {each["n"] for each in many} == {8, 16}
    assert sum(each["lr"] < 1e-2 for each in many) > 20  # two decades of three


def test_no_trial_is_made_twice() -> None:
    assert len(drawn({"n": Listed((8, 16, 32))}, 20, seed=0)) == 3


@pytest.mark.parametrize("trials", [0, 10_001])
def test_a_number_of_trials_out_of_range(trials) -> None:
    with pytest.raises(CnnGraphError, match="E0108"):
        drawn(SPACES, trials, 0)


def test_a_grid_that_is_too_large() -> None:
    axis = Lin(0, 1, 101)
    with pytest.raises(CnnGraphError, match=r"1030301 trials"):
        grid({"a": axis, "b": axis, "c": axis})


def test_trials_may_have_lengths_of_their_own() -> None:
    assert next(whole([{"n": 8}, {"epochs": 7}], 3)) == [Task(1, {"n": 8}, 3), Task(2, {"epochs": 7}, 7)]


def test_the_best_third_goes_on() -> None:
    rounds = halving([{"n": n} for n in range(9)], epochs=9)
    first = next(rounds)
    assert [task.until for task in first] == [1] * 9
    second = rounds.send([0.1, 0.9, None, 0.5, 0.9, 0.2, None, 0.3, 0.4])
    assert [(task.trial, task.until) for task in second] == [(2, 3), (4, 3), (5, 3)]
    third = rounds.send([0.5, None, 0.5])
    assert [(task.trial, task.until) for task in third] == [(2, 9)]
    with pytest.raises(StopIteration):
        rounds.send([1.0])


def test_a_search_ends_where_all_failed() -> None:
    rounds = halving([{"n": 1}, {"n": 2}], epochs=4)
    with pytest.raises(StopIteration):
        rounds.send([None] * len(next(rounds)))


def test_rungs_grow_to_the_end() -> None:
    for trials in (1, 2, 5, 27, 100):
        for epochs in (1, 2, 3, 10, 50):
            found = rungs(trials, epochs, 3)
            assert found[-1] == epochs
            assert found == sorted(set(found))
