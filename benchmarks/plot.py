"""A report as a picture: for each task and network, how many times the best layout of PyTorch each engine takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.engine import JAX, ONNX_RUNTIME, OURS, PYTORCH
from benchmarks.measurement import TASKS, Report
from benchmarks.targets import TARGETS, Comparison, comparisons

LOOKS = {
    OURS: ("o", "#c1272d"),
    PYTORCH[0]: ("<", "#8a8a8a"),
    PYTORCH[1]: (">", "#4d4d4d"),
    ONNX_RUNTIME: ("s", "#0072b2"),
    JAX: ("D", "#e69f00"),
}
ROW_INCHES, PANEL_INCHES, MARGIN_INCHES = 0.32, 3.0, 1.3


def draw(report: Report, path: Path) -> None:
    """Write the picture: a panel for each task, a row for each network. Needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    compared = [each for each in comparisons(report.measurements) if each.least(PYTORCH) is not None]
    tasks = [task for task in TASKS if any(each.task == task for each in compared)]
    networks = list(dict.fromkeys(each.network for each in compared))[::-1]
    size = (PANEL_INCHES * len(tasks) + MARGIN_INCHES, ROW_INCHES * len(networks) + 1.5 * MARGIN_INCHES)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(tasks), sharey=True, squeeze=False)[0]
    for task, panel in zip(tasks, panels, strict=True):
        _panel(panel, task, networks, [each for each in compared if each.task == task])
    marks = {text: mark for panel in panels for mark, text in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(marks.values(), marks.keys(), loc="outside lower center", ncols=len(marks), frameon=False, fontsize=8)
    figure.supxlabel("times the better layout of PyTorch, fastest rounds (smaller is better)", fontsize=9)
    figure.savefig(path, dpi=150)


def _panel(panel: Any, task: str, networks: list[str], compared: list[Comparison]) -> None:
    for engine, (marker, colour) in LOOKS.items():
        points = [(each.ratio(engine, PYTORCH), networks.index(each.network)) for each in compared]
        seen = [(ratio, row) for ratio, row in points if ratio is not None]
        if seen:
            panel.scatter(*zip(*seen, strict=True), marker=marker, color=colour, s=30, label=engine, zorder=3)
    panel.axvline(1, color="#8a8a8a", linewidth=0.8)
    target = TARGETS[0].most.get(task)
    if target is not None:
        panel.axvline(target, color=LOOKS[OURS][1], linestyle="--", linewidth=1, label="target of cnngraph")
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
    panel.set_yticks(range(len(networks)), networks)
    panel.set_title(task, fontsize=10)
    panel.grid(axis="y", color="#e5e5e5", linewidth=0.6)
    panel.tick_params(labelsize=8)
