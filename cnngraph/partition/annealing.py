"""Simulated annealing over amounts of devices, such as their loads: groups move, and the largest amount shrinks.

The largest amount is what counts, but most moves do not touch it. So what is made small is smooth: the sum of
(amount / best)^12 over the devices; a move that makes it worse by dE is taken with probability exp(-dE / (E T)), while
T falls.

Rounds of growing length start from the best division found; the search ends where some rounds in a row gain nothing,
where the bound is reached, or at the deadline. No limit is ever broken on the way.
source: Kirkpatrick, Gelatt, Vecchi: Optimization by simulated annealing, Science 220, 1983.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Protocol, TypeAlias

from cnngraph.partition.limits import Limits
from cnngraph.partition.moves import Moves
from cnngraph.partition.problem import Problem
from cnngraph.partition.strategy import Deadline

HOT = 4.0  # first temperature, over the groups that a device has: then one of them more is often taken
COLD = 0.001  # last temperature: what makes the largest amount 0.1 % larger is hardly ever taken
STEPS_OF_A_GROUP = 1000  # in the first round
GROWTH = 2  # of the length of rounds
LEAST_GAIN = 1e-9  # rounding gains less
ROUNDS, PATIENCE = 6, 3  # at most; in a row without a gain
STEPS_A_SECOND = 250_000  # about
STEPS_AT_ONCE = 128  # at one temperature, and between two looks at the clock


class State(Protocol):
    """A division, and an amount of each device, while groups move."""

    device_of: list[int]
    amounts: list[float]

    def after(self, group: int, device: int) -> dict[int, float]: ...

    def move(self, group: int, device: int, changed: Mapping[int, float]) -> None: ...


Measure: TypeAlias = Callable[[Problem, Sequence[int]], State]


class Annealing:
    """A division on its way; `best` is the best so far, and `best_amount` its largest amount."""

    def __init__(self, problem: Problem, device_of: tuple[int, ...], measure: Measure, random: Random) -> None:
        self.problem = problem
        self.measure = measure
        self.random = random
        self.best = device_of
        self.best_amount = max(measure(problem, device_of).amounts)
        self.moves = Moves(problem, random)

    def restart(self) -> None:
        """Back to the best division; sums begin anew, without the rounding of many moves."""
        self.here = self.measure(self.problem, self.best)
        self.limits = Limits(self.problem, self.best)
        self.scale = 1 / self.best_amount
        self.powers = [self.power(amount) for amount in self.here.amounts]
        self.energy = sum(self.powers)

    def power(self, amount: float) -> float:
        """(amount / best)^12; products rather than a power, as they overflow to infinity and not to an error."""
        square = amount * self.scale
        square *= square
        fourth = square * square
        return fourth * fourth * fourth

    def round(self, steps: int, deadline: Deadline) -> None:
        """Anneals once, from hot to cold."""
        self.restart()
        hot = max(HOT * len(self.powers) / len(self.moves.free), COLD)
        for done in range(0, steps, STEPS_AT_ONCE):
            if deadline.over:
                return
            temperature = hot * (COLD / hot) ** (done / steps)
            for _ in range(STEPS_AT_ONCE):
                self.step(temperature)
            self.energy = sum(self.powers)

    def step(self, temperature: float) -> None:
        """Tries one move, or several together."""
        moves = self.moves.choose(self.here.device_of)
        if len(moves) == 1:
            [(group, device)] = moves
            changed = self.here.after(group, device)
            energy = self.energy_after(changed)
            if self.taken(energy, temperature) and self.limits.allow(moves):
                self.here.move(group, device, changed)
                self.settle(changed, energy)
        elif moves:
            self.together(moves, temperature)

    def together(self, moves: list[tuple[int, int]], temperature: float) -> None:
        """Moves several groups, and all of them back if they do not gain enough."""
        here = self.here
        changed: dict[int, float] = {}
        back = []
        for group, device in moves:
            after = here.after(group, device)
            back.append((group, here.device_of[group], {d: here.amounts[d] for d in after}))
            here.move(group, device, after)
            changed.update(after)
        energy = self.energy_after(changed)
        if self.taken(energy, temperature) and self.limits.allow(moves):
            self.settle(changed, energy)
            return
        for group, device, before in reversed(back):
            here.move(group, device, before)

    def energy_after(self, changed: dict[int, float]) -> float:
        energy, powers = self.energy, self.powers
        for d, amount in changed.items():
            energy += self.power(amount) - powers[d]
        return energy

    def taken(self, energy: float, temperature: float) -> bool:
        """Whether to go there: always down, and up by chance."""
        gained = self.energy - energy
        return gained >= 0 or self.random.random() < math.exp(gained / (self.energy * temperature))

    def settle(self, changed: dict[int, float], energy: float) -> None:
        """What follows from amounts that have changed."""
        for d, amount in changed.items():
            self.powers[d] = self.power(amount)
        self.energy = energy
        if (amount := max(self.here.amounts)) < self.best_amount * (1 - LEAST_GAIN):
            self.best, self.best_amount = tuple(self.here.device_of), amount


def anneal(
    problem: Problem,
    device_of: tuple[int, ...],
    measure: Measure,
    bound: float,
    deadline: Deadline,
    seed: int = 0,
) -> tuple[int, ...]:
    """The best division found from this one, which is lawful; none is better than `bound`."""
    search = Annealing(problem, device_of, measure, Random(seed))
    idle = 0
    for number in range(ROUNDS):
        if search.best_amount <= bound * (1 + LEAST_GAIN) or not search.moves.free or idle == PATIENCE or deadline.over:
            break
        before = search.best, search.best_amount
        search.round(_steps(search, number, deadline), deadline)
        search.best_amount = max(measure(problem, search.best).amounts)  # sums of many moves are rounded
        idle = 0 if search.best_amount < before[1] else idle + 1
        if idle:
            search.best, search.best_amount = before
    return search.best


def _steps(search: Annealing, number: int, deadline: Deadline) -> int:
    """Steps of a round: as many as planned, or half, a quarter, ... of them, so that it ends cold within the time."""
    steps: int = STEPS_OF_A_GROUP * len(search.moves.free) * GROWTH**number
    while steps > STEPS_A_SECOND * deadline.left and steps > STEPS_AT_ONCE:
        steps //= 2
    return steps
