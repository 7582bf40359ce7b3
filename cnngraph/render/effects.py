"""Many runs in small charts side by side: a figure against each of the settings that the runs differ by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cnngraph.diagnostics import error
from cnngraph.render.chart import COLOURS, GRID, Chart, axes_in_rows, plain
from cnngraph.render.style import INK

ACROSS = 3  # charts in a row
SIDE = 2.6  # inches
WHOLE, PALE = 0.8, 0.25  # how opaque points are
FEW = 9  # so many different numbers are named one by one


@dataclass(frozen=True)
class Effect:
    """The value of one setting in each run, numbers or words, and the figure of that run; `joined` by a line. Runs that
    were not whole are pale.
    """

    name: str
    values: Sequence[float | str]
    figures: Sequence[float]
    logarithmic: bool = False
    joined: bool = False
    whole: Sequence[bool] | None = None


def effects(found: Sequence[Effect], figure: str) -> Chart:
    """A point for each run, in one chart for each setting. Without `joined` no line is drawn: settings act together.

    Errors: E0705 where no setting has two values, E0603 without matplotlib.
    """
    if not found:
        raise error("E0705", "there is no chart: no setting has two values")
    across = min(ACROSS, len(found))
    down = -(-len(found) // across)
    size = (SIDE * across + 0.8, SIDE * down + 0.4)
    picture, axes = axes_in_rows(len(found), across, size, share=True)
    for place, (each, chart) in enumerate(zip(found, axes, strict=True)):
        _points(chart, each)
        if place % across == 0:
            chart.set_ylabel(plain(figure), fontsize=9, color=INK)
    return Chart(picture)


def _points(chart: Any, effect: Effect) -> None:
    words = sorted({value for value in effect.values if isinstance(value, str)})
    places = [words.index(value) if isinstance(value, str) else value for value in effect.values]
    shown = [WHOLE if whole else PALE for whole in effect.whole or [True] * len(places)]
    chart.scatter(places, effect.figures, s=22, color=COLOURS[0], alpha=shown, linewidths=0)
    if effect.joined:
        chart.plot(places, effect.figures, color=COLOURS[0], linewidth=1.5)
    numbers = sorted(set(places))
    if effect.logarithmic:
        chart.set_xscale("log")
    elif words:
        chart.set_xticks(range(len(words)), [plain(word) for word in words])
        chart.set_xlim(-0.5, len(words) - 0.5)
    elif len(numbers) <= FEW:
        chart.set_xticks(numbers, [f"{number:g}" for number in numbers])
    chart.set_xlabel(plain(effect.name), fontsize=9, color=INK)
    chart.grid(color=GRID, linewidth=0.6)
    chart.set_axisbelow(True)
    chart.tick_params(labelsize=8, colors=INK)
    for edge in ("top", "right"):
        chart.spines[edge].set_visible(False)
