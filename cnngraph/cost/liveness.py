"""When values live, and how many bytes are alive at once: in a whole graph or in the part of it that one device runs.

Every device runs its nodes in one common order (`execution_order`), so a value lives from its producer (or, where it is
received, from its first reader) to its last reader:

    order      conv1  relu1  conv2  relu2            an output lives to the end; inputs and states all the time
    conv1      [==========]
    relu1             [==========]

Not for offsets in memory: `plan/memory.py` lays buffers out and may need a little more than the peak counted here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

from cnngraph.cost.model import value_bytes
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State

LEAVES = (Input, State)


def needed_nodes(graph: Graph) -> frozenset[str]:
    """Names of the nodes that lead to an output or an update."""
    return graph.restricted_to([*graph.outputs.values(), *graph.updates.values()])


def execution_order(graph: Graph) -> tuple[Node, ...]:
    """All nodes: inputs and states, then the others as in the graph, but what leads to updates only as soon as it can.

    Among several of these that could run, the one nearest to its end goes first: an update before the gradient of the
    layer below, so that a weight gradient dies at once and does not wait for the end of the backward part. What makes
    the next value of a state and nothing else runs after the readers of that state, so that it can write over it.
    A `late` node runs right before the first of its readers.
    """
    shown = graph.restricted_to(graph.outputs.values())
    late = {n.name for n in graph if n.late and graph.users[n.name]}
    early = {n.name for n in graph if n.inputs and not (n.name in shown or n.name in late)}
    height = _heights(graph)
    place = {node.name: i for i, node in enumerate(graph)}
    before = _awaited(graph, early, late)
    for state, ref in graph.updates.items():
        if ref.node in early and not height[ref.node]:
            before[ref.node] |= {user.name for user in graph.users[state] if height[user.name]}
    after: dict[str, list[Node]] = {}
    for name, awaited in before.items():
        for other in awaited:
            after.setdefault(other, []).append(graph[name])
    waits = {name: len(awaited) for name, awaited in before.items()}
    order: list[Node] = []
    asleep = set(late)
    for node in sorted(graph, key=lambda node: not isinstance(node.op, LEAVES)):
        if node.name in early or node.name in late:
            continue
        ready = [(0, 0, node)]
        while ready:
            asked = _asked_for(graph, heappop(ready)[2], asleep)
            asleep -= asked
            for current in sorted((graph[name] for name in asked), key=lambda node: place[node.name]):
                order.append(current)
                for user in after.get(current.name, ()):
                    waits[user.name] -= 1
                    if not waits[user.name]:
                        heappush(ready, (height[user.name], place[user.name], user))
    return tuple(order)


def _awaited(graph: Graph, early: Collection[str], late: Collection[str]) -> dict[str, set[str]]:
    """For each early node those that it, or a late one that it wakes, reads: all but the late ones."""
    found: dict[str, set[str]] = {}
    for node in graph:
        if node.name in early or node.name in late:
            names = {ref.node for ref in node.inputs}
            found[node.name] = names.difference(late).union(*(found[name] for name in names if name in late))
    return {name: awaited for name, awaited in found.items() if name in early}


def _asked_for(graph: Graph, node: Node, asleep: Collection[str]) -> set[str]:
    """The node, and the late ones that have to run for it and did not yet."""
    asked, stack = {node.name}, [node]
    while stack:
        for ref in stack.pop().inputs:
            if ref.node in asleep and ref.node not in asked:
                asked.add(ref.node)
                stack.append(graph[ref.node])
    return asked


def _heights(graph: Graph) -> dict[str, int]:
    """For each node the number of edges on the longest path from it."""
    height: dict[str, int] = {}
    for node in reversed(graph.nodes):
        height[node.name] = max((height[user.name] + 1 for user in graph.users[node.name]), default=0)
    return height


def last_reads(graph: Graph, order: tuple[Node, ...] | None = None) -> dict[str, int]:
    """For each state: the position in the execution order of its last reader, -1 if nothing reads it."""
    positions = {node.name: i for i, node in enumerate(order or execution_order(graph))}
    return {s.name: max((positions[u.name] for u in graph.users[s.name]), default=-1) for s in graph.states}


def straight_updates(graph: Graph, order: tuple[Node, ...] | None = None) -> dict[Ref, str]:
    """Next values that are written straight over their state: value -> state.

    Nothing else reads such a value, and no reader of the state runs after its maker.
    """
    order = order or execution_order(graph)
    positions = {node.name: i for i, node in enumerate(order)}
    uses = Counter(graph.updates.values())
    read = {ref for node in graph for ref in node.inputs} | set(graph.outputs.values())
    last = last_reads(graph, order)
    return {
        ref: state
        for state, ref in graph.updates.items()
        if not isinstance(graph[ref.node].op, LEAVES)
        and ref not in read
        and uses[ref] == 1
        and positions[ref.node] >= last[state]
    }


class Liveness:
    """Peak bytes of any part of a bound graph. Built once for a graph, then asked for many parts.

    For a larger part the peak is never smaller: what was received is then produced earlier, what was sent lives on.
    """

    def __init__(self, graph: Graph) -> None:
        order = execution_order(graph)
        self.index = {node.name: i for i, node in enumerate(order)}
        refs = [Ref(node.name, k) for node in order for k in range(len(node.types))]
        value = {ref: v for v, ref in enumerate(refs)}
        straight = straight_updates(graph, order)
        sizes = [size for node in order for size in value_bytes(node)]
        sizes = [0 if ref in straight else size for ref, size in zip(refs, sizes, strict=True)]
        leaves = [isinstance(node.op, LEAVES) for node in order]
        self.bytes = np.array(sizes, np.int64)
        self.home = np.array([self.index[r.node] if leaves[self.index[r.node]] else -1 for r in refs], np.int64)
        held = (sum(value_bytes(node)) if leaf else 0 for node, leaf in zip(order, leaves, strict=True))
        self.held = np.array(list(held), np.int64)
        touches = sorted(self._touches(graph, order, value))
        self.value, self.time, self.node = np.array(touches, np.int64).reshape(-1, 3).T

    def _touches(self, graph: Graph, order: tuple[Node, ...], value: dict[Ref, int]) -> Iterable[tuple[int, int, int]]:
        """(value, time, node): the node, if it is in the part, needs the value at that time."""
        for i, node in enumerate(order):
            if not isinstance(node.op, LEAVES):
                yield from ((value[Ref(node.name, k)], i, i) for k in range(len(node.types)))
            yield from ((value[ref], i, i) for ref in node.inputs)
        for ref in graph.outputs.values():
            yield value[ref], len(order), self.index[ref.node]
        read = last_reads(graph, order)
        for state, ref in graph.updates.items():
            producer = self.index[ref.node]
            yield value[ref], max(producer, read[state]), producer

    def members(self, names: Iterable[str]) -> npt.NDArray[np.bool_]:
        """The part that consists of the named nodes, for `peak_bytes`."""
        mask = np.zeros(len(self.held), bool)
        mask[[self.index[name] for name in names]] = True
        return mask

    def peak_bytes(self, part: npt.NDArray[np.bool_]) -> int:
        """Bytes that a device needs for the part: its states and fed values, and the most that lives at one time."""
        return int(self.bytes_at(part).max())

    def bytes_at(self, part: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """The same at each place of the execution order, and behind its end."""
        touched = part[self.node]
        value, time = self.value[touched], self.time[touched]
        first = np.flatnonzero(np.diff(value, prepend=-1))
        last = np.append(first[1:], len(value)) - 1 if len(value) else first
        alive = value[first]
        own_leaf = (self.home[alive] >= 0) & part[self.home[alive]]
        size = np.where(own_leaf, 0, self.bytes[alive])
        steps = np.zeros(len(self.held) + 2, np.int64)
        np.add.at(steps, time[first], size)
        np.subtract.at(steps, time[last] + 1, size)
        bytes_: npt.NDArray[np.int64] = self.held[part].sum() + np.cumsum(steps)
        return bytes_


def peak_bytes(graph: Graph) -> int:
    """Bytes of states, fed values and the most of all other values that lives at one time; `graph` is bound."""
    liveness = Liveness(graph)
    return liveness.peak_bytes(np.ones(len(liveness.held), bool))
