"""Small random problems of numbers only, and the best division by trying all."""

from __future__ import annotations

from itertools import product
from random import Random

import numpy as np

from cnngraph.partition.problem import Problem, SummedMemory, Value, lawful, loads


def random_problem(seed: int, groups: int = 6, devices: int = 3, *, alike: bool = False) -> Problem:
    """Groups with one task forward and sometimes one backward; some idle, placed, unable, or short of memory.

    `alike` devices have one price each for all links; otherwise links differ, too.
    """
    random = Random(seed)
    forward = [(a, b) for b in range(1, groups) for a in sorted(random.sample(range(b), min(b, random.randint(1, 2))))]
    backward = random.random() < 0.5
    work = [random.choice([0.0, random.uniform(0.5, 4)]) for _ in range(groups * (1 + backward))]
    speed = [random.choice([1.0, 1.0, 3.0]) for _ in range(devices)]
    seconds = np.outer(speed, work)
    if random.random() < 0.3:
        seconds[random.randrange(devices), random.randrange(groups)] = np.inf
    values = _values(random, forward, groups, backward)
    price = np.array([random.choice([0.0, 1.0, 1.0]) for _ in range(devices)])
    rate = np.repeat(price[:, None], devices, axis=1)
    if not alike:
        rate = rate * np.array([[random.choice([1.0, 1.5]) for _ in range(devices)] for _ in range(devices)])
    np.fill_diagonal(rate, 0.0)
    pins = np.full(groups, -1)
    if random.random() < 0.3:
        pins[random.randrange(groups)] = random.randrange(devices)
    sizes = np.array([random.uniform(1, 3) for _ in range(groups)])
    limit = random.choice([np.inf, sizes.sum() * 0.6])
    return Problem(
        title=f"random{seed}",
        devices=tuple(f"device{d}" for d in range(devices)),
        tasks=tuple(f"task{t}" for t in range(len(work))),
        groups=tuple(f"group{g}" for g in range(groups)),
        group_of=np.array([*range(groups), *reversed(range(groups))][: len(work)]),
        task_seconds=seconds,
        values=values,
        before=frozenset(forward),
        pay_seconds=0.1 * rate,
        pay_seconds_per_byte=rate,
        memory=SummedMemory(sizes),
        limits_bytes=np.full(devices, limit),
        pins=pins,
    )


def _values(random: Random, forward: list[tuple[int, int]], groups: int, backward: bool) -> tuple[Value, ...]:
    readers: dict[int, list[int]] = {}
    for a, b in forward:
        readers.setdefault(a, []).append(b)
        if backward:  # the gradient flows back, and the backward task also reads what the forward one made
            last = 2 * groups - 1
            readers.setdefault(last - b, []).append(last - a)
            if random.random() < 0.5:
                readers[a].append(last - b)
    return tuple(Value(source, tuple(found), random.uniform(0.05, 0.6)) for source, found in sorted(readers.items()))


def best_by_trying(problem: Problem) -> float | None:
    """The value of the best lawful division; None if there is none."""
    divisions = product(range(len(problem.devices)), repeat=len(problem.groups))
    return min((float(loads(problem, d).max()) for d in divisions if lawful(problem, d)), default=None)
