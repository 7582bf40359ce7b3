"""What the page of a run says, part by part. What nobody measured or gave is left out, not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.net import Net
from cnngraph.pages.markup import Markup, element, figure, pairs, table
from cnngraph.pages.report.page import page, section
from cnngraph.render.chart import heat
from cnngraph.render.tabular import shown
from cnngraph.train.curves import Run, figure_charts, figures_of
from cnngraph.train.evaluate import Evaluation, confused
from cnngraph.train.log import EpochRow, Log

MOST_ROWS = 60  # of the table of layers: more, and it has a row for each block
MOST_EPOCHS = 200  # in the table
MOST_ENTRIES, LONGEST = 60, 200  # of the first line of a log; characters of one
MOST_FIGURES = 12  # charts, and columns of the table of epochs
DEEPEST = 4  # of what the first line of a log holds
MOST_PICTURE_BYTES = 160_000
CONFUSED = 10  # pairs of classes
NAMED_CLASSES = 25  # more, and the matrix has no names

Section = tuple[str, str, Markup]


@dataclass(frozen=True, eq=False)
class Subject:
    """A run, and what is known besides: its network, the words of its train section, a test with its weights."""

    log: Log
    net: Net | None = None
    recipe: str = ""
    evaluation: Evaluation | None = None

    @property
    def name(self) -> str:
        return self.log.net or (self.net.name if self.net is not None else "") or "a network"


def report(subject: Subject) -> str:
    """The page, below half a megabyte. Raises E0603 without matplotlib."""
    parts = [*_result(subject), *_network(subject), *_recipe(subject), *_curves(subject), *_epochs(subject)]
    parts += [*_confusions(subject), *_machine(subject)]
    return page(f"{subject.name}: a training run", _lead(subject), parts)


def _lead(subject: Subject) -> str:
    rows = subject.log.epochs
    if not rows:
        return "No epoch of this run is done."
    last = rows[-1]
    accuracy = f", accuracy {last.test_accuracy:.2%}" if last.test_accuracy is not None else ""
    epochs = "1 epoch" if last.epoch == 1 else f"{last.epoch} epochs"
    return f"After {epochs}: loss {last.test_loss:.4f}{accuracy} on the {last.part} part."


def _result(subject: Subject) -> Iterator[Section]:
    rows = subject.log.epochs
    if not rows:
        return
    values = {f"last epoch, {name}": text for name, text in _figures(rows[-1]).items()}
    best = next((row for row in reversed(rows) if row.best), None)
    if best is not None and best is not rows[-1]:
        values |= {f"best epoch ({best.epoch}), {name}": text for name, text in _figures(best).items()}
    test = subject.log.test
    if test is not None:
        values["test part at the end, loss"] = f"{test.loss:.4f}"
        values |= {f"test part at the end, {name}": f"{value:.4g}" for name, value in test.metrics.items()}
    if subject.evaluation is not None:
        values |= _tested(subject.evaluation)
    yield section("result", "Result", pairs(values))


def _figures(row: EpochRow) -> dict[str, str]:
    """What an epoch reached, by name."""
    found = {f"{row.part} loss": f"{row.test_loss:.4f}", "training loss": f"{row.loss:.4f}"}
    for name, value in ((f"{row.part} accuracy", row.test_accuracy), ("training accuracy", row.accuracy)):
        if value is not None:
            found[name] = f"{value:.2%}"
    others = {**row.losses, **{name: value for name, value in row.metrics.items() if name != "accuracy"}}
    return found | {name[:LONGEST]: f"{value:.4g}" for name, value in others.items()}


def _tested(evaluation: Evaluation) -> dict[str, str]:
    """What the weights that were given reach."""
    found = {"samples": f"{evaluation.count:,}", "loss": f"{evaluation.loss:.4f}"}
    if evaluation.accuracy is not None:
        found |= {"accuracy": f"{evaluation.accuracy:.2%}", "errors": f"{evaluation.errors:,}"}
    return {f"weights tested for this page, {name}": text for name, text in found.items()}


def _network(subject: Subject) -> Iterator[Section]:
    if subject.net is None:
        return
    found = subject.net.summary()
    if len(found.rows) > MOST_ROWS:
        found = subject.net.summary(depth=1)
    left = sum(not column.right for column in found.columns)
    rows = [[shown(cell) for cell in row] for row in found.rows[:MOST_ROWS]]
    layers = table("Layers, for one sample", [column.heading for column in found.columns], rows, left)
    totals = pairs({name: shown(cell) for name, cell in found.totals.items()})
    folded = element("details", element("summary", f"All {len(rows)} rows of the table of layers"), layers)
    yield section("network", "What was trained", totals, *_picture(subject.net), folded)


def _picture(net: Net) -> Iterator[Markup]:
    """The graph, as deep as the page has room for."""
    for options in ({}, {"depth": 1}, {"depth": 0}):
        svg = net.draw(**options)  # type: ignore[arg-type]
        if len(svg.encode()) <= MOST_PICTURE_BYTES:
            yield figure(svg[svg.index("<svg") :], f"The graph of {net.name}, from its input to its output")
            return


def _recipe(subject: Subject) -> Iterator[Section]:
    if subject.recipe:
        yield section("recipe", "Recipe", element("pre", element("code", subject.recipe)))


def _curves(subject: Subject) -> Iterator[Section]:
    run = Run(subject.name, subject.log)
    charts = [
        figure(chart.svg(), f"{name} against epochs")
        for name in figures_of([run])[:MOST_FIGURES]
        for chart in figure_charts([run], name)
    ]
    if charts:
        yield section("curves", "Curves", element("div", *charts, class_="row"))


def _epochs(subject: Subject) -> Iterator[Section]:
    rows = subject.log.epochs[-MOST_EPOCHS:]
    if not rows:
        return
    columns = list(dict.fromkeys(name for row in rows for name in _figures(row)))[:MOST_FIGURES]
    head = ["epoch", *columns, "seconds"]
    cells = [
        [str(row.epoch), *(_figures(row).get(name, "") for name in columns), f"{row.epoch_seconds:.1f}"] for row in rows
    ]
    caption = "Figures of each epoch" if len(rows) == len(subject.log.epochs) else f"The last {len(rows)} epochs"
    yield section("epochs", "Epochs", table(caption, head, cells))


def _confusions(subject: Subject) -> Iterator[Section]:
    tested = subject.evaluation
    if tested is None or tested.confusion is None:
        return
    matrix = tested.confusion
    names = [class_name(tested.class_names, k) for k in range(matrix.shape[1])]
    rows = [
        [names[i], names[j], str(matrix[i, j]), f"{matrix[i, j] / matrix[i].sum():.1%}"]
        for i, j in confused(matrix, CONFUSED)
    ]
    head = ["true", "taken for", "samples", "of all"]
    content = [table("The pairs of classes that are confused most", head, rows, left=2)]
    if matrix.shape[0] == matrix.shape[1]:
        chart = heat(matrix, names if len(names) <= NAMED_CLASSES else ())
        content.append(figure(chart.svg(), "How often each true class (row) is taken for each class (column)"))
    yield section("confusions", "Confusions", *content)


def _machine(subject: Subject) -> Iterator[Section]:
    """Time, and whatever the log says of the run and the machine."""
    values = _time(subject.log) | dict(list(_flat(subject.log.run))[:MOST_ENTRIES])
    if values:
        yield section("machine", "Time and machine", pairs(values))


def _time(log: Log) -> dict[str, str]:
    if not log.epochs:
        return {}
    seconds = [row.epoch_seconds for row in log.epochs]
    found = {"all epochs": f"{sum(seconds):.1f} s", "an epoch": f"{np.median(seconds):.1f} s (median)"}
    if speeds := [row.images_per_second for row in log.epochs if row.images_per_second]:
        found["samples a second"] = f"{np.median(speeds):,.0f} (median of epochs)"
    if held := [row.memory_bytes for row in log.epochs if row.memory_bytes]:
        found["memory of the process"] = f"{max(held) / 1e6:,.0f} MB at most"
    return found


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Entries with their paths; texts that are long are cut."""
    for key, entry in value.items():
        if isinstance(entry, Mapping) and before.count(".") < DEEPEST:
            yield from _flat(entry, f"{before}{key}.")
        elif entry is not None and key not in ("kind", "format"):
            text = ", ".join(map(str, entry)) if isinstance(entry, list) else str(entry)
            yield f"{before}{key}"[:LONGEST], text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
