"""A trained classifier as a measure of pictures: what it sees in them, and what it takes them for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array
from cnngraph.ir.text import from_text
from cnngraph.passes.prune import prune
from cnngraph.runtime.runner import Runner
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.feeds import cut

BATCH = 100
SEEN, TAKEN = "seen", "taken"


@dataclass(frozen=True, eq=False)
class FeatureReader:
    """A network out of a file of weights, from pictures to its last features and its probabilities."""

    runner: Runner
    preprocessing: Preprocessing
    class_names: tuple[str, ...]

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """(H, W, C) of its pictures: without the black frame that it puts around them, or with it."""
        height, width, channels = (how := self.preprocessing).height, how.width, how.channels
        return (height, width, channels), (height + 2 * how.pad, width + 2 * how.pad, channels)

    def read(self, pictures: Array) -> tuple[Array, Array]:
        """(features (N, F), probabilities (N, classes)) of pictures (N, H, W, C) in 0..1, in float64."""
        found = [self._batch(pictures[indices]) for indices in cut(np.arange(len(pictures)), BATCH)]
        features, probabilities = (np.concatenate(parts).astype(np.float64) for parts in zip(*found, strict=True))
        return features, probabilities

    def _batch(self, pictures: Array) -> tuple[Array, Array]:
        pad = self.preprocessing.pad if pictures.shape[1:] == self.shapes[0] else 0
        x = self.preprocessing.normalized(np.pad(np.clip(pictures, 0, 1), ((0, 0), (pad, pad), (pad, pad), (0, 0))))
        values = self.runner.run({self.runner.graph.inputs[0].name: x})
        return values[SEEN], values[TAKEN]


def classifier_of(path: str | Path) -> FeatureReader:
    """The classifier that a run of training wrote. Raises E0703 where the file holds none."""
    file = Path(path)
    if not file.is_file():
        raise error(
            "E0703", f"there is no classifier {file}",
            "it is the weights of a network that tells classes, trained on pictures of the same size",
            "such as: cnngraph train specs/nets/digits_cnn.cnn",
        )  # fmt: skip
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, written: int) -> FeatureReader:
    """`written` is when: a file that changed is read again."""
    states, checkpoint = load_checkpoint(path)
    if not checkpoint.graph or checkpoint.preprocessing is None:
        raise error("E0703", f"{path} carries no network that tells the classes of pictures")
    whole = from_text(checkpoint.graph, str(path))
    taken = whole.outputs[checkpoint.prediction]
    graph = prune(Graph(whole.name, whole.nodes, {SEEN: last_features(whole, taken), TAKEN: taken}))
    names = {node.name for node in graph.states}
    return FeatureReader(
        Runner(graph, {name: states[name] for name in names}), checkpoint.preprocessing, checkpoint.class_names
    )


def last_features(graph: Graph, taken: Ref) -> Ref:
    """The vector from which the last layer with weights of a classifier makes scores, `taken` being their softmax."""
    node = graph[taken.node]
    while not any(isinstance(graph[ref.node].op, State) for ref in node.inputs):
        node = graph[node.inputs[0].node]
    return node.inputs[0]
