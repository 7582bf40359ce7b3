"""What a strategy that proves hands back: the better division, and the higher bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnngraph.partition.bound import lower_bound_seconds
from cnngraph.partition.problem import Answer, Problem, lawful, loads

SIMPLE_PROOF = "work, packing and placements"


def proven_seconds(problem: Problem, best: Answer | None) -> float:
    """The highest bound that is known before a search."""
    return max(lower_bound_seconds(problem), 0.0 if best is None else best.bound_seconds)


def value_seconds(problem: Problem, best: Answer | None) -> float:
    """The busiest device of the best answer so far; without one, more than any division costs."""
    if best is not None:
        return float(loads(problem, best.device_of, best.teams).max())
    seconds = problem.seconds
    work = float(np.max(seconds, axis=0, where=np.isfinite(seconds), initial=0.0).sum())
    latency, per_byte = problem.worst_pay
    paid = len(problem.nets) * latency.max() + sum(net.bytes for net in problem.nets) * per_byte.max()
    return 2 * (work + float(paid)) + 1e-9


def improved(
    problem: Problem, best: Answer | None, found: tuple[int, ...] | None, bound_seconds: float, proof: str
) -> Answer | None:
    """The better one of an answer and a division, if that is lawful, with the higher bound.

    Bounds are of single devices: where devices may share a stage they prove nothing.
    """
    if found is not None and lawful(problem, found):
        candidate = Answer(found)
        if value_seconds(problem, candidate) < value_seconds(problem, best):
            kept = (0.0, "") if best is None else (best.bound_seconds, best.proof)
            best = Answer(found, *kept)
    if best is None or problem.replicate or bound_seconds <= best.bound_seconds:
        return best
    return replace(best, bound_seconds=bound_seconds, proof=proof)
