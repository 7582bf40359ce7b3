"""What a training run tells: a row for each epoch, and a word after each step for whoever watches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from cnngraph.ir.op import Array
from cnngraph.train.judging import best_of
from cnngraph.train.log import EpochRow, Log, TestRow


@dataclass(frozen=True)
class Epoch:
    """One epoch, counted from 1. Losses are means over images; accuracies are None where no output holds classes.

    `test_loss`, `test_accuracy` and `metrics` are of the test part, or of the part for validation where there is one.
    `losses` are those of the steps by name, where a batch takes several. `seconds` are no state of a run: a run that
    goes on has 0 for the epochs before.
    """

    number: int
    loss: float
    accuracy: float | None
    test_loss: float
    test_accuracy: float | None
    seconds: float = field(default=0.0, compare=False)
    metrics: Mapping[str, float] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """The epochs of a run, and its states at the end; `interrupted` where it was stopped before the last of `epochs`,
    by the signal `signal` if that is not 0; `stopped` where it ended because no epoch was better than one before.

    `test` has the test part after the best epoch, where epochs were judged by another part.

    >>> History((Epoch(1, 2.3, 0.1, 2.2, 0.2, 1.5), Epoch(2, 2.1, 0.3, 2.0, 0.4, 1.5)), epochs=2).best.number
    2
    """

    rows: tuple[Epoch, ...] = ()
    epochs: int = 0
    interrupted: bool = False
    output: Path | None = field(default=None, compare=False)
    states: Mapping[str, Array] = field(default_factory=dict, compare=False, repr=False)
    stopped: bool = False
    test: TestRow | None = None
    signal: int = field(default=0, compare=False)

    @property
    def best(self) -> Epoch | None:
        """The best epoch: by the first metric, or by the accuracy, or by the loss of the tests."""
        return best_of(self.rows)

    @property
    def log(self) -> Log:
        """The same as a log, which has no rows of steps."""
        best = self.best
        rows = (
            EpochRow(
                row.number, 0, row.loss, row.test_loss, row.accuracy, row.test_accuracy, row.metrics, row.losses,
                best=row is best, epoch_seconds=row.seconds,
            )
            for row in self.rows
        )  # fmt: skip
        return Log({"epochs": self.epochs}, (), tuple(rows), self.test)

    def to_json(self) -> str:
        told = {"epochs": self.epochs, "interrupted": self.interrupted, "rows": [asdict(row) for row in self.rows]}
        told |= {"stopped": True} if self.stopped else {}
        told |= {"test": asdict(self.test)} if self.test else {}
        return json.dumps(told, indent=2)


@dataclass(frozen=True)
class Progress:
    """Where a run is. After a step `finished` is None; after an epoch it is the epoch's row. At the end of a run that
    was judged by a part for validation, `tested` has the figures of the test part.

    `loss`, `losses` and `accuracy` are means over the `images` of the epoch so far; `step_loss` is that of the step
    alone, whose learning rate had the factor `rate`. Speed is that of the whole run, tests included.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float | None
    images_per_second: float
    seconds_left: float
    finished: Epoch | None = None
    losses: Mapping[str, float] = field(default_factory=dict)
    tested: TestRow | None = None
    images: int = 0
    step_loss: float = 0.0
    rate: float = 1.0
    gradient_norm: float | None = None
    """The length of all gradients of the step before it was limited, where the section says `clip: norm(...)`."""
    best: bool = False
    """Whether the epoch that is finished is the best so far."""
    part: str = "test"
    """What epochs are judged by: "test" or "validation"."""


OnProgress: TypeAlias = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Tells nobody."""
