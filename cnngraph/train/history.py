"""What a training run tells: a row for each epoch, and a word after each step for whoever watches."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from cnngraph.ir.op import Array


@dataclass(frozen=True)
class Epoch:
    """One epoch, counted from 1. Losses are means over images; accuracies are None where no output holds classes."""

    number: int
    loss: float
    accuracy: float | None
    test_loss: float
    test_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class History:
    """The epochs of a run, and its states at the end; `interrupted` where it was stopped before the last of `epochs`.

    >>> History((Epoch(1, 2.3, 0.1, 2.2, 0.2, 1.5), Epoch(2, 2.1, 0.3, 2.0, 0.4, 1.5)), epochs=2).best.number
    2
    """

    rows: tuple[Epoch, ...] = ()
    epochs: int = 0
    interrupted: bool = False
    output: Path | None = field(default=None, compare=False)
    states: Mapping[str, Array] = field(default_factory=dict, compare=False, repr=False)

    @property
    def best(self) -> Epoch | None:
        """The epoch with the highest accuracy on the test part, or with the lowest loss where there is none."""
        return max(self.rows, key=lambda row: (row.test_accuracy or 0.0, -row.test_loss), default=None)

    def to_json(self) -> str:
        rows = [asdict(row) for row in self.rows]
        return json.dumps({"epochs": self.epochs, "interrupted": self.interrupted, "rows": rows}, indent=2)


@dataclass(frozen=True)
class Progress:
    """Where a run is. After a step `finished` is None; after an epoch it is the epoch's row.

    `loss` and `accuracy` are means over the images of the epoch so far; speed is that of the whole run, tests included.
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


OnProgress: TypeAlias = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Tells nobody."""
