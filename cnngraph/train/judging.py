"""Which epoch is the best, and whether it is worth to go on: both follow from the rows of the epochs alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Protocol, TypeVar

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.calls import choose
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.spelling import did_you_mean
from cnngraph.train.metrics.known import higher_is_better, metrics_of

FIGURES = ("test_loss", "loss", "test_accuracy", "accuracy")


class Row(Protocol):
    """What epochs are compared by."""

    @property
    def test_loss(self) -> float: ...
    @property
    def test_accuracy(self) -> float | None: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Early:
    """Stop when `patience` epochs in a row were not better than the best before, by more than `threshold`.

    `watch` is the name of a metric of the section, or one of test_loss, loss, test_accuracy, accuracy; without it the
    first metric counts, or else the loss of the tests.

    source: Prechelt: Early stopping, but when?, in Neural Networks: Tricks of the Trade, 1998, criterion UP.
    """

    patience: int = 5
    watch: str = ""
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ValueError(f"patience is at least 1 epoch, not {self.patience}")
        if not 0 <= self.threshold < inf:
            raise ValueError(f"threshold is at least 0, not {self.threshold}")

    def done(self, rows: Sequence[Row]) -> bool:
        """Whether the run is to end after these epochs.

        >>> from cnngraph.train.history import Epoch
        >>> rows = tuple(Epoch(number, 1.0, None, loss, None) for number, loss in enumerate((0.5, 0.4, 0.4, 0.6), 1))
        >>> [Early(patience=2).done(rows[:count]) for count in range(5)]
        [False, False, False, False, True]
        """
        best, waited = -inf, 0
        for row in rows:
            merit = _merit(row, self.watch)
            best, waited = (merit, 0) if merit > best + self.threshold else (best, waited + 1)
        return waited >= self.patience


STOPS: Mapping[str, type[Early]] = {"early": Early}


def stop_of(spec: TrainingSpec) -> Early | None:
    """The rule of a section; without one a run has all its epochs. Raises E0112 where there is no such figure."""
    if spec.stop is None:
        return None
    rule = choose(spec.stop, STOPS, "stop")
    known = [*metrics_of(spec), *FIGURES[: 4 if spec.prediction else 2]]
    if rule.watch and rule.watch not in known:
        message = f"no figure of an epoch is called `{rule.watch}`"
        help_ = did_you_mean(rule.watch, known, f"there are {', '.join(known)}")
        raise CnnGraphError(Diagnostic("E0112", message, Label(spec.stop.span, "here"), helps=(help_,)))
    return rule


def best_of(rows: Iterable[R]) -> R | None:
    """The best of some epochs: by the first metric, or by the accuracy of the tests, and where these are equal, or
    there are none, by the loss of the tests; the earliest of equals.
    """
    return max(rows, key=lambda row: (_merit(row, ""), -row.test_loss), default=None)


def _merit(row: Row, watch: str) -> float:
    """A number that is higher for a better epoch; where there is no figure, lower than all."""
    watch = watch or next(iter(row.metrics), "test_loss" if row.test_accuracy is None else "test_accuracy")
    figure = row.metrics[watch] if watch in row.metrics else getattr(row, watch)
    higher = higher_is_better(watch) if watch in row.metrics else watch.endswith("accuracy")
    return -inf if isnan(figure) else float(figure if higher else -figure)
