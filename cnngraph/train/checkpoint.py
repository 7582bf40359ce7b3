"""A run in a file: all states (weights, moments, counters) and what is needed to go on or to predict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.interop.safetensors import load_weights, save_weights
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.text import to_text
from cnngraph.ir.types import TensorType
from cnngraph.passes.prune import prune
from cnngraph.train.history import Epoch
from cnngraph.train.metrics.known import higher_is_better
from cnngraph.train.rows import row_of

WRONG = (KeyError, ValueError, TypeError, AttributeError, RecursionError)
"""What is raised where a text that a file holds is not what was written there."""


@dataclass(frozen=True)
class Position:
    """How far a run is: whole epochs, steps of the next one, and what those steps summed up so far.

    `loss_sums` are those of the steps by name, where a batch takes several.
    """

    epoch: int = 0
    step: int = 0
    images: int = 0
    loss_sum: float = 0.0
    correct: float = 0.0
    loss_sums: Mapping[str, float] = field(default_factory=dict)

    @property
    def loss(self) -> float:
        """Mean over the images so far."""
        return self.loss_sum / self.images

    @property
    def accuracy(self) -> float:
        """Mean over the images so far."""
        return self.correct / self.images

    @property
    def losses(self) -> dict[str, float]:
        """Means over the images so far."""
        return {name: total / self.images for name, total in self.loss_sums.items()}

    def after(self, images: int, loss: float, correct: float, losses: Mapping[str, float]) -> Position:
        """One step further, with the means of its images."""
        sums = {name: self.loss_sums.get(name, 0.0) + value * images for name, value in losses.items()}
        total = self.loss_sum + loss * images
        return Position(self.epoch, self.step + 1, self.images + images, total, self.correct + correct, sums)


@dataclass(frozen=True)
class Checkpoint:
    """What a file of weights says beside the arrays.

    `prediction` names the output that holds class probabilities, and `graph` is what leads to it, in the printed form:
    with it the file alone is enough to classify pictures. Both are empty where no output holds classes. `network` is
    the fingerprint of the whole net (`fingerprint`), and `samples` the number of those that it learned from.

    Equal runs write equal texts: no time and no name of a machine is in them.
    """

    net: str
    prediction: str
    class_names: tuple[str, ...]
    preprocessing: Preprocessing | None
    seed: int
    batch: int
    position: Position = Position()
    rows: tuple[Epoch, ...] = ()
    graph: str = ""
    network: str = ""
    samples: int = 0

    def metadata(self) -> dict[str, str]:
        """As texts, the form that safetensors keeps."""
        return {
            "net": self.net,
            "prediction": self.prediction,
            "class_names": json.dumps(self.class_names),
            "preprocessing": self.preprocessing.to_json() if self.preprocessing else "",
            "seed": str(self.seed),
            "batch": str(self.batch),
            "epoch": str(self.position.epoch),
            "step": str(self.position.step),
            "position": json.dumps(asdict(self.position)),
            "history": json.dumps([{**asdict(row), "seconds": 0.0} for row in self.rows]),
            "graph": self.graph,
            "network": self.network,
            "samples": str(self.samples),
        }

    @staticmethod
    def of(metadata: Mapping[str, str]) -> Checkpoint:
        """Raises one of WRONG where a text is missing or wrong."""
        position: dict[str, Any] = json.loads(metadata["position"])
        rows: list[dict[str, Any]] = json.loads(metadata["history"])
        names: list[str] = json.loads(metadata["class_names"])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("the names of the classes are no texts")
        return Checkpoint(
            metadata["net"],
            metadata["prediction"],
            tuple(names),
            Preprocessing.from_json(metadata["preprocessing"]) if metadata["preprocessing"] else None,
            int(metadata["seed"]),
            int(metadata["batch"]),
            _possible(row_of(Position, position, endless=True)),
            tuple(_known(row_of(Epoch, row, endless=True)) for row in rows),
            metadata["graph"],
            metadata.get("network", ""),
            int(metadata.get("samples", 0)),
        )


def _possible(position: Position) -> Position:
    """Raises ValueError for a place where no run can be."""
    counts = position.epoch, position.step, position.images
    if min(counts) < 0 or (position.step > 0) != (position.images > 0):
        raise ValueError(f"epoch {counts[0]} with {counts[1]} steps and {counts[2]} images")
    return position


def _known(row: Epoch) -> Epoch:
    """Raises KeyError where a metric is none."""
    for name in row.metrics:
        higher_is_better(name)
    return row


def fingerprint(graph: Graph) -> str:
    """What tells one network from another: a hash of its nodes, without its losses and without its devices."""
    outputs = {name: ref for name, ref in graph.outputs.items() if name.partition(".")[0] != "loss"}
    nodes = tuple(replace(node, device=None, colocated=None) for node in prune(replace(graph, outputs=outputs)))
    return sha256(to_text(replace(graph, nodes=nodes, outputs=outputs)).encode()).hexdigest()


def save_checkpoint(path: Path, states: Mapping[str, Array], checkpoint: Checkpoint) -> None:
    """Write all at once. Raises E0703."""
    save_weights(path, states, checkpoint.metadata())


def load_checkpoint(
    path: Path, expected: Mapping[str, TensorType] | None = None
) -> tuple[dict[str, Array], Checkpoint]:
    """The `expected` arrays of a file, or all, and what it says. Raises E0703 where either is missing or wrong."""
    states, metadata = load_weights(path, expected)
    try:
        return states, Checkpoint.of(metadata)
    except WRONG as problem:
        raise error("E0703", f"{path}: the file does not say how it was trained: {problem!r}") from problem
