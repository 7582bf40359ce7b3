"""The class of a picture: a file of any size, prepared as the training images were, through a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.data.picture import read_picture
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.text import from_text
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.train.checkpoint import load_checkpoint
from cnngraph.train.feeds import cut

BATCH = 32


@dataclass(frozen=True)
class Prediction:
    """The most probable classes of a picture with their probabilities, best first."""

    path: Path
    classes: tuple[tuple[str, float], ...]


def network_of(weights: Path) -> Graph:
    """The network that a file of weights carries. Raises E0703 where it carries none."""
    _, checkpoint = load_checkpoint(weights, {})
    if not checkpoint.graph:
        raise error("E0703", f"{weights} carries no network that gives probabilities of classes")
    return from_text(checkpoint.graph, str(weights))


def predict(
    graph: Graph, weights: Path, pictures: Sequence[Path], top: int = 5, settings: Settings = DEFAULT
) -> list[Prediction]:
    """Classify picture files. `graph` is the net, with its loss or without; `weights` a file that training wrote.

    Raises E0703 where the weights are of another net, E0702 where the net has no classes, E0701 for a wrong picture.
    """
    _, checkpoint = load_checkpoint(weights, {})
    if not checkpoint.prediction:
        raise error("E0702", f"{weights}: no output of {checkpoint.net} holds probabilities of classes")
    if checkpoint.preprocessing is None:
        raise error("E0702", f"{weights}: {checkpoint.net} was not trained on pictures")
    if checkpoint.prediction not in graph.outputs:
        message = f"the weights of {checkpoint.net} predict {checkpoint.prediction}, which {graph.name} has not"
        raise error("E0703", f"{weights}: {message}")
    part = run(graph.fetch([checkpoint.prediction]), INFERENCE)
    states, _ = load_checkpoint(weights, {node.name: node.type for node in part.states})
    runner, source = Runner(part, states, settings=settings), part.inputs[0]
    found: list[Prediction] = []
    for indices in cut(np.arange(len(pictures)), BATCH):
        paths = [pictures[i] for i in indices]
        images = _read(paths, checkpoint.preprocessing).astype(source.type.dtype, copy=False)
        values = runner.run({source.name: images}, [checkpoint.prediction])[checkpoint.prediction]
        rows = zip(paths, values, strict=True)
        found += [Prediction(path, _best(row, checkpoint.class_names, top)) for path, row in rows]
    return found


def _read(paths: Sequence[Path], how: Preprocessing) -> Array:
    """(N, H, W, C), as the network wants them."""
    images = np.stack([read_picture(path, how.height, how.width, how.channels) for path in paths])
    around = ((0, 0), (how.pad, how.pad), (how.pad, how.pad), (0, 0))
    return how.normalized(np.pad(images, around))


def _best(probabilities: Array, class_names: Sequence[str], top: int) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-probabilities, kind="stable")[:top]
    return tuple((class_names[i] if i < len(class_names) else str(i), float(probabilities[i])) for i in order)
