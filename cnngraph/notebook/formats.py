"""Which function shows which type. IPython meets a type by its name, so that nothing is imported before it is shown."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from cnngraph.diagnostics import CnnGraphError
from cnngraph.notebook.errors import report_errors

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

LOOKS: Mapping[str, str] = {
    "cnngraph.net.Net": "net",
    "cnngraph.ir.graph.Graph": "graph",
    "cnngraph.partition.partition.Partition": "partition",
    "cnngraph.partition.device.Cluster": "cluster",
    "cnngraph.partition.profile.Profile": "profile",
    "cnngraph.pipeline.timeline.Timeline": "timeline",
    "cnngraph.pipeline.schedule.Schedule": "printed",
    "cnngraph.plan.plan.Plan": "printed",
    "cnngraph.train.history.History": "history",
    "cnngraph.train.evaluate.Evaluation": "evaluation",
    "cnngraph.compare.difference.Difference": "difference",
    "cnngraph.compare.divisions.Divisions": "divisions",
    "cnngraph.search.result.Search": "charted",
    "cnngraph.render.tabular.Table": "tabular",
    "cnngraph.render.chart.Chart": "chart",
    "cnngraph.examine.activations.Activity": "charted",
    "cnngraph.examine.ascent.Excited": "pictured",
    "cnngraph.examine.cam.Activation": "pictured",
    "cnngraph.examine.covering.Occlusion": "pictured",
    "cnngraph.examine.damage.Attacked": "charted",
    "cnngraph.examine.evaluation.Judgement": "charted",
    "cnngraph.examine.features.Maps": "pictured",
    "cnngraph.examine.fields.ReceptiveField": "pictured",
    "cnngraph.examine.flow.Flow": "charted",
    "cnngraph.examine.kernels.Filters": "pictured",
    "cnngraph.examine.sensitivity.Saliency": "pictured",
    "cnngraph.examine.shown.Predictions": "pictured",
    "cnngraph.examine.strongest.Patches": "pictured",
    "cnngraph.examine.withstanding.Robustness": "charted",
}
"""Types by module and name, and what shows them: a function of `looks`."""

DRAWN = ("cnngraph.ir.graph.Graph", "cnngraph.net.Net")  # also as SVG alone, for what shows no HTML


def register(shell: InteractiveShell) -> None:
    """Tell a shell how to show what LOOKS names, and errors. What a user has told it of these types goes first."""
    if shell.display_formatter is None:
        return
    formatters: Mapping[str, Any] = shell.display_formatter.formatters
    for path, name in LOOKS.items():
        tell(formatters["text/html"], path, partial(_html, name))
        if name != "net":  # whose own words are short
            tell(formatters["text/plain"], path, _plain)
    for path in DRAWN:
        tell(formatters["image/svg+xml"], path, _svg)
    report_errors(shell)


def tell(formatter: Any, path: str, function: Callable[..., object]) -> None:
    """Show a type by a function, unless the formatter knows another one."""
    module, _, name = path.rpartition(".")
    if path.rpartition(".")[::2] not in formatter.deferred_printers:
        formatter.for_type_by_name(module, name, function)


def _html(name: str, value: object) -> str:
    look: Callable[[object], str] = getattr(importlib.import_module("cnngraph.notebook.looks"), name)
    return look(value)


def _svg(value: object) -> str | None:
    """The picture; where none can be drawn, the HTML says why."""
    drawing: Callable[[object], str] = importlib.import_module("cnngraph.notebook.looks").drawing
    try:
        return drawing(value)
    except CnnGraphError:
        return None


def _plain(value: object, printer: Any, cycle: bool) -> None:
    words: Callable[[object], str] = importlib.import_module("cnngraph.notebook.looks").words
    printer.text("..." if cycle else words(value))
