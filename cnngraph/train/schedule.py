"""How the learning rate changes over a run: a factor for the optimizer's rate, by what the run's clock shows.

Not for anything with a memory of its own: a factor follows from the clock alone. What the clock shows (epochs, steps,
and the figures of the epochs so far) is in every checkpoint, so that a run goes on where it stopped, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, sqrt

from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import Setting
from cnngraph.train.history import Epoch

BAR = 40  # characters for a factor of 1 in a table


@dataclass(frozen=True)
class Clock:
    """Where a run is: epochs that have passed (with their fraction), of how many; steps; the figures of the epochs."""

    epoch: float
    epochs: int
    step: int = 0
    rows: tuple[Epoch, ...] = ()


class Schedule:
    """A factor by the clock. With `warmup` it grows from 0 in a line over that many epochs.

    source: Goyal et al.: Accurate, large minibatch SGD, 2017, section 2.2 (gradual warm-up).
    """

    warmup: float = 0.0

    def __post_init__(self) -> None:
        if not self.warmup >= 0:
            raise ValueError(f"warmup is at least 0 epochs, not {self.warmup}")

    def factor_at(self, clock: Clock) -> float:
        """The factor for the next step."""
        grown = min(1.0, clock.epoch / self.warmup) if self.warmup else 1.0
        return grown * self.shape(clock)

    def shape(self, clock: Clock) -> float:
        """The factor without warm-up."""
        raise NotImplementedError

    def table(self, epochs: int, steps: int = 1) -> str:
        """The factor at the begin of each epoch of `steps` steps, with a bar.

        >>> print(Linear(end=0.25).table(3))
        epoch  factor
            0  1        ########################################
            1  0.75     ##############################
            2  0.5      ####################
        """
        factors = [self.factor_at(Clock(epoch, epochs, epoch * steps)) for epoch in range(epochs)]
        lines = [f"{epoch:5}  {factor:<7.3g}  {'#' * round(BAR * factor)}" for epoch, factor in enumerate(factors)]
        return "\n".join(["epoch  factor", *map(str.rstrip, lines)])


@dataclass(frozen=True)
class Constant(Schedule):
    """A rate that stays."""

    warmup: float = 0.0

    def shape(self, clock: Clock) -> float:
        return 1.0


@dataclass(frozen=True)
class Step(Schedule):
    """Times `factor` after each `every` epochs.

    >>> [Step(every=5, factor=0.5).factor_at(Clock(epoch, 20)) for epoch in (0, 4.9, 5, 10)]
    [1.0, 1.0, 0.5, 0.25]
    """

    every: float
    factor: float
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _above_zero(every=self.every, factor=self.factor)

    def shape(self, clock: Clock) -> float:
        return float(self.factor ** (clock.epoch // self.every))


@dataclass(frozen=True)
class Milestones(Schedule):
    """Times `factor` at each epoch of `at`.

    >>> [Milestones(at=(5, 8), factor=0.5).factor_at(Clock(epoch, 20)) for epoch in (4.9, 5, 8)]
    [1.0, 0.5, 0.25]
    """

    at: tuple[float, ...]
    factor: float = 0.1
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _above_zero(factor=self.factor)

    def shape(self, clock: Clock) -> float:
        return float(self.factor ** sum(clock.epoch >= epoch for epoch in self.at))


@dataclass(frozen=True)
class Exponential(Schedule):
    """Times `factor` in each epoch, a little at each step.

    >>> [Exponential(0.25).factor_at(Clock(epoch, 20)) for epoch in (0, 0.5, 1, 2)]
    [1.0, 0.5, 0.25, 0.0625]
    """

    factor: float
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _above_zero(factor=self.factor)

    def shape(self, clock: Clock) -> float:
        return float(self.factor**clock.epoch)


@dataclass(frozen=True)
class Falling(Schedule):
    """From 1 to `end` over `epochs`, by default over the whole run; then it stays."""

    epochs: float | None = None
    end: float = 0.0
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.epochs is not None:
            _above_zero(epochs=self.epochs)
        if not self.end >= 0:
            raise ValueError(f"end is at least 0, not {self.end}")

    def shape(self, clock: Clock) -> float:
        return self.end + (1 - self.end) * self.left(min(1.0, clock.epoch / (self.epochs or clock.epochs)))

    def left(self, passed: float) -> float:
        """What is left, from 1 to 0, when the part `passed` of the time has."""
        raise NotImplementedError


@dataclass(frozen=True)
class Linear(Falling):
    """A line from 1 to `end` over `epochs`, by default over the whole run.

    >>> [Linear(epochs=4, end=0.5).factor_at(Clock(epoch, 20)) for epoch in (0, 2, 4, 9)]
    [1.0, 0.75, 0.5, 0.5]
    """

    def left(self, passed: float) -> float:
        return 1 - passed


@dataclass(frozen=True)
class Cosine(Falling):
    """Half a cosine from 1 to `end` over `epochs`, by default over the whole run.

    source: Loshchilov, Hutter: SGDR, ICLR 2017, equation 5.

    >>> [round(Cosine().factor_at(Clock(epoch, 20)), 3) for epoch in (0, 5, 10, 20)]
    [1.0, 0.854, 0.5, 0.0]
    """

    def left(self, passed: float) -> float:
        return 0.5 * (1 + cos(pi * passed))


@dataclass(frozen=True)
class Polynomial(Falling):
    """A power of a line from 1 to `end` over `epochs`, by default over the whole run.

    source: Chen et al.: DeepLab, 2017, section 4.1 (a power of 0.9).

    >>> [Polynomial(power=2).factor_at(Clock(epoch, 20)) for epoch in (0, 10, 15, 20)]
    [1.0, 0.25, 0.0625, 0.0]
    """

    power: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        _above_zero(power=self.power)

    def left(self, passed: float) -> float:
        return float((1 - passed) ** self.power)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Half a cosine up from `start` in the part `rise` of the run, and one down to `end` in the rest.

    source: Smith, Topin: Super-convergence, 2018, section 2; the form and the defaults are those of PyTorch.

    >>> [round(OneCycle().factor_at(Clock(epoch, 20)), 3) for epoch in (0, 3, 6, 13, 20)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """

    rise: float = 0.3
    start: float = 0.04
    end: float = 4e-6

    def __post_init__(self) -> None:
        if not 0 < self.rise < 1:
            raise ValueError(f"rise is above 0 and below 1, not {self.rise}")
        if not min(self.start, self.end) >= 0:
            raise ValueError(f"start and end are at least 0, not {self.start} and {self.end}")

    def shape(self, clock: Clock) -> float:
        passed = clock.epoch / clock.epochs
        low, part = (
            (self.start, 1 - passed / self.rise)
            if passed < self.rise
            else (self.end, (passed - self.rise) / (1 - self.rise))
        )
        return low + (1 - low) * 0.5 * (1 + cos(pi * min(1.0, part)))


@dataclass(frozen=True)
class InverseSqrt(Schedule):
    """In a line up to 1 over `warmup_steps`, then as 1 / sqrt(step): the optimizer's rate is the largest one.

    source: Vaswani et al.: Attention is all you need, NIPS 2017, equation 3, whose rate is this factor times
            1 / sqrt(width * warmup_steps).

    >>> [InverseSqrt(4000).factor_at(Clock(0, 1, step - 1)) for step in (1000, 4000, 16000)]
    [0.25, 1.0, 0.5]
    """

    warmup_steps: int = 4000

    def __post_init__(self) -> None:
        _above_zero(warmup_steps=self.warmup_steps)

    def shape(self, clock: Clock) -> float:
        step = clock.step + 1
        return min(step / self.warmup_steps, sqrt(self.warmup_steps / step))


@dataclass(frozen=True)
class Plateau(Schedule):
    """Times `factor` each time that the loss has not fallen for more than `patience` epochs, but never below `lowest`.

    A loss has fallen if it is less than the best one by more than the fraction `threshold`. `watch` says which loss:
    that on the `train` part, or on the `test` part, which then is no judge of the net any more.

    source: Keras ReduceLROnPlateau; the order of events and the defaults are those of PyTorch.

    >>> rows = tuple(Epoch(number, 1.0, None, loss, None, 0.0) for number, loss in enumerate((0.5, 0.6, 0.5, 0.5), 1))
    >>> [Plateau(patience=1).factor_at(Clock(n, 20, rows=rows[:n])) for n in (1, 2, 3, 4)]
    [1.0, 1.0, 0.1, 0.1]
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    lowest: float = 0.0
    watch: str = "test"
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.factor < 1:
            raise ValueError(f"factor is above 0 and below 1, not {self.factor}")
        if not min(self.patience, self.threshold, self.lowest) >= 0:
            given = f"{self.patience}, {self.threshold} and {self.lowest}"
            raise ValueError(f"patience, threshold and lowest are at least 0, not {given}")
        if self.watch not in ("train", "test"):
            raise ValueError(f'watch is "train" or "test", not "{self.watch}"')

    def shape(self, clock: Clock) -> float:
        factor, best, waited = 1.0, float("inf"), 0
        for row in clock.rows:
            loss = row.test_loss if self.watch == "test" else row.loss
            fallen = best == float("inf") or loss < best - self.threshold * abs(best)
            best, waited = (loss, 0) if fallen else (best, waited + 1)
            if waited > self.patience:
                factor, waited = max(factor * self.factor, self.lowest), 0
        return factor


SCHEDULES: Mapping[str, type[Schedule]] = {
    "constant": Constant,
    "cosine": Cosine,
    "exponential": Exponential,
    "inverse_sqrt": InverseSqrt,
    "linear": Linear,
    "milestones": Milestones,
    "one_cycle": OneCycle,
    "plateau": Plateau,
    "polynomial": Polynomial,
    "step": Step,
}


def schedule_of(setting: Setting | None) -> Schedule:
    """The schedule that a train section asks for; without one the rate stays."""
    return Constant() if setting is None else choose(setting, SCHEDULES, "schedule")


def _above_zero(**values: float) -> None:
    """Raises ValueError with all names where one of them is not."""
    if not all(value > 0 for value in values.values()):
        names, numbers = (" and ".join(map(str, part)) for part in (values, values.values()))
        raise ValueError(f"{names} {'are' if len(values) > 1 else 'is'} above 0, not {numbers}")
