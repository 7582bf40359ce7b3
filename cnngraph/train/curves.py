"""Curves of runs: losses and metrics against epochs, steps or seconds, several runs in one chart.

One run has its training and its test figures in the same panel. Of several runs, each panel compares one figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.render.chart import Chart, Series, beside, lines
from cnngraph.train.log import EpochRow, Log, StepRow, read_log

AXES = {"epoch": "epoch", "step": "step", "seconds": "seconds"}
MOST_POINTS = 400  # of a line of steps: neighbours become their mean


@dataclass(frozen=True)
class Run:
    """A log with the name that it has in a chart."""

    name: str
    log: Log


def read_runs(paths: Sequence[Path], names: Sequence[str] = ()) -> tuple[Run, ...]:
    """The logs (JSON lines, or the JSON of `--history`) with `names`, or the nets' names, or those of the files where
    a net is there twice. Raises E0701 for a file that is none, and where there are not as many names.
    """
    logs = [read_log(path) for path in paths]
    if names and len(names) != len(paths):
        raise error("E0701", f"there are {len(names)} names for {len(paths)} runs")
    given = names or _unique([log.net for log in logs]) or _unique([path.stem for path in paths])
    return tuple(Run(name, log) for name, log in zip(given or map(str, paths), logs, strict=True))


def _unique(names: Sequence[str]) -> Sequence[str]:
    """The names, if each one tells its run."""
    return names if all(names) and max(Counter(names).values(), default=1) == 1 else ()


def curves(runs: Sequence[Run], *, along: str = "epoch", log_y: bool = False, only: Sequence[str] = ()) -> Chart:
    """All figures of the runs in one chart, or those that `only` names. Raises E0701 where there are none."""
    names = figures_of(runs)
    if unknown := [name for name in only if name not in names]:
        raise error("E0701", f"no run has `{unknown[0]}`", f"there are {', '.join(names)}")
    found = [chart for name in only or names for chart in figure_charts(runs, name, along=along, log_y=log_y)]
    if not found:
        raise error("E0701", "no epoch and no step is in these logs")
    return beside(found)


def figures_of(runs: Sequence[Run]) -> tuple[str, ...]:
    """Names of what can be drawn: the loss, the accuracy, further losses and metrics, in the order they come."""
    found = dict.fromkeys(["loss"])
    rows = [row for run in runs for row in run.log.epochs]
    if any(row.accuracy is not None or row.test_accuracy is not None for row in rows):
        found["accuracy"] = None
    for row in rows:
        found |= dict.fromkeys([*row.losses, *row.metrics])
    if any(row.gradient_norm is not None for run in runs for row in run.log.steps):
        found["gradient norm"] = None
    return tuple(found)


def figure_charts(
    runs: Sequence[Run], figure: str, *, along: str = "epoch", log_y: bool = False
) -> tuple[Chart, ...]:
    """The charts of one figure: for one run training and test in one, for several runs a chart each."""
    training = [_line(run, along, figure) for run in runs]
    testing = [_tests(run, along, figure) for run in runs]
    if len(runs) == 1:
        parts = {row.part for row in runs[0].log.epochs}
        pair = [(training[0], "training"), (testing[0], " and ".join(sorted(parts)) or "test")]
        groups = [(figure, [Series(name, each.xs, each.ys) for each, name in pair if each.xs])]
    else:
        kinds = ((f"training {figure}", training), (f"test {figure}", testing))
        groups = [(title, [each for each in found if each.xs]) for title, found in kinds]
    return tuple(
        lines(
            found, title=title, x=AXES[along], y=figure, log_y=log_y and figure in ("loss", "gradient norm"),
            marks=all(len(each.xs) <= 30 for each in found), whole_x=along == "epoch" and _longest(found) >= 3,
        )
        for title, found in groups
        if found
    )  # fmt: skip


def _train_figure(figure: str) -> Callable[[StepRow | EpochRow], float | None]:
    """What reads a figure of the training part off a row; None where the row has none."""
    if figure == "gradient norm":
        return lambda row: row.gradient_norm if isinstance(row, StepRow) else None
    if figure in ("loss", "accuracy"):
        return lambda row: getattr(row, figure)
    return lambda row: row.losses.get(figure)


def _test_figure(row: EpochRow, figure: str) -> float | None:
    if figure in ("loss", "accuracy"):
        found: float | None = getattr(row, f"test_{figure}")
        return found if found is not None else row.metrics.get(figure)
    return row.metrics.get(figure)


def _line(run: Run, along: str, name: str) -> Series:
    """A figure of the training part: a loss from the steps where they were logged, an accuracy from the epochs, since
    few samples jump; each from the others where there are none.
    """
    figure = _train_figure(name)
    both: list[Sequence[StepRow | EpochRow]] = [since_before(run.log.steps), run.log.epochs]
    for rows in reversed(both) if name == "accuracy" else both:
        points = [(place(run.log, row, along), value) for row in rows if (value := figure(row)) is not None]
        if points:
            return Series(run.name, *_thinned(points))
    return Series(run.name, (), ())


def since_before(rows: Sequence[StepRow]) -> tuple[StepRow, ...]:
    """Step rows whose named losses, means over the epoch so far, became means since the row before.

    >>> rows = [StepRow(*place, 9.0, losses={"D": d}) for *place, d in ((1, 2, 5), (1, 4, 7), (2, 2, 5))]
    >>> [row.losses["D"] for row in since_before(rows)]
    [5, 9.0, 5]
    """
    if not any(row.losses for row in rows):
        return tuple(rows)
    pairs = zip((None, *rows), rows, strict=False)
    return tuple(
        row if before is None or before.epoch != row.epoch or before.step >= row.step else _since(before, row)
        for before, row in pairs
    )


def _since(before: StepRow, row: StepRow) -> StepRow:
    def part(whole: float, first: float) -> float:
        return (whole * row.step - first * before.step) / (row.step - before.step)

    losses = {name: part(value, before.losses.get(name, value)) for name, value in row.losses.items()}
    return replace(row, losses=losses)


def _tests(run: Run, along: str, figure: str) -> Series:
    rows = run.log.epochs
    points = [(place(run.log, row, along), value) for row in rows if (value := _test_figure(row, figure)) is not None]
    return Series(run.name, *_thinned(points))


def place(log: Log, row: StepRow | EpochRow, along: str) -> float:
    """Where a row stands on the x axis. Steps count from the beginning of the run."""
    if along == "seconds":
        return row.seconds or _seconds(log, row)
    steps = log.epoch_steps
    if along == "step":
        return row.epoch * steps if isinstance(row, EpochRow) else (row.epoch - 1) * steps + row.step
    return float(row.epoch) if isinstance(row, EpochRow) else row.epoch - 1 + row.step / max(steps, row.step, 1)


def _seconds(log: Log, row: StepRow | EpochRow) -> float:
    """From the seconds of the epochs, for a history that knows no others."""
    return sum(each.epoch_seconds for each in log.epochs if each.epoch <= row.epoch)


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """xs and ys of at most MOST_POINTS points, each the mean of neighbours.

    >>> len(_thinned([(float(i), 1.0) for i in range(1000)])[0]) <= MOST_POINTS
    True
    """
    size = -(-len(points) // MOST_POINTS) or 1
    groups = [np.array(points[start : start + size]).mean(axis=0) for start in range(0, len(points), size)]
    return [float(x) for x, _ in groups], [float(y) for _, y in groups]


def _longest(found: Sequence[Series]) -> float:
    return max((max(each.xs) for each in found), default=0.0)
