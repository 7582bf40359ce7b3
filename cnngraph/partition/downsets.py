"""Downsets of the groups: sets that hold, with a group, all that comes before it. Stages are differences of them.

    before   0 -> 1 -> 3        downsets   {} {0} {0 1} {0 2} {0 1 2} {0 1 2 3}
             0 -> 2 -> 3        stages     {0} | {2} | {1 3}  =  {0} - {}, {0 2} - {0}, {0 1 2 3} - {0 2}

A value is cut by the stage T - S, where S is part of T, unless S and T hold equally many of its groups (so the stage
holds none), or S holds none and T all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cnngraph.partition.problem import Floats, Ints, Mask, Problem
from cnngraph.partition.strategy import Deadline

MOST_CELLS = 60_000_000  # downsets * (groups + values): up to two bytes each


def downsets(problem: Problem, deadline: Deadline) -> Mask | None:
    """(downsets, groups), small ones first: the first is empty, the last is everything. None where there are too many.

    As integers of a bit for each group, in layers of equal size; each set knows what may be added to it.
    """
    count = len(problem.groups)
    needs, after = [0] * count, [[] for _ in range(count)]  # type: ignore[var-annotated]
    for a, b in problem.before:
        needs[b] |= 1 << a
        after[a].append(b)
    most = MOST_CELLS // (count + len(problem.nets) + 1)
    layer = {0: sum(1 << g for g in range(count) if not needs[g])}
    found: list[int] = []
    while layer:
        found += layer
        if len(found) > most or deadline.over:
            return None
        larger: dict[int, int] = {}
        for chosen, free in layer.items():
            rest = free
            while rest:
                bit = rest & -rest
                rest ^= bit
                grown = chosen | bit
                if grown not in larger:
                    ready = (g for g in after[bit.bit_length() - 1] if not needs[g] & ~grown)
                    larger[grown] = free ^ bit | sum(1 << g for g in set(ready))
        layer = larger
    width = -(-count // 8)
    packed = np.frombuffer(b"".join(chosen.to_bytes(width, "little") for chosen in found), np.uint8)
    return np.unpackbits(packed.reshape(-1, width), axis=1, count=count, bitorder="little").astype(bool)


@dataclass(frozen=True)
class Cuts:
    """Values by the set of their groups: how many of its groups each downset holds, messages, and bytes.

    fields: held      (values, downsets)
            size      groups of each value
            messages  how many values have this set of groups
            bytes     their bytes in all
    """

    held: npt.NDArray[np.int16]
    size: npt.NDArray[np.int16]
    messages: Floats
    bytes: Floats

    @staticmethod
    def of(problem: Problem, members: Mask) -> Cuts:
        table: dict[tuple[int, ...], list[float]] = {}
        for net in problem.nets:
            entry = table.setdefault(tuple(sorted(net.groups)), [0.0, 0.0])
            entry[0] += 1
            entry[1] += net.bytes
        columns = np.ascontiguousarray(members.T)  # (groups, downsets)
        held = [columns[list(groups)].sum(axis=0, dtype=np.int16) for groups in table]
        sums = np.array(list(table.values())).reshape(-1, 2)
        empty = np.zeros((0, len(members)), np.int16)
        size = np.array([len(groups) for groups in table], np.int16)
        return Cuts(np.array(held) if held else empty, size, sums[:, 0], sums[:, 1])

    @cached_property
    def crossed(self) -> Mask:
        """(values, downsets): whether a value has groups inside and outside."""
        return (self.held > 0) & (self.held < self.size[:, None])

    def seconds(self, latency: float, per_byte: float) -> Floats:
        """What a device pays for each value that it cuts."""
        return self.messages * latency + self.bytes * per_byte

    def cut(self, starts: Ints, ends: Ints, pay: Floats) -> Floats:
        """(starts, ends) -> what the stage between two downsets pays, if the first is part of the second.

        The sum over the values of pay * (1 - [held alike] - [none at the start, all at the end]) as a product of two
        matrices: a column for each value and each number of groups that occurs at starts and at ends.
        """
        own = np.flatnonzero(pay)
        first, last, size = self.held[np.ix_(own, starts)], self.held[np.ix_(own, ends)], self.size[own]
        left, right, total = [], [], np.zeros((len(starts), len(ends)))
        for n, weight in enumerate(pay[own]):
            for number in np.unique(first[n]):
                at_end = weight * ((last[n] == number) + 0.0 + ((last[n] == size[n]) if number == 0 else 0.0))
                if at_end.any():
                    left.append(first[n] == number)
                    right.append(at_end)
        if left:
            total = np.array(left, float).T @ np.array(right)
        return np.asarray(pay[own].sum() - total)
