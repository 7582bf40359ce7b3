"""The question that every strategy answers: which device runs which group. Numbers only: no graph and no operator.

    task     one operator, with its seconds on each device
    group    tasks that share a device: a layer with its weights, their gradients and updates
    value    what a task makes and who reads it; each other device that reads it receives it once
    net      a value seen from the groups: a hyperedge {producer, readers}

Tasks stand in the order in which every device runs its own; groups in an order in which a chain of devices may cut.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Place = TypeVar("Place", bound=Hashable)
Objective: TypeAlias = Literal["throughput", "latency", "memory"]


class Memory(Protocol):
    """What one device needs for a set of groups; never less for a larger set."""

    def peak_bytes(self, chosen: Mask) -> float: ...


@dataclass(frozen=True)
class SummedMemory:
    """Memory where nothing is ever freed: what a set of groups needs is the sum of what each needs."""

    bytes_of: Floats

    def peak_bytes(self, chosen: Mask) -> float:
        return float(self.bytes_of[chosen].sum())


@dataclass(frozen=True)
class Value:
    """What a task makes, and the tasks that read it."""

    source: int
    readers: tuple[int, ...]
    bytes: float


@dataclass(frozen=True)
class Net:
    """A value that is read outside the group that makes it: the producer's group, then those of its readers."""

    groups: tuple[int, ...]
    bytes: float


@dataclass(frozen=True)
class Problem:
    """A division to be found.

    fields: group_of       the group of each task
            task_seconds   (devices, tasks); infinite where a device cannot run a task
            before         pairs of groups: values of the first flow forward into the second
            pay_seconds, pay_seconds_per_byte
                           (devices, devices): what the first device pays for a value that it gives to the second or
                           has from it: seconds + bytes * seconds_per_byte
            limits_bytes   memory of each device
            pins           the device of each group, -1 where it is free
            contiguous     the devices, as stages, must not wait for each other in a ring (over `before`)
            objective      what is to be small: the busiest device's load (throughput), the time of one run (latency),
                           or the fullest device (memory)
            replicate      whether devices that are alike may share a stage as a team (`Answer.teams`)
            in_one_piece   latency only: devices that run all they have as one call, which waits for all its values,
                           takes them in, computes and gives its own out. Others run each task as soon as they can
            exchange_bytes for each group the gradients that the members of a team average after each run, if any
    """

    title: str
    devices: tuple[str, ...]
    tasks: tuple[str, ...]
    groups: tuple[str, ...]
    group_of: Ints
    task_seconds: Floats
    values: tuple[Value, ...]
    before: frozenset[tuple[int, int]]
    pay_seconds: Floats
    pay_seconds_per_byte: Floats
    memory: Memory
    limits_bytes: Floats
    pins: Ints
    contiguous: bool = True
    objective: Objective = "throughput"
    replicate: bool = False
    exchange_bytes: tuple[float, ...] = ()
    in_one_piece: frozenset[int] = frozenset()

    @cached_property
    def seconds(self) -> Floats:
        """(devices, groups)"""
        found = np.zeros((len(self.devices), len(self.groups)))
        for d, row in enumerate(self.task_seconds):
            np.add.at(found[d], self.group_of, row)
        return found

    @cached_property
    def nets(self) -> tuple[Net, ...]:
        found = []
        for value in self.values:
            own = int(self.group_of[value.source])
            groups = tuple(dict.fromkeys((own, *(int(self.group_of[task]) for task in value.readers))))
            if len(groups) > 1:
                found.append(Net(groups, value.bytes))
        return tuple(found)

    @cached_property
    def nets_of(self) -> tuple[tuple[int, ...], ...]:
        """For each group the nets that touch it."""
        found: list[list[int]] = [[] for _ in self.groups]
        for n, net in enumerate(self.nets):
            for group in net.groups:
                found[group].append(n)
        return tuple(map(tuple, found))

    @cached_property
    def worst_pay(self) -> tuple[Floats, Floats]:
        """For each device: seconds, and seconds for a byte, over the slowest of its links."""
        return self.pay_seconds.max(axis=1), self.pay_seconds_per_byte.max(axis=1)

    def pays(self, device: int, other: int, count: float) -> float:
        """Seconds that `device` pays for a value of `count` bytes that passes between the two."""
        return float(self.pay_seconds[device, other] + count * self.pay_seconds_per_byte[device, other])

    def peak_bytes(self, chosen: Mask) -> float:
        """Memory that one device needs for the chosen groups."""
        return self.memory.peak_bytes(chosen)

    @cached_property
    def roomy(self) -> bool:
        """Whether everything would fit on each single device, so that memory limits nothing."""
        return self.peak_bytes(np.ones(len(self.groups), bool)) <= float(self.limits_bytes.min())


@dataclass(frozen=True)
class Answer:
    """A device for each group, and what is known of the best.

    fields: device_of       index of a device for each group
            bound_seconds   no division of the same kind is better than this (0: nothing is known), in the unit of the
                            objective
            proof           what proves the bound, in a few words
            teams           devices that share one stage, each a run of samples of its own; the first one is the device
                            that `device_of` names
    """

    device_of: tuple[int, ...]
    bound_seconds: float = 0.0
    proof: str = ""
    teams: tuple[tuple[int, ...], ...] = ()


def loads(problem: Problem, device_of: Sequence[int], teams: Sequence[Sequence[int]] = ()) -> Floats:
    """Seconds that each device computes, sends and receives.

    A sender pays once for a value, over the slowest of the links that it takes; each receiver pays once. A member of a
    team of r has 1/r of what its first member alone would have, and the exchange of gradients.
    """
    chosen = np.asarray(device_of)
    found = np.array([row[chosen == d].sum() for d, row in enumerate(problem.seconds)])
    for net in problem.nets:
        source = int(chosen[net.groups[0]])
        targets = {int(chosen[group]) for group in net.groups} - {source}
        if targets:
            found[source] += max(problem.pays(source, target, net.bytes) for target in targets)
            for target in targets:
                found[target] += problem.pays(target, source, net.bytes)
    for team in teams:
        count = sum(size for size, d in zip(problem.exchange_bytes, chosen, strict=True) if d == team[0])
        pairs = np.ix_(team, team)
        slowest = problem.pay_seconds[pairs].max(), problem.pay_seconds_per_byte[pairs].max()
        found[list(team)] = found[team[0]] / len(team) + exchange_seconds(count, len(team), *slowest)
    return found


def exchange_seconds(count: float, members: int, latency_seconds: float, seconds_per_byte: float) -> float:
    """Seconds for which each member of a team sends and receives until all have the average of `count` bytes.

    In a ring each sends 2 (r - 1) messages of 1/r of the bytes.
    source: Patarasuk and Yuan: Bandwidth optimal all-reduce algorithms, JPDC 69, 2009, section 4.

    >>> exchange_seconds(1000, 4, 0.5, 0.01)
    18.0
    """
    if count == 0 or members == 1:
        return 0.0
    return 2 * (members - 1) * (latency_seconds + count / members * seconds_per_byte)


def depth(problem: Problem, device_of: Sequence[int]) -> int:
    """How many stages a sample passes one after the other; 0 where stages wait for each other in a ring.

    Stages that stand side by side count once, so a shallow division fills its pipeline sooner.
    """
    after: dict[int, set[int]] = {int(device): set() for device in device_of}
    for first, second in problem.before:
        if device_of[first] != device_of[second]:
            after[int(device_of[first])].add(int(device_of[second]))
    return longest_path(after)


def longest_path(after: Mapping[Place, Iterable[Place]]) -> int:
    """The number of places on the longest path; 0 where there is a ring.

    >>> longest_path({"a": ["b", "c"], "b": ["c"], "c": []}), longest_path({"a": ["b"], "b": ["a"]})
    (3, 0)
    """
    before: dict[Place, set[Place]] = {place: set() for place in after}
    for place, users in after.items():
        for user in users:
            before[user].add(place)
    found: dict[Place, int] = {}
    while free := [place for place in before if place not in found and before[place] <= found.keys()]:
        for place in free:
            found[place] = 1 + max((found[other] for other in before[place]), default=0)
    return max(found.values(), default=0) if len(found) == len(before) else 0


def in_a_ring(problem: Problem, device_of: Sequence[int]) -> tuple[int, ...]:
    """Devices that wait for each other as stages; empty where the quotient has an order.

    Where some devices run in one piece, only those do; the groups of others stand each for itself.
    """
    count = len(problem.devices)
    whole = problem.in_one_piece or range(count)
    stage_of = [device if device in whole else count + group for group, device in enumerate(device_of)]
    awaits: dict[int, set[int]] = {stage: set() for stage in stage_of}
    for first, second in problem.before:
        if stage_of[first] != stage_of[second]:
            awaits[stage_of[second]].add(stage_of[first])
    while free := [device for device, waits in awaits.items() if not waits & awaits.keys()]:
        for device in free:
            del awaits[device]
    return tuple(sorted(stage for stage in awaits if stage < count))


def lawful(problem: Problem, device_of: Sequence[int]) -> bool:
    """Whether placements, abilities, memory and, where it is asked for, the order of stages are respected."""
    chosen = np.asarray(device_of)
    pinned = problem.pins >= 0
    if (chosen[pinned] != problem.pins[pinned]).any():
        return False
    if not np.isfinite(problem.seconds[chosen, np.arange(len(chosen))]).all():
        return False
    if problem.contiguous and in_a_ring(problem, device_of):
        return False
    fits = (problem.peak_bytes(chosen == d) <= problem.limits_bytes[d] for d in set(device_of))
    return problem.roomy or all(fits)
