"""Where the time of cnngraph goes: by kernel, by node, and what workers wait, beside what the machine can do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.ceilings import Ceilings, ceilings
from benchmarks.measurement import INFERENCE, SINGLE, TRAINING
from benchmarks.networks import Subject, subject
from benchmarks.peers.ours import runner_of
from cnngraph.ir.graph import Graph
from cnngraph.runtime.worker import Timing

TOP = 15
WAIT = "wait"  # the kernel of a step in which a worker waits for the others
RUNS = 3
GIGA, MILLI = 1e9, 1e-3
RATES = (
    "Rates stand beside those of one thread: a call runs on one. The arithmetic is that of the definition: a kernel "
    "that needs less of it (Winograd) may exceed the most."
)


@dataclass(frozen=True)
class Share:
    """Calls that belong together: what they took, did and moved."""

    what: tuple[str, ...]
    calls: int
    seconds: float
    flops: float
    bytes: float

    def cells(self, total: float, one: Ceilings) -> list[str]:
        """A row; rates stand beside those that one thread can reach, for a call runs on one thread."""
        rates = [
            f"{amount / self.seconds / GIGA:.1f} ({amount / self.seconds / most:.0%})" if self.seconds else ""
            for amount, most in ((self.flops, one.flops_per_second), (self.bytes, one.bytes_per_second))
        ]
        return [*self.what, str(self.calls), f"{self.seconds / MILLI:.2f}", f"{self.seconds / total:.1%}", *rates]


def profile(name: str, words: Sequence[str], threads: int) -> str:
    """The report of one network, for those of `training`, `inference` and `single` that are asked for."""
    read, limits = subject(name), [ceilings(n) for n in sorted({1, threads})]
    parts = [f"What this machine can do, with {limit}." for limit in limits]
    for word in (word for word in words if word in WORKS):
        task, graph_of, batch = WORKS[word]
        fed = read if batch is None else read.at(batch)
        graph = graph_of(fed)
        feeds = fed.fed(graph)
        executor = runner_of(graph, fed.states, threads).executor(feeds)
        for _ in range(RUNS):  # the last one counts: the memory is touched, the caches are as they stay
            timings = executor.timed(feeds)
        parts.append(f"## {name}, batch {fed.batch}: {task}\n\n{report(timings, limits[0])}")
    return "\n\n".join(parts)


WORKS: Mapping[str, tuple[str, Callable[[Subject], Graph], int | None]] = {
    "training": (TRAINING, lambda read: read.step, None),
    "inference": (INFERENCE, lambda read: read.ours, None),
    "single": (SINGLE, lambda read: read.ours, 1),
}


def report(timings: Sequence[Timing], one: Ceilings, top: int = TOP) -> str:
    """Tables by kernel and by node, the largest first, then how long workers wait before stages."""
    work = [t for t in timings if t.kernel != WAIT]
    total = sum(t.seconds for t in work) or 1.0
    columns = ["calls", "ms", "share", "GFLOP/s (of the most)", "GB/s (of the most)"]
    by_kernel = shares(work, lambda t: (word_of(t.op), t.kernel))
    by_node = shares(work, lambda t: (t.node, t.op, t.kernel))
    sums = f"{total / MILLI:.2f} ms of work in {len(work)} calls, {sum(t.flops for t in work) / GIGA:.2f} GFLOP."
    return "\n\n".join(
        [
            f"{sums} {RATES}",
            _table(["operator", "kernel", *columns], [s.cells(total, one) for s in by_kernel[:top]]),
            _table(["node", "operator", "kernel", *columns], [s.cells(total, one) for s in by_node[:top]]),
            _table(["before stage", "each worker waits, ms"], _waits(timings, top)),
        ]
    )


def word_of(op: str) -> str:
    """An operator without its arguments; of one made of others, also their words.

    >>> word_of("conv(96, 3x3)"), word_of("fused(conv(96, 3x3), add, relu)"), word_of("gradient(dense(10), weight)")
    ('conv', 'fused: conv, add, relu', 'gradient: dense, weight')
    """
    word, _, inside = op.partition("(")
    if word not in ("fused", "gradient"):
        return word
    inside = inside.removesuffix(")")
    while "(" in inside:
        inside = re.sub(r"\([^()]*\)", "", inside)
    return f"{word}: {inside}"


def shares(timings: Iterable[Timing], key: Callable[[Timing], tuple[str, ...]]) -> list[Share]:
    """The calls with the same key as one, the slowest first."""
    groups: dict[tuple[str, ...], list[Timing]] = {}
    for t in timings:
        groups.setdefault(key(t), []).append(t)
    found = [
        Share(what, len(g), sum(t.seconds for t in g), sum(t.flops for t in g), sum(t.bytes for t in g))
        for what, g in groups.items()
    ]
    return sorted(found, key=lambda share: -share.seconds)


def idle(timings: Iterable[Timing]) -> dict[int, dict[int, float]]:
    """stage -> worker -> seconds that it waits for the others before that stage."""
    timings = list(timings)
    workers = sorted({t.worker for t in timings})
    waits: dict[int, dict[int, float]] = {}
    for t in timings:
        if t.kernel == WAIT:
            waits.setdefault(t.stage, dict.fromkeys(workers, 0.0))[t.worker] += t.seconds
    return dict(sorted(waits.items()))


def _waits(timings: Sequence[Timing], top: int) -> list[list[str]]:
    """Rows of the stages before which workers wait longest, and one of all."""
    waits = idle(timings)
    workers = sorted({t.worker for t in timings})
    worst = sorted(waits, key=lambda stage: -sum(waits[stage].values()))[:top]
    whole = [sum(each[w] for each in waits.values()) for w in workers]
    return [*([str(stage), _row(waits[stage].values())] for stage in worst), ["all", _row(whole)]]


def _row(seconds: Iterable[float]) -> str:
    return ", ".join(f"{s / MILLI:.2f}" for s in seconds)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
