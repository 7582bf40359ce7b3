"""Which parts of a picture a class needs: its probability while a grey square covers each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.examine.classifier import as_probabilities
from cnngraph.examine.layers import image_of, score_of
from cnngraph.examine.picture import Picture, picture_of
from cnngraph.examine.room import batch_for
from cnngraph.examine.scaling import enlargement
from cnngraph.examine.target import most_likely
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.render.glow import glowing
from cnngraph.render.sheet import Sheet, Tile, sheet, spread01


@dataclass(frozen=True, eq=False)
class Occlusion:
    """`outputs` (rows, columns, classes): what the net says while a square of `size` covers the place that begins at
    `tops[row]`, `lefts[column]`; `whole` (classes,) is what it says of the whole picture, and
    `grey` (C,) the value of the square.
    """

    picture: Picture
    number: int
    class_names: Sequence[str]
    size: int
    tops: Sequence[int]
    lefts: Sequence[int]
    grey: Array
    outputs: Array
    whole: Array

    @property
    def name(self) -> str:
        return self._named(self.number)

    @property
    def probabilities(self) -> Array:
        """(rows, columns): that of the class."""
        found: Array = self.outputs[..., self.number]
        return found

    @property
    def most_likely(self) -> Array:
        """(rows, columns): the class that the net then takes the picture for."""
        found: Array = self.outputs.argmax(axis=-1)
        return found

    @property
    def worst(self) -> tuple[int, int]:
        """Top and left of the first place where covering costs most."""
        row, column = divmod(int(self.probabilities.argmin()), len(self.lefts))
        return self.tops[row], self.lefts[column]

    @property
    def by_pixel(self) -> Array:
        """(H, W): the mean probability of the class over the places that cover a pixel; where none does, uncovered."""
        total, count = np.zeros((2, *self.picture.values.shape[:2]))
        for top, row in zip(self.tops, self.probabilities, strict=True):
            for left, probability in zip(self.lefts, row, strict=True):
                total[top : top + self.size, left : left + self.size] += probability
                count[top : top + self.size, left : left + self.size] += 1
        found: Array = np.where(count > 0, total / np.maximum(count, 1), self.whole[self.number])
        return found

    def sheet(self, scale: int | None = None) -> Sheet:
        """The picture, the worst square on it, the probability while a pixel is covered, and what covering it costs."""
        seen, (top, left), values = self.picture.shown, self.worst, self.by_pixel
        covered = replace(self.picture, values=self.picture.values.copy())
        covered.values[top : top + self.size, left : left + self.size] = self.grey
        reach = f"{values.min():.3f} to {values.max():.3f}"
        taken_for = self.most_likely.flat[int(self.probabilities.argmin())]
        tiles = [
            Tile(seen, f"{self.picture.name or 'picture'}: {self.whole[self.number]:.3f}"),
            Tile(covered.shown, f"{self.probabilities.min():.3f}, taken for {self._named(taken_for)}"),
            Tile(spread01(values, 1.0, signed=False), f"probability while covered, {reach}"),
            Tile(glowing(seen, np.maximum(self.whole[self.number] - values, 0), False), "what covering it costs"),
        ]
        title = f"Occlusion of class {self.name} by squares of {self.size}x{self.size}"
        return sheet(tiles, 4, scale or enlargement(seen.shape), title)

    def _named(self, number: int) -> str:
        return class_name(self.class_names, number)

    def __str__(self) -> str:
        other = int((self.most_likely != int(self.whole.argmax())).sum())
        top, left = self.worst
        return (
            f"class {self.name}: {self.whole[self.number]:.4f} uncovered, {self.probabilities.min():.4f} with the "
            f"square at row {top}, column {left}; another class wins at {other} of {self.probabilities.size} places"
        )


def occlusion(
    net: Net,
    image: Picture | Array,
    target: int | None = None,
    *,
    size: int | None = None,
    stride: int | None = None,
    brightness: float | None = None,
    class_names: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
) -> Occlusion:
    """The output for a class (without one, the most probable) while a square covers each place of an image (H, W, C).

    The square has `size` pixels on a side, a quarter of the picture by default; places are `stride` apart (a quarter
    of the square), and the last one ends at the border. Its `brightness` from 0 to 1 is the mean of the training images
    by default. Raises E0108 where it does not fit.

    Zeiler, Fergus: Visualizing and understanding convolutional networks, ECCV 2014, section 4.2.
    """
    picture = picture_of(image, preprocessing)
    height, width, _ = picture.values.shape
    side = size if size is not None else max(1, min(height, width) // 4)
    step = stride if stride is not None else max(1, side // 4)
    if not 1 <= side <= min(height, width) or step < 1:
        message = f"a square of {side} and a stride of {step} do not fit a picture of {height}x{width}"
        raise error("E0108", message, f"a size from 1 to {min(height, width)} fits, and a stride from 1")
    number = most_likely(net, picture.values) if target is None else target
    tops, lefts = _starts(height, side, step), _starts(width, side, step)
    places = [(top, left) for top in tops for left in lefts]
    grey = _grey(picture, brightness)
    outputs, whole = _outputs(net, picture, places, side, grey)
    if not 0 <= number < len(whole):
        raise error("E0705", f"there is no class {number}", f"the net has {len(whole)}, counted from 0")
    by_place = outputs.reshape(len(tops), len(lefts), -1)
    return Occlusion(picture, number, class_names, side, tops, lefts, grey, by_place, whole)


def _outputs(
    net: Net, picture: Picture, places: Sequence[tuple[int, int]], side: int, grey: Array
) -> tuple[Array, Array]:
    """(places, classes) of probabilities with the square at each place, and (classes,) without it."""
    graph = run(net.graph, INFERENCE)
    output, node = score_of(graph)
    source = image_of(graph, node.name).name
    whole: Array = net(fetch=[output], **{source: picture.values[None]})
    found = []
    batch = batch_for(graph.fetch([output]), {source: picture.values[None]})
    for start in range(0, len(places), batch):
        part = places[start : start + batch]
        images = np.repeat(picture.values[None], len(part), axis=0)
        for covered, (top, left) in zip(images, part, strict=True):
            covered[top : top + side, left : left + side] = grey
        found.append(net(fetch=[output], **{source: images}))
    maker = graph[graph.outputs[output].node].op.name
    return as_probabilities(np.concatenate(found), maker), as_probabilities(whole, maker)[0]


def _grey(picture: Picture, brightness: float | None) -> Array:
    """(C,): the value of the pixels of the square; 0 is the mean of normalized images."""
    how = picture.preprocessing
    if brightness is None:
        unknown = how is None or set(how.mean) == {0.0}
        return picture.values.mean(axis=(0, 1)) if unknown else np.zeros(picture.values.shape[-1], np.float32)
    mean, std = (np.array(how.mean), np.array(how.std)) if how else (0.0, 1.0)
    return np.broadcast_to(np.asarray((brightness - mean) / std, np.float32), picture.values.shape[-1:])


def _starts(length: int, side: int, step: int) -> tuple[int, ...]:
    """Where the square begins along an axis.

    >>> _starts(10, 4, 4)
    (0, 4, 6)
    """
    last = length - side
    return tuple(dict.fromkeys([*range(0, last + 1, step), last]))
