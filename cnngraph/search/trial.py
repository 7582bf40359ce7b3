"""One trial: a net trained with some settings, and judged by images that it neither learned from nor is tested with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from cnngraph.data.dataset import Dataset
from cnngraph.diagnostics import CnnGraphError
from cnngraph.runtime.settings import Settings
from cnngraph.search.loading import load_set
from cnngraph.search.spaces import Value
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.fit import with_validation
from cnngraph.train.history import Epoch, Progress


@dataclass(frozen=True)
class Job:
    """A trial as plain data: what is trained with which settings, of `epochs` epochs those until the end of `until`.

    `checkpoint` is where it keeps its weights, and goes on from where they are there. `seed` draws the images that
    judge it, the part `validation` of those to learn from.
    """

    file: str
    net: str | None
    settings: Mapping[str, Value]
    epochs: int
    until: int
    checkpoint: str
    data: str | None = None
    seed: int = 0
    validation: float = 0.2
    workers: int | None = None


@dataclass(frozen=True)
class Figures:
    """What an epoch of a trial gave: `loss` and metrics on the images that judge it."""

    epoch: int
    values: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """The epochs of a trial so far; `problem` says why there are no more."""

    epochs: tuple[Figures, ...] = ()
    problem: str = ""


Tell: TypeAlias = Callable[[Figures], None]


class _Far(Exception):
    """The epoch is reached that a trial was to go to."""


def run_trial(job: Job, tell: Tell = lambda figures: None) -> Outcome:
    """Train; what cannot be trained is told by the outcome. `tell` hears of each epoch."""
    done: list[Figures] = []

    def note(figures: Figures) -> None:
        done.append(figures)
        tell(figures)

    try:
        _train(job, note)
    except _Far:
        pass
    except CnnGraphError as problem:
        first = problem.diagnostics[0]
        return Outcome(tuple(done), f"{first.code}: {first.message}")
    except MemoryError as problem:
        return Outcome(tuple(done), f"the memory of this machine is too small: {problem}".rstrip(": "))
    return Outcome(tuple(done))


def _train(job: Job, note: Tell) -> None:
    net = load_set(Path(job.file), job.net, job.settings)
    net.settings = Settings(workers=job.workers)
    data = judged(net.data(job.data), job.validation, job.seed)
    path = Path(job.checkpoint)
    for row in load_checkpoint(path, {})[1].rows if path.exists() else ():
        _noted(row, job.until, note)

    def progress(now: Progress) -> None:
        if now.finished is not None:
            _noted(now.finished, job.until, note)

    net.fit(data, epochs=job.epochs, output=path, resume_from=path if path.exists() else None, on_progress=progress)


def _noted(row: Epoch, until: int, note: Tell) -> None:
    """Note an epoch; raises _Far where it is the last one that was asked for."""
    accuracy = {} if row.test_accuracy is None else {"accuracy": row.test_accuracy}
    note(Figures(row.number, {"loss": row.test_loss, **accuracy, **row.metrics}, row.seconds))
    if row.number >= until:
        raise _Far


def judged(data: Dataset, share: float, seed: int) -> Dataset:
    """The data with what it has to validate with in place of its test part, which is not looked at; where it has
    nothing, with a part of its training images, drawn by the seed.

    Raises E0701 where nothing is left to learn from or to judge by.
    """
    if data.validation is None:
        data = with_validation(data, share, seed)
    assert data.validation is not None
    return replace(data, test=data.validation, validation=None)
