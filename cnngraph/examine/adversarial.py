"""Pictures that are changed a little, so that the net takes them for something else: adversarial examples.

Lengths are those of pixels, from 0 (black) to 255 (white), whatever the net does to them before: a change e moves no
pixel by more than e, and none below black or above white. Pixels are not rounded to whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.autodiff.grad import grad
from cnngraph.data.dataset import IMAGE, Dataset, Part, framed
from cnngraph.diagnostics import error
from cnngraph.examine.answers import require_whole_answer, states_of
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.runner import Runner
from cnngraph.train.feeds import batch_size, cut, feeder
from cnngraph.train.noise import TESTS, noise_of
from cnngraph.train.step import figures_only

WHITE = 255.0
STRIDE = 2.5  # all steps together go so many times as far as the change may be
START, NOISE = 10, 11  # the third part of the key: no other use of the seed has the same


@dataclass(frozen=True)
class Attack:
    """How pictures x are changed, where J is the loss, y the true class, and all is kept within x - e .. x + e:

        one step       x' = x + e sign(dJ(x, y) / dx)
        `steps` > 1    x' = x + a sign(dJ(x, y) / dx), again and again, a = min(e, 2.5 e / steps);
                       with `random_start` from a random point of the cube around the picture
        a `target` t   x' = x - a sign(dJ(x, t) / dx): towards this class

    source: Goodfellow, Shlens, Szegedy, ICLR 2015, section 4 (one step); Kurakin, Goodfellow, Bengio, ICLR 2017,
            section 2 (steps, targets); Madry et al., ICLR 2018, section 2.1 (random start; 2.5 from section 5).
    """

    steps: int = 1
    random_start: bool = False
    target: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 10_000:
            raise error("E0108", f"an attack has from 1 to 10000 steps, not {self.steps}")

    def length(self, size: float) -> float:
        """That of one step."""
        return size if self.steps == 1 else min(size, STRIDE * size / self.steps)

    def __str__(self) -> str:
        start = ", random start" if self.random_start else ""
        return f"{'one step' if self.steps == 1 else f'{self.steps} steps'}{start}"


class Attacker:
    """Changes pictures of a data set so that a trained net mistakes them.

    Raises E0702 where the net sees no pictures or tells no classes, E0703 where it has no weights.
    """

    def __init__(self, net: Net, data: Dataset) -> None:
        self.spec, self.data, self.batch = net.training, data, batch_size(net.training)
        if not self.spec.prediction:
            raise error("E0702", f"no loss of {net.name} compares an output with classes")
        require_whole_answer(self.spec, "attacked")
        self.feeds = feeder(self.spec, data)
        sees = [name for name, column in self.feeds.columns.items() if column == IMAGE]
        if len(sees) != 1 or self.feeds.preprocessing is None:
            raise error("E0702", f"{net.name} sees no pictures that could be changed")
        self.input, self.how = sees[0], self.feeds.preprocessing
        form = run(figures_only(self.spec.graph, self.spec.prediction), INFERENCE)
        graph = grad(form, form.outputs["loss"], [self.input])
        self.runner = Runner(graph, states_of(net, [node.name for node in graph.states]), settings=net.settings)
        self.noise = noise_of(self.spec)

    @property
    def classes(self) -> int:
        """How many classes the net tells."""
        return int(str(self.spec.graph.type_of(self.spec.graph.outputs[self.spec.prediction]).channels))

    def pixels(self, part: Part, indices: Array) -> Array:
        """Pictures with these indices as the net sees them: (N, H, W, C) from 0 to 255, float32."""
        images = part.columns[IMAGE][indices]
        images = images if self.how.frame is None else framed(images, *self.how.frame)
        return images.astype(np.float32) * np.float32(1 if images.dtype == np.uint8 else WHITE)

    def slopes(self, pixels: Array, part: Part, indices: Array, target: int | None = None) -> Array:
        """dJ / dpixel for these pictures, (N, H, W, C), where J is the mean loss; with `target` as if it were true."""
        feeds = self._feeds(pixels, part, indices)
        if target is not None:
            feeds[self.spec.label] = np.full_like(feeds[self.spec.label], target)
        wanted = f"gradient.{self.input}"
        found: Array = self.runner.run(feeds, [wanted])[wanted]
        return found / (WHITE * np.array(self.how.std, found.dtype))

    def probabilities(self, pixels: Array, part: Part, indices: Array) -> Array:
        """(N, classes) for pictures that are given as pixels."""
        return self.runner.run(self._feeds(pixels, part, indices), [self.spec.prediction])[self.spec.prediction]

    def changed(
        self, pixels: Array, part: Part, indices: Array, size: float, attack: Attack, first: Array | None = None
    ) -> Array:
        """The pictures after an attack of this size, as pixels; `first` are their slopes, if they are known."""
        low, high = np.maximum(pixels - np.float32(size), 0), np.minimum(pixels + np.float32(size), WHITE)
        found, along = pixels, -1.0 if attack.target is not None else 1.0
        if attack.random_start:
            found = np.clip(pixels + size * self._drawn(pixels, indices, attack.seed, START), low, high)
        for _ in range(attack.steps if size else 0):
            known = first if found is pixels else None
            slopes = self.slopes(found, part, indices, attack.target) if known is None else known
            found = np.clip(found + np.float32(along * attack.length(size)) * np.sign(slopes), low, high)
        return found

    def noisy(self, pixels: Array, indices: Array, size: float, seed: int) -> Array:
        """The pictures with each pixel moved by the size up or down at random: as far as one step of an attack goes."""
        signs = np.sign(self._drawn(pixels, indices, seed, NOISE))
        return np.clip(pixels + np.float32(size) * signs, 0, WHITE)

    def _drawn(self, pixels: Array, indices: Array, seed: int, key: int) -> Array:
        """Numbers from -1 to 1; those of a picture follow from the seed and its index."""
        rows = [2 * rng(seed, int(i), key).random(pixels.shape[1:], np.float32) - 1 for i in indices]
        return np.stack(rows)

    def _feeds(self, pixels: Array, part: Part, indices: Array) -> dict[str, Array]:
        feeds = self.feeds.feeds(part, indices, lambda images, indices: pixels / np.float32(WHITE))
        return feeds | self.noise.values(feeds, TESTS, 0)


@dataclass(frozen=True)
class Strike:
    """An attack of one size: the accuracy after one step, after all steps and under noise of that size.

    `reached` is the share of images of other classes that are taken for the target.
    """

    size: float
    one_step: float
    stepped: float
    noise: float
    reached: float | None = None


def strikes(attacker: Attacker, part: Part, sizes: Sequence[float], attack: Attack) -> tuple[Strike, ...]:
    """Attacks of each size on all pictures of a part. Raises E0108 for a size out of range."""
    if wrong := [size for size in sizes if not 0 <= size <= WHITE]:
        raise error("E0108", f"a pixel is moved by 0 to 255, not by {wrong[0]:g}")
    if attack.target is not None and not 0 <= attack.target < attacker.classes:
        raise error("E0705", f"there is no class {attack.target}", f"there are {attacker.classes}, counted from 0")
    right = np.zeros((len(sizes), 3), np.int64)  # after one step, after all, under noise
    reached = np.zeros(len(sizes), np.int64)
    labels = part.columns[attacker.feeds.columns[attacker.spec.label]]
    others = 0
    for indices in cut(np.arange(len(part)), attacker.batch):
        pixels, true = attacker.pixels(part, indices), labels[indices]
        others += int((true != attack.target).sum())
        slopes = attacker.slopes(pixels, part, indices, attack.target)
        for row, size in enumerate(sizes):
            ways = [
                attacker.changed(pixels, part, indices, size, Attack(target=attack.target), slopes),
                attacker.changed(pixels, part, indices, size, attack, slopes),
                attacker.noisy(pixels, indices, size, attack.seed),
            ]
            said = [attacker.probabilities(way, part, indices).argmax(axis=-1) for way in ways]
            right[row] += [int((each == true).sum()) for each in said]
            reached[row] += int(((said[1] == attack.target) & (true != attack.target)).sum())
    shares, taken = (right / len(part)).tolist(), (reached / max(others, 1)).tolist()
    return tuple(
        Strike(size, one, all_, noise, None if attack.target is None else taken[row])
        for row, (size, (one, all_, noise)) in enumerate(zip(sizes, shares, strict=True))
    )
