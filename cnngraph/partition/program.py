"""A division as a program of yes-or-no variables under linear rows: what solvers are asked.

    at[g, p]     group g is at place p                     each group is at one place
    cut[v, p]    value v crosses the border of place p     at[r, p] - at[s, p] <= cut[v, p] and the reverse
    kind[p, c]   place p is a device of kind c             only for contiguous divisions, and several kinds
    busiest      z >= seconds and cut values of each place

A place is a device; in contiguous divisions it is the first, second, ... stage, no group is at an earlier place than
one before it, and the program also chooses which kind of device stands where. Devices of one kind are interchangeable:
without an order of stages, the i-th largest group is at one of the first i places of a kind.

The program is that of a relaxed problem. It knows memory where that is a sum; otherwise its answers must be checked.
source: Tarnawski et al.: Efficient algorithms for device placement of DNN graph operators, NeurIPS 2020, section 5.2;
cut values as one variable for each value and place, stages by prefix sums and the order of kinds are our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cnngraph.partition.problem import Floats, Ints, Problem, SummedMemory
from cnngraph.partition.relaxed import Joined, kinds

BUSIEST = 0  # the variable that counts seconds; all others are yes or no


def program_size(problem: Problem) -> int:
    """About how many variables the program would have."""
    return (len(problem.groups) + len(problem.nets)) * len(problem.devices)


@dataclass(frozen=True)
class Row:
    """sum of coefficient * variable <= most, if the variable `given` is yes. `exact` rows have small whole numbers."""

    variables: Sequence[int]
    coefficients: Sequence[float]
    most: float
    exact: bool = True
    given: int | None = None


@dataclass
class Program:
    """Variables by number, groups of which exactly one is yes, and rows."""

    problem: Problem
    kinds: tuple[tuple[int, ...], ...] = field(init=False)
    count: int = field(init=False, default=1)
    exactly_one: list[list[int]] = field(init=False, default_factory=list)
    rows: list[Row] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        problem = self.problem
        self.kinds = kinds(problem)
        self.kind_of = {d: c for c, kind in enumerate(self.kinds) for d in kind}
        self.open = problem.contiguous and len(self.kinds) > 1  # whether kinds choose their places
        self.places = range(len(problem.devices))
        self.at = self.new(len(problem.groups), len(self.places))
        self.exactly_one += self.at.tolist()
        self.kind = self.new(len(self.places), len(self.kinds)) if self.open else np.zeros((0, 0), np.int64)
        self.nets = _joined_nets(problem)
        self.cut = self.new(len(self.nets), len(self.places))
        self._cuts()
        self._abilities()
        self._loads()
        self._memory()
        if self.open:
            self._kinds()
        if problem.contiguous:
            self._stages()
        else:
            self._interchangeable()

    def new(self, *shape: int) -> Ints:
        """Numbers of new variables."""
        first, self.count = self.count, self.count + int(np.prod(shape))
        return np.arange(first, self.count).reshape(shape)

    def possible(self, place: int) -> list[tuple[int, int | None]]:
        """The kinds that a place may have, with the variable that says so."""
        if self.open:
            return [(c, int(self.kind[place, c])) for c in range(len(self.kinds))]
        return [(self.kind_of[place], None)]

    def _cuts(self) -> None:
        for n, (source, *readers) in enumerate(self.nets):
            for p in self.places:
                for r in readers:
                    a, b, cut = int(self.at[source, p]), int(self.at[r, p]), int(self.cut[n, p])
                    self.rows.append(Row((a, b, cut), (1, -1, -1), 0))
                    self.rows.append(Row((b, a, cut), (1, -1, -1), 0))

    def _abilities(self) -> None:
        """Groups keep off devices that cannot run them, and go where they are placed."""
        for p in self.places:
            for c, given in self.possible(p):
                device = self.kinds[c][0]
                placed = (self.problem.pins >= 0) & (self.problem.pins != device)
                unable = np.flatnonzero(placed | ~np.isfinite(self.problem.seconds[device]))
                if unable.size:
                    never = self.at[unable, p].tolist()
                    self.rows.append(Row(never, [1] * len(never), 0, given=given))

    def _loads(self) -> None:
        latency, per_byte = self.problem.worst_pay
        sums = np.array(list(self.nets.values())).reshape(-1, 2)
        for p in self.places:
            for c, given in self.possible(p):
                device = self.kinds[c][0]
                seconds = np.where(np.isfinite(self.problem.seconds[device]), self.problem.seconds[device], 0.0)
                pay = sums[:, 0] * latency[device] + sums[:, 1] * per_byte[device]
                variables = [*self.at[seconds > 0, p].tolist(), *self.cut[pay > 0, p].tolist(), BUSIEST]
                terms = [*seconds[seconds > 0].tolist(), *pay[pay > 0].tolist(), -1.0]
                self.rows.append(Row(variables, terms, 0.0, exact=False, given=given))

    def _memory(self) -> None:
        sizes = _sizes(self.problem)
        if self.problem.roomy or sizes is None:
            return
        for p in self.places:
            for c, given in self.possible(p):
                limit = float(self.problem.limits_bytes[self.kinds[c][0]])
                if sizes.sum() > limit:
                    self.rows.append(Row(self.at[:, p].tolist(), sizes.tolist(), limit, exact=False, given=given))

    def _kinds(self) -> None:
        self.exactly_one += self.kind.tolist()
        for c, kind in enumerate(self.kinds):
            self.rows.append(Row(self.kind[:, c].tolist(), [1] * len(self.places), len(kind)))

    def _stages(self) -> None:
        """Who reads is at no earlier place: at the first p places there are no more readers than makers."""
        for a, b in sorted(self.problem.before):
            for p in self.places[:-1]:
                variables = [*self.at[b, : p + 1].tolist(), *self.at[a, : p + 1].tolist()]
                self.rows.append(Row(variables, [1] * (p + 1) + [-1] * (p + 1), 0))

    def _interchangeable(self) -> None:
        order = np.argsort(-self.problem.seconds.min(axis=0), kind="stable")
        for kind in self.kinds:
            for i, g in enumerate(order[: len(kind) - 1]):
                later = self.at[g, list(kind[i + 1 :])].tolist()
                self.rows.append(Row(later, [1] * len(later), 0))

    def values(self, device_of: Sequence[int], busiest: float) -> Floats:
        """All variables of a lawful division, as the program would have them."""
        place_of = self.stages(device_of) if self.problem.contiguous else self.first_places(device_of)
        found = np.zeros(self.count)
        found[BUSIEST] = busiest
        place = np.array([place_of[d] for d in device_of])
        found[self.at[np.arange(len(place)), place]] = 1
        for n, groups in enumerate(self.nets):
            touched = {int(place[g]) for g in groups}
            if len(touched) > 1:
                found[self.cut[n, sorted(touched)]] = 1
        if self.open:
            for d, p in place_of.items():
                found[self.kind[p, self.kind_of[d]]] = 1
        return found

    def first_places(self, device_of: Sequence[int]) -> dict[int, int]:
        """Devices of each kind in the order of their largest groups."""
        order = np.argsort(-self.problem.seconds.min(axis=0), kind="stable")
        used = list(dict.fromkeys(int(device_of[g]) for g in order))
        found: dict[int, int] = {}
        for kind in self.kinds:
            own = [d for d in used if d in kind] + [d for d in kind if d not in used]
            found |= dict(zip(own, kind, strict=True))
        return found

    def stages(self, device_of: Sequence[int]) -> dict[int, int]:
        """Devices in an order in which no stage waits for a later one; those without groups at the end.

        Places of fixed kinds, where there is one kind, are any order of the devices.
        """
        waits: dict[int, set[int]] = {d: set() for d in device_of}
        for a, b in self.problem.before:
            if device_of[a] != device_of[b]:
                waits[device_of[b]].add(device_of[a])
        order: list[int] = []
        while len(order) < len(waits):
            order.append(next(d for d in waits if d not in order and waits[d] <= set(order)))
        order += [d for d in self.places if d not in waits]
        return {d: p for p, d in enumerate(order)}

    def devices(self, values: Floats) -> list[int]:
        """The device of each group of a solution."""
        place = values[self.at].argmax(axis=1)
        if not self.open:
            return [int(p) for p in place]
        free = [list(kind) for kind in self.kinds]
        device = [free[int(row.argmax())].pop(0) for row in values[self.kind]]
        return [device[p] for p in place]


def _joined_nets(problem: Problem) -> dict[tuple[int, ...], list[float]]:
    """Values with equal groups as one: producer first, number and bytes of messages."""
    by_set: dict[frozenset[int], tuple[int, ...]] = {}
    found: dict[tuple[int, ...], list[float]] = {}
    for net in problem.nets:
        entry = found.setdefault(by_set.setdefault(frozenset(net.groups), net.groups), [0.0, 0.0])
        entry[0] += 1
        entry[1] += net.bytes
    return found


def _sizes(problem: Problem) -> Floats | None:
    """Bytes of each group where memory is a sum."""
    if isinstance(problem.memory, SummedMemory):
        return problem.memory.bytes_of
    joined = problem.memory
    if not isinstance(joined, Joined) or not isinstance(joined.memory, SummedMemory):
        return None
    return np.asarray(np.bincount(joined.into, joined.memory.bytes_of), float)
