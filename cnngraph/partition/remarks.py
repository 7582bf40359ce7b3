"""What a division is worth, and what may surprise in it: why devices are left without work."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnngraph.cost.quantity import seconds_text
from cnngraph.partition.objective import objective_value
from cnngraph.partition.problem import Answer, Problem
from cnngraph.partition.segments import cut_tables, first_borders

MOST_BORDERS = 300


def told(problem: Problem, answer: Answer) -> dict[str, Any]:
    """What a `Partition` says about itself: its value, if throughput is not the objective, and remarks."""
    other = problem.objective != "throughput"
    value = objective_value(problem, answer.device_of, answer.teams) if other else 0.0
    return {"value": value, "remarks": remarks(problem, answer)}


def remarks(problem: Problem, answer: Answer) -> tuple[str, ...]:
    """Sentences about devices that have nothing to do; none where all are busy."""
    busy = set(answer.device_of) | {d for team in answer.teams for d in team}
    idle = [name for d, name in enumerate(problem.devices) if d not in busy]
    if not idle:
        return ()
    if len(busy) == 1 and problem.objective == "throughput" and (saved := _alone(problem, min(busy))):
        return (saved,)
    what = {"throughput": "the busiest device less busy", "latency": "a run shorter", "memory": "the fullest less full"}
    return (f"{_listed(idle)} {'have' if len(idle) > 1 else 'has'} no work: to use more would not make "
            f"{what[problem.objective]}, as far as was found",)  # fmt: skip


def _alone(problem: Problem, device: int) -> str:
    """Why one device does all: what the best cut in two would take instead. Empty where placements ask for it."""
    found = _cut_in_two(problem)
    if found is None or (problem.pins >= 0).any():
        return ""
    compute, communication = map(seconds_text, found)
    return (
        f"all on {problem.devices[device]}: sending costs more than it saves. Cut in two, the busier device would "
        f"compute for {compute} and send or receive for {communication}; "
        f"one computes all in {seconds_text(float(problem.seconds[device].sum()))}"
    )


def _cut_in_two(problem: Problem) -> tuple[float, float] | None:
    """The busier of two devices where the chain is cut in the best place: its computing and its communication."""
    if not np.isfinite(problem.seconds[:2]).all():
        return None
    borders = first_borders(problem, MOST_BORDERS)
    cuts = cut_tables(problem, borders)
    last = len(borders) - 1
    done = np.concatenate([np.zeros((2, 1)), np.cumsum(problem.seconds[:2], axis=1)], axis=1)[:, borders]
    inner = np.arange(1, last)  # places of the cut
    sides = []
    for device, (start, end) in enumerate(((np.zeros_like(inner), inner), (inner, np.full_like(inner, last)))):
        latency, per_byte = (rate[device] for rate in problem.worst_pay)
        paid = latency * cuts.messages[start, end] + per_byte * cuts.sizes[start, end]
        sides.append((done[device, end] - done[device, start], paid))
    busier = [max(pair, key=sum) for pair in zip(*(zip(*side, strict=True) for side in sides), strict=True)]
    found = min(busier, key=sum, default=(0.0, 0.0))
    return (float(found[0]), float(found[1])) if last > 1 else None


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
