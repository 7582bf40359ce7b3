"""What a search found: a row for each trial, the best one, and the command that trains with its settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnngraph.cost.quantity import seconds_text
from cnngraph.render.chart import Chart
from cnngraph.render.effects import Effect, effects
from cnngraph.render.tabular import Cell, Column, Quantity, Table
from cnngraph.search.journal import Row
from cnngraph.search.rounds import Goodness
from cnngraph.search.spaces import Value, is_logarithmic, value_text
from cnngraph.train.metrics.known import figure_text, higher_is_better


@dataclass(frozen=True)
class Search:
    """The trials of a search, best first, those that failed last; equal ones in the order of their numbers.

    `names` are the settings that were searched, `measure` the figure that was compared, `train` the beginning of the
    command that trains the net, `epochs` those of a whole run.
    """

    rows: tuple[Row, ...]
    names: tuple[str, ...]
    measure: str
    epochs: int
    train: tuple[str, ...]
    weights: Path | None = None
    halved: bool = False

    @property
    def best(self) -> Row | None:
        """The best trial; None where all failed."""
        return self.rows[0] if self.rows and not self.rows[0].problem else None

    @property
    def command(self) -> str:
        """What trains with the best settings, on all images to learn from; empty where all trials failed."""
        if self.best is None:
            return ""
        settings = (f"{name}={value_text(value)}" for name, value in self.best.settings.items())
        return shlex.join([*self.train, *(word for setting in settings for word in ("--set", setting))])

    def table(self) -> Table:
        """A row for each trial."""
        figures = dict.fromkeys([self.measure, *(name for row in self.rows for name in row.figures)])
        problems = any(row.problem for row in self.rows)
        columns = (
            Column("trial", "trial"),
            *(Column(name, name) for name in self.names),
            *(Column(name, name) for name in figures),
            Column("epoch", "at epoch"),
            Column("epochs", "of"),
            Column("seconds", "time"),
            *([Column("problem", "problem", False)] if problems else []),
        )
        rows = tuple(
            (
                row.trial,
                *(value_text(row.settings[name]) if name in row.settings else None for name in self.names),
                *(_figure(name, row.figures) for name in figures),
                row.epoch or None,
                row.until,
                Quantity(row.seconds, seconds_text),
                *([row.problem] if problems else []),
            )
            for row in self.rows
        )
        return Table(columns, rows)

    def chart(self) -> Chart:
        """One small chart for each setting: its values, and how good the trials with them were; those that did not go
        on are pale. Errors: E0603.
        """
        shown = [row for row in self.rows if self.measure in row.figures and not row.problem]
        whole = [not self.halved or row.until == self.epochs for row in shown]
        found = []
        for name in self.names:
            values = [row.settings[name] for row in shown]
            if len(set(values)) > 1:
                ys = [row.figures[self.measure] for row in shown]
                xs = [_number_or_text(value) for value in values]
                found.append(Effect(name, xs, ys, is_logarithmic(values), whole=whole))
        return effects(found, self.measure)

    def __str__(self) -> str:
        if self.best is None:
            return f"{self.table()}\n\nno trial gave a figure"
        figure = figure_text(self.measure, self.best.figures[self.measure])
        return f"{self.table()}\n\nbest: trial {self.best.trial}, {self.measure} {figure}\n  {self.command}"


def ordered(rows: Mapping[int, Row], measure: str, halved: bool) -> tuple[Row, ...]:
    """Trials by how good they are, failed ones last; where they were `halved`, those that went further come first."""

    def key(row: Row) -> tuple[float, ...]:
        good = goodness(row, measure)
        if good is None:
            return 1, row.trial
        return 0, -row.until if halved else 0, -good, row.trial

    return tuple(sorted(rows.values(), key=key))


def goodness(row: Row, measure: str) -> Goodness:
    """The figure of a row, so that larger is better."""
    if row.problem:
        return None
    return sign(measure) * row.figures[measure]


def sign(measure: str) -> int:
    """1 where larger figures are better, else -1.

    >>> sign("accuracy"), sign("loss")
    (1, -1)
    """
    return 1 if measure != "loss" and higher_is_better(measure) else -1


def _figure(name: str, figures: Mapping[str, float]) -> Cell:
    return Quantity(figures[name], lambda value: figure_text(name, value)) if name in figures else None


def _number_or_text(value: Value) -> float | str:
    """Words and truths are places along the axis, in the order of their names."""
    return value_text(value) if isinstance(value, (bool, str)) else float(value)
