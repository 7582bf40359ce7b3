"""Images that excite a unit: gradient ascent from grey, kept smooth and small.

    x = 0 (the mean of the training images) and a little noise
    each step: x += rate * slope / rms(slope);  x *= 1 - decay;  now and then blurred;  brightness stays within 0..1

Erhan, Bengio, Courville, Vincent: Visualizing higher-layer features of a deep network, 2009; Yosinski et al.:
Understanding neural networks through deep visualization, 2015, section 3 (decay, blur); Mordvintsev, Olah, Tyka:
Inceptionism, 2015 (jitter).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.examine.blur import blurred
from cnngraph.examine.kernels import picked
from cnngraph.examine.layers import layer_of, score_of
from cnngraph.examine.picture import visible
from cnngraph.examine.place import Box, field_box, image_shape, middle
from cnngraph.examine.probe import Probe, probe
from cnngraph.examine.scaling import enlargement
from cnngraph.examine.target import Target, class_target, unit_target
from cnngraph.ir.op import Array, rng
from cnngraph.ir.size import number
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.render.sheet import Sheet, Tile, sheet

START, JITTER = 12, 13  # the third part of the key: no other use of the seed has the same
SIDE = 96


@dataclass(frozen=True)
class Recipe:
    """How the ascent goes. Lengths are in pixels, `rate` and `noise` in deviations of the training images."""

    steps: int = 128
    rate: float = 0.1
    decay: float = 0.01
    blur: float = 0.5
    blur_every: int = 4
    jitter: int = 1
    noise: float = 0.1

    def __post_init__(self) -> None:
        low = {"steps": self.steps - 1, "blur_every": self.blur_every - 1, "rate": self.rate, "decay": self.decay}
        low |= {"blur": self.blur, "jitter": self.jitter, "noise": self.noise}
        if wrong := [name for name, room in low.items() if room < 0]:
            raise error("E0108", f"`{wrong[0]}` of the ascent is too small: {getattr(self, wrong[0])}")


@dataclass(frozen=True, eq=False)
class Excited:
    """`images` (K, H, W, C), one for each target, and what that said before and after; `boxes` are what it sees."""

    targets: tuple[Target, ...]
    images: Array
    before: Array
    after: Array
    boxes: tuple[Box, ...]
    preprocessing: Preprocessing | None

    def sheet(self, scale: int | None = None, columns: int | None = None) -> Sheet:
        """What each target sees of its image, in full contrast, with the value before and after."""
        pairs = zip(self.images, self.boxes, strict=True)
        parts = [visible(image[slice(*box[0]), slice(*box[1])], None) for image, box in pairs]
        lines = zip(self.targets, self.before, self.after, strict=True)
        tiles = [Tile(part, f"{t.short}: {a:.2g} -> {b:.2g}") for part, (t, a, b) in zip(parts, lines, strict=True)]
        first = self.targets[0]
        place = f" at {','.join(map(str, first.position))}" if first.position else ""
        title = f"What excites {first.layer}{place}"
        return sheet(tiles, columns, scale or enlargement(parts[0].shape, SIDE), title)

    def __str__(self) -> str:
        rows = zip(self.targets, self.before, self.after, strict=True)
        stuck = "  (nothing raises it from here: try more noise)"
        return "\n".join(f"{t.name}: {a:.3g} -> {b:.3g}{stuck if b <= a else ''}" for t, a, b in rows)


def excite(
    net: Net,
    targets: Sequence[Target],
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    size: tuple[int, int] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Excited:
    """An image for each target (classes, channels or units of one layer) that raises it; equal for an equal seed.

    `size` is that of the image where the net leaves it open. Raises E0705 for targets of several layers.
    """
    how = recipe or Recipe()
    if len({target.layer for target in targets}) != 1:
        raise error("E0705", "all targets of one call lie in one layer", "excite each layer by itself")
    found = probe(net, targets[0].layer)
    shape = image_shape(found.source, size)
    images = np.stack([how.noise * rng(seed, t.channel, START).standard_normal(shape, np.float32) for t in targets])
    low, high = _range(preprocessing, shape[-1])
    images = np.clip(images, low, high)
    start = found.values(images)
    weights = np.concatenate([target.weights(start.shape) for target in targets])
    raised = _ascended(found, images, weights, how, seed, (low, high))
    boxes = tuple(field_box(net, t.layer, t.position, shape) for t in targets)
    before, after = _of(weights, start), _of(weights, found.values(raised))
    return Excited(tuple(targets), raised, before, after, boxes, preprocessing)


def targets_of(
    net: Net,
    layer: str | None,
    channels: Sequence[int] | None = None,
    position: Sequence[int] | None = None,
    whole: bool = False,
    shape: Sequence[int] = (),
    class_names: Sequence[str] = (),
) -> list[Target]:
    """The units of a layer at a position (the middle one for images of `shape`, (H, W, C)), or its `whole` channels.

    Without a layer, the classes. The first 64 unless `channels` are named. Raises E0101 for an unknown layer, E0705.
    """
    graph = run(net.graph, INFERENCE)
    node = score_of(graph)[1] if layer is None else layer_of(graph, layer)
    count = node.type.channels if node.type.batched and node.type.vocabulary is None else 0
    numbers = picked(channels, number(count), "classes" if layer is None else f"channels of {node.name}")
    if layer is None:
        return [class_target(net, i, class_names) for i in numbers]
    place = position
    if place is None and not whole and node.type.positions:
        place = middle(net, node.name, shape)
    return [unit_target(net, node.name, i, place) for i in numbers]


def _ascended(
    found: Probe, images: Array, weights: Array, how: Recipe, seed: int, within: tuple[Array, Array]
) -> Array:
    for step in range(how.steps):
        offset = rng(seed, step, JITTER).integers(-how.jitter, how.jitter + 1, 2)
        slopes = found.slopes(np.roll(images, offset, (1, 2)), weights)
        slopes = np.roll(slopes, -offset, (1, 2))
        size = np.sqrt(np.mean(slopes**2, axis=(1, 2, 3), keepdims=True))
        images = images + how.rate * np.divide(slopes, size, out=np.zeros_like(slopes), where=size > 0)
        images = images * np.float32(1 - how.decay)
        if how.blur > 0 and (step + 1) % how.blur_every == 0 and step + 1 < how.steps:
            images = blurred(images, how.blur)
        images = np.clip(images, *within).astype(np.float32)
    return images


def _range(preprocessing: Preprocessing | None, channels: int) -> tuple[Array, Array]:
    """(C,): the values of black and of white pixels; without limit where they are not known."""
    if preprocessing is None:
        return np.full(channels, -np.inf, np.float32), np.full(channels, np.inf, np.float32)
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    return (-mean / std).astype(np.float32), ((1 - mean) / std).astype(np.float32)


def _of(weights: Array, values: Array) -> Array:
    found: Array = (weights * values).reshape(len(values), -1).sum(axis=1)
    return found
