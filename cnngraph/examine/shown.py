"""What a trained net says of samples beside what is true: classes, boxes, joints, masks, copies and neighbours.

How an output is drawn follows from the metrics of the train section: what is measured is what is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnngraph.data.dataset import IMAGE, Dataset, Part
from cnngraph.diagnostics import error
from cnngraph.examine.picture import visible
from cnngraph.examine.saying import SAYINGS, Said, Sample
from cnngraph.ir.op import Array
from cnngraph.render.marks import marked
from cnngraph.render.sheet import Sheet, Tile, sheet
from cnngraph.train.feeds import cut, feeder
from cnngraph.train.metrics.known import metrics_of

if TYPE_CHECKING:
    from cnngraph.net import Net

BATCH = 32
WIDE, HIGH = 150, 60  # pixels that the long and the short side of a tile have at least
ACROSS = 1300  # pixels of a row of tiles, about
MOST = 2000  # samples that neighbours are looked for among


@dataclass(frozen=True, eq=False)
class Predictions:
    """Tiles of each sample, in order."""

    samples: tuple[tuple[Tile, ...], ...]
    told: str

    def __str__(self) -> str:
        return self.told

    def sheet(self, scale: int | None = None, columns: int | None = None) -> Sheet:
        """The picture; `columns` are samples in a row."""
        tiles = [tile for sample in self.samples for tile in sample]
        wide = sum(tile.image.shape[1] for tile in self.samples[0])
        return sheet(tiles, len(self.samples[0]) * (columns or max(1, ACROSS // wide)), scale or 1)


def predictions(net: Net, data: Dataset, part: str = "test", count: int = 12, first: int = 0) -> Predictions:
    """What the net says of `count` samples of a part from number `first` on.

    Raises E0702 where the section has no metric that can be drawn, or the net no input that can be seen; E0705 where
    there is no such sample.
    """
    samples = data.test if part == "test" else data.train
    if not 0 <= first < len(samples):
        raise error("E0705", f"there is no sample {first}", f"the {part} part has {len(samples)}, counted from 0")
    metrics = [metric for metric in metrics_of(net.training).values() if metric.name in SAYINGS]
    if not metrics:
        known = ", ".join(SAYINGS)
        raise error("E0702", f"nothing that {net.name} says can be drawn", f"metrics say how: {known}")
    shown = [SAYINGS[metric.name] for metric in metrics]
    whole = any(saying.whole for saying in shown)
    rows = np.arange(min(len(samples), MOST)) if whole else np.arange(first, min(first + count, len(samples)))
    values = _values(net, data, samples, rows)
    pictures = _pictures(net, data, values, len(rows))
    places = [place for place, row in enumerate(rows) if first <= row < first + count]
    tiles = []
    for place in places:
        sample = Sample(net, data, values, pictures, place)
        pairs = enumerate(zip(metrics, shown, strict=True))
        said = [saying.say(metric, sample, number) for number, (metric, saying) in pairs]
        tiles.append(_tiles(sample, said, int(rows[place])))
    return Predictions(tuple(tiles), f"{len(tiles)} of {len(samples)} samples of the {part} part")


def _values(net: Net, data: Dataset, samples: Part, rows: Array) -> dict[str, Array]:
    """Columns, what is fed and what the net returns of these rows, by name."""
    feeds = feeder(net.training, data)
    names, runner = [node.name for node in net.graph.inputs], net.runner()
    found: dict[str, list[Array]] = {}
    for indices in cut(rows, BATCH):
        fed = feeds.feeds(samples, indices)
        outputs = runner.run({name: fed[name] for name in names})
        columns = {name: column[indices] for name, column in samples.columns.items()}
        for name, value in {**columns, **fed, **outputs}.items():
            found.setdefault(name, []).append(value)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _pictures(net: Net, data: Dataset, values: Mapping[str, Array], count: int) -> dict[str, Callable[[int], Array]]:
    """For each input that can be seen what makes its picture of one row, (H, W, 1 or 3) bytes."""
    found: dict[str, Callable[[int], Array]] = {}
    for node in net.graph.inputs:
        if node.type.vocabulary is None and node.type.positions:
            how = data.preprocessing if node.name == IMAGE or len(net.graph.inputs) == 1 else None
            found[node.name] = lambda row, name=node.name, how=how: visible(flat(values[name][row]), how)  # type: ignore[misc]
    if not found:
        raise error("E0702", f"no input of {net.name} can be seen", "a picture, a film or a sound can")
    return found


def flat(value: Array) -> Array:
    """One sample as (H, W, C): a sequence with its features upwards, a film with its frames side by side."""
    if value.ndim == 2:
        return value.T[::-1, :, None]
    return np.concatenate(list(value), axis=1) if value.ndim == 4 else value


def _tiles(sample: Sample, said: Sequence[Said], row: int) -> tuple[Tile, ...]:
    """The inputs with marks upon the first of them, then what else there is to see."""
    inputs = [picture(sample.row) for picture in sample.pictures.values()]
    marks = [mark for each in said for mark in each.marks]
    texts = list(dict.fromkeys(each.text for each in said if each.text))  # two metrics may say the same
    captions = [" ".join([f"{row}:", *texts]), *(f"input {name}" for name in [*sample.pictures][1:])]
    tiles = [Tile(marked(image, marks if not i else (), _scale(image)), captions[i]) for i, image in enumerate(inputs)]
    more = [Tile(marked(tile.image, (), _scale(tile.image)), tile.caption) for each in said for tile in each.more]
    return *tiles, *more


def _scale(image: Array) -> int:
    short, long = sorted(map(int, image.shape[:2]))
    return max(1, -(-WIDE // long), -(-HIGH // short))
