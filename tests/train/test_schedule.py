"""Schedules as numbers, and against those of PyTorch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from cnngraph.train.history import Epoch
from cnngraph.train.schedule import (
    SCHEDULES,
    Clock,
    Constant,
    Cosine,
    Exponential,
    InverseSqrt,
    Linear,
    Milestones,
    OneCycle,
    Plateau,
    Polynomial,
    Schedule,
    Step,
    schedule_of,
)


def factors(schedule: Schedule, *epochs: float, of: int = 10) -> list[float]:
    return [schedule.factor_at(Clock(epoch, of)) for epoch in epochs]


def rows(*losses: float) -> tuple[Epoch, ...]:
    """Epochs with these losses on the test part, and with falling ones on the train part."""
    return tuple(Epoch(number, 1 / number, None, loss, None, 0.0) for number, loss in enumerate(losses, 1))


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    return pytest.importorskip("torch", reason="PyTorch is the oracle of this test")


def theirs(torch: Any, name: str, count: int, **options: Any) -> list[float]:
    """The first `count` rates of a scheduler of PyTorch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
    found = [optimizer.param_groups[0]["lr"]]
    while len(found) < count:
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def test_without_a_setting_the_rate_stays():
    assert factors(schedule_of(None), 0, 3.7, 10) == [1, 1, 1]


def test_a_step_falls_between_epochs(setting):
    schedule = schedule_of(setting("step", every=2, factor=0.1))
    assert schedule == Step(2, 0.1)
    assert factors(schedule, 0, 1.99, 2, 4) == pytest.approx([1, 1, 0.1, 0.01])


def test_a_cosine_ends_at_zero_and_stays_there():
    assert factors(Cosine(epochs=4), 0, 2, 4, 9) == pytest.approx([1, 0.5, 0, 0])
    assert factors(Cosine(), 5) == pytest.approx([0.5])
    assert factors(Cosine(end=0.2), 0, 5, 10) == pytest.approx([1, 0.6, 0.2])


def test_warm_up_grows_in_a_line():
    assert factors(Constant(warmup=2), 0, 0.5, 1, 2, 3) == [0, 0.25, 0.5, 1, 1]
    assert factors(Cosine(warmup=1), 0.5) < factors(Cosine(), 0.5)


PAIRS = [
    (Step(3, 0.5), "StepLR", {"step_size": 3, "gamma": 0.5}),
    (Milestones((2, 5, 6), 0.5), "MultiStepLR", {"milestones": [2, 5, 6], "gamma": 0.5}),
    (Exponential(0.9), "ExponentialLR", {"gamma": 0.9}),
    (Linear(8, 0.25), "LinearLR", {"start_factor": 1.0, "end_factor": 0.25, "total_iters": 8}),
    (Polynomial(8, power=2), "PolynomialLR", {"total_iters": 8, "power": 2}),
    (Cosine(end=0.1), "CosineAnnealingLR", {"T_max": 10, "eta_min": 0.1}),
]


@pytest.mark.parametrize(("schedule", "name", "options"), PAIRS, ids=lambda part: part if isinstance(part, str) else "")
def test_pytorch_has_the_same_factors(torch, schedule, name, options):
    assert factors(schedule, *range(11)) == pytest.approx(theirs(torch, name, 11, **options), abs=1e-12)


def test_one_cycle_is_that_of_pytorch(torch):
    rise = (0.3 * 11 - 1) / 10  # PyTorch's rate is the largest at step 0.3 * 11 - 1, and the smallest at step 10
    found = theirs(torch, "OneCycleLR", 11, max_lr=1.0, total_steps=11)
    assert factors(OneCycle(rise), *range(11)) == pytest.approx(found, abs=1e-12)


def test_the_inverse_square_root_is_the_formula_of_the_transformer():
    width, warmup, rate = 512, 4000, (512 * 4000) ** -0.5
    for step in (1, 100, 3999, 4000, 4001, 100_000):
        paper = width**-0.5 * min(step**-0.5, step * warmup**-1.5)
        assert rate * InverseSqrt(warmup).factor_at(Clock(0, 1, step - 1)) == pytest.approx(paper)


LOSSES = (1.0, 0.9, 0.9, 0.95, 0.89999, 0.8, 0.8, 0.9, 0.9, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8)


@pytest.mark.parametrize("patience", [0, 1, 2])
def test_a_plateau_is_that_of_pytorch(torch, patience):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=patience, min_lr=0.1)
    schedule, seen = Plateau(0.5, patience, lowest=0.1), []
    for count, loss in enumerate(LOSSES, start=1):
        scheduler.step(loss)
        seen.append(schedule.factor_at(Clock(count, 20, rows=rows(*LOSSES[:count]))))
        assert seen[-1] == pytest.approx(optimizer.param_groups[0]["lr"])
    assert len(set(seen)) > 2
    assert schedule.factor_at(Clock(0, 20)) == 1


def test_a_plateau_can_watch_the_loss_on_the_train_part():
    clock = Clock(5, 10, rows=rows(1.0, 1.0, 1.0, 1.0, 1.0))
    assert Plateau(0.5, patience=1, watch="train").factor_at(clock) == 1
    assert Plateau(0.5, patience=1).factor_at(clock) == 0.25


def test_a_loss_below_zero_falls_too():
    clock = Clock(3, 10, rows=rows(-1.0, -1.1, -1.2))
    assert Plateau(0.5, patience=0).factor_at(clock) == 1


def test_every_schedule_has_a_table():
    given = {"step": (2, 0.5), "milestones": ((2, 3),), "exponential": (0.9,)}
    for name, cls in SCHEDULES.items():
        lines = cls(*given.get(name, ())).table(epochs=5, steps=1000).splitlines()
        assert [line.split()[0] for line in lines] == ["epoch", "0", "1", "2", "3", "4"], name
        assert all(float(line.split()[1]) <= 1 for line in lines[1:])
