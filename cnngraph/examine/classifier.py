"""A net that tells the classes of pictures, with all that a picture file has to become before the net sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import Preprocessing
from cnngraph.data.patches import ten_patches
from cnngraph.data.picture import open_picture, read_picture, resized
from cnngraph.diagnostics import error
from cnngraph.examine.layers import score_of
from cnngraph.interop.safetensors import load_weights
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.text import from_text
from cnngraph.ir.types import TensorType
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.train.checkpoint import Checkpoint, load_checkpoint
from cnngraph.train.feeds import cut

BATCH = 32
AROUND = 8 / 7  # a picture of which pieces are cut is so much larger than a piece: 256 for 224
MAX_PIXELS = 50_000_000  # of a picture that was enlarged to cut pieces of it


@dataclass(frozen=True, eq=False)
class Classifier:
    """The part of a net that leads from one input for pictures to the output `prediction`, a number for each class.

    `preprocessing` says what is done to pictures, `class_names` what the classes are called.
    """

    graph: Graph
    prediction: str
    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    runner: Runner = field(repr=False)

    @property
    def count(self) -> int:
        """How many classes there are."""
        return int(str(self.graph.type_of(self.graph.outputs[self.prediction]).channels))

    def probabilities(self, images: Array) -> Array:
        """(N, classes) for pictures (N, height, width, C) in bytes, or in floats from 0 to 1, before padding.

        They are `as_probabilities` of the output.
        """
        how, source = self.preprocessing, self.graph.inputs[0]
        found = []
        for indices in cut(np.arange(len(images)), BATCH):
            padded = np.pad(images[indices], ((0, 0), (how.pad, how.pad), (how.pad, how.pad), (0, 0)))
            feeds = {source.name: how.normalized(padded).astype(source.type.dtype, copy=False)}
            found.append(self.runner.run(feeds, [self.prediction])[self.prediction])
        return as_probabilities(np.concatenate(found), self.graph[self.graph.outputs[self.prediction].node].op.name)

    def views(self, path: Path, patches: str = "none") -> Array:
        """A picture file as the pieces that are classified: (1 or 10, height, width, C) bytes.

        "none": the whole picture, stretched to the size that the net takes; "centre": the largest piece of the middle
        that is not distorted; "ten": corners and centre of a picture that is an eighth larger, and their mirror images.
        Where training cut pieces out of larger pictures, pieces are as large as those. Raises E0701.
        """
        how = self.preprocessing
        if patches == "none":
            return read_picture(path, how.height, how.width, how.channels)[None]
        height, width = how.frame or (how.height, how.width)
        room = AROUND if patches == "ten" and how.frame is None else 1.0
        image = covering(open_picture(path, how.channels), round(how.height * room), round(how.width * room), path)
        pieces: Array = ten_patches(image[None], min(height, image.shape[0]), min(width, image.shape[1]))[0]
        return pieces[4:5] if patches == "centre" else pieces

    def name(self, number: int) -> str:
        """What a class is called: its number, where nobody said."""
        return class_name(self.class_names, number)


def trained(weights: Path, graph: Graph | None = None, settings: Settings = DEFAULT) -> Classifier:
    """What a file that training wrote carries; `graph` is another form of the same net.

    Raises E0703 where the weights are of another net, E0702 where the net has no classes or sees no pictures.
    """
    _, checkpoint = load_checkpoint(weights, {})
    how, prediction = checkpoint.preprocessing, checkpoint.prediction
    if not prediction:
        raise error("E0702", f"{weights}: no output of {checkpoint.net} holds probabilities of classes")
    if how is None:
        raise error("E0702", f"{weights}: {checkpoint.net} was not trained on pictures")
    whole = _carried(weights, checkpoint) if graph is None else graph
    if prediction not in whole.outputs:
        message = f"the weights of {checkpoint.net} predict {prediction}, which {whole.name} has not"
        raise error("E0703", f"{weights}: {message}")
    part = run(whole.fetch([prediction]), INFERENCE)
    if (said := part.type_of(part.outputs[prediction])).positions:
        raise error("E0702", f"{weights}: {checkpoint.net} tells a class at each position ({said}), not of the picture")
    states, _ = load_checkpoint(weights, {node.name: node.type for node in part.states})
    runner = Runner(part, states, settings=settings)
    return Classifier(part, prediction, how, tuple(checkpoint.class_names), runner)


def said_by(weights: Path) -> Checkpoint | None:
    """What a file of weights says of its training, if training wrote it. Raises E0703."""
    _, metadata = load_weights(weights, {})
    return load_checkpoint(weights, {})[1] if "preprocessing" in metadata else None


def of_net(net: Net, how: Preprocessing | None = None, class_names: Sequence[str] = ()) -> Classifier:
    """A net with its weights, wherever they come from. Without `how` pictures get the size of the input, and numbers
    from 0 to 1. Raises E0702 where the net has no input for a picture of a known size, E0705 where it has no output
    with classes, E0703 where it has no weights.
    """
    prediction, _ = score_of(net.graph)
    part = run(net.graph.fetch([prediction]), INFERENCE)
    how = usual_preprocessing(part) if how is None else how
    missing = [node.name for node in part.states if node.name not in net.states]
    if missing:
        raise error("E0703", f"{net.name} has no weights: {missing[0]} is missing", "give them with --weights")
    states = {node.name: net.states[node.name] for node in part.states}
    return Classifier(part, prediction, how, tuple(class_names), Runner(part, states, settings=net.settings))


def usual_preprocessing(graph: Graph, size: tuple[int, int] | None = None) -> Preprocessing:
    """The size of the input, numbers from 0 to 1; an open size is `size`. Raises E0702."""
    grids = [node for node in graph.inputs if _is_picture(node.type)]
    if len(graph.inputs) != 1 or not grids:
        listed = ", ".join(f"{node.name}: {node.type}" for node in graph.inputs)
        raise error("E0702", f"{graph.name} takes {listed}, and not one picture")
    type_ = grids[0].type
    given = size or (None, None)
    sides = [side if isinstance(side, int) else other for side, other in zip(type_.positions, given, strict=True)]
    if not all(isinstance(side, int) for side in sides):
        raise error("E0702", f"{graph.name} takes {type_}: pictures of which size?", "say it: --size 224")
    if size is not None and tuple(sides) != size:
        raise error("E0702", f"{graph.name} takes {type_}, not {size[0]}x{size[1]}")
    channels = int(str(type_.channels))
    return Preprocessing(int(str(sides[0])), int(str(sides[1])), channels, 0, (0.0,) * channels, (1.0,) * channels)


def with_numbers(how: Preprocessing, mean: Sequence[float] | None, std: Sequence[float] | None) -> Preprocessing:
    """With another mean and deviation of numbers from 0 to 1; one number is for all channels. Raises E0108."""
    return replace(how, mean=_each(how, "mean", mean, how.mean), std=_each(how, "std", std, how.std))


def _each(how: Preprocessing, name: str, given: Sequence[float] | None, usual: tuple[float, ...]) -> tuple[float, ...]:
    """A number for each channel."""
    if given is None:
        return usual
    values = tuple(given) * how.channels if len(given) == 1 else tuple(given)
    if len(values) != how.channels or not np.isfinite(values).all() or (name == "std" and min(values) <= 0):
        above = ", above 0" if name == "std" else ""
        raise error("E0108", f"`{name}` is one number, or one for each of {how.channels} channels{above}")
    return values


def covering(image: Array, height: int, width: int, path: Path) -> Array:
    """(H, W, C) resized so that one side is as asked for, and the other no shorter. Raises E0701 for a thin picture."""
    factor = max(height / image.shape[0], width / image.shape[1])
    sides = [max(least, round(side * factor)) for side, least in zip(image.shape, (height, width), strict=False)]
    if sides[0] * sides[1] > MAX_PIXELS:
        raise error("E0701", f"{path}: a picture of {image.shape[1]}x{image.shape[0]} is too thin to cut pieces from")
    return resized(image, *sides)


def _carried(weights: Path, checkpoint: Checkpoint) -> Graph:
    if not checkpoint.graph:
        raise error("E0703", f"{weights} carries no network that gives probabilities of classes")
    return from_text(checkpoint.graph, str(weights))


def _is_picture(type_: TensorType) -> bool:
    return type_.vocabulary is None and len(type_.positions) == 2 and type_.channels in (1, 3)


def as_probabilities(values: Array, maker: str) -> Array:
    """What an output with classes means, by the operator that made it: of anything but softmax and sigmoid, softmax.

    >>> as_probabilities(np.array([[2.0, 2.0]]), "dense"), as_probabilities(np.array([[0.7, 0.7]]), "sigmoid")
    (array([[0.5, 0.5]]), array([[0.7, 0.7]]))
    """
    if maker in ("softmax", "sigmoid"):
        return values
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    found: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return found
