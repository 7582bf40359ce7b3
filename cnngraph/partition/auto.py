"""`--strategy auto`: strategies in turn, cheap ones first, each given the best answer so far.

    chain -> around_pins -> replication -> branches -> ideals -> packing -> local_search -> the others
      `---------- those that are quick: always ----------'  `---- only within a given time ----'

Without a time limit only quick strategies are asked. They end by their own steps, so that every run and every process
of a job finds the same division; a limit far away guards against graphs that nobody foresaw. With a time limit the
others share what is left of it: each may take half of it, the last all, and leaves what it does not need.
The race ends as soon as the value of an answer equals a bound. Where memory leaves all of them nothing, a division is
sought whose fullest device is least full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnngraph.cost.quantity import seconds_text
from cnngraph.diagnostics import CnnGraphError
from cnngraph.partition.objective import least_fullest, objective_bound, objective_value
from cnngraph.partition.problem import Answer, Problem, depth, lawful
from cnngraph.partition.strategies.least_memory import least_memory
from cnngraph.partition.strategy import Deadline, Strategy, known_strategies

ORDER = (
    *("chain", "around_pins", "list_scheduling", "replication", "branches"),  # quick
    *("ideals", "packing", "local_search", "shorter_run"),  # where downsets are few, the first ends the race
)
GUARD_SECONDS = 60.0  # for quick strategies
SEARCH_SECONDS = 10.0  # for an objective that has no quick strategy
SQUEEZE_SECONDS = 2.0
QUICK_PROOF = "what holds for all divisions"
EQUAL = 1e-9  # relative: the same sum in another order differs by less


def race(problem: Problem, time_limit_seconds: float | None = None) -> Answer | None:
    """The best answer of all strategies that fit the problem, with the highest bound; None where none finds one.

    `Answer.proof` says so where the clock ended a search. Errors: E0602 from a strategy that knows why nothing fits.
    """
    asked = fitting(problem, quick_only=time_limit_seconds is None) or fitting(problem)
    guard = GUARD_SECONDS if asked and asked[-1].quick else SEARCH_SECONDS
    deadline = Deadline(guard if time_limit_seconds is None else time_limit_seconds)
    state = _Race(problem, objective_bound(problem))
    for i, strategy in enumerate(asked):
        if state.closed or (deadline.over and state.best):
            break
        if not strategy.quick and state.best is None:
            state.squeeze(deadline)
        state.ask(strategy, deadline if strategy.quick else deadline.within(deadline.left / min(len(asked) - i, 2)))
    state.squeeze(deadline)
    return state.answer(deadline)


def fitting(problem: Problem, quick_only: bool = False) -> list[Strategy]:
    """The strategies to ask, in order: installed, for this objective and, where it is asked for, quick."""
    place = {name: i for i, name in enumerate(ORDER)}
    found = [
        strategy
        for strategy in known_strategies().values()
        if strategy.present and problem.objective in strategy.objectives and (strategy.quick or not quick_only)
    ]
    return sorted(found, key=lambda strategy: (not strategy.quick, place.get(strategy.name, len(ORDER))))


def better(problem: Problem, one: Answer, other: Answer) -> bool:
    """Whether `one` has the smaller value or, where they are equal, the shallower stages."""
    a, b = _value(problem, one), _value(problem, other)
    if abs(a - b) > EQUAL * max(a, b):
        return a < b
    return 0 < depth(problem, one.device_of) < depth(problem, other.device_of)


def _value(problem: Problem, answer: Answer) -> float:
    return objective_value(problem, answer.device_of, answer.teams)


@dataclass
class _Race:
    problem: Problem
    bound: float
    proof: str = ""
    best: Answer | None = None
    refusal: CnnGraphError | None = None
    cut_short: bool = False
    closed: bool = False
    squeezed: bool = False

    def ask(self, strategy: Strategy, deadline: Deadline) -> None:
        try:
            found = strategy.solve(self.problem, self.best, deadline)
        except CnnGraphError as reason:
            self.refusal = reason
            return
        self.cut_short |= deadline.over
        if found is None:
            return
        if found.bound_seconds > self.bound and not self.problem.replicate:  # strategies bound single devices
            self.bound, self.proof = found.bound_seconds, found.proof
        if self.best is None or better(self.problem, found, self.best):
            self.best = found
        self.closed = _value(self.problem, self.best) <= self.bound * (1 + EQUAL)

    def squeeze(self, deadline: Deadline) -> None:
        """Where nothing was found: any division that fits."""
        problem = self.problem
        if self.best is None and problem.objective != "memory" and not (self.squeezed or problem.roomy):
            self.squeezed = True
            if least_fullest(problem) > 1:
                return
            found = least_memory(problem, deadline.within(SQUEEZE_SECONDS), enough=1.0)
            self.best = Answer(found) if found is not None and lawful(problem, found) else None

    def answer(self, deadline: Deadline) -> Answer | None:
        if self.best is None:
            if self.refusal is not None:
                raise self.refusal
            return None
        cut = f"the search ended after {seconds_text(deadline.seconds)}" if self.cut_short and not self.closed else ""
        proof = f"{self.proof or QUICK_PROOF}; {cut}" if cut else self.proof
        return replace(self.best, bound_seconds=self.bound, proof=proof)
