"""The best contiguous division, proven: dynamic programming over downsets of the groups, pruned by a threshold.

    best(used + one of kind c, T) = min over downsets S of T:  max(best(used, S), load_c(T - S))

`used` counts the devices of each kind. Nothing is kept that cannot lead to a division below the threshold: a used
device and a free one are each busy for less than it, so all used (and all free) devices bound the work of S (and of the
rest), with the values that cross. The threshold starts a little above the lower bound and grows until a division is
found: that is the best, as all below the threshold were tried. Where the time ends before, the last threshold that was
tried in full is the bound.
source: Tarnawski et al.: Efficient algorithms for device placement of DNN graph operators, NeurIPS 2020, section 5.1
(the recurrence); the pruning, and values as products of matrices, are our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np

from cnngraph.partition.bound import LARGEST, weights
from cnngraph.partition.downsets import Cuts, downsets
from cnngraph.partition.problem import Answer, Floats, Ints, Mask, Problem, loads
from cnngraph.partition.proof import SIMPLE_PROOF, improved, proven_seconds, value_seconds
from cnngraph.partition.relaxed import contracted, kinds, relaxed
from cnngraph.partition.strategies.chain import STRATEGY as CHAIN
from cnngraph.partition.strategy import Deadline, Strategy

PROOF = "all stages of downsets"
MOST_STATES = 4096  # numbers of used devices by kind
BLOCK = 512  # downsets at a time
CLOSE = 1e-10  # relative: values so close are equal
FIRST_STEP, GROWTH = 0.004, 2.0  # of the threshold above the lower bound

Used = tuple[int, ...]


class Late(Exception):
    """The time is over."""


@dataclass
class Search:
    """Tables of one problem, relaxed and contracted."""

    problem: Problem
    members: Mask
    deadline: Deadline
    kinds: tuple[tuple[int, ...], ...] = field(init=False)
    cuts: Cuts = field(init=False)
    weighted: dict[tuple[int, ...], tuple[Floats, Floats, Floats]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        problem = self.problem
        self.kinds = kinds(problem)
        self.cuts = Cuts.of(problem, self.members)
        finite = np.where(np.isfinite(problem.seconds), problem.seconds, 0.0)
        firsts = [kind[0] for kind in self.kinds]
        self.done = (self.members @ finite[firsts].T).T  # (kinds, downsets)
        elsewhere = [(problem.pins >= 0) & (problem.pins != d) | ~np.isfinite(problem.seconds[d]) for d in firsts]
        self.foreign = (self.members @ np.array(elsewhere, np.int32).T).T
        latency, per_byte = problem.worst_pay
        self.pay = [self.cuts.seconds(float(latency[d]), float(per_byte[d])) for d in firsts]
        order = np.argsort(-problem.seconds.min(axis=0), kind="stable")[: LARGEST * len(problem.devices)]
        self.large = self.members[:, order].cumsum(axis=1, dtype=np.int16)  # (downsets, numbers of the largest groups)
        self.sums = [_sums_of_smallest(problem.seconds[d, order]) for d in firsts]
        self.words = np.packbits(self.members, axis=1)
        self.words = np.pad(self.words, ((0, 0), (0, -self.words.shape[1] % 8))).view(np.uint64)  # (downsets, words)

    def states(self) -> list[Used]:
        """Numbers of used devices, fewer first."""
        found = product(*(range(len(kind) + 1) for kind in self.kinds))
        return sorted(found, key=sum)

    def below(self, threshold: float, floor: float) -> list[int] | None:
        """The best division among those whose busiest device stays below, as the device of each group.

        `floor` is a lower bound of all divisions: what is not above it is equally good. A downset that fewer devices
        reach equally well is not kept for more.
        """
        best: dict[Used, Floats] = {}
        back: dict[Used, tuple[Ints, Ints]] = {}
        full, nothing = len(self.members) - 1, tuple(0 for _ in self.kinds)
        for used in self.states():
            if self.deadline.over:
                raise Late
            values = np.full(len(self.members), np.inf)
            origin, kind_of = np.zeros((2, len(self.members)), np.int64)
            if used == nothing:
                values[0] = 0.0
            else:
                targets = self.promising(used, threshold)
                for c, number in enumerate(used):
                    if number and targets.size:
                        before = tuple(n - (i == c) for i, n in enumerate(used))
                        self.extend(best[before], c, targets, threshold, floor, (values, origin, kind_of))
                for c, number in enumerate(used):
                    if number:
                        fewer = best[tuple(n - (i == c) for i, n in enumerate(used))]
                        values[fewer <= values] = np.inf
            best[used], back[used] = values, (origin, kind_of)
        end = min(best, key=lambda used: float(best[used][full]))
        return self.walk(back, end, full) if best[end][full] < threshold else None

    def walk(self, back: dict[Used, tuple[Ints, Ints]], used: Used, place: int) -> list[int]:
        device_of = np.full(len(self.problem.groups), -1)
        while place:
            origin, kind_of = back[used]
            start, c = int(origin[place]), int(kind_of[place])
            used = tuple(n - (i == c) for i, n in enumerate(used))
            device_of[self.members[place] & ~self.members[start]] = self.kinds[c][used[c]]
            place = start
        return [int(d) for d in device_of]

    def promising(self, used: Used, threshold: float) -> Ints:
        """Downsets that the used devices can have done, and whose rest the others can do, each below the threshold."""
        free = tuple(len(kind) - n for kind, n in zip(self.kinds, used, strict=True))
        found = np.flatnonzero((self.at_least(used)[0] < threshold) & (self.at_least(free)[1] < threshold))
        if found.size:
            have = self.large[found]  # (downsets, numbers of the largest groups)
            total = np.arange(1, have.shape[1] + 1)
            fits = (have <= self.room(used, threshold)) & (total - have <= self.room(free, threshold))
            found = found[fits.all(axis=1)]
        return found

    def room(self, numbers: Used, threshold: float) -> Ints:
        """How many of the 1, 2, 3, ... largest groups so many devices can take below the threshold."""
        fit = [(sums < threshold).sum(axis=1) for sums in self.sums]
        return np.asarray(sum(number * each for number, each in zip(numbers, fit, strict=True)))

    def at_least(self, numbers: Used) -> tuple[Floats, Floats]:
        """Lower bounds of the busiest of so many devices, for each downset: if they do it, and if they do all else."""
        present = tuple(c for c, number in enumerate(numbers) if number)
        if present not in self.weighted:
            self.weighted[present] = self.weigh(present)
        does, rest, weight = self.weighted[present]
        scale = sum(w * numbers[c] for w, c in zip(weight, present, strict=True)) or 1.0
        return does / scale, rest / scale

    def weigh(self, present: tuple[int, ...]) -> tuple[Floats, Floats, Floats]:
        """What these kinds need for each downset, and for all else, at least; and the weight of each kind.

        With weights w_d, the busiest of them is busy for at least sum_d w_d load_d / sum_d w_d, and each group, and
        each value that crosses, is with one of them.
        """
        if not present:
            inside = self.members.any(axis=1)
            return np.where(inside, np.inf, 0.0), np.where(self.members.all(axis=1), 0.0, np.inf), np.zeros(0)
        rows = self.problem.seconds[[self.kinds[c][0] for c in present]]
        weight = weights(rows)
        least = (rows * weight[:, None]).min(axis=0)
        never = ~np.isfinite(least)  # groups that none of them can run
        least = np.where(never, 0.0, least)
        paid = np.min([w * self.pay[c] for w, c in zip(weight, present, strict=True)], axis=0)
        cross = paid @ self.cuts.crossed if paid.any() else 0.0
        inside = self.members @ least
        does, rest = inside + cross, least.sum() - inside + cross
        does[(self.members & never).any(axis=1)] = np.inf
        rest[(~self.members & never).any(axis=1)] = np.inf
        return does, rest, weight

    def extend(
        self, before: Floats, c: int, targets: Ints, threshold: float, floor: float, into: tuple[Floats, Ints, Ints]
    ) -> None:
        """Tries a stage of kind `c` from each downset that was reached to each target."""
        values, origin, kind_of = into
        sources = np.flatnonzero(before < threshold)
        sources = sources[np.argsort(self.done[c, sources], kind="stable")]
        order = targets[np.argsort(self.done[c, targets], kind="stable")]
        for first in range(0, len(sources), BLOCK):
            starts = sources[first : first + BLOCK]
            done = self.done[c, order]
            low = np.searchsorted(done, self.done[c, starts[0]] * (1 - CLOSE), "left")
            high = np.searchsorted(done, self.done[c, starts[-1]] + threshold, "left")
            for at in range(low, high, BLOCK):
                if self.deadline.over:
                    raise Late
                ends = order[at : min(at + BLOCK, high)]
                load = np.maximum(self.stage(starts, ends, c), floor)
                found = np.maximum(before[starts][:, None], load)  # (starts, ends)
                row = self.least(found, starts, ends, c, np.minimum(values[ends], threshold))
                value = found[row, np.arange(len(ends))]
                better = value < np.minimum(values[ends], threshold)
                values[ends[better]] = value[better]
                origin[ends[better]] = starts[row[better]]
                kind_of[ends[better]] = c

    def stage(self, starts: Ints, ends: Ints, c: int) -> Floats:
        """(starts, ends) -> the load of what lies between, infinite where kind `c` cannot take it."""
        load = self.done[c, ends][None, :] - self.done[c, starts][:, None]
        if self.pay[c].any():
            load += self.cuts.cut(starts, ends, self.pay[c])
        lawless = self.foreign[c, ends][None, :] != self.foreign[c, starts][:, None]
        for word in range(self.words.shape[1]):
            lawless |= (self.words[starts, word][:, None] & ~self.words[ends, word][None, :]) != 0
        load[lawless] = np.inf
        return np.asarray(load)

    def least(self, found: Floats, starts: Ints, ends: Ints, c: int, limit: Floats) -> Ints:
        """The best start of each end. Where memory limits, starts whose stage does not fit become infinite."""
        row: Ints = found.argmin(axis=0)
        if self.problem.roomy:
            return row
        room = float(self.problem.limits_bytes[self.kinds[c][0]])
        for i, end in enumerate(ends):
            while found[row[i], i] < limit[i]:
                if self.deadline.over:
                    raise Late
                if self.problem.peak_bytes(self.members[end] & ~self.members[starts[row[i]]]) <= room:
                    break
                found[row[i], i] = np.inf
                row[i] = found[:, i].argmin()
        return row


def _sums_of_smallest(seconds: Floats) -> Floats:
    """(first n groups, k) -> the sum of the k + 1 smallest of the first n; infinite where k >= n."""
    count = len(seconds)
    table = np.where(np.tri(count, dtype=bool), seconds[None, :], np.inf)
    return np.asarray(np.sort(table, axis=1).cumsum(axis=1))


def _solve(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    best = best or CHAIN.solve(problem, None, deadline)
    return prove(problem, best, deadline) if problem.contiguous else best


def prove(problem: Problem, best: Answer | None, deadline: Deadline) -> Answer | None:
    """The best contiguous division, or the one that is given; in both cases with a bound."""
    smaller = contracted(relaxed(problem))
    value, bound = value_seconds(problem, best), proven_seconds(smaller.problem, best)
    if value <= bound:
        return improved(problem, best, None, bound, SIMPLE_PROOF)
    members = downsets(smaller.problem, deadline)
    if members is None:
        return best
    search = Search(smaller.problem, members, deadline)
    if len(search.states()) > MOST_STATES:
        return best
    step, found = FIRST_STEP, None
    try:
        while found is None and bound < value * (1 - CLOSE):
            threshold = min(bound * (1 + step), value) if bound else value
            found = search.below(threshold * (1 - CLOSE), bound)
            bound = threshold if found is None else float(loads(smaller.problem, found).max())
            step *= GROWTH
    except Late:
        pass
    return improved(problem, best, None if found is None else smaller.expand(found), bound, PROOF)


STRATEGY = Strategy("ideals", _solve, whole=True)
