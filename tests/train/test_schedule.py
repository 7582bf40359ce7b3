"""Schedules as numbers."""

from __future__ import annotations

import pytest

from cnngraph.train.schedule import Constant, Cosine, Step, schedule_of


def test_without_a_setting_the_rate_stays():
    assert [schedule_of(None).factor_at(epoch, 10) for epoch in (0, 3.7, 10)] == [1, 1, 1]


def test_a_step_falls_between_epochs(setting):
    schedule = schedule_of(setting("step", every=2, factor=0.1))
    assert schedule == Step(2, 0.1)
    assert [schedule.factor_at(epoch, 6) for epoch in (0, 1.99, 2, 4)] == pytest.approx([1, 1, 0.1, 0.01])


def test_a_cosine_ends_at_zero_and_stays_there():
    assert [Cosine(epochs=4).factor_at(epoch, 10) for epoch in (0, 2, 4, 9)] == pytest.approx([1, 0.5, 0, 0])
    assert Cosine().factor_at(5, 10) == pytest.approx(0.5)


def test_warm_up_grows_in_a_line():
    schedule = Constant(warmup=2)
    assert [schedule.factor_at(epoch, 10) for epoch in (0, 0.5, 1, 2, 3)] == [0, 0.25, 0.5, 1, 1]
    assert Cosine(warmup=1).factor_at(0.5, 10) < Cosine().factor_at(0.5, 10)
