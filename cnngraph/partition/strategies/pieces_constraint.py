"""The best pieces, where devices run `in_one_piece`, as a program for OR-tools (CP-SAT): it proves the latency.

    at[g, p]      group g is in piece p                     the last place is outside of all pieces
    takes[n, p]   piece p takes net n in, gives[n, p] out   as soon as one reader, or the maker, is elsewhere
    end[g]        of a group outside, or of its piece       start of a piece >= end of all that it takes in
    z >= end[g]   the last end, made small

What makes the proof short: pieces with groups of one path run one after another. So z is no less than what all groups
of the longest path take, and what their pieces take in and give out for them. Alike devices stand in the order of
their starts, and no group is in an earlier piece than one before it.

All numbers are whole, rounded down, so that what is proven holds for the real ones. It is asked where every group is
one task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cnngraph.partition.makespan import PieceRun, makespan
from cnngraph.partition.problem import Answer, Problem, SummedMemory, lawful
from cnngraph.partition.segments import elsewhere
from cnngraph.partition.strategies.pieces import set_apart
from cnngraph.partition.strategy import Deadline, Strategy

PROOF = "CP-SAT"
STEPS = 10_000_000  # units of the best run so far
MOST_VARIABLES = 20_000


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    size = (len(problem.groups) + 2 * len(problem.nets)) * len(problem.in_one_piece)
    if not problem.in_one_piece or len(problem.tasks) > len(problem.groups) or size > MOST_VARIABLES:
        return best
    found = None if best else set_apart(problem, deadline.within(deadline.left / 4))
    if found is not None and lawful(problem, found):
        best = Answer(found)
    if best is None or not isinstance(problem.memory, SummedMemory):
        return best
    return _ask(problem, best, deadline) if np.isfinite(makespan(problem, best.device_of)) else best


def _ask(problem: Problem, best: Answer, deadline: Deadline) -> Answer:
    """The better answer, with the bound that was proven."""
    from ortools.sat.python import cp_model

    value = makespan(problem, best.device_of)
    model = _Model(problem, cp_model.CpModel(), STEPS / value)
    model.begin_with(best.device_of)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(deadline.left, 0.01)
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.catch_sigint_signal = False  # it would leave Ctrl-C with no handler, for the rest of the process
    status = solver.solve(model.model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = model.division([[solver.value(choice) for choice in row] for row in model.at])
        if lawful(problem, found) and makespan(problem, found) < value * (1 - 1e-6):
            best, value = replace(best, device_of=found), makespan(problem, found)
    bound = min(solver.best_objective_bound / model.scale, value)
    return replace(best, bound_seconds=bound, proof=PROOF) if bound > best.bound_seconds else best


@dataclass
class _Model:
    """The program; `scale` turns seconds into units."""

    problem: Problem
    model: Any
    scale: float

    def __post_init__(self) -> None:
        problem, model = self.problem, self.model
        self.pieces = sorted(problem.in_one_piece)
        self.groups, self.outside = range(len(problem.groups)), len(self.pieces)
        self.others = [d for d in range(len(problem.devices)) if d not in problem.in_one_piece]
        self.seconds = [self._seconds(d) for d in self.pieces]
        alone = np.array([self._seconds(d) for d in self.others]).reshape(-1, len(self.groups))
        self.fastest = alone.argmin(axis=0) if self.others else np.zeros(len(self.groups), int)
        self.seconds.append(alone.min(axis=0) if self.others else np.full(len(self.groups), np.inf))
        self.alike = self._alike()
        self.at = [[model.new_bool_var("") for _ in self.seconds] for _ in self.groups]
        self.highest = int(STEPS * 1.001)
        self.end = [self._time() for _ in self.groups]
        self.start = [self._time() for _ in self.pieces]
        self.last, self.path = self._time(), set(self._longest_path())
        self.on_path: list[Any] = []
        self.loads: list[list[Any]] = [[] for _ in self.pieces]
        self._places()
        self._transfers()
        self._times()
        model.minimize(self.last)

    def _seconds(self, device: int) -> np.ndarray[Any, Any]:
        return np.where(elsewhere(self.problem, device), np.inf, self.problem.seconds[device])

    def _alike(self) -> bool:
        """Whether pieces may change places."""
        pays = np.array(self.problem.worst_pay)[:, self.pieces]
        same = np.ptp(pays, axis=1).max() == 0 and np.ptp(self.problem.limits_bytes[self.pieces]) == 0
        return bool(same) and all((row == self.seconds[0]).all() for row in self.seconds[:-1])

    def _time(self) -> Any:
        return self.model.new_int_var(0, self.highest, "")

    def _longest_path(self) -> list[int]:
        """Groups, from the last to the first."""
        least = np.min(self.seconds, axis=0)
        far, via = np.zeros(len(least)), np.full(len(least), -1)
        for first, second in self._edges():
            if far[first] + least[first] >= far[second]:
                far[second], via[second] = far[first] + least[first], first
        path, group = [], int((far + least).argmax())
        while group >= 0:
            path.append(group)
            group = int(via[group])
        return path

    def _edges(self) -> list[tuple[int, int]]:
        """Maker and reader of each net, in an order in which each maker's own come before."""
        task = {group: t for t, group in enumerate(self.problem.group_of.tolist())}
        edges = {(net.groups[0], reader) for net in self.problem.nets for reader in net.groups[1:]}
        return sorted(edges, key=lambda edge: (task[edge[1]], task[edge[0]]))

    def _places(self) -> None:
        model = self.model
        for group, row in enumerate(self.at):
            model.add_exactly_one(row)
            for place, choice in enumerate(row):
                if not np.isfinite(self.seconds[place][group]):
                    model.add(choice == 0)
        assert isinstance(self.problem.memory, SummedMemory)
        sizes = self.problem.memory.bytes_of
        for p, device in enumerate(self.pieces):
            limit = float(self.problem.limits_bytes[device])
            if sizes.sum() > limit:
                units = [int(size * STEPS / limit) for size in sizes]
                model.add(sum(unit * row[p] for unit, row in zip(units, self.at, strict=True)) <= STEPS)
        if not self.alike:
            return
        for a, b in self._edges():
            for p in range(1, self.outside):
                model.add(sum(self.at[b][:p]) <= sum(self.at[a][:p]) + self.at[a][self.outside])

    def _transfers(self) -> None:
        latency, per_byte = self.problem.worst_pay
        for net in self.problem.nets:
            source, readers = net.groups[0], net.groups[1:]
            on_path = [reader for reader in readers if reader in self.path]
            for p, device in enumerate(self.pieces):
                cost = int((latency[device] + net.bytes * per_byte[device]) * self.scale)
                takes = self._elsewhere([(reader, source) for reader in readers], p)
                gives = self._elsewhere([(source, reader) for reader in readers], p)
                self.model.add(self.start[p] >= self.end[source]).only_enforce_if(takes)
                self.loads[p] += [cost * takes, cost * gives]
                if source in self.path:
                    self.on_path.append(cost * gives)
                if on_path:
                    self.on_path.append(cost * self._elsewhere([(reader, source) for reader in on_path], p))

    def _elsewhere(self, pairs: Sequence[tuple[int, int]], p: int) -> Any:
        """Yes as soon as, in one of the pairs, the first is in the piece and the second is not."""
        found = self.model.new_bool_var("")
        for here, there in pairs:
            self.model.add_bool_or(found, ~self.at[here][p], self.at[there][p])
        return found

    def _times(self) -> None:
        model, outside = self.model, self.outside
        units = [[int(s * self.scale) if np.isfinite(s) else 0 for s in row] for row in self.seconds]
        for p in range(outside):
            load = sum(self.loads[p]) + sum(units[p][group] * self.at[group][p] for group in self.groups)
            for group in self.groups:
                model.add(self.end[group] >= self.start[p] + load).only_enforce_if(self.at[group][p])
        for group in self.groups:
            model.add(self.end[group] >= units[outside][group] * self.at[group][outside])
            model.add(self.last >= self.end[group])
        for a, b in self._edges():
            model.add(self.end[b] >= self.end[a] + units[outside][b] * self.at[b][outside])
        if self.alike:
            for one, other in zip(self.start, self.start[1:], strict=False):
                model.add(one <= other)
        computes = [units[p][g] * choice for g in self.path for p, choice in enumerate(self.at[g])]
        model.add(self.last >= sum(computes) + sum(self.on_path))

    def begin_with(self, device_of: Sequence[int]) -> None:
        """Hints a division; alike pieces in the order of their ends."""
        run = PieceRun(self.problem)
        run.seconds(device_of)
        order = self.pieces
        if self.alike:
            order = sorted(order, key=lambda device: run.finish.get(device, np.inf))
        place = {device: p for p, device in enumerate(order)}
        for group, device in enumerate(device_of):
            for p, choice in enumerate(self.at[group]):
                self.model.add_hint(choice, place.get(device, self.outside) == p)

    def division(self, chosen: Sequence[Sequence[int]]) -> tuple[int, ...]:
        places = [row.index(1) for row in chosen]
        return tuple(
            self.others[self.fastest[g]] if p == self.outside else self.pieces[p] for g, p in enumerate(places)
        )


STRATEGY = Strategy("pieces_constraint", _solve, frozenset({"latency"}), whole=True, needs="ortools")
