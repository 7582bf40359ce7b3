"""Loads of devices while groups move, one at a time: for each net, how many of its groups each device holds.

    net {a, b, c}      counts  gpu0 2, gpu1 1        b moves to gpu1:  counts  gpu0 1, gpu1 2   nothing else changes
                                                     c moves to gpu0:  counts  gpu0 3, gpu1 0   the net is no longer cut

A net costs something where it touches several devices. So only the nets of a group that moves are looked at, and only
where the group is the first on a device, or the last, does a load change. Where all links of a device are alike it
pays the same for a net whoever the others are: then only the two devices of the move can change.
source: gains by pin counts: Fiduccia, Mattheyses: A linear-time heuristic for improving network partitions, DAC 1982.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnngraph.partition.problem import Floats, Problem, loads


class PinCounts:
    """`device_of` and `amounts`, the loads, are those of the division after all moves so far."""

    def __init__(self, problem: Problem, device_of: Sequence[int]) -> None:
        self.problem = problem
        self.device_of = [int(d) for d in device_of]
        self.seconds: list[list[float]] = problem.seconds.tolist()
        self.nets_of = problem.nets_of
        self.alike = links_alike(problem)
        latency, per_byte = problem.worst_pay
        self.pays = [[float(latency[d] + net.bytes * per_byte[d]) for net in problem.nets] for d in self.devices]
        self.counts = [[0] * len(problem.devices) for _ in problem.nets]
        for n, net in enumerate(problem.nets):
            for group in net.groups:
                self.counts[n][self.device_of[group]] += 1
        self.spread = [sum(map(bool, count)) for count in self.counts]
        self.amounts: list[float] = loads(problem, self.device_of).tolist()

    @property
    def devices(self) -> range:
        return range(len(self.problem.devices))

    def after(self, group: int, device: int) -> dict[int, float]:
        """The loads that change if a group moves to another device, by device."""
        return self._after_alike(group, device) if self.alike else self._after_any(group, device)

    def move(self, group: int, device: int, changed: Mapping[int, float]) -> None:
        """Moves a group; `changed` is what `after` said, or, on the way back, what the loads were before."""
        left = self.device_of[group]
        counts, spread = self.counts, self.spread
        for n in self.nets_of[group]:
            count = counts[n]
            count[left] -= 1
            if not count[left]:
                spread[n] -= 1
            if not count[device]:
                spread[n] += 1
            count[device] += 1
        self.device_of[group] = device
        for d, load in changed.items():
            self.amounts[d] = load

    def _after_alike(self, group: int, device: int) -> dict[int, float]:
        left = self.device_of[group]
        pays_left, pays = self.pays[left], self.pays[device]
        loses, gains = (
            self.amounts[left] - self.seconds[left][group],
            self.amounts[device] + self.seconds[device][group],
        )
        counts, spread = self.counts, self.spread
        for n in self.nets_of[group]:
            count = counts[n]
            if count[left] == 1:
                if not count[device]:
                    if spread[n] > 1:
                        loses -= pays_left[n]
                        gains += pays[n]
                else:
                    loses -= pays_left[n]
                    if spread[n] == 2:
                        gains -= pays[n]
            elif not count[device]:
                gains += pays[n]
                if spread[n] == 1:
                    loses += pays_left[n]
        return {left: loses, device: gains}

    def _after_any(self, group: int, device: int) -> dict[int, float]:
        left = self.device_of[group]
        changed = {
            left: self.amounts[left] - self.seconds[left][group],
            device: self.amounts[device] + self.seconds[device][group],
        }
        for n in self.nets_of[group]:
            first, count = self.problem.nets[n].groups[0], self.counts[n]
            source = self.device_of[first]
            if first != group and count[left] > 1 and count[device]:
                continue
            on = {d for d in self.devices if count[d]}
            self._pay(changed, n, source, on, -1.0)
            on.add(device)
            if count[left] == 1:
                on.remove(left)
            self._pay(changed, n, device if first == group else source, on, 1.0)
        return changed

    def _pay(self, changed: dict[int, float], n: int, source: int, on: set[int], sign: float) -> None:
        """Adds, or takes away, what the devices `on` pay for a net that `source` sends."""
        count, most = self.problem.nets[n].bytes, 0.0
        for d in on:
            if d != source:
                most = max(most, self.problem.pays(source, d, count))
                changed[d] = changed.get(d, self.amounts[d]) + sign * self.problem.pays(d, source, count)
        changed[source] = changed.get(source, self.amounts[source]) + sign * most


def links_alike(problem: Problem) -> bool:
    """Whether each device pays the same for a value over all of its links."""
    apart = ~np.eye(len(problem.devices), dtype=bool)
    tables: tuple[Floats, Floats] = (problem.pay_seconds, problem.pay_seconds_per_byte)
    return all(np.ptp(row[keep]) == 0 for table in tables for row, keep in zip(table, apart, strict=True) if keep.any())
