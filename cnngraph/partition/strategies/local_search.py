"""Improves a division by moving groups: simulated annealing over the loads, from the best answer so far.

The busiest device is what counts, but most moves do not touch it. So what is made small is smooth: the sum of
(load / best)^12 over the devices; a move that makes it worse by dE is taken with probability exp(-dE / (E T)), while T
falls from HOT to COLD. Three kinds of moves:

    move   a -> b           mostly to the device of a group that shares a value with it
    swap   a -> b, b -> a   where devices are full, or their loads nearly equal
    run    several groups that stand next to each other in the chain

Rounds of growing length start from the best division found; the search ends where some rounds in a row gain nothing,
where the bound is reached, or at the deadline. No limit is ever broken on the way: what is placed stays, memory holds,
and stages, where they are asked to be contiguous, never wait for each other in a ring.
source: Kirkpatrick, Gelatt, Vecchi: Optimization by simulated annealing, Science 220, 1983.
"""

from __future__ import annotations

import math
from random import Random

import numpy as np

from cnngraph.partition.bound import lower_bound_seconds
from cnngraph.partition.pin_counts import Limits, PinCounts
from cnngraph.partition.problem import Answer, Problem, lawful, loads
from cnngraph.partition.strategies.chain import STRATEGY as CHAIN
from cnngraph.partition.strategy import Deadline, Strategy

HOT, COLD = 0.24, 0.0024  # of the sum of powers: a move that makes the busiest device 2 % busier is taken at first
FAR, SWAPS, RUNS = 0.1, 0.1, 0.05  # shares of moves: to any device, of two groups, of several
STEPS_OF_A_GROUP = 1000  # in the first round
GROWTH = 2  # of the length of rounds
LEAST_GAIN = 1e-9  # rounding gains less
PATIENCE = 3  # rounds in a row without a gain
STEPS_AT_ONCE = 1024  # at one temperature, and between two looks at the clock


class Annealing:
    """A division on its way; `best` is the best so far, and `best_seconds` the load of its busiest device."""

    def __init__(self, problem: Problem, device_of: tuple[int, ...], random: Random) -> None:
        self.problem = problem
        self.random = random
        self.best = device_of
        self.best_seconds = float(loads(problem, device_of).max())
        self.free: list[int] = np.flatnonzero(problem.pins < 0).tolist()
        self.able: list[list[bool]] = np.isfinite(problem.seconds).tolist()
        self.near = [
            sorted({other for n in nets for other in problem.nets[n].groups} - {group})
            for group, nets in enumerate(problem.nets_of)
        ]
        self.restart()

    def restart(self) -> None:
        """Back to the best division; sums begin anew, without the rounding of many moves."""
        self.counts = PinCounts(self.problem, self.best)
        self.limits = Limits(self.problem, self.best)
        self.scale = 1 / self.best_seconds
        self.powers = [self.power(load) for load in self.counts.loads]
        self.energy = sum(self.powers)

    def power(self, load: float) -> float:
        """(load / best)^12; products rather than a power, as they overflow to infinity and not to an error."""
        square = load * self.scale
        square *= square
        fourth = square * square
        return fourth * fourth * fourth

    def round(self, steps: int, deadline: Deadline) -> None:
        """Anneals once, from hot to cold."""
        self.restart()
        for done in range(0, steps, STEPS_AT_ONCE):
            if deadline.over:
                return
            temperature = HOT * (COLD / HOT) ** (done / steps)
            for _ in range(STEPS_AT_ONCE):
                self.step(temperature)
            self.energy = sum(self.powers)

    def step(self, temperature: float) -> None:
        """Tries one move, swap or run."""
        random, device_of = self.random.random, self.counts.device_of
        group = self.free[int(random() * len(self.free))]
        near = self.near[group]
        if near and random() >= FAR:
            device = device_of[near[int(random() * len(near))]]
        else:
            device = int(random() * len(self.powers))
        if device == device_of[group] or not self.able[device][group]:
            return
        if (kind := random()) >= SWAPS + RUNS:
            changed = self.counts.after(group, device)
            energy = self.energy_after(changed)
            if self.taken(energy, temperature) and self.limits.allow([(group, device)]):
                self.counts.move(group, device, changed)
                self.settle(changed, energy)
        elif moves := self.swap(group, device) if kind < SWAPS else self.run(group, device):
            self.together(moves, temperature)

    def swap(self, group: int, device: int) -> list[tuple[int, int]]:
        """The group and, in exchange, one of the device; to find it takes a few tries."""
        home = self.counts.device_of[group]
        for _ in range(len(self.powers)):
            other = self.free[int(self.random.random() * len(self.free))]
            if self.counts.device_of[other] == device and self.able[home][other]:
                return [(group, device), (other, home)]
        return []

    def run(self, group: int, device: int) -> list[tuple[int, int]]:
        """The group and those after it in the chain that are on its device; short runs are more likely."""
        home = self.counts.device_of[group]
        length = 2 + int(self.random.random() * self.random.random() * len(self.free) / len(self.powers))
        return [
            (other, device)
            for other in range(group, min(group + length, len(self.near)))
            if self.counts.device_of[other] == home and self.able[device][other] and self.problem.pins[other] < 0
        ]

    def together(self, moves: list[tuple[int, int]], temperature: float) -> None:
        """Moves several groups, and all of them back if they do not gain enough."""
        counts = self.counts
        changed: dict[int, float] = {}
        back = []
        for group, device in moves:
            after = counts.after(group, device)
            back.append((group, counts.device_of[group], {d: counts.loads[d] for d in after}))
            counts.move(group, device, after)
            changed.update(after)
        energy = self.energy_after(changed)
        if self.taken(energy, temperature) and self.limits.allow(moves):
            self.settle(changed, energy)
            return
        for group, device, before in reversed(back):
            counts.move(group, device, before)

    def energy_after(self, changed: dict[int, float]) -> float:
        energy, powers = self.energy, self.powers
        for d, load in changed.items():
            energy += self.power(load) - powers[d]
        return energy

    def taken(self, energy: float, temperature: float) -> bool:
        """Whether to go there: always down, and up by chance."""
        gained = self.energy - energy
        return gained >= 0 or self.random.random() < math.exp(gained / (self.energy * temperature))

    def settle(self, changed: dict[int, float], energy: float) -> None:
        """What follows from loads that have changed."""
        for d, load in changed.items():
            self.powers[d] = self.power(load)
        self.energy = energy
        if max(self.counts.loads) < self.best_seconds * (1 - LEAST_GAIN):
            self.keep()

    def keep(self) -> None:
        """Measures the division from scratch and remembers it if it is the best: sums of many moves are rounded."""
        seconds = float(loads(self.problem, self.counts.device_of).max())
        if seconds < self.best_seconds:
            self.best, self.best_seconds = tuple(self.counts.device_of), seconds


def anneal(problem: Problem, device_of: tuple[int, ...], deadline: Deadline, seed: int = 0) -> tuple[int, ...]:
    """The best division found from this one, which is lawful."""
    search = Annealing(problem, device_of, Random(seed))
    bound = lower_bound_seconds(problem) * (1 + LEAST_GAIN)
    steps, idle = STEPS_OF_A_GROUP * len(search.free), 0
    while search.best_seconds > bound and search.free and idle < PATIENCE and not deadline.over:
        before = search.best_seconds
        search.round(steps, deadline)
        idle = 0 if search.best_seconds < before else idle + 1
        steps *= GROWTH
    return search.best


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    start = best or CHAIN.solve(problem, None, deadline)
    if start is None or not lawful(problem, start.device_of) or start.teams:
        return start
    found = anneal(problem, start.device_of, deadline)
    return Answer(found, start.bound_seconds, start.proof)


STRATEGY = Strategy("local_search", _solve)
