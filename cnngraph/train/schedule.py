"""How the learning rate changes over a run: a factor for the optimizer's rate, by the epochs that have passed.

Not for rules that look at results (waiting for a plateau): a schedule knows the clock only, so that a run can go on
where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi

from cnngraph.elaborate.training import Setting
from cnngraph.train.settings import choose


class Schedule:
    """A factor by epochs. With `warmup` it grows from 0 in a line over that many epochs.

    source: Goyal et al.: Accurate, large minibatch SGD, 2017, section 2.2 (gradual warm-up).
    """

    warmup: float

    def __post_init__(self) -> None:
        if self.warmup < 0:
            raise ValueError(f"warmup is at least 0 epochs, not {self.warmup}")

    def factor_at(self, epoch: float, epochs: int) -> float:
        """The factor when `epoch` epochs (with their fraction) of `epochs` have passed."""
        grown = min(1.0, epoch / self.warmup) if self.warmup else 1.0
        return grown * self.shape(epoch, epochs)

    def shape(self, epoch: float, epochs: int) -> float:
        """The factor without warm-up."""
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """A rate that stays."""

    warmup: float = 0.0

    def shape(self, epoch: float, epochs: int) -> float:
        return 1.0


@dataclass(frozen=True)
class Step(Schedule):
    """Times `factor` after each `every` epochs.

    >>> [Step(every=5, factor=0.5).factor_at(epoch, 20) for epoch in (0, 4.9, 5, 10)]
    [1.0, 1.0, 0.5, 0.25]
    """

    every: float
    factor: float
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.every <= 0 or self.factor <= 0:
            raise ValueError(f"every and factor are above 0, not {self.every} and {self.factor}")

    def shape(self, epoch: float, epochs: int) -> float:
        return float(self.factor ** (epoch // self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from 1 to 0 over `epochs`, by default over the whole run.

    source: Loshchilov, Hutter: SGDR, ICLR 2017, equation 5.

    >>> [round(Cosine().factor_at(epoch, 20), 3) for epoch in (0, 5, 10, 20)]
    [1.0, 0.854, 0.5, 0.0]
    """

    epochs: int | None = None
    warmup: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.epochs is not None and self.epochs < 1:
            raise ValueError(f"epochs is at least 1, not {self.epochs}")

    def shape(self, epoch: float, epochs: int) -> float:
        return 0.5 * (1 + cos(pi * min(1.0, epoch / (self.epochs or epochs))))


SCHEDULES: Mapping[str, type[Schedule]] = {"constant": Constant, "cosine": Cosine, "step": Step}


def schedule_of(setting: Setting | None) -> Schedule:
    """The schedule that a train section asks for; without one the rate stays."""
    return Constant() if setting is None else choose(setting, SCHEDULES, "schedule")
