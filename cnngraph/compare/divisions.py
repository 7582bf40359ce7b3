"""What differs between two divisions of one network over devices: which nodes moved, and what that gains or costs.

    divisions(old, new).moves        parts that run on another device, blocks as a whole where they moved as a whole
    divisions(old, new).figures      bottleneck, bound, traffic, memory: before and after
    divisions(old, new).devices      the same for each device
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.ir.graph import Node
from cnngraph.partition.partition import GOALS, Partition, Stage
from cnngraph.render.outline import Item, nodes_in, outline, path_of
from cnngraph.render.tabular import Quantity

Both: TypeAlias = tuple[Quantity | int | None, Quantity | int | None]


@dataclass(frozen=True)
class Move:
    """A node or block that runs on another device now; `seconds` of its work there, before and after."""

    path: str
    nodes: tuple[str, ...]
    source: str
    target: str
    seconds: tuple[float, float]


@dataclass(frozen=True)
class Divisions:
    """Two divisions whose nodes are compared by name. A team of devices counts as one, under all its names."""

    a: Partition
    b: Partition

    @property
    def same(self) -> bool:
        """Whether each node runs on the same device or team, and no graph has a node that the other lacks."""
        return self.a.graph.by_name.keys() == self.b.graph.by_name.keys() and not self.moved

    @cached_property
    def moved(self) -> dict[str, tuple[str, str]]:
        """Each node that has moved, weights too: from where, and to where."""
        old, new = places(self.a), places(self.b)
        return {name: (old[name], new[name]) for name in new if name in old and old[name] != new[name]}

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """The operators that moved, in the order of the network."""
        return tuple(move for item in outline(self.b.graph).items for move in self._moves(item))

    def _moves(self, item: Item) -> Iterator[Move]:
        names = tuple(node.name for node in nodes_in(item))
        ways = {self.moved.get(name) for name in names}
        if len(ways) == 1 and (way := ways.pop()):
            seconds = [sum(each.seconds_of[name] for name in names) for each in (self.a, self.b)]
            yield Move(path_of(item), names, *way, (seconds[0], seconds[1]))
        elif not isinstance(item, Node):
            for inner in item.items:
                yield from self._moves(inner)

    @property
    def aims(self) -> str:
        """What both were sought for, where that is not the same: then neither is the better one. Empty where it is."""
        if self.a.objective == self.b.objective:
            return ""
        return f"a was sought for {self.a.objective}, b for {self.b.objective}"

    @cached_property
    def figures(self) -> dict[str, Both]:
        """How good both are; all for one run with the batch that their graphs are bound to."""
        found: dict[str, Both] = {
            "devices": (_count(self.a), _count(self.b)),
            "bottleneck": _both(seconds_text, self.a.bottleneck_seconds, self.b.bottleneck_seconds),
        }
        if self.a.objective == self.b.objective:  # others have other bounds
            if self.a.objective != "throughput":
                found[GOALS[self.a.objective]] = _both(self.a.goal_text, self.a.goal, self.b.goal)
            found["lower bound"] = _both(self.a.goal_text, self.a.lower_bound_seconds, self.b.lower_bound_seconds)
            found["gap"] = _both("{:.1%}".format, self.a.gap, self.b.gap)
        return found | {
            "values that cross": (len(self.a.cuts), len(self.b.cuts)),
            "traffic": _both(bytes_text, _traffic(self.a), _traffic(self.b)),
            "largest peak memory": _both(bytes_text, *(max(s.peak_bytes for s in p.stages) for p in (self.a, self.b))),
        }

    @cached_property
    def devices(self) -> dict[str, dict[str, Both]]:
        """Nodes, load and peak memory of each device or team; None where one division does not use it."""
        old, new = ({stage.label: stage for stage in each.stages} for each in (self.a, self.b))
        return {label: _of_device(old.get(label), new.get(label)) for label in {**old, **new}}


def divisions(a: Partition, b: Partition) -> Divisions:
    """Compare two divisions."""
    return Divisions(a, b)


def places(partition: Partition) -> dict[str, str]:
    """The device or team of each node."""
    return {name: stage.label for stage in partition.stages for name in stage.nodes}


def _of_device(old: Stage | None, new: Stage | None) -> dict[str, Both]:
    figures: dict[str, Callable[[Stage], Quantity | int]] = {
        "nodes": lambda stage: len(stage.nodes),
        "load": lambda stage: Quantity(stage.load_seconds, seconds_text),
        "peak memory": lambda stage: Quantity(stage.peak_bytes, bytes_text),
    }
    return {name: (figure(old) if old else None, figure(new) if new else None) for name, figure in figures.items()}


def _both(text: Callable[[float], str], old: float, new: float) -> Both:
    return Quantity(old, text), Quantity(new, text)


def _count(partition: Partition) -> int:
    return sum(len(stage.team) or 1 for stage in partition.stages)


def _traffic(partition: Partition) -> int:
    return sum(cut.bytes * len(cut.targets) for cut in partition.cuts)
