"""Improves a division by moving groups, from the best answer so far: annealing over loads kept by pin counts.

What is placed stays, memory holds, and stages that have to be contiguous never wait for each other in a ring. Without
a division to begin with, it begins with the one that needs least memory.
"""

from __future__ import annotations

from cnngraph.partition.annealing import anneal
from cnngraph.partition.bound import lower_bound_seconds
from cnngraph.partition.pin_counts import PinCounts
from cnngraph.partition.problem import Answer, Problem, lawful
from cnngraph.partition.strategies.chain import STRATEGY as CHAIN
from cnngraph.partition.strategies.least_memory import least_memory
from cnngraph.partition.strategy import Deadline, Strategy


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    start = best or CHAIN.solve(problem, None, deadline) or _roomiest(problem, deadline)
    if start is None or start.teams or not lawful(problem, start.device_of):
        return best
    bound = max(start.bound_seconds, lower_bound_seconds(problem))
    found = anneal(problem, start.device_of, PinCounts, bound, deadline)
    return Answer(found, start.bound_seconds, start.proof)


def _roomiest(problem: Problem, deadline: Deadline) -> Answer | None:
    found = least_memory(problem, deadline, enough=1.0)
    return None if found is None else Answer(found)


STRATEGY = Strategy("local_search", _solve)
