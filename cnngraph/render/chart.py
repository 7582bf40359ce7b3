"""Charts: lines, bars, and matrices as coloured squares. The only file that imports matplotlib, when a chart is made.

A chart is a figure of its own: no window is opened, and no setting of matplotlib outside is read or changed. The same
numbers give the same file, byte for byte.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnngraph.diagnostics import error
from cnngraph.render.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, INK, GREY)
DASHES = ("-", "--", "-.", ":")
MARKERS = "os^Dv<>P"
ENDINGS = (".svg", ".png", ".pdf")
DOTS_PER_INCH = 120
WIDTH, HEIGHT = 7.2, 4.2  # inches
GRID = "#DDDDDD"
LONGEST = 60  # characters of a name
FEW_WORDS = 25  # a matrix of more rows has no numbers in its squares
UNDATED = {".svg": {"Date": None}, ".pdf": {"CreationDate": None, "ModDate": None}, ".png": {"Software": None}}


@dataclass(frozen=True)
class Series:
    """Points (x, y) of one line, with its name; `spread` is how far values lie from each y, drawn as a band."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    spread: Sequence[float] | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.xs), len(self.ys), len(self.ys if self.spread is None else self.spread)}
        if len(lengths) > 1:
            raise ValueError(f"a series has as many xs as ys, not {len(self.xs)} and {len(self.ys)}")


@dataclass(frozen=True, eq=False)
class Panel:
    """What is drawn between one pair of axes, with its title, in inches (width, height)."""

    draw: Callable[[Any], None]
    title: str
    size: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart that is drawn; what was drawn by functions of this module can be put beside others."""

    figure: Figure
    panels: tuple[Panel, ...] = ()

    def write(self, path: str | Path) -> None:
        """Write the picture in the format that the ending names, and the folders that it needs. Errors: E0603."""
        content = self._bytes(ending_of(path))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)

    def svg(self) -> str:
        """The picture as an SVG element, for a page: its words are text, and it has no date and no XML header."""
        text = self._bytes(".svg").decode("utf-8")
        return re.sub(r' id="[a-z]+_\d+"', "", text[text.index("<svg") :])  # which several charts in a page would share

    def _bytes(self, ending: str) -> bytes:
        from matplotlib import rc_context

        stream = BytesIO()
        with rc_context({"svg.hashsalt": "cnngraph", "svg.fonttype": "none"}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a name in a script that the font lacks
            self.figure.savefig(stream, format=ending[1:], dpi=DOTS_PER_INCH, metadata=UNDATED[ending])
        return stream.getvalue()


def lines(
    series: Sequence[Series],
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    log_x: bool = False,
    log_y: bool = False,
    marks: bool = False,
    whole_x: bool = False,
) -> Chart:
    """One line for each series; with `marks` a mark at each point, with `whole_x` only whole numbers on the x axis.

    Colours come round after eight series and are then dashed. On a logarithmic axis, a point at or below 0 is left out.
    """

    def draw(axes: Any) -> None:
        for place, each in enumerate(series):
            _line(axes, place, each, marks)
        _name_axes(axes, x, y)
        axes.grid(color=GRID, linewidth=0.6)
        if log_x:
            axes.set_xscale("log", nonpositive="mask")
            _name_powers(axes.xaxis, [value for each in series for value in each.xs])
        if log_y:
            axes.set_yscale("log", nonpositive="mask")
            _name_powers(axes.yaxis, [value for each in series for value in each.ys])
        if whole_x:
            axes.xaxis.get_major_locator().set_params(integer=True)
        if len(series) > 1 or (series and series[0].name):
            _legend(axes, len(series))

    return _drawn([Panel(draw, title, (WIDTH, HEIGHT))])


def bars(
    names: Sequence[str],
    values: Sequence[float] | Sequence[Series],
    *,
    title: str = "",
    x: str = "",
    y: str = "",
    log_y: bool = False,
    level: bool = False,
) -> Chart:
    """A bar for each name; several `Series` (their `ys` in the order of the names) stand side by side in a group.

    With `level` the bars lie, one below the other: for long names. `spread` is drawn as a whisker.
    """
    groups = [each if isinstance(each, Series) else None for each in values]
    series = [each for each in groups if each] or [Series("", range(len(values)), [float(v) for v in values])]  # type: ignore[arg-type]
    if any(len(each.ys) != len(names) for each in series):
        raise ValueError(f"there are {len(names)} names, and not as many values")
    places, thickness = np.arange(len(names)), 0.8 / len(series)

    def draw(axes: Any) -> None:
        for place, each in enumerate(series):
            at = places + (place - (len(series) - 1) / 2) * thickness
            look = {"color": COLOURS[place % len(COLOURS)], "label": plain(each.name), "zorder": 2}
            if level:
                axes.barh(at, each.ys, thickness * 0.95, xerr=each.spread, **look)
            else:
                axes.bar(at, each.ys, thickness * 0.95, yerr=each.spread, **look)
        _name_axes(axes, x, y)
        _ticks(axes, names, along="y" if level else "x")
        axes.grid(axis="x" if level else "y", color=GRID, linewidth=0.6)
        if level:
            axes.invert_yaxis()
        if log_y:
            (axes.set_xscale if level else axes.set_yscale)("log")
        if any(each.name for each in series):
            _legend(axes, len(series))

    tall = max(HEIGHT, 0.9 + 0.28 * len(names) * max(1, len(series) / 2)) if level else HEIGHT
    wide = WIDTH if level else max(WIDTH, 0.3 * len(names) * max(1, len(series) / 2))
    return _drawn([Panel(draw, title, (min(wide, 30), min(tall, 30)))])


def heat(
    matrix: npt.ArrayLike,
    names: Sequence[str] = (),
    *,
    columns: Sequence[str] | None = None,
    title: str = "",
    x: str = "predicted",
    y: str = "true",
    numbers: bool | None = None,
    form: str = "{:g}",
) -> Chart:
    """A matrix (rows, columns) as coloured squares, e.g. a confusion matrix: row = true class, column = predicted.

    `names` belong to the rows, and to the columns if `columns` says no others. Each square has its number in the
    `form` where the matrix is small, or as `numbers` says. Dark means large.
    """
    values = np.asarray(matrix, np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"a matrix has rows and columns, not the shape {values.shape}")
    beside = names if columns is None else columns
    if (names and len(names) != values.shape[0]) or (beside and len(beside) != values.shape[1]):
        raise ValueError(f"a matrix of {values.shape[0]} by {values.shape[1]} has as many names")
    shown = max(values.shape) <= FEW_WORDS if numbers is None else numbers

    def draw(axes: Any) -> None:
        image = axes.imshow(values, cmap="Blues", aspect="equal" if values.shape[0] == values.shape[1] else "auto")
        axes.figure.colorbar(image, ax=axes, shrink=0.8)
        _name_axes(axes, x, y)
        _ticks(axes, beside, along="x")
        _ticks(axes, names, along="y")
        if shown:
            _numbers(axes, values, form)

    side = float(np.clip(1.8 + 0.42 * max(values.shape), HEIGHT, 14))
    return _drawn([Panel(draw, title, (side * 1.12, side))])


def beside(charts: Sequence[Chart], columns: int = 2) -> Chart:
    """Charts of this module as one, in rows of `columns`."""
    return _drawn([panel for chart in charts for panel in chart.panels], columns)


def ending_of(path: str | Path) -> str:
    """The ending of the file of a chart. Raises E0603 for one that is none of ENDINGS."""
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise error("E0603", f"a chart is not written as `{Path(path).name}`", f"the endings are {', '.join(ENDINGS)}")
    return ending


def require_matplotlib() -> None:
    """Raise E0603 unless matplotlib is installed."""
    if find_spec("matplotlib") is None:
        raise error("E0603", "charts are drawn by matplotlib, which is not installed", "pip install 'cnngraph[plots]'")


def axes_in_rows(
    count: int, columns: int, size: tuple[float, float], share: bool = False
) -> tuple[Figure, list[Any]]:
    """A figure of `size` (inches) with `count` pairs of axes of matplotlib in rows of `columns`; with `share` they have
    one y axis.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    columns = max(1, min(columns, count))
    found = list(figure.subplots(-(-count // columns), columns, sharey=share, squeeze=False).ravel())
    for empty in found[count:]:
        empty.set_axis_off()
    return figure, found[:count]


def _drawn(shown: Sequence[Panel], columns: int = 1) -> Chart:
    columns = max(1, min(columns, len(shown)))
    rows = [shown[start : start + columns] for start in range(0, len(shown), columns)]
    width = max(sum(panel.size[0] for panel in row) for row in rows)
    height = sum(max(panel.size[1] for panel in row) for row in rows)
    figure, all_axes = axes_in_rows(len(shown), columns, (width, height))
    for panel, axes in zip(shown, all_axes, strict=True):
        panel.draw(axes)
        axes.set_title(plain(panel.title), fontsize=11, color=INK)
        axes.tick_params(which="both", labelsize=8, colors=INK)
        axes.set_axisbelow(True)
        for edge in ("top", "right"):
            axes.spines[edge].set_visible(False)
    return Chart(figure, tuple(shown))


def _line(axes: Any, place: int, series: Series, marks: bool) -> None:
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % len(DASHES)]
    lonely = len(series.xs) == 1  # a line of one point is not seen
    marker = MARKERS[place % len(MARKERS)] if marks or lonely else None
    xs, ys = np.asarray(series.xs, np.float64), np.asarray(series.ys, np.float64)
    axes.plot(xs, ys, dash, color=colour, marker=marker, markersize=4, linewidth=1.5, label=plain(series.name))
    if series.spread is not None:
        spread = np.asarray(series.spread, np.float64)
        axes.fill_between(xs, ys - spread, ys + spread, color=colour, alpha=0.18, linewidth=0)


def _numbers(axes: Any, values: npt.NDArray[np.float64], form: str) -> None:
    known = values[np.isfinite(values)]
    middle = (known.min() + known.max()) / 2 if known.size else 0.0
    for (row, column), value in np.ndenumerate(values):
        if not np.isfinite(value):
            continue
        colour = "white" if value > middle else INK
        axes.text(column, row, form.format(value), ha="center", va="center", fontsize=7, color=colour)


def _name_axes(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(plain(x), fontsize=9, color=INK)
    axes.set_ylabel(plain(y), fontsize=9, color=INK)


def _name_powers(axis: Any, values: Sequence[float]) -> None:
    """A logarithmic axis in plain numbers: 1, 2, 5, 10 where it is short, powers of ten where it is long."""
    from matplotlib.ticker import LogLocator, NullFormatter

    positive = [value for value in values if value > 0]
    decades = np.log10(max(positive) / min(positive)) if positive else 0
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 3 else (1.0,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _ticks(axes: Any, names: Sequence[str], along: str) -> None:
    """Names at whole places; long ones along x are turned."""
    if not names:
        return
    words = [plain(name) for name in names]
    if along == "y":
        axes.set_yticks(range(len(words)), words)
    elif sum(map(len, words)) <= 60:
        axes.set_xticks(range(len(words)), words)
    else:
        axes.set_xticks(range(len(words)), words, rotation=45, ha="right", rotation_mode="anchor")


def _legend(axes: Any, count: int) -> None:
    """Beside the chart where there are many, else where it hides least."""
    if count > 6:
        axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    else:
        axes.legend(fontsize=8, frameon=False, loc="best")


def plain(text: str) -> str:
    """Text as it stands: `$` begins no formula, a name may begin with `_`, and no control character is drawn."""
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    text = re.sub(r"[\x00-\x1f\x7f]", " ", text).replace("$", r"\$")
    return "\u200b" + text if text.startswith("_") else text
