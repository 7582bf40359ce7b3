"""Which trials a search makes: rounds of tasks, the next of which may depend on the figures of the one before.

A task takes a trial to the end of an epoch. Tasks of one round do not depend on each other, so that they may run side
by side; as rounds do not depend on how many do, neither does the search.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.ir.op import rng
from cnngraph.search.spaces import Space, Value

DRAWN = 8  # the third part of the key: no other use of the seed has the same
MAX_TRIALS = 10_000
TRIES = 20  # draws for each trial, where values that were drawn already do not count

Settings: TypeAlias = Mapping[str, Value]
Goodness: TypeAlias = float | None
"""How good a trial is, larger is better; None for one that failed."""


@dataclass(frozen=True)
class Task:
    """Train one trial until the end of this epoch; trials count from 1."""

    trial: int
    settings: Settings
    until: int


Rounds: TypeAlias = Generator[list[Task], list[Goodness], None]


def grid(spaces: Mapping[str, Space]) -> list[Settings]:
    """Each value with each, the last setting changing fastest.

    >>> from cnngraph.search.spaces import Listed
    >>> grid({"n": Listed((8, 16)), "lr": Listed((0.1,))})
    [{'n': 8, 'lr': 0.1}, {'n': 16, 'lr': 0.1}]
    """
    axes = [_values(name, space) for name, space in spaces.items()]
    count = int(np.prod([float(len(axis)) for axis in axes]))
    if count > MAX_TRIALS:
        raise error("E0108", f"this grid has {count} trials, more than {MAX_TRIALS}", "try --trials 20 instead")
    return [dict(zip(spaces, values, strict=True)) for values in product(*axes)]


def _values(name: str, space: Space) -> tuple[Value, ...]:
    try:
        return space.grid()
    except ValueError as problem:
        raise error("E0108", f"{name}: {problem}") from problem


def drawn(spaces: Mapping[str, Space], trials: int, seed: int) -> list[Settings]:
    """Random settings, none of them twice; fewer than `trials` where there are no more. The first ones are the same
    for any number of trials.

    source: Bergstra, Bengio: Random search for hyper-parameter optimization, JMLR 2012.
    """
    if not 1 <= trials <= MAX_TRIALS:
        raise error("E0108", f"a search has from 1 to {MAX_TRIALS} trials, not {trials}")
    found: dict[tuple[Value, ...], Settings] = {}
    for draw in range(trials * TRIES):
        places = rng(seed, draw, DRAWN).random(len(spaces))
        values = tuple(space.at(place) for space, place in zip(spaces.values(), places.tolist(), strict=True))
        found.setdefault(values, dict(zip(spaces, values, strict=True)))
        if len(found) == trials:
            break
    return list(found.values())


def whole(settings: Sequence[Settings], epochs: int) -> Rounds:
    """All trials to their end, which is another one where `epochs` is among the settings."""
    yield [whole_task(number, each, epochs) for number, each in enumerate(settings, 1)]


def whole_task(number: int, settings: Settings, epochs: int) -> Task:
    own = settings.get("epochs", epochs)
    return Task(number, settings, own if isinstance(own, int) else epochs)


def halving(settings: Sequence[Settings], epochs: int, factor: int = 3) -> Rounds:
    """All trials for a few epochs, then the best part of them, one in `factor`, for `factor` times as many, ...

    source: Jamieson, Talwalkar: Non-stochastic best arm identification, AISTATS 2016 (successive halving); the factor
    is eta of Li et al.: Hyperband, JMLR 2018. Of trials that are equal, the earlier one goes on.

    >>> rounds = halving([{"n": 1}, {"n": 2}, {"n": 3}], epochs=6, factor=3)
    >>> [(task.trial, task.until) for task in next(rounds)]
    [(1, 2), (2, 2), (3, 2)]
    >>> [(task.trial, task.until) for task in rounds.send([0.5, None, 0.75])]
    [(3, 6)]
    """
    left = list(enumerate(settings, 1))
    for until in rungs(len(left), epochs, factor):
        goodness = yield [Task(number, each, until) for number, each in left]
        scored = [(-g, number) for (number, _), g in zip(left, goodness, strict=True) if g is not None]
        kept = {number for _, number in sorted(scored)[: -(-len(left) // factor)]}
        left = [(number, each) for number, each in left if number in kept]
        if not left:
            return


def rungs(trials: int, epochs: int, factor: int) -> list[int]:
    """The epochs at which trials are compared; the last is the end of a run.

    >>> rungs(27, 20, 3), rungs(3, 20, 3), rungs(1, 20, 3)
    ([1, 2, 7, 20], [7, 20], [20])
    """
    found = [epochs]
    while trials > 1 and found[0] > 1:
        trials = -(-trials // factor)
        found.insert(0, max(1, round(found[0] / factor)))
    return found
