"""Repeats folded: consecutive copies of the same structure become one, which says how many there are.

    a -> block[1] -> block[2] -> block[3] -> z
    a -> block x 3 -> z

Copies are folded only where the picture stays true: the same operators, types, wiring and kinds; each copy reads
the one before it in the same place; and nothing else reads a copy but the last (gradients apart).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TypeAlias

from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.render.outline import Frame, Item, base, nodes_in, path_of, segment

LONGEST_PERIOD = 6

Group: TypeAlias = tuple[Item, ...]


@dataclass
class Folding:
    """One run over an outline. `shown` collects, for each node of a folded copy, the node drawn in its place."""

    graph: Graph
    whole: Callable[[str], bool]  # paths that must not be folded away
    kind_of: Mapping[str, str]  # of nodes: device, or what an overlay tells apart
    ignored: frozenset[str] = frozenset()  # readers that do not count: gradients
    shown: dict[str, str] = field(default_factory=dict)

    def fold(self, frame: Frame) -> Frame:
        """`frame` with every run of copies replaced by its first copy, outer runs first."""
        items: list[Item] = []
        start = 0
        while start < len(frame.items):
            run = self._run(frame.items, start)
            items.append(self._folded(run))
            start += sum(map(len, run))
        return replace(frame, items=tuple(items))

    def _folded(self, run: list[Group]) -> Item:
        first, covers = run[0], tuple(path_of(item) for group in run for item in group)
        for copy in run[1:]:
            self.shown.update((b.name, a.name) for a, b in zip(_nodes(first), _nodes(copy), strict=True))
        if len(run) == 1:
            return self.fold(first[0]) if isinstance(first[0], Frame) else first[0]
        if len(first) == 1 and isinstance(first[0], Frame):
            return replace(self.fold(first[0]), copies=len(run), covers=covers)
        path = f"{covers[0]} to {segment(covers[len(first) - 1])}" if len(first) > 1 else covers[0]
        return replace(self.fold(Frame(path, first)), copies=len(run), covers=covers)

    def gather(self, frame: Frame, most: int = 0) -> Frame:
        """`frame` with neighbouring blocks of one name and one kind, each of which reads the one before it, as one.

            layer[1] -> layer[2] -> ... -> layer[9]        unequal, so that they are no copies
            layer[1] to layer[9]

        Blocks of no more than `most` items are left as they are, but for what stands in them.
        """
        runs: list[list[Item]] = []
        for item in frame.items:
            if runs and len(frame.items) > most and self._goes_on(runs[-1][-1], item):
                runs[-1].append(item)
            else:
                runs.append([self.gather(item, most) if isinstance(item, Frame) else item])
        return replace(frame, items=tuple(_together(run) if len(run) > 1 else run[0] for run in runs))

    def _goes_on(self, before: Item, item: Item) -> bool:
        if not (isinstance(before, Frame) and isinstance(item, Frame)) or base(before.path) != base(item.path):
            return False
        own = {node.name for node in nodes_in(before)}
        kinds = {self.kind_of.get(node.name) for each in (before, item) for node in nodes_in(each)}
        reads = any(self.shown.get(ref.node, ref.node) in own for node in nodes_in(item) for ref in node.inputs)
        return len(kinds) == 1 and reads and not any(map(self.whole, (before.path, item.path)))

    def _run(self, items: Group, start: int) -> list[Group]:
        """The longest run of equal groups that begins at `start`, of the shortest period that repeats at all."""
        for period in range(1, min(LONGEST_PERIOD, (len(items) - start) // 2) + 1):
            if base(path_of(items[start])) != base(path_of(items[start + period])):
                continue
            groups = [tuple(items[i : i + period]) for i in range(start, len(items) - period + 1, period)]
            count = self._length(groups)
            if count > 1:
                return groups[:count]
        return [items[start : start + 1]]

    def _length(self, groups: list[Group]) -> int:
        if any(self.whole(path_of(item)) for item in groups[0]):
            return 1
        structure, count, wiring = self._structure(groups[0]), 1, None
        while count < len(groups):
            before, here = groups[count - 1], groups[count]
            if any(self.whole(path_of(item)) for item in here) or self._structure(here) != structure:
                break
            links = self._links(before, here)
            if links is None or links != (wiring or links) or self._leaks(before, here):
                break
            wiring, count = links, count + 1
        return count

    def _structure(self, group: Group) -> Hashable:
        """What must be equal: words, operators, types, weights, kinds and the wiring inside."""
        nodes = _nodes(group)
        place = {node.name: i for i, node in enumerate(nodes)}
        words = tuple(base(path_of(item)) for item in group)
        return words, tuple(self._traits(node, place) for node in nodes)

    def _traits(self, node: Node, place: Mapping[str, int]) -> Hashable:
        sources = tuple((place.get(ref.node), ref.index) for ref in node.inputs)
        types = self.graph.input_types(node)
        return base(node.name), node.op, node.types, types, sources, self.kind_of.get(node.name)

    def _links(self, before: Group, here: Group) -> tuple[Hashable, ...] | None:
        """Where a copy reads from: places in the copy before it, or outside; None if it does not follow that copy."""
        place = {node.name: i for i, node in enumerate(_nodes(before))}
        inside = {node.name for node in _nodes(here)}
        refs = [ref for node in _nodes(here) for ref in node.inputs if ref.node not in inside]
        read = [ref for ref in refs if not isinstance(self.graph[ref.node].op, State)]
        follows = any(ref.node in place for ref in read)
        return tuple((place.get(r.node, self.shown.get(r.node, r.node)), r.index) for r in read) if follows else None

    def _leaks(self, before: Group, here: Group) -> bool:
        """Whether something else than the next copy reads this one."""
        own = {node.name for group in (before, here) for node in _nodes(group)}
        return any(self._is_read(node, own) for node in _nodes(before))

    def _is_read(self, node: Node, own: set[str]) -> bool:
        users = {user.name for user in self.graph.users[node.name]} - own - self.ignored
        return bool(users) or node.name in self._outputs

    @cached_property
    def _outputs(self) -> frozenset[str]:
        return frozenset(ref.node for ref in self.graph.outputs.values())


def _together(run: list[Item]) -> Frame:
    covers = chain.from_iterable((isinstance(item, Frame) and item.covers) or (path_of(item),) for item in run)
    return Frame(f"{path_of(run[0])} to {segment(path_of(run[-1]))}", tuple(run), covers=tuple(covers))


def _nodes(group: Group) -> list[Node]:
    return [node for item in group for node in nodes_in(item)]
