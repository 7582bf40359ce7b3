"""Why a partition is no better, in words, and what would help, as a table."""

from __future__ import annotations

from collections.abc import Iterable

from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.partition.explain import FULL, Explanation, Share, Trial
from cnngraph.partition.partition import GOALS
from cnngraph.render.tabular import Cell, Column, Quantity, Table

COLUMNS = (
    Column("change", "what would help", right=False),
    Column("now", "now"),
    Column("then", "then"),
    Column("gain", "gain"),
    Column("note", "", right=False),
)


def reasons(explanation: Explanation) -> str:
    """What the busiest device is busy with, and what holds the others back."""
    found, stage = explanation.partition, explanation.stage
    moving = stage.communication_seconds + stage.exchange_seconds
    load = stage.load_seconds or 1.0
    most = "fullest" if found.objective == "memory" else "busiest"
    lines = [
        f"{stage.label} is the {most}: {seconds_text(stage.load_seconds)}, of which "
        f"{seconds_text(stage.compute_seconds)} compute ({stage.compute_seconds / load:.0%}) "
        f"and {seconds_text(moving)} communication ({moving / load:.0%})",
        f"it computes    {_told(explanation.layers)}",
    ]
    if explanation.values:
        lines.append(f"it moves       {_told(explanation.values)}")
    for each in found.stages:
        used = each.peak_bytes / each.device.memory_bytes
        if used > FULL or (each is stage and found.objective == "memory"):
            sizes = f"{bytes_text(each.peak_bytes)} of {bytes_text(each.device.memory_bytes)}"
            lines.append(f"memory         {each.label} uses {sizes} ({used:.0%})")
    lines.append(_bound(explanation))
    return "\n".join(lines)


def _told(shares: Iterable[Share]) -> str:
    return ", ".join(f"{each.what} {seconds_text(each.seconds)} ({each.share:.0%})" for each in shares) or "nothing"


def _bound(explanation: Explanation) -> str:
    found = explanation.partition
    if found.gap < 1e-6:
        return f"other division no division of this kind is better: {found.proof or 'all work is spread evenly'}"
    saved, bound = found.gap / (1 + found.gap), found.goal_text(found.lower_bound_seconds)
    return f"other division saves at most {saved:.1%}: nothing of this kind is below {bound}"


def trials(explanation: Explanation) -> Table:
    """Each change that was tried, the best first, with what the objective makes small."""
    objective = explanation.partition.objective
    title = f"{GOALS[objective]}, for one sample" if objective == "throughput" else GOALS[objective]
    return Table(COLUMNS, tuple(_row(explanation, trial) for trial in explanation.trials), {}, title)


def _row(explanation: Explanation, trial: Trial) -> tuple[Cell, ...]:
    now, text = explanation.value, explanation.partition.goal_text
    then = None if trial.value is None else Quantity(trial.value, text)
    gain = None if trial.value is None else Quantity(1 - trial.value / now if now else 0.0, _percent)
    return trial.change, Quantity(now, text), then, gain, trial.note or _judged(explanation, trial)


def _percent(part: float) -> str:
    return "none" if abs(part) < 0.0005 else f"{part:.1%}"


def _judged(explanation: Explanation, trial: Trial) -> str:
    return "" if trial in explanation.helpful else "does not help"
