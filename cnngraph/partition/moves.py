"""Moves that a search may try; each is allowed by placements and by what devices can run.

    move      a -> b           mostly to the device of a group that shares a value with it
    swap      a -> b, b -> a   where devices are full, or nearly equal
    run       several groups that stand next to each other in the chain
    exchange  two devices, with all they have
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from cnngraph.partition.problem import Problem

FAR, EXCHANGES, RUNS, SWAPS = 0.1, 0.01, 0.05, 0.1  # shares of moves: to any device; of several groups


class Moves:
    """Groups, each with a device to go to, by chance."""

    def __init__(self, problem: Problem, random: Random) -> None:
        self.random = random
        self.pins: list[int] = problem.pins.tolist()
        self.free: list[int] = np.flatnonzero(problem.pins < 0).tolist()
        self.able: list[list[bool]] = np.isfinite(problem.seconds).tolist()
        self.count = len(problem.devices)
        self.near = [
            sorted({other for n in nets for other in problem.nets[n].groups} - {group})
            for group, nets in enumerate(problem.nets_of)
        ]

    def choose(self, device_of: Sequence[int], among: Sequence[int] = ()) -> list[tuple[int, int]]:
        """Groups that may move from where they are, or none. The first is one of those `among`, which are free."""
        random, among = self.random.random, among or self.free
        group = among[int(random() * len(among))]
        near = self.near[group]
        device = int(random() * self.count)
        if near and random() >= FAR:
            device = device_of[near[int(random() * len(near))]]
        if device == device_of[group] or not self.able[device][group]:
            return []
        if (kind := random()) >= EXCHANGES + RUNS + SWAPS:
            return [(group, device)]
        choose = self.exchange if kind < EXCHANGES else self.run if kind < EXCHANGES + RUNS else self.swap
        return choose(device_of, group, device)

    def swap(self, device_of: Sequence[int], group: int, device: int) -> list[tuple[int, int]]:
        """The group and, in exchange, one of the device; to find it takes a few tries."""
        home = device_of[group]
        for _ in range(self.count):
            other = self.free[int(self.random.random() * len(self.free))]
            if device_of[other] == device and self.able[home][other]:
                return [(group, device), (other, home)]
        return []

    def run(self, device_of: Sequence[int], group: int, device: int) -> list[tuple[int, int]]:
        """The group and those after it in the chain that are on its device; short runs are more likely."""
        home = device_of[group]
        length = 2 + int(self.random.random() * self.random.random() * len(self.free) / self.count)
        return [
            (other, device)
            for other in range(group, min(group + length, len(self.near)))
            if device_of[other] == home and self.able[device][other] and self.pins[other] < 0
        ]

    def exchange(self, device_of: Sequence[int], group: int, device: int) -> list[tuple[int, int]]:
        """All that the device has, and all of the group's device, but for what is placed."""
        home = device_of[group]
        other = {home: device, device: home}
        moves = [(g, other[d]) for g in self.free if (d := device_of[g]) in other]
        return moves if all(self.able[d][g] for g, d in moves) else []
