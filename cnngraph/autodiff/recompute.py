"""Less memory for more arithmetic: the backward part computes again what the forward part did not keep.

    forward     a  b  c | d  e  f | g  h            `|` is a cut: what is made before it and read beyond it is kept
    kept              c         f   g  h            the last stretch is kept whole: its gradients come first
    backward                        h  g
                           d  e    f  e  d          run again, right before the first gradient that reads them
                     a  b    c  b  a

source: Chen, Xu, Zhang, Guestrin: Training deep nets with sublinear memory cost, 2016, sections 3 and 4. They cut into
equal stretches, or greedily by a budget; here the cuts are the best ones for this count: while the backward part is in
a stretch there live what was kept before it, what the gradients of the stretch read, and the gradients by what leaves
it. (The next states and what one layer needs for a moment are not counted.) For n equal layers about sqrt(2n) are kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cnngraph.cost.liveness import LEAVES, peak_bytes
from cnngraph.cost.model import require_bound, total_value_bytes
from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import error
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.size import bind, number, symbols
from cnngraph.ir.types import TensorType
from cnngraph.ops.gradient import Gradient

Ints = npt.NDArray[np.int64]

TYPICAL_SIZE = 64  # stands for a size that is still a symbol: only proportions matter
MOST_CUTS = 1000  # places looked at: the narrowest of each of so many equal parts
CLOSENESS = 0.01  # of the searches for a limit


def recompute(graph: Graph, sizes: Mapping[str, int] | None = None) -> Graph:
    """A graph with gradients, such as a training step, for the least memory: each forward node runs twice at most.

    A node that runs again is `again.<node>`: the same operator on the same inputs, on the device of its node, and
    `late`. It reads states as they were before their update, counters of random numbers too, so no bit of any value
    changes; and it updates none. The rest of the graph stays, and all of a graph that would gain nothing, has no
    gradients or computes again already. Where sizes are symbols, the cuts are those for `sizes`, such as the batch; for
    others a typical one stands in.
    """
    if not _can_change(graph):
        return graph
    sizes = sizes or {}
    stretches = _Stretches(graph, sizes)
    least = stretches.least_bytes()
    found = stretches.cut(least)
    if not sizes.keys() >= set(graph.symbols):
        return found
    reached, leaves = _peak(found.bind(**sizes))
    easier = stretches.cut(max(least, reached - leaves))  # what is not counted may be higher, and leave room
    return easier if _peak(easier.bind(**sizes))[0] <= reached else found


def recompute_within(graph: Graph, budget_bytes: int) -> Graph:
    """The bound graph with no more computed again than it takes to bring its peak within `budget_bytes`.

    Raises E0602, with the least peak, where that is too much; E0109 where sizes are symbols.
    """
    if peak_bytes(require_bound(graph)) <= budget_bytes:
        return graph
    best = recompute(graph)
    if (least := peak_bytes(best)) > budget_bytes:
        raise error(
            "E0602",
            f"{graph.name} needs {bytes_text(least)} even if it computes again, not {bytes_text(budget_bytes)}",
            "take a smaller batch, or divide it over devices",
        )
    stretches = _Stretches(graph, {})
    low, high = stretches.least_bytes(), stretches.uncut_bytes
    while high - low > CLOSENESS * high:
        middle = (low + high) // 2
        tried = stretches.cut(middle)
        if peak_bytes(tried) <= budget_bytes:
            low, best = middle, tried
        else:
            high = middle
    return best


class _Stretches:
    """Where the forward part of a graph can be cut, and what that costs. A stretch lies between two cuts."""

    def __init__(self, graph: Graph, sizes: Mapping[str, int]) -> None:
        self.graph, self.sizes = graph, sizes
        self.backward = _backward_nodes(graph)
        self.forward = [n for n in graph if not isinstance(n.op, LEAVES) and n.name not in self.backward]
        self.place = {node.name: i for i, node in enumerate(self.forward)}
        reads = ((ref, i) for i, node in enumerate(self.forward) for ref in node.inputs)
        self.last_read = {ref: i for ref, i in reads if ref.node in self.place}
        self.saved = {ref for name in self.backward for ref in graph[name].inputs if ref.node in self.place}
        self.cuts, self.leaving = self._candidates()
        self.kept_more = self._kept_more()
        self.alive = self._alive()
        self.uncut_bytes = int(self.alive[0, -1])

    def _bytes(self, ref: Ref) -> int:
        """Bytes of a value; an output costs nothing here, for it lives to the end anyway."""
        return 0 if ref in self.graph.outputs.values() else _typical(self.graph.type_of(ref), self.sizes)

    def _candidates(self) -> tuple[Ints, Ints]:
        """Places of the forward part to cut before, its start and its end among them; bytes that are read beyond."""
        count = len(self.forward)
        width = np.zeros(count + 1, np.int64)
        for ref, last in self.last_read.items():
            width[self.place[ref.node] + 1 : last + 1] += self._bytes(ref)
        parts = np.array_split(np.arange(1, count), min(MOST_CUTS, max(count - 1, 1)))
        cuts = np.array([0, *(part[np.argmin(width[part])] for part in parts if len(part)), count])
        return cuts, width[cuts]

    def _kept_more(self) -> Ints:
        """[i, j]: bytes that a cut at j keeps, and a cut at i or before does not: they are made after it."""
        count = len(self.cuts)
        corners = np.zeros((count + 1, count + 1), np.int64)
        for ref, last in self.last_read.items():
            size = self._bytes(ref)
            first, end = np.searchsorted(self.cuts, [self.place[ref.node], last], side="right")
            corners[0, first] += size
            corners[first, first] -= size
            corners[0, end] -= size
            corners[first, end] += size
        return corners.cumsum(0).cumsum(1)[:count, :count]

    def _alive(self) -> Ints:
        """[i, j]: the most bytes that live at once in the backward part between two cuts, but for those kept before."""
        read, moment = np.zeros((2, len(self.forward)), np.int64)
        for ref in self.saved:
            read[self.place[ref.node]] += self._bytes(ref)
        for node in (self.graph[name] for name in self.backward):
            if isinstance(node.op, Gradient) and node.colocated in self.place:
                results = sum(_typical(type_, self.sizes) for type_ in node.types)
                moment[self.place[node.colocated]] += results
        before = np.concatenate([[0], read.cumsum()])
        highest = np.maximum.reduceat(before[1:] + moment, self.cuts[:-1])
        up_to = np.maximum.accumulate(np.triu(np.broadcast_to(highest, (len(highest),) * 2)), axis=1)
        most: Ints = np.zeros_like(self.kept_more)
        most[:-1, 1:] = np.maximum(up_to, before[self.cuts[1:]] + self.leaving[1:])
        most -= before[self.cuts][:, None]
        return most

    def within(self, limit: int) -> list[int] | None:
        """The cuts with which no stretch counts more than `limit` bytes, the last as early as can be; None without.

        Kept bytes before each cut are least: what a stretch keeps does not depend on how those before it are cut.
        """
        last = len(self.cuts) - 1
        kept, before = np.full(last + 1, limit + 1), np.zeros(last + 1, np.int64)
        kept[0] = 0
        for j in range(1, last):
            fits = kept[:j] + self.alive[:j, j] <= limit
            then = np.where(fits, kept[:j] + self.kept_more[:j, j], limit + 1)
            before[j] = np.argmin(then)
            kept[j] = then[before[j]]
        ends = np.flatnonzero(kept[:last] + self.alive[:last, last] <= limit)
        chosen = [int(ends[0])] if len(ends) else None
        while chosen and chosen[-1]:
            chosen.append(int(before[chosen[-1]]))
        return chosen and [int(self.cuts[j]) for j in chosen[-2::-1]]

    def least_bytes(self) -> int:
        """The least limit that some cuts keep, nearly."""
        low, high = 0, self.uncut_bytes
        while high - low > CLOSENESS * high:
            middle = (low + high) // 2
            low, high = (middle, high) if self.within(middle) is None else (low, middle)
        return high

    def cut(self, limit: int) -> Graph:
        """The graph that is cut so that no stretch counts more than `limit` bytes."""
        cuts = self.within(limit) or []
        crossing = {
            ref for ref, last in self.last_read.items() if any(self.place[ref.node] < cut <= last for cut in cuts)
        }
        again = {node.name for node in self.forward[: cuts[-1] if cuts else 0]}
        return _Again(self.graph, self.place, again, crossing | set(self.graph.outputs.values())).done(self.backward)


class _Again(Builder):
    """The graph while its backward part is added, and before each node of that what it reads and was not kept."""

    def __init__(self, graph: Graph, place: Mapping[str, int], dropped: Collection[str], kept: Collection[Ref]) -> None:
        super().__init__()
        self.graph, self.place, self.dropped, self.kept = graph, place, dropped, kept
        self.names: dict[str, str] = {}

    def done(self, backward: Collection[str]) -> Graph:
        for node in self.graph:
            if node.name in backward:
                for name in sorted(self._missing(node), key=self.place.__getitem__):
                    self._again(self.graph[name])
                node = self._moved(node)
            self.nodes[node.name] = node
        if not self.names:
            return self.graph
        return self.finish(self.graph.name, self.graph.outputs, self.graph.updates, self.graph.facts)

    def _missing(self, node: Node) -> set[str]:
        """The dropped nodes that have to run again for `node` and did not yet."""
        found: set[str] = set()
        stack = [node]
        while stack:
            for ref in stack.pop().inputs:
                if self._is_dropped(ref) and ref.node not in self.names and ref.node not in found:
                    found.add(ref.node)
                    stack.append(self.graph[ref.node])
        return found

    def _is_dropped(self, ref: Ref) -> bool:
        return ref.node in self.dropped and ref not in self.kept

    def _moved(self, node: Node) -> Node:
        refs = (Ref(self.names[ref.node], ref.index) if self._is_dropped(ref) else ref for ref in node.inputs)
        return replace(node, inputs=tuple(refs))

    def _again(self, node: Node) -> None:
        name = self.names[node.name] = self.fresh(f"again.{node.name}")
        beside = node.colocated or node.name
        self.nodes[name] = replace(self._moved(node), name=name, colocated=beside, late=True)


def _peak(graph: Graph) -> tuple[int, int]:
    """The peak of a bound graph, and the bytes of states and fed values in it."""
    return peak_bytes(graph), total_value_bytes(node for node in graph if isinstance(node.op, LEAVES))


def _can_change(graph: Graph) -> bool:
    """Whether a graph has gradients, and does not compute again yet."""
    return any(isinstance(node.op, Gradient) for node in graph) and not any(node.late for node in graph)


def _backward_nodes(graph: Graph) -> frozenset[str]:
    """Gradients, and what is computed from them."""
    found: set[str] = set()
    for node in graph:
        if isinstance(node.op, Gradient) or any(ref.node in found for ref in node.inputs):
            found.add(node.name)
    return frozenset(found)


def _typical(type_: TensorType, sizes: Mapping[str, int]) -> int:
    """The bytes of a value, with numbers for symbols."""
    guessed = {s.name: -(-max(TYPICAL_SIZE, s.at_least) // s.multiple_of) * s.multiple_of for s in symbols(type_.bytes)}
    return number(bind(type_.bytes, {**guessed, **sizes}))
