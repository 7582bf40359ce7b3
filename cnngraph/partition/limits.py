"""What a search may not break while groups move: memory, and the order of stages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.partition.problem import Problem, SummedMemory

ROUNDING = 1e-9  # of a sum of bytes after many moves


class Limits:
    """Memory, and the order of stages: how many pairs of `before` lead from each device to each other one."""

    def __init__(self, problem: Problem, device_of: Sequence[int]) -> None:
        self.problem = problem
        self.none = problem.roomy and not problem.contiguous
        self.device_of = np.array(device_of, np.int64)
        self.limits: list[float] = problem.limits_bytes.tolist()
        self.bytes_of: list[float] = []
        if isinstance(problem.memory, SummedMemory):
            self.bytes_of = problem.memory.bytes_of.tolist()
            self.bytes = [problem.peak_bytes(self.device_of == d) for d in range(len(problem.devices))]
        self.counts = [[0] * len(problem.devices) for _ in problem.devices]
        self.earlier: list[list[int]] = [[] for _ in problem.groups]
        self.later: list[list[int]] = [[] for _ in problem.groups]
        for first, second in sorted(problem.before):
            self.later[first].append(second)
            self.earlier[second].append(first)
            self.counts[device_of[first]][device_of[second]] += 1

    def allow(self, moves: Sequence[tuple[int, int]]) -> bool:
        """Moves groups to devices if the limits allow it; if not, all stay."""
        if self.none:
            return True
        homes = [(group, int(self.device_of[group])) for group, _ in moves]
        for group, device in moves:
            self._move(group, device)
        if all(self._holds(device) for device in {device for _, device in moves}):
            return True
        for group, device in reversed(homes):
            self._move(group, device)
        return False

    def _holds(self, device: int) -> bool:
        if self.problem.contiguous and self._in_a_ring(device):
            return False
        if self.problem.roomy:
            return True
        if self.bytes_of and self.bytes[device] < self.limits[device] * (1 - ROUNDING):
            return True
        return self.problem.peak_bytes(self.device_of == device) <= self.limits[device]

    def _move(self, group: int, device: int) -> None:
        left = int(self.device_of[group])
        self.device_of[group] = device
        if self.bytes_of:
            self.bytes[left] -= self.bytes_of[group]
            self.bytes[device] += self.bytes_of[group]
        for other in self.later[group]:
            to = self.device_of[other]
            self.counts[left][to] -= 1
            self.counts[device][to] += 1
        for other in self.earlier[group]:
            row = self.counts[self.device_of[other]]
            row[left] -= 1
            row[device] += 1

    def _in_a_ring(self, device: int) -> bool:
        """Whether a device waits for itself; only one that a group has come to can begin to."""
        seen, ready = {device}, [device]
        while ready:
            here = ready.pop()
            for to, count in enumerate(self.counts[here]):
                if count and to == device and here != device:
                    return True
                if count and to not in seen:
                    seen.add(to)
                    ready.append(to)
        return False
