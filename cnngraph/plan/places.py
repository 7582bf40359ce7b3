"""Where the values of one device lie: which of them share memory, and how long each memory is needed.

    conv  -> a  -+                 a and b are written where the concat has their channels: nothing is copied
    conv  -> b  -+-> concat -> c   (`within`); part, flatten and the gradient of a concat are found in their input
    part  <- c                     (`seen`); an operator may write over an input that nobody else needs (`over`)

A value that lives inside one region belongs to the arena of a worker and has the size of a tile; what crosses regions
has the size of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.size import number
from cnngraph.kernels.kernel import Kernel, Task
from cnngraph.kernels.views import is_joined, seen_as
from cnngraph.plan.batch import GATHERS, TILED, Batch
from cnngraph.plan.stages import Advance, Apply, ApplyPart, Get, Give, Group, Item, Join, Keep, Ready


@dataclass(frozen=True)
class Place:
    """A value inside of the memory of `root`: all of it, or some of its channels, or all of it in another shape."""

    root: Ref
    channels: tuple[int, int] | None = None
    reshaped: bool = False


@dataclass(frozen=True)
class Touch:
    """A value is read or written: at which position, in which group and job of it."""

    position: int
    group: int
    job: int


class Places:
    """The place of every value that one device makes or reads."""

    def __init__(
        self,
        graph: Graph,
        batch: Batch,
        groups: Sequence[Group],
        straight: Mapping[Ref, str],
        kernel_of: Callable[[Node], Kernel],
        shown: Collection[Ref],
    ) -> None:
        self.graph, self.batch, self.groups, self.straight = graph, batch, groups, straight
        self.kernel_of, self.shown = kernel_of, frozenset(shown)
        self.touches: dict[Ref, list[Touch]] = {}
        self.span: list[tuple[int, int]] = []  # first and last position of each group
        self.steps: list[tuple[int, Item]] = []  # group and item at each position
        self._number()
        self.place = {ref: Place(ref) for ref in self.touches}
        self.members: dict[Ref, list[Ref]] = {ref: [ref] for ref in self.touches}
        self.silent: set[str] = set()  # nodes that need no step
        self._share()

    # ---- positions ----

    def _number(self) -> None:
        for g, group in enumerate(self.groups):
            start = len(self.steps)
            for j, job in enumerate(group.jobs):
                for item in job:
                    for ref in touched(item):
                        self.touches.setdefault(ref, []).append(Touch(len(self.steps), g, j))
                    self.steps.append((g, item))
            self.span.append((start, len(self.steps) - 1))

    def shared(self, group: int) -> bool:
        """Whether several jobs of the group may run at one time."""
        found = self.groups[group]
        return len(found.jobs) > 1 or (found.region and len(self.batch.tiles) > 1)

    # ---- what shares memory ----

    def _share(self) -> None:
        for node in self._applied():
            if is_joined(node.op):
                self._join(node)
        for node in self._applied():
            self._see(node)
        for node in self._applied():
            self._write_over(node)

    def _applied(self) -> Iterable[Node]:
        return [item.node for _, item in self.steps if isinstance(item, Apply)]

    def _free(self, ref: Ref) -> bool:
        """Whether the value has memory of its own so far, which may be put elsewhere."""
        leaf = isinstance(self.graph[ref.node].op, Input | State)
        _, first = self.steps[self.touches[ref][0].position]
        made_here = isinstance(first, Apply | ApplyPart) and first.node.name == ref.node
        return not leaf and made_here and self.place[ref] == Place(ref) and ref not in self.straight

    def _join(self, node: Node) -> None:
        """Put the inputs of a concat where it has their channels."""
        if node.ref in self.straight or self.batch.manner(node) == GATHERS:
            return
        start, once = 0, len(node.inputs) == len(set(node.inputs))
        for ref in node.inputs:
            width = number(self.graph.type_of(ref).shape[-1])
            maker = self.graph[ref.node]
            fits = self._free(ref) and ref.index == 0 and (is_joined(maker.op) or self.kernel_of(maker).strided)
            same = self.batch.manner(maker) == self.batch.manner(node) and seen_as(self.batch.task(maker)) is None
            if once and fits and same and ref not in self.shown:
                self._move(ref, node.ref, start)
            start += width

    def _move(self, ref: Ref, root: Ref, start: int) -> None:
        """The memory of `ref`, with all that lies in it, is now at these channels of `root`."""
        base = self.place[root]
        root, start = base.root, start + (base.channels[0] if base.channels else 0)
        for member in self.members.pop(ref):
            inner = self.place[member].channels or (0, number(self.graph.type_of(member).shape[-1]))
            self.place[member] = Place(root, (start + inner[0], start + inner[1]))
            self.members[root].append(member)

    def _see(self, node: Node) -> None:
        """A result that is found in its input needs no step."""
        task = self.batch.task(node)
        seen = seen_as(task)
        source = node.inputs[0] if node.inputs else None
        if seen is None or source is None or not self._may_share(node, source):
            return
        at = self.place[source]
        if task.inputs[0].shape == task.outputs[0].shape and seen.channels is None:
            place = at
        elif seen.channels is not None and not at.reshaped:
            first = at.channels[0] if at.channels else 0
            place = Place(at.root, (first + seen.channels[0], first + seen.channels[1]))
        elif seen.channels is None and at.channels is None and not at.reshaped:
            place = Place(at.root, None, reshaped=True)
        else:
            return
        self.place[node.ref] = place
        self.members[at.root] += self.members.pop(node.ref)
        self.silent.add(node.name)

    def _may_share(self, node: Node, source: Ref) -> bool:
        """Whether the only result may lie in the memory of the input: both free of other duties."""
        root = self.place[source].root
        changes = root.node in self.graph.updates or root in self.straight
        settled = self.place[node.ref] != Place(node.ref) or len(self.members[node.ref]) > 1
        return not (changes or settled or node.ref in self.straight or len(node.types) > 1)

    def _write_over(self, node: Node) -> None:
        """The first result takes over the memory of an input that dies here."""
        if node.name in self.silent or self.place[node.ref] != Place(node.ref) or len(self.members[node.ref]) > 1:
            return
        if node.ref in self.straight or self.batch.manner(node) == GATHERS:
            return
        here = self.touches[node.ref][0]
        for index in self.kernel_of(node).in_place:
            if index >= len(node.inputs):
                continue
            ref = node.inputs[index]
            root = self.place[ref].root
            if self._dies(ref, root, node, here) and node.inputs.count(ref) == 1:
                self.place[node.ref] = Place(root)
                self.members[root] += self.members.pop(node.ref)
                return

    def _dies(self, ref: Ref, root: Ref, node: Node, here: Touch) -> bool:
        """Whether `node` is the last one that touches the memory of `ref`, which it may then write over."""
        if self.place[ref].channels is not None or self.place[ref].reshaped:
            return False
        if isinstance(self.graph[root.node].op, Input | State) or root in self.straight:
            return False
        same_type = self.graph.type_of(ref) == self.graph.type_of(node.ref) == self.graph.type_of(root)
        same_kind = self.is_local(root) == self.is_local(node.ref)
        others = [t for member in self.members[root] for t in self.touches[member] if t != here]
        last = all(t.position < here.position and (t.group != here.group or t.job == here.job) for t in others)
        return same_type and same_kind and last and not self.shown.intersection(self.members[root])

    # ---- what memory is needed ----

    def is_local(self, root: Ref) -> bool:
        """Whether all that touches this memory happens inside of one region, in the course of one tile."""
        if self.shown.intersection(self.members[root]):
            return False
        touches = [t for member in self.members[root] for t in self.touches[member]]
        group = touches[0].group
        inside = self.groups[group].region and all(t.group == group for t in touches)
        return inside and all(self._is_tiled(member) for member in self.members[root])

    def _is_tiled(self, ref: Ref) -> bool:
        node = self.graph[ref.node]
        return not isinstance(node.op, Input | State) and self.batch.manner(node) == TILED

    def life(self, root: Ref) -> tuple[int, int]:
        """First and last position; where jobs run side by side, all positions of their group."""
        touches = [t for member in self.members[root] for t in self.touches[member]]
        local = self.is_local(root)
        ends = [self.span[t.group] if self.shared(t.group) and not local else (t.position, t.position) for t in touches]
        return min(a for a, _ in ends), max(b for _, b in ends)


def touched(item: Item) -> tuple[Ref, ...]:
    """The values that an item reads or writes. A state is touched by its readers; what changes it is ordered apart."""
    match item:
        case Apply(node) | ApplyPart(node):
            return (*node.inputs, *(Ref(node.name, k) for k in range(len(node.types))))
        case Ready():
            return ()
        case Join(node):
            return tuple(Ref(node.name, k) for k in range(len(node.types)))
        case Advance(_, source):
            return (source,)
        case Keep(state):
            return (state,)
        case Give(value) | Get(value):
            return (value,)


def task_of(batch: Batch, node: Node) -> Task:
    """What the node computes in one call: for a tile, or for all."""
    if batch.manner(node) in (TILED, GATHERS):
        first, stop = batch.tiles[0]
        return batch.task(node, stop - first)
    return batch.task(node)


