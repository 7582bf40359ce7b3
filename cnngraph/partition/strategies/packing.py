"""Groups as boxes: how well can work alone be divided? A bound for every division, and one for problems without order.

The bound: the largest groups that only devices of one kind can run in time are packed into so many devices, exactly.

    capacity 10    boxes 7 6 4 3     fewest(S) = (devices that are full, load of the open one), the least over all
                                     boxes g of S:  fewest(S - g), then g in the open device, or in a new one

A capacity into which they do not fit is a bound; bisection finds the highest. The division: each group, largest first,
goes to the device that would be done with it first.
source: Held, Karp: A dynamic programming approach to sequencing problems, J. SIAM 10(1), 1962 (subsets; here of boxes);
Graham: Bounds on multiprocessing timing anomalies, SIAM J. Appl. Math. 17(2), 1969 (largest first).
"""

from __future__ import annotations

import numpy as np

from cnngraph.partition.bound import lower_bound_seconds
from cnngraph.partition.problem import Answer, Floats, Ints, Problem
from cnngraph.partition.proof import SIMPLE_PROOF, improved, value_seconds
from cnngraph.partition.relaxed import kinds, relaxed
from cnngraph.partition.strategies.chain import STRATEGY as CHAIN
from cnngraph.partition.strategy import Deadline, Strategy

PROOF = "packing of the largest groups"
MOST_BOXES = 17
CLOSE = 1e-6  # relative: where the bisection ends
EQUAL = 1e-9  # relative: a sum may be so much more than the capacity


def packing_bound(problem: Problem, low: float, high: float, deadline: Deadline) -> float:
    """The highest capacity between the two, each known to be a bound or a value, into which the groups do not fit."""
    found = boxes(problem, high)
    if found is None:
        return low
    sizes, devices = found
    layers = _layers(len(sizes))
    if fewest(sizes, low, layers) <= devices:
        return low
    while high - low > CLOSE * high and not deadline.over:
        middle = (low + high) / 2
        if fewest(sizes, middle, layers) <= devices:
            high = middle
        else:
            low = middle
    return low


def boxes(problem: Problem, value: float) -> tuple[Floats, int] | None:
    """Seconds of the largest groups that only one kind of device can run within `value`, and how many of it there are.

    None where so few are left that each has a device for itself.
    """
    groups = kinds(relaxed(problem))
    kind = max(groups, key=len)
    others = [d for d in range(len(problem.devices)) if d not in kind]
    slow = (problem.seconds[others] > value).all(axis=0)
    free = problem.pins < 0
    seconds = problem.seconds[kind[0]]
    found = np.sort(seconds[slow & free & np.isfinite(seconds) & (seconds > 0)])[::-1][:MOST_BOXES]
    return (found, len(kind)) if len(found) > len(kind) else None


def fewest(sizes: Floats, capacity: float, layers: list[Ints]) -> int:
    """How many devices of a capacity hold all boxes."""
    most = capacity * (1 + EQUAL)
    if sizes.max() > most:
        return len(sizes) + 1
    full = 4.0 * most  # one closed device, in a number that counts those and the load of the open one
    least = np.full(2 ** len(sizes), np.inf)
    least[0] = 0.0
    for layer in layers:
        for g, size in enumerate(sizes):
            chosen = layer[(layer >> g) & 1 == 1]
            before = least[chosen ^ (1 << g)]
            closed = np.floor(before / full)
            load = before - closed * full
            after = np.where(load + size <= most, before + size, (closed + 1) * full + size)
            least[chosen] = np.minimum(least[chosen], after)
    return int(least[-1] // full) + 1


def _layers(count: int) -> list[Ints]:
    """Subsets as integers, by how many they hold: 1, 2, ..."""
    every = np.arange(2**count)
    held = sum((every >> g) & 1 for g in range(count))
    return [every[held == number] for number in range(1, count + 1)]


def largest_first(problem: Problem, deadline: Deadline) -> tuple[int, ...] | None:
    """Each group where it would be done first, by work alone; None if memory or time do not allow it."""
    done = np.zeros(len(problem.devices))
    chosen = np.full((len(problem.devices), len(problem.groups)), False)
    order = np.argsort(-problem.seconds.min(axis=0), kind="stable")
    for g in sorted(order, key=lambda g: problem.pins[g] < 0):
        if deadline.over:
            return None
        after = done + problem.seconds[:, g]
        if problem.pins[g] >= 0:
            after[np.arange(len(after)) != problem.pins[g]] = np.inf
        for d in np.argsort(after, kind="stable"):
            chosen[d, g] = True
            if problem.roomy or problem.peak_bytes(chosen[d]) <= problem.limits_bytes[d]:
                done[d] = after[d]
                break
            chosen[d, g] = False
    return tuple(int(d) for d in chosen.argmax(axis=0)) if chosen.any(axis=0).all() else None


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    best = best or CHAIN.solve(problem, None, deadline)
    found = None if problem.contiguous else largest_first(problem, deadline)
    best = improved(problem, best, found, lower_bound_seconds(problem), SIMPLE_PROOF)
    if best is None or problem.replicate:
        return best
    bound = packing_bound(problem, lower_bound_seconds(problem), value_seconds(problem, best), deadline)
    return improved(problem, best, None, bound, PROOF)


STRATEGY = Strategy("packing", _solve)
