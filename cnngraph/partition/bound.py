"""What no partition can beat."""

from __future__ import annotations

import numpy as np

from cnngraph.partition.problem import Problem


def lower_bound_seconds(problem: Problem) -> float:
    """A lower bound of the busiest device's load, for every strategy, contiguous or not. It knows no communication.

    The largest of
      * all work over the sum of the speeds. With shares lambda_d ~ 1 / (seconds of device d for everything), of sum 1,
        max_d load_d >= sum_d lambda_d load_d >= sum_g min_d lambda_d seconds[d, g];
      * the largest group on the device that is fastest for it;
      * what the file places on one device.
    """
    total = problem.seconds.sum(axis=1)  # (devices,)
    if not total.all() or not np.isfinite(total).all():
        return 0.0
    shares = (1 / total) / (1 / total).sum()
    spread = float((problem.seconds * shares[:, None]).min(axis=0).sum())
    largest = float(problem.seconds.min(axis=0).max())
    placed = max(float(row[problem.pins == d].sum()) for d, row in enumerate(problem.seconds))
    return max(spread, largest, placed)
