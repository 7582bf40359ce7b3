"""Figures of runs: what was reached, curves, epochs, settings that differ, time and machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cnngraph.pages.markup import Markup, element, pairs, table
from cnngraph.pages.report.parts import Section, charted, folded, section
from cnngraph.pages.report.subject import LONGEST, Subject
from cnngraph.train.curves import Run, figure_charts, figures_of
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.log import EpochRow, Log
from cnngraph.train.metrics.known import figure_text

MOST_EPOCHS = 200  # in all tables
MOST_ENTRIES = 60  # of the first line of a log
MOST_FIGURES = 12  # charts of one run, and columns of a table
MOST_LINES = 60  # in all charts of several runs
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
    several = len(subject.runs) > 1
    names = figures_of(subject.runs)
    most = min(MOST_FIGURES, MOST_LINES // (2 * len(subject.runs))) if several else MOST_FIGURES
    charts = [
        charted(chart, f"{chart.panels[0].title} against epochs")
        for name in names[:most]
        for chart in figure_charts(subject.runs, name)
    ]
    left = [element("p", f"There are {len(names) - most} more figures.")] if len(names) > most else []
    if charts:
        yield section("curves", "Curves", element("div", *charts, class_="row"), *left)


def epochs(subject: Subject) -> Iterator[Section]:
    """The figures of each epoch."""
    several = len(subject.runs) > 1
    tables = [(run, _epochs(run.log, MOST_EPOCHS // len(subject.runs))) for run in subject.runs if run.log.epochs]
    content = [folded(f"Epochs of {run.name}", each) if several else each for run, each in tables]
    if content:
        yield section("epochs", "Epochs", *content)


def _epochs(log: Log, most: int) -> Markup:
    rows = log.epochs[-most:]
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
    """Time, and whatever the log says of the run and the machine; of several runs, what they have in common."""
    told = [dict(_flat(run.log.run)) for run in subject.runs]
    common = [(name, text) for name, text in told[0].items() if all(each.get(name) == text for each in told)]
    times = [(run, _time(run.log)) for run in subject.runs]
    if len(subject.runs) == 1:
        values = times[0][1] | dict(common[:MOST_ENTRIES])
        content = [pairs(values)] if values else []
    else:
        content = [_group(run.name, time) for run, time in times if time]
        content += [_group("The same in all runs", dict(common[:MOST_ENTRIES]))] if common else []
    if content:
        yield section("machine", "Time and machine", *content)


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
