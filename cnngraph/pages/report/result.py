"""Figures of runs: what was reached, curves, epochs, settings that differ, time and machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cnngraph.pages.markup import Markup, element, joined, pairs, table
from cnngraph.pages.report.parts import Section, charted, folded, section
from cnngraph.pages.report.subject import Subject
from cnngraph.train.curves import Run, figure_charts, figures_of
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.log import EpochRow, Log
from cnngraph.train.metrics.known import figure_text

MOST_EPOCHS = 200  # in a table
MOST_ENTRIES, LONGEST = 60, 200  # of the first line of a log; characters of one
MOST_FIGURES = 12  # charts, and columns of a table
DEEPEST = 4  # of what the first line of a log holds
OF_A_RUN = ("kind", "format", "begun", "file_hash")  # of the first line: no setting


def lead(subject: Subject) -> str:
    """The first sentence of the page."""
    if len(subject.runs) > 1:
        return f"{len(subject.runs)} runs beside each other: {', '.join(run.name for run in subject.runs)}."
    rows = subject.run.log.epochs
    if not rows:
        return "No epoch of this run is done."
    last = rows[-1]
    accuracy = f", accuracy {last.test_accuracy:.2%}" if last.test_accuracy is not None else ""
    epochs = "1 epoch" if last.epoch == 1 else f"{last.epoch} epochs"
    return f"After {epochs}: loss {last.test_loss:.4f}{accuracy} on the {last.part} part."


def result(subject: Subject) -> Iterator[Section]:
    """The last and the best epoch, the test at the end, and that of the weights that were given."""
    content: list[Markup] = []
    if len(subject.runs) > 1:
        content.append(_compared(subject.runs))
    elif subject.run.log.epochs:
        content += [_group(title, values) for title, values in _reached(subject.run.log).items()]
    if subject.trial is not None:
        content.append(_group("The weights, tested for this page", _tested(subject.trial.figures)))
    if content:
        yield section("result", "Result", element("div", *content, class_="side"))


def _group(title: str, values: Mapping[str, str]) -> Markup:
    return element("div", element("h3", title), pairs(values))


def _reached(log: Log) -> dict[str, dict[str, str]]:
    """What the one run came to, by title and name."""
    last, best = log.epochs[-1], _best(log)
    found = {f"The last epoch ({last.epoch})": _figures(last)}
    if best is not last:
        found[f"The best epoch ({best.epoch})"] = _figures(best)
    if log.test is not None:
        metrics = {name: figure_text(name, value) for name, value in log.test.metrics.items()}
        found["The test part at the end"] = {"loss": f"{log.test.loss:.4f}", **metrics}
    return found


def _compared(runs: tuple[Run, ...]) -> Markup:
    """A row for each run, with the figures of its best epoch."""
    best = [(run, _best(run.log)) for run in runs if run.log.epochs]
    names = list(dict.fromkeys(name for _, row in best for name in _figures(row)))[:MOST_FIGURES]
    rows = [
        [run.name, f"{row.epoch} of {len(run.log.epochs)}", *(_figures(row).get(name, "") for name in names),
         f"{sum(each.epoch_seconds for each in run.log.epochs):.1f}"]
        for run, row in best
    ]  # fmt: skip
    return table("The best epoch of each run", ["run", "epoch", *names, "seconds of all"], rows)


def _best(log: Log) -> EpochRow:
    """The epoch that the log calls the best; the last one where it calls none so."""
    return next((row for row in reversed(log.epochs) if row.best), log.epochs[-1])


def _figures(row: EpochRow) -> dict[str, str]:
    """What an epoch reached, by name."""
    found = {f"{row.part} loss": f"{row.test_loss:.4f}", "training loss": f"{row.loss:.4f}"}
    for name, value in ((f"{row.part} accuracy", row.test_accuracy), ("training accuracy", row.accuracy)):
        if value is not None:
            found[name] = f"{value:.2%}"
    others = {**row.losses, **{name: value for name, value in row.metrics.items() if name != "accuracy"}}
    found |= {name: figure_text(name, value) for name, value in others.items()}
    return {name[:LONGEST]: text for name, text in found.items()}


def _tested(evaluation: Evaluation) -> dict[str, str]:
    """What the weights that were given reach."""
    found = {"samples": f"{evaluation.count:,}", "loss": f"{evaluation.loss:.4f}"}
    if evaluation.accuracy is not None:
        found |= {"accuracy": f"{evaluation.accuracy:.2%}", "errors": f"{evaluation.errors:,}"}
    others = ((name, value) for name, value in evaluation.metrics.items() if name not in found)
    return found | {name: figure_text(name, value) for name, value in others}


def curves(subject: Subject) -> Iterator[Section]:
    """A chart for each figure; several runs are lines of one chart."""
    charts = [
        charted(chart, f"{chart.panels[0].title} against epochs")
        for name in figures_of(subject.runs)[:MOST_FIGURES]
        for chart in figure_charts(subject.runs, name)
    ]
    if charts:
        yield section("curves", "Curves", element("div", *charts, class_="row"))


def epochs(subject: Subject) -> Iterator[Section]:
    """The figures of each epoch."""
    tables = [(run, _epochs(run.log)) for run in subject.runs if run.log.epochs]
    several = len(subject.runs) > 1
    content = [folded(f"Epochs of {run.name}", each) if several else each for run, each in tables]
    if content:
        yield section("epochs", "Epochs", *content)


def _epochs(log: Log) -> Markup:
    rows = log.epochs[-MOST_EPOCHS:]
    columns = list(dict.fromkeys(name for row in rows for name in _figures(row)))[:MOST_FIGURES]
    head = ["epoch", *columns, "seconds"]
    cells = [
        [str(row.epoch), *(_figures(row).get(name, "") for name in columns), f"{row.epoch_seconds:.1f}"] for row in rows
    ]
    caption = "Figures of each epoch" if len(rows) == len(log.epochs) else f"The last {len(rows)} epochs"
    return table(caption, head, cells)


def settings(subject: Subject) -> Iterator[Section]:
    """Of several runs, in what their first lines differ."""
    if len(subject.runs) < 2:
        return
    told = [dict(_flat(run.log.run)) for run in subject.runs]
    names = [name for name in dict.fromkeys(name for each in told for name in each) if name not in OF_A_RUN]
    differ = [name for name in names if len({each.get(name) for each in told}) > 1][:MOST_ENTRIES]
    rows = [[name, *(each.get(name, "") for each in told)] for name in differ]
    if rows:
        head = ["setting", *(run.name for run in subject.runs)]
        yield section("settings", "What the runs differ in", table("Settings that differ", head, rows, len(head)))


def machine(subject: Subject) -> Iterator[Section]:
    """Time, and whatever the log says of the run and the machine."""
    found = []
    for run in subject.runs:
        values = _time(run.log) | dict(list(_flat(run.log.run))[:MOST_ENTRIES])
        if values:
            found.append(pairs(values) if len(subject.runs) == 1 else folded(run.name, pairs(values)))
    if found:
        yield section("machine", "Time and machine", joined(found))


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
