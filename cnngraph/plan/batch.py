"""The batch of a graph, and how it is cut into tiles.

    batch of 10          0 1 2 | 3 4 5 | 6 7 8 | 9          tiles of 3 samples and the rest

The cut follows from the graph and its sizes alone, never from the number of workers or devices, so that the results
have the same bits whoever computes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cnngraph.cost.model import require_bound
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Task

TILES = 4  # parts of a batch: as many workers can take part, and as many partial sums are added
ONCE, TILED, GATHERS = "once", "tiled", "gathers"


@dataclass(frozen=True)
class Batch:
    """A graph with the batch as a symbol, and numbers for its sizes. `sizes` is empty where nothing is to be cut.

    `parts` is the number of tiles: more of them take less memory, and give sums other rounding errors.
    """

    graph: Graph
    sizes: Mapping[str, int] = field(default_factory=dict)
    parts: int = TILES
    _tasks: dict[tuple[str, int], Task] = field(default_factory=dict, compare=False, repr=False)
    _manners: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def samples(self) -> int:
        return self.sizes.get("batch", 1)

    @cached_property
    def bound(self) -> Graph:
        return self.graph.bind(**self.sizes) if self.sizes else require_bound(self.graph)

    @cached_property
    def tiles(self) -> tuple[tuple[int, int], ...]:
        """The first sample of each tile, and the one after its last."""
        size = -(-self.samples // self.parts)
        return tuple((a, min(a + size, self.samples)) for a in range(0, self.samples, size))

    def batched(self, ref: Ref) -> bool:
        return bool(self.sizes) and self.graph.type_of(ref).batched

    def type_of(self, ref: Ref, samples: int | None = None) -> TensorType:
        """The type of a value for so many samples; for all of them by default."""
        if not self.sizes:
            return self.graph.type_of(ref)
        return self.graph.type_of(ref).bind(**{**self.sizes, "batch": self.samples if samples is None else samples})

    def task(self, node: Node, samples: int | None = None) -> Task:
        """What the node computes for so many samples; for all of them by default."""
        key = node.name, self.samples if samples is None else samples
        if key not in self._tasks:
            self._tasks[key] = self._task(*key)
        return self._tasks[key]

    def _task(self, name: str, samples: int) -> Task:
        node = self.graph[name]
        if not self.sizes:
            return Task(node.op, self.graph.input_types(node), node.types)
        sizes = {**self.sizes, "batch": samples}
        inputs = tuple(t.bind(**sizes) for t in self.graph.input_types(node))
        return Task(node.op.bind(sizes), inputs, tuple(t.bind(**sizes) for t in node.types))

    def manner(self, node: Node) -> str:
        """How the node meets the batch: computed once for all, tile by tile, or by tiles that are then combined."""
        if node.name not in self._manners:
            self._manners[node.name] = self._manner(self.graph[node.name])
        return self._manners[node.name]

    def _manner(self, node: Node) -> str:
        op = node.op
        batched = [self.batched(ref) for ref in node.inputs]
        results = [self.batched(Ref(node.name, k)) for k in range(len(node.types))]
        if len(self.tiles) == 1 or isinstance(op, Input | State) or not any(batched):
            return ONCE
        if op.gathers and not any(results):
            return GATHERS
        return TILED if op.samplewise and all(results) else ONCE


