"""A report as a picture: for each task and network, how many times the best layout of PyTorch each engine takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.engine import COMPILED, JAX, ONNX_RUNTIME, OURS, PYTORCH
from benchmarks.measurement import TASKS, Report
from benchmarks.targets import TARGETS, Comparison, comparisons
from cnngraph.render.chart import Chart, axes_in_rows

LOOKS = {
    OURS: ("o", "#c1272d"),
    COMPILED: ("P", "#d95f02"),
    PYTORCH[0]: ("<", "#8a8a8a"),
    PYTORCH[1]: (">", "#4d4d4d"),
    ONNX_RUNTIME: ("s", "#0072b2"),
    JAX: ("D", "#e69f00"),
}
TARGET = "target of cnngraph"
COLUMNS, PANEL_INCHES, ROW_INCHES, MARGIN_INCHES = 3, 3.6, 0.26, 0.9


def draw(report: Report, path: Path) -> None:
    """Write the picture: a panel for each task, a row for each network. Needs matplotlib."""
    compared = [each for each in comparisons(report.measurements) if each.least(PYTORCH) is not None]
    tasks = [task for task in TASKS if any(each.task == task for each in compared)]
    networks = list(dict.fromkeys(each.network for each in compared))[::-1]
    columns, rows = min(COLUMNS, len(tasks)), -(-len(tasks) // COLUMNS)
    height = rows * (ROW_INCHES * len(networks) + MARGIN_INCHES) + MARGIN_INCHES
    figure, axes = axes_in_rows(len(tasks), columns, (columns * PANEL_INCHES + MARGIN_INCHES, height), share=True)
    for task, panel in zip(tasks, axes, strict=True):
        _panel(panel, task, networks, [each for each in compared if each.task == task])
    found = [panel.get_legend_handles_labels() for panel in axes]
    marks = {text: mark for handles, texts in found for mark, text in zip(handles, texts, strict=True)}
    texts = sorted(marks, key=[*LOOKS, TARGET].index)
    figure.legend(
        [marks[text] for text in texts], texts, loc="outside upper center", ncols=3, frameon=False, fontsize=8
    )
    figure.supxlabel("times the better layout of PyTorch, fastest rounds (smaller is better)", fontsize=9)
    Chart(figure).write(path)


def _panel(panel: Any, task: str, networks: list[str], compared: list[Comparison]) -> None:
    for engine, (marker, colour) in LOOKS.items():
        points = [(each.ratio(engine, PYTORCH), networks.index(each.network)) for each in compared]
        seen = [(ratio, row) for ratio, row in points if ratio is not None]
        if seen:
            panel.scatter(*zip(*seen, strict=True), marker=marker, color=colour, s=30, label=engine, zorder=3)
    panel.axvline(1, color="#8a8a8a", linewidth=0.8)
    target = TARGETS[0].most.get(task)
    if target is not None:
        panel.axvline(target, color=LOOKS[OURS][1], linestyle="--", linewidth=1, label=TARGET)
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_formatter(lambda value, place: f"{value:.3g}")
    panel.set_yticks(range(len(networks)), networks)
    panel.set_ylim(-0.6, len(networks) - 0.4)
    panel.set_title(task, fontsize=10)
    panel.grid(axis="y", color="#e5e5e5", linewidth=0.6)
    panel.tick_params(labelsize=8)
