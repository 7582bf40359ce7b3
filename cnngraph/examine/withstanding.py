"""How much of a net's accuracy is left when pictures are shifted, turned, noisy, dark, ... by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.augmentation import Augmentation
from cnngraph.data.dataset import IMAGE, Dataset
from cnngraph.diagnostics import error
from cnngraph.examine.answers import Answers, Examiner
from cnngraph.examine.changes import KINDS, change_of, levels_of, numbers_of
from cnngraph.examine.evaluation import in_bytes
from cnngraph.examine.scaling import enlargement
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.render.chart import Chart
from cnngraph.render.effects import Effect, effects
from cnngraph.render.sheet import Sheet, Tile, sheet
from cnngraph.render.tabular import Column, Quantity, Table
from cnngraph.train.feeds import Change

SIDE = 80  # pixels of a picture on a sheet


@dataclass(frozen=True)
class Level:
    """The accuracy on pictures that are changed by one kind of change at one level."""

    kind: str
    level: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Robustness:
    """Accuracies over `count` images, changed and not (`plain`)."""

    net: str
    count: int
    plain: float
    levels: tuple[Level, ...]
    examples: Sequence[Sequence[Tile]] = ()

    def table(self) -> Table:
        """A row for each level of each change."""
        columns = (
            Column("change", "change", False), Column("level", "by"), Column("unit", "", False),
            Column("accuracy", "accuracy"), Column("lost", "lost"),
        )  # fmt: skip
        rows = tuple(
            (each.kind, Quantity(each.level, "{:g}".format), KINDS[each.kind].unit, _share(each.accuracy),
             Quantity(self.plain - each.accuracy, _points))
            for each in self.levels
        )  # fmt: skip
        unchanged = ("unchanged", None, "", _share(self.plain), Quantity(0.0, _points))
        return Table(columns, (unchanged, *rows), {"images": self.count, "mean": _share(self.mean)})

    @property
    def mean(self) -> float:
        """The mean accuracy over the changes, each counted once."""
        kinds = dict.fromkeys(each.kind for each in self.levels)
        return float(np.mean([np.mean([e.accuracy for e in self.levels if e.kind == kind]) for kind in kinds]))

    def chart(self) -> Chart:
        """One small chart for each change that has levels: the accuracy against them. Errors: E0603, E0705 for none."""
        found = []
        for name, kind in KINDS.items():
            own = [(each.level, each.accuracy) for each in self.levels if each.kind == name]
            if own and kind.unit:
                xs, ys = zip(*sorted([*own, (kind.none, self.plain)]), strict=True)
                found.append(Effect(f"{name} ({kind.unit})", xs, ys, joined=True))
        if not found:
            raise error("E0705", "there is no chart: mirror has no levels", "add another --change")
        return effects(found, "accuracy")

    def sheet(self) -> Sheet:
        """One image under all changes, a row for each, with what the net then says."""
        across = max(map(len, self.examples))
        blank = Tile(np.full_like(self.examples[0][0].image, 255))
        tiles = [tile for row in self.examples for tile in (*row, *[blank] * (across - len(row)))]
        return sheet(tiles, across, enlargement(blank.image.shape, SIDE), f"{self.net} under changes")

    def __str__(self) -> str:
        return str(self.table())


def robustness(
    net: Net,
    data: Dataset | None = None,
    changes: Mapping[str, Sequence[float]] | None = None,
    *,
    seed: int = 0,
    limit: int | None = None,
    example: int = 0,
) -> Robustness:
    """Ask a trained net about the test images (the first `limit` of them), changed by each kind at each level.

    `changes` names kinds of `KINDS` with their levels; empty levels mean the usual ones, and without it all kinds are
    tried. The same seed changes each picture in the same way. Raises E0702 where the data has no pictures.
    """
    examiner = Examiner(net, data or net.data())
    part = examiner.data.test.first(limit)
    if IMAGE not in examiner.feeds.columns.values():
        raise error("E0702", f"{net.name} sees no pictures that could be changed")
    if not 0 <= example < len(part):
        raise error("E0705", f"there is no image {example}", f"{len(part)} are tested, counted from 0")
    side = min(part.columns[IMAGE].shape[1:3])
    plain = examiner.answers(part)
    first = _tile(part.columns[IMAGE][np.array([example])][0], plain, example, "unchanged")
    found: list[Level] = []
    examples: list[list[Tile]] = []
    for kind, levels in levels_of(changes).items():
        examples.append([first])
        for level in levels:
            change = changer(change_of(kind, level, side), len(part), seed)
            answers = examiner.answers(part, change)
            found.append(Level(kind, level, answers.accuracy))
            image = change(part.columns[IMAGE][np.array([example])], np.array([example]))[0]
            examples[-1].append(_tile(image, answers, example, f"{kind} {KINDS[kind].text(level)}".strip()))
    return Robustness(net.name, len(part), plain.accuracy, tuple(found), examples)


def changer(change: Augmentation, count: int, seed: int) -> Change:
    """Changes pictures of a part of `count` by their indices."""
    numbers = numbers_of(change, count, seed)
    return lambda images, indices: change.apply(images, numbers[indices])


def _tile(image: Array, answers: Answers, index: int, caption: str) -> Tile:
    said = int(answers.predicted[index])
    right = "" if said == answers.labels[index] else ", wrong"
    return Tile(in_bytes(image), f"{caption}\n{answers.names[said]} {answers.probabilities[index, said]:.0%}{right}")


def _share(value: float) -> Quantity:
    return Quantity(value, "{:.2%}".format)


def _points(value: float) -> str:
    return f"{100 * value:.2f}"
