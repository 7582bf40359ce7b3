"""Seconds of several engines that take turns, so that a slow minute of the machine meets all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import ceil

TURN_SECONDS = 0.05  # a turn of a short task is many runs
REST_SECONDS = 0.005  # waiting threads of the engine before stop spinning
MOST_RUNS = 1000


def alternating(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, ...]]:
    """Seconds of one run in each round, one entry a round; each work has run before.

    A turn shorter than `TURN_SECONDS` is one run that is not timed and others that fill it, of which the mean counts.
    """
    runs = {name: _runs(work) for name, work in works.items()}
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(_turn(work, runs[name]))
    return {name: tuple(seconds) for name, seconds in taken.items()}


def _runs(work: Callable[[], object]) -> int:
    """How many runs a turn has."""
    seconds = min(_turn(work, 1), _turn(work, 1))
    return min(MOST_RUNS, ceil(TURN_SECONDS / max(seconds, 1e-9)))


def _turn(work: Callable[[], object], runs: int) -> float:
    time.sleep(REST_SECONDS)
    if runs > 1:
        work()
    start = time.perf_counter()
    for _ in range(runs):
        work()
    return (time.perf_counter() - start) / runs
