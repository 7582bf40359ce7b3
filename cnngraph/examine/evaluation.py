"""An evaluation as tables and pictures: each class, what is taken for what, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.dataset import IMAGE, Dataset, Part
from cnngraph.diagnostics import error
from cnngraph.examine.answers import Answers, examined
from cnngraph.examine.scaling import enlargement
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.render.chart import Chart, heat
from cnngraph.render.sheet import Sheet, Tile, sheet
from cnngraph.render.tabular import Cell, Column, Quantity, Table
from cnngraph.train.evaluate import Evaluation
from cnngraph.train.metrics.known import figure_text

MISTAKES = 40
ACROSS = 8
LISTED = 12  # classes of a set in words, and sets
SIDE = 96  # pixels of a mistake on a sheet


@dataclass(frozen=True, eq=False)
class Judgement:
    """The figures of a test, and what the net said of each image."""

    figures: Evaluation
    answers: Answers

    def table(self) -> Table:
        """A row for each class, the figures of all below."""
        columns = (
            Column("class", "class", False), Column("images", "images"), Column("taken_for_it", "taken for it"),
            Column("precision", "precision"), Column("recall", "recall"), Column("f1", "F1"),
        )  # fmt: skip
        by_class = self.answers.by_class()
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (
                name, int(by_class["images"][k]), int(by_class["taken"][k]),
                *(_share(float(by_class[key][k])) for key in ("precision", "recall", "f1")),
            )
            for k, name in enumerate(self.answers.names)
        )  # fmt: skip
        return Table(columns, rows, self.totals())

    def totals(self) -> dict[str, Cell]:
        """The figures of the whole test, by name."""
        answers = self.answers
        loss = Quantity(self.figures.loss, "{:.4f}".format)
        found: dict[str, Cell] = {"images": self.figures.count, "loss": loss}
        found |= {
            "accuracy": _share(answers.accuracy),
            "top-1 error": _share(answers.error_within(1)),
            "top-5 error": _share(answers.error_within(5)),
            "calibration error": _share(answers.calibration_error()),
        }
        for name, value in self.figures.metrics.items():
            found.setdefault(name, Quantity(value, lambda value, name=name: figure_text(name, value)))  # type: ignore[misc]
        return found | {"taken for each other": self.confused() or "no classes more than others"}

    def confused(self) -> str:
        """The largest confusion sets in words: `3 5 8; 4 9`."""
        return _listed([_listed([self.answers.names[k] for k in p], " ") for p in self.answers.confusion_sets()], "; ")

    def confusion_table(self) -> Table:
        """A row for each true class, a column for each that images were taken for."""
        names = self.answers.names
        columns = (Column("class", "true", False), *(Column(name, name) for name in names))
        rows = zip(names, self.answers.confusion.tolist(), strict=True)
        return Table(columns, tuple((name, *(count or None for count in row)) for name, row in rows))

    def chart(self) -> Chart:
        """The mistakes in colours, a row for each true class; what is right would outshine them, and is left out."""
        counts = self.answers.confusion.astype(np.float64)
        errors = int(counts.sum() - np.trace(counts))
        if errors:
            np.fill_diagonal(counts, 0)
            counts[counts == 0] = np.nan
        title = f"{self.figures.count} images, {errors} taken for another class"
        return heat(counts, self.answers.names, title=title)

    def sheet(self, part: Part, count: int = MISTAKES) -> Sheet:
        """The mistakes that the net is most sure of, with the true class, the other one and its probability.

        Raises E0702 where there are no pictures, E0705 where there is no mistake.
        """
        answers, found = self.answers, self.answers.worst(count)
        if IMAGE not in part.columns or len(answers.labels) != len(part):
            raise error("E0702", "there is no picture for each answer")
        if not len(found):
            raise error("E0705", "there is no mistake to be shown")
        images, names = part.columns[IMAGE][found], answers.names
        tiles = [
            Tile(in_bytes(image), f"{names[label]} taken for {names[said]}\n{chance:.1%} (image {number})")
            for image, number, label, said, chance in zip(
                images, found.tolist(), answers.labels[found], answers.predicted[found],
                answers.probabilities.max(axis=1)[found], strict=True,
            )
        ]  # fmt: skip
        title = f"The {len(tiles)} worst of {(answers.predicted != answers.labels).sum()} mistakes"
        return sheet(tiles, min(ACROSS, len(tiles)), enlargement(images.shape[1:], SIDE), title)

    def __str__(self) -> str:
        shown = {"top-1 error", "top-5 error", "calibration error"}
        figures = ", ".join(f"{name} {value}" for name, value in self.totals().items() if name in shown)
        confused = self.confused()
        return "\n".join([str(self.figures), figures, *([f"taken for each other: {confused}"] if confused else [])])


def judgement(net: Net, data: Dataset | None = None, patches: str = "none") -> Judgement:
    """A net with its weights of now on the test part of its data; with `patches`, the mean of several pieces of each
    picture is judged (`answers.pieces`). Raises E0702 where the net has no classes.
    """
    data = data or net.data()
    answers = examined(net, data, patches)
    return Judgement(net.evaluate(data) if patches == "none" else figures_of(answers), answers)


def figures_of(answers: Answers) -> Evaluation:
    """The figures that follow from probabilities alone; the loss is the mean of -log of that of the true class."""
    own = np.take_along_axis(answers.probabilities, answers.labels[:, None], axis=1)
    loss = float(-np.log(np.maximum(own, np.finfo(np.float64).tiny)).mean())
    correct, count = int((answers.predicted == answers.labels).sum()), len(answers.labels)
    top = 1 - answers.error_within(5)
    return Evaluation(count, loss, correct, top, answers.confusion, answers.names, count)


def in_bytes(image: Array) -> Array:
    """A picture (H, W, C) of bytes, or of floats from 0 to 1, as (H, W, 1 or 3) bytes."""
    if image.dtype == np.uint8 and image.shape[-1] in (1, 3):
        return image
    unit = image.astype(np.float32) / (255 if image.dtype == np.uint8 else 1)
    found = np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)
    return found if found.shape[-1] in (1, 3) else found.mean(axis=-1, keepdims=True).astype(np.uint8)


def _listed(words: Sequence[str], between: str) -> str:
    """The first words.

    >>> _listed(list("abcdefghijklmnop"), " ")
    'a b c d e f g h i j k l ...'
    """
    return between.join([*words[:LISTED], *(["..."] if len(words) > LISTED else [])])


def _share(value: float) -> Quantity:
    return Quantity(value, "{:.2%}".format)
