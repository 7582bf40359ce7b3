"""What no partition can beat. Fast, for every strategy, contiguous or not; it knows no communication.

The largest of
  * all work over all speeds. With weights w_d the busiest device is busy for at least sum_d w_d load_d / sum_d w_d, and
    each group is with one of them: sum_g min_d w_d seconds[d, g] / sum_d w_d;
  * each group on the device that is fastest for it;
  * what the file places on one device;
  * packing: of the largest groups some device has to take so many. Within t seconds a device takes no more of them
    than of the smallest ones fit; t is too small while all devices together take fewer than there are.

        5 groups of 3 s on 2 devices      work: 7.5 s      packing: one device takes three of them, 9 s
source: packing is the second lower bound of Dell'Amico and Martello for identical machines, Optimal scheduling of tasks
on identical parallel processors, ORSA Journal on Computing 7(2), 1995, for machines that differ.
"""

from __future__ import annotations

import numpy as np

from cnngraph.partition.problem import Floats, Problem

LARGEST = 16  # groups for each device that packing looks at


def lower_bound_seconds(problem: Problem) -> float:
    """A lower bound of the busiest device's load. Where devices may share a stage, only all work over all speeds is."""
    seconds = problem.seconds
    if problem.replicate:
        return spread(seconds)
    largest = float(seconds.min(axis=0).max())
    if not np.isfinite(largest):
        return 0.0  # a group that no device runs: there is no division
    placed = max(float(row[problem.pins == d].sum()) for d, row in enumerate(seconds))
    return max(spread(seconds), largest, placed, packing(seconds))


def spread(seconds: Floats) -> float:
    """All work over all speeds; (devices, groups) -> seconds."""
    weight = weights(seconds)
    least = np.min(seconds * weight[:, None], axis=0)
    return float(least.sum() / weight.sum())


def weights(rows: Floats) -> Floats:
    """Weights of devices, the faster the more, by what each takes for all that it can run."""
    total = np.where(np.isfinite(rows), rows, 0.0).sum(axis=1)
    return np.asarray(1 / total if total.all() else np.ones(len(rows)))


def packing(seconds: Floats) -> float:
    """The least t within which the devices can take the largest 1, 2, 3, ... groups, by number."""
    devices = len(seconds)
    order = np.argsort(-seconds.min(axis=0), kind="stable")[: LARGEST * devices]
    found = 0.0
    for number in range(devices + 1, len(order) + 1):
        chosen = np.sort(seconds[:, order[:number]], axis=1)
        sums = np.cumsum(chosen, axis=1)  # (devices, number): the least time for 1, 2, ... of them
        found = max(found, float(np.partition(sums.ravel(), number - 1)[number - 1]))
    return found if np.isfinite(found) else 0.0
