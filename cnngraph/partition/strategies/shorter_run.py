"""Shortens one run of a division by moving groups: annealing over its makespan, from the best answer so far.

Most groups that are tried are critical: the end of the run waits for one of their tasks. Every move is timed by running
the whole division in numbers (`makespan`). Among divisions of one makespan, that one is better whose devices have less
to do in all; that leads over plains. Rounds of growing length start from the best; limits are never broken.
"""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import numpy as np

from cnngraph.partition.limits import Limits
from cnngraph.partition.makespan import least_makespan, makespan, run_of
from cnngraph.partition.moves import Moves
from cnngraph.partition.pin_counts import PinCounts
from cnngraph.partition.problem import Answer, Problem, lawful
from cnngraph.partition.strategies.list_scheduling import STRATEGY as LIST_SCHEDULING
from cnngraph.partition.strategies.pieces import set_apart
from cnngraph.partition.strategy import Deadline, Strategy

HOT, COLD = 3.0, 0.0003  # temperatures, relative to the makespan; the first over the number of groups
CRITICAL = 0.7  # share of moves that begin with a critical group
ALL_WORK = 0.02  # weight of the mean load beside the makespan
STEPS_OF_A_GROUP, GROWTH, ROUNDS, PATIENCE = 100, 2, 6, 2
LEAST_GAIN = 1e-9  # relative: rounding gains less


class Shortening:
    """A division on its way; `best` is the best so far and `best_seconds` its makespan."""

    def __init__(self, problem: Problem, device_of: tuple[int, ...], random: Random) -> None:
        self.problem, self.random = problem, random
        self.run = run_of(problem)
        self.moves = Moves(problem, random)
        self.free = set(self.moves.free)
        self.limited = replace(problem, contiguous=problem.contiguous and not problem.in_one_piece)
        finite = np.where(np.isfinite(problem.seconds), problem.seconds, 0.0)
        self.slowest = float(finite.max(axis=0).sum())  # with all transfers, no run that ends is longer
        self.best, self.best_seconds = device_of, makespan(problem, device_of)

    def round(self, steps: int, deadline: Deadline) -> None:
        """Anneals once, from hot to cold."""
        self.here, self.limits = PinCounts(self.problem, self.best), Limits(self.limited, self.best)
        self.settle(self.measure())
        hot = max(HOT / len(self.free), COLD)
        for done in range(steps):
            if deadline.over:
                return
            self.step(self.energy * hot * (COLD / hot) ** (done / steps))

    def measure(self) -> float:
        """Seconds of the division as it is, and a little of its loads. Pieces in a ring are a way that costs much."""
        here = self.here
        self.seconds = self.run.seconds(here.device_of, here.amounts)
        work = sum(here.amounts)
        return min(self.seconds, self.slowest + work) + ALL_WORK * work / len(here.amounts)

    def step(self, temperature: float) -> None:
        """Tries one move, or several together."""
        among = self.critical if self.random.random() < CRITICAL else []
        moves = self.moves.choose(self.here.device_of, among)
        homes = [(group, self.here.device_of[group]) for group, _ in moves]
        if not moves or not self.limits.allow(moves):
            return
        before = self.here.amounts.copy()
        for group, device in moves:
            self.here.move(group, device, self.here.after(group, device))
        energy = self.measure()
        gained = self.energy - energy
        if gained >= 0 or self.random.random() < math.exp(gained / temperature):
            self.settle(energy)
            return
        self.limits.allow(homes[::-1])
        for group, home in reversed(homes):
            self.here.move(group, home, {})
        self.here.amounts = before

    def settle(self, energy: float) -> None:
        self.energy = energy
        self.critical = [group for group in self.run.critical_groups() if group in self.free]
        if self.seconds < self.best_seconds * (1 - LEAST_GAIN):
            self.best, self.best_seconds = tuple(self.here.device_of), self.seconds


def shorten(problem: Problem, device_of: tuple[int, ...], deadline: Deadline, seed: int = 0) -> tuple[int, ...]:
    """The best division found from this one, which is lawful."""
    search, bound, idle = Shortening(problem, device_of, Random(seed)), least_makespan(problem), 0
    for number in range(ROUNDS):
        if search.best_seconds <= bound * (1 + LEAST_GAIN) or not search.free or idle == PATIENCE or deadline.over:
            break
        before = search.best_seconds
        search.round(STEPS_OF_A_GROUP * len(search.free) * GROWTH**number, deadline)
        idle = 0 if search.best_seconds < before else idle + 1
    return search.best


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    start = best or LIST_SCHEDULING.solve(problem, None, deadline)
    divisions = [] if start is None else [start.device_of]
    if problem.in_one_piece and (found := set_apart(problem, deadline.within(deadline.left / 4))):
        divisions.append(found)
    divisions = [division for division in divisions if lawful(problem, division)]
    if not divisions:
        return best
    found = shorten(problem, min(divisions, key=lambda division: makespan(problem, division)), deadline)
    return Answer(found, best.bound_seconds if best else 0.0, best.proof if best else "")


STRATEGY = Strategy("shorter_run", _solve, frozenset({"latency"}))
