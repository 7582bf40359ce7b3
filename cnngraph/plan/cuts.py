"""Which nodes are cut into parts for several workers: too few samples, or weights too large to be read by each tile."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnngraph.ir.graph import Node
from cnngraph.kernels.parts import Part, ways_to_cut
from cnngraph.plan.batch import ONCE, TILES, Batch
from cnngraph.plan.choice import Choice

STAGE_SECONDS = 1.5e-4  # a stage of its own: waking the workers, and waiting for the last of them
WORKERS = 2  # as many are assumed when cutting is weighed against not cutting; the result is the same for any number


@dataclass(frozen=True)
class Cuts:
    """The parts of each node that is cut, asked for one by one."""

    batch: Batch
    choice: Choice
    _known: dict[str, tuple[Part, ...]] = field(default_factory=dict)

    def parts(self, node: Node) -> tuple[Part, ...]:
        """The parts of a node; none where it stays whole or goes with the tiles of the batch."""
        if node.name not in self._known:
            self._known[node.name] = self._best(node)
        return self._known[node.name]

    def _best(self, node: Node) -> tuple[Part, ...]:
        whole = self._seconds_whole(node)
        if whole < 2 * STAGE_SECONDS or len(node.types) > 1:
            return ()
        best: tuple[Part, ...] = ()
        for parts in ways_to_cut(self.batch.task(node), TILES):
            if all(self.choice.kernel(part.task).strided for part in parts):
                seconds = STAGE_SECONDS + sum(self.choice.seconds(part.task) for part in parts) / WORKERS
                if seconds < whole:
                    best, whole = parts, seconds
        return best

    def _seconds_whole(self, node: Node) -> float:
        """What the node takes without being cut."""
        if self.batch.manner(node) == ONCE:
            return self.choice.seconds(self.batch.task(node))
        tiles = self.batch.tiles
        each = (self.choice.seconds(self.batch.task(node, stop - first), len(tiles)) for first, stop in tiles)
        return sum(each) / WORKERS


