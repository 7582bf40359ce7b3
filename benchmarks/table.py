"""A report as Markdown: a row for each task of each network, and below it where that was measured."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.engine import PEERS, names_of
from benchmarks.measurement import Report
from benchmarks.targets import TARGETS, Comparison, Target, comparisons

LEGEND = (
    "Seconds are minimum / median, spread: the spread is the slowest round less the fastest, as a part of the median. "
    "A ratio (x) is that of cnngraph on NumPy alone, or with [jit], to the peer, by the minimum; PyTorch counts in its "
    "better layout."
)


def markdown(report: Report) -> str:
    """The table, what its cells mean, how many targets are reached, and the conditions."""
    engines = [name for name in names_of(tuple(PEERS)) if any(m.engine == name for m in report.measurements)]
    targets = [t for t in TARGETS if t.own in engines and any(name in engines for name in t.engines)]
    head = ["network", "batch", "task", *engines]
    for target in targets:
        head += [target.title, "target", "reached"]
    rows = [head, ["---"] * len(head)]
    compared = list(comparisons(report.measurements))
    for each in compared:
        row = [each.network, str(each.batch), each.task]
        row += [str(each.by_engine[name]) if name in each.by_engine else "" for name in engines]
        rows.append(row + [cell for target in targets for cell in _cells(each, target)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    reached = ", ".join(f"{target.title} {_reached(compared, target)}" for target in targets)
    conditions = ", ".join(f"{key} {value}" for key, value in report.conditions.items())
    return "\n\n".join([table, LEGEND, *([f"Targets reached: {reached}."] if reached else []), conditions])


def _cells(each: Comparison, target: Target) -> list[str]:
    ratio, most = each.ratio(target.own, target.engines), target.most.get(each.task)
    if ratio is None:
        return ["", "", ""]
    return [f"{ratio:.2f}", *(["", ""] if most is None else [f"{most:g}", "yes" if ratio <= most else "no"])]


def _reached(compared: Sequence[Comparison], target: Target) -> str:
    pairs = [(each.ratio(target.own, target.engines), target.most.get(each.task)) for each in compared]
    held = [ratio <= most for ratio, most in pairs if ratio is not None and most is not None]
    return f"{sum(held)} of {len(held)}"
