"""What one sample's outputs say, as marks, words and images: one way for each metric that can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import IMAGE, Dataset
from cnngraph.examine.picture import visible
from cnngraph.ir.op import Array
from cnngraph.render.marks import Box, Colour, Dot, Mark, Way
from cnngraph.render.sheet import Tile
from cnngraph.train.boxes import Found, corners, found_on_grid, told_on_grid
from cnngraph.train.metrics.metric import Metric
from cnngraph.train.metrics.pck import Pck
from cnngraph.train.metrics.recall_at_1 import nearest

if TYPE_CHECKING:
    from cnngraph.net import Net

TRUE: Colour = (40, 200, 80)
SAYS: tuple[Colour, ...] = ((70, 140, 255), (255, 70, 60), (255, 190, 40))  # of the metrics in turn
CLASSES = np.array(  # the colours of masks, again from the first one after the last
    [[120, 170, 230], [110, 160, 80], [200, 90, 60], [40, 100, 50], [230, 200, 70], [150, 90, 180], [90, 90, 90]],
    np.uint8,
)
SURE = 0.5  # finds that are less probable are not drawn


@dataclass(frozen=True, eq=False)
class Sample:
    """One row of the values of many, by name, and what makes pictures of the inputs."""

    net: Net
    data: Dataset
    values: Mapping[str, Array]
    pictures: Mapping[str, Callable[[int], Array]]
    row: int

    def of(self, metric: Metric) -> dict[str, Array]:
        """What a metric reads, by its fields."""
        return {field: self.values[name][self.row] for field, name in zip(metric.reads, metric.names, strict=True)}

    def name(self, number: int) -> str:
        """The name of a class."""
        return class_name(self.data.class_names, number)


@dataclass(frozen=True, eq=False)
class Said:
    """Marks upon the picture, words below it, and images beside it."""

    marks: tuple[Mark, ...] = ()
    text: str = ""
    more: tuple[Tile, ...] = ()


@dataclass(frozen=True)
class Saying:
    """How the outputs of a metric are drawn; `whole` if other rows belong to the answer."""

    say: Callable[[Metric, Sample, int], Said]
    whole: bool = False


def _class(metric: Metric, sample: Sample, number: int) -> Said:
    read = sample.of(metric)
    prediction, label = read["prediction"], read.get("label", read.get("target"))
    assert label is not None
    if prediction.ndim > 1:
        return _masks(metric, sample, number)
    true = int(label) if label.ndim == 0 else int(label.argmax())
    best = int(prediction.argmax())
    right = "" if best == true else f", is {sample.name(true)}"
    return Said(text=f"{sample.name(best)} {prediction[best]:.0%}{right}")


def _yes_or_no(metric: Metric, sample: Sample, number: int) -> Said:
    read = sample.of(metric)
    probability, true = float(read["prediction"].mean()), float(read["target"].mean())
    right = "" if (probability > 0.5) == (true > 0.5) else ": wrong"
    return Said(text=f"{'yes' if probability > 0.5 else 'no'} {max(probability, 1 - probability):.0%}{right}")


def _box(metric: Metric, sample: Sample, number: int) -> Said:
    read = {field: corners(value) for field, value in sample.of(metric).items()}
    return Said((Box.of(read["target"], TRUE), Box.of(read["prediction"], SAYS[number % len(SAYS)])))


def _grid(metric: Metric, sample: Sample, number: int) -> Said:
    read = sample.of(metric)
    found = found_on_grid(read["object"], read["classes"], read["box"], SURE)
    true = told_on_grid(read["there"], read["kind"], read["target"])
    colour = SAYS[1]
    marks = [*_boxes(true, sample, TRUE, named=False), *_boxes(found, sample, colour, named=True)]
    return Said(tuple(marks), f"{len(found.boxes)} found, {len(true.boxes)} there")


def _boxes(found: Found, sample: Sample, colour: Colour, named: bool) -> list[Box]:
    pairs = zip(found.boxes, found.classes.tolist(), strict=True)
    return [Box.of(box, colour, sample.name(kind) if named else "") for box, kind in pairs]


def _joints(metric: Metric, sample: Sample, number: int) -> Said:
    read = {field: (value.reshape(-1, 2) / 2 + 0.5).tolist() for field, value in sample.of(metric).items()}
    colour = SAYS[number % len(SAYS)]
    ways = [Way(tuple(a), tuple(b), colour) for a, b in zip(read["target"], read["prediction"], strict=True)]
    true = [Dot(x, y, TRUE) for x, y in read["target"]] if not number else []
    assert isinstance(metric, Pck)
    right = metric.right({field: value[None] for field, value in sample.of(metric).items()})
    said = f"{metric.prediction} {np.count_nonzero(right)} of {right.size}"
    return Said((*true, *ways, *(Dot(x, y, colour) for x, y in read["prediction"])), said)


def _masks(metric: Metric, sample: Sample, number: int) -> Said:
    read = sample.of(metric)
    said, true = read["prediction"].argmax(axis=-1), read["label"]
    if said.ndim != 2:
        return Said()
    tiles = (Tile(CLASSES[true % len(CLASSES)], "true"), Tile(CLASSES[said % len(CLASSES)], "said"))
    return Said(text=f"{(said == true).mean():.0%} of pixels", more=tiles if metric.name == "mean_iou" else ())


def _copy(metric: Metric, sample: Sample, number: int) -> Said:
    values = sample.of(metric)["prediction"]
    how = sample.data.preprocessing if IMAGE in metric.names else None
    return Said(more=(Tile(visible(values, how), "copy"),)) if values.ndim == 3 else Said()


def _neighbour(metric: Metric, sample: Sample, number: int) -> Said:
    """The picture of the nearest target; it stands beside that of the input that leads to the target."""
    query, keys = (sample.values[name] for name in metric.names)
    place = int(nearest(query[sample.row : sample.row + 1], keys)[0])
    source = sample.net.graph.fetch([metric.names[1]]).inputs[0].name
    words = "nearest: right" if place == sample.row else "nearest: wrong"
    return Said(more=(Tile(sample.pictures[source](place), words),))


SAYINGS: Mapping[str, Saying] = {
    "accuracy": Saying(_class),
    "strongest": Saying(_class),
    "binary_accuracy": Saying(_yes_or_no),
    "box_iou": Saying(_box),
    "average_precision": Saying(_grid),
    "pck": Saying(_joints),
    "mean_iou": Saying(_masks),
    "mean_squared_error": Saying(_copy),
    "mean_absolute_error": Saying(_copy),
    "recall_at_1": Saying(_neighbour, whole=True),
}
