"""What the objective of a problem makes small, for any division, and a bound that holds for all of them.

    throughput   seconds of the busiest device: what it computes, sends and receives for one sample
    latency      seconds from the start of one run to its end
    memory       the fullest device: its peak bytes as a share of its memory
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.partition.bound import lower_bound_seconds
from cnngraph.partition.makespan import least_makespan, makespan
from cnngraph.partition.problem import Floats, Problem, SummedMemory, loads


def objective_value(problem: Problem, device_of: Sequence[int], teams: Sequence[Sequence[int]] = ()) -> float:
    """The value of a division; less is better."""
    if problem.objective == "latency":
        return makespan(problem, device_of)
    if problem.objective == "memory":
        return fullest(problem, device_of)
    return float(loads(problem, device_of, teams).max())


def objective_bound(problem: Problem) -> float:
    """No division has a smaller value; 0 where nothing is known."""
    if problem.objective == "latency":
        return least_makespan(problem)
    return least_fullest(problem) if problem.objective == "memory" else lower_bound_seconds(problem)


def fullest(problem: Problem, device_of: Sequence[int]) -> float:
    """Peak bytes over the memory of the device where that is most."""
    chosen = np.asarray(device_of)
    return max(problem.peak_bytes(chosen == d) / float(problem.limits_bytes[d]) for d in {int(d) for d in chosen})


def least_fullest(problem: Problem) -> float:
    """No division has a less full fullest device.

    The largest of: each group by itself, on the largest device that may have it; what is placed on a device; where
    memory is a sum, all of it over all there is.
    """
    sizes, limits = alone_bytes(problem), problem.limits_bytes
    may = np.isfinite(problem.seconds) & ((problem.pins < 0) | (problem.pins == np.arange(len(limits))[:, None]))
    largest = np.where(may, sizes / limits[:, None], np.inf).min(axis=0).max()
    placed = max(problem.peak_bytes(problem.pins == d) / limit for d, limit in enumerate(limits))
    spread = sizes.sum() / limits.sum() if isinstance(problem.memory, SummedMemory) else 0.0
    return float(max(largest, placed, spread))


def alone_bytes(problem: Problem) -> Floats:
    """What each group needs on a device of its own."""
    if isinstance(problem.memory, SummedMemory):
        return problem.memory.bytes_of
    each = np.eye(len(problem.groups), dtype=bool)
    return np.array([problem.peak_bytes(row) for row in each], float)
