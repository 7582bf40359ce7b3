"""Where the time of a run goes: tables by kernel and by node, from what each step took."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cnngraph.cost.quantity import seconds_text
from cnngraph.render.tabular import Column, Quantity, Table
from cnngraph.runtime.worker import Executor, Timing

SHOWN = 20


@dataclass(frozen=True)
class Row:
    """All steps of one name together; `seconds` are those of all workers."""

    name: str
    detail: str
    calls: int
    seconds: float
    flops: float
    bytes: float


def fastest(rounds: Iterable[Sequence[Timing]]) -> list[Timing]:
    """For each step, its fastest time of several rounds."""
    return [min(step, key=lambda timing: timing.seconds) for step in zip(*rounds, strict=True)]


def profile(executor: Executor, run: Callable[[], list[Timing]], rounds: int) -> str:
    """The tables, as text."""
    timings = fastest([run() for _ in range(rounds)])
    kernels = collected(timings, lambda timing: timing.kernel)
    nodes = collected((t for t in timings if t.node), lambda timing: timing.node, lambda timing: timing.kernel)
    total = sum(row.seconds for row in kernels)
    title = f"{executor.plan.name}, {executor.workers} worker{'s' * (executor.workers > 1)}: each step's fastest time"
    return f"{table(kernels, total, 'kernel', title).text()}\n\n{table(nodes, total, 'node').text()}"


def collected(
    timings: Iterable[Timing], name: Callable[[Timing], str], detail: Callable[[Timing], str] = lambda timing: ""
) -> list[Row]:
    """One row for each name, the most seconds first."""
    groups: dict[str, list[Timing]] = {}
    for timing in timings:
        groups.setdefault(name(timing), []).append(timing)
    rows = [
        Row(key, detail(some[0]), len(some), *(sum(getattr(t, what) for t in some) for what in _SUMS))
        for key, some in groups.items()
    ]
    return sorted(rows, key=lambda row: -row.seconds)


_SUMS = ("seconds", "flops", "bytes")


def table(rows: Sequence[Row], total_seconds: float, heading: str, title: str = "") -> Table:
    """The rows that take most, and what the others take together."""
    rest = rows[SHOWN:]
    shown = list(rows[:SHOWN])
    if rest:
        sums = (sum(getattr(row, what) for row in rest) for what in _SUMS)
        shown.append(Row(f"{len(rest)} more", "", sum(row.calls for row in rest), *sums))
    columns = (
        Column(heading, heading, right=False),
        *((Column("kernel", "kernel", right=False),) if heading != "kernel" else ()),
        Column("calls", "calls"),
        Column("seconds", "time"),
        Column("share", "share"),
        Column("gflops_per_second", "GFLOP/s"),
        Column("gbytes_per_second", "GB/s"),
    )
    cells = [
        (
            row.name,
            *((row.detail,) if heading != "kernel" else ()),
            row.calls,
            Quantity(row.seconds, seconds_text),
            Quantity(row.seconds / total_seconds if total_seconds else 0.0, "{:.1%}".format),
            _rate(row.flops, row.seconds),
            _rate(row.bytes, row.seconds),
        )
        for row in shown
    ]
    return Table(columns, tuple(cells), {}, title)


def _rate(amount: float, seconds: float) -> Quantity | None:
    return Quantity(amount / seconds / 1e9, "{:.1f}".format) if amount and seconds else None
