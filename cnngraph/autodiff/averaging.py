"""Averages of states over the steps of training: beside each state that changes stands its average.

Whole numbers (the counters of random numbers) and the optimizer's own states have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Ref
from cnngraph.ops.moving_average import MovingAverage

T = TypeVar("T")


@dataclass(frozen=True)
class Ema:
    """The exponential moving average: the weight of a value falls by the factor `decay` with each step.

    source: Kingma, Ba: Adam, ICLR 2015, section 7.2 (temporal averaging).
    """

    decay: float

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1:
            raise ValueError(f"decay is at least 0 and below 1, not {self.decay}")

    def averaged(self, builder: Builder, updates: Mapping[str, Ref]) -> dict[str, Ref]:
        """Add the average of each state of `updates`, which says their next values; the updates of the averages."""
        found: dict[str, Ref] = {}
        for name, value in updates.items():
            if builder.type_of(value).dtype.startswith("float"):
                found |= self._average(builder, name, value)
        return found

    def _average(self, builder: Builder, name: str, value: Ref) -> dict[str, Ref]:
        state, node, op = builder.nodes[name], f"update.{name}.average", MovingAverage(self.decay)
        beside = state.colocated or name
        mean, count = op.weight_types(builder.type_of(value)).values()
        own = {average_of(name): replace(mean, initial=f"as {name}"), f"{node}.count": count}
        states = [
            builder.state(key, weight, origin=state.origin, device=state.device, colocated=beside).ref
            for key, weight in own.items()
        ]
        builder.add(node, op, [value, *states], origin=state.origin, device=state.device, colocated=beside)
        return {key: Ref(node, index) for index, key in enumerate(own)}


def average_of(name: str) -> str:
    """The name of the average of a state."""
    return f"update.{name}.average.mean"


def exchanged(states: Mapping[str, T]) -> dict[str, T]:
    """States and their averages in each other's place; twice is none. What has no average stays.

    >>> exchanged({"w": 1, "update.w.average.mean": 2, "key": 3})
    {'w': 2, 'update.w.average.mean': 1, 'key': 3}
    """
    twin = {name: average_of(name) for name in states if average_of(name) in states}
    twin |= {average: name for name, average in twin.items()}
    return {name: states[twin.get(name, name)] for name in states}
