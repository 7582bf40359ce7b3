"""How well a detector finds all things, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.boxes import Found, found_on_grid, overlap, told_on_grid
from cnngraph.train.metrics.metric import Metric, Sums


@dataclass(frozen=True)
class AveragePrecision(Metric):
    """The mean over classes of the area under precision by recall, of a detector on a grid of cells.

        ap[k] = sum_r (recall[r] - recall[r - 1]) * max_{s >= r} precision[s],    r: finds of class k, surest first

    A find is right if it shares at least `overlap` with something of its class (intersection over union) that no surer
    find has. What cells say is read as `train.boxes` says, overlapping finds of one class left away.

    shapes: object 1@HxW, classes c@HxW, box 4@HxW; and what is true: there 1@HxW, kind ids(c)@HxW, target 4@HxW.
    source: Everingham et al.: The Pascal visual object classes challenge, 2010, section 4.2, with all points of recall.

    >>> sides = np.full((1, 1, 2, 4), 0.5)  # two cells, each of them one box
    >>> cells = {"object": np.array([[[[0.8], [0.9]]]]), "classes": np.ones((1, 1, 2, 1)), "box": sides}
    >>> truth = {"there": np.array([[[[1], [0]]]]), "kind": np.zeros((1, 1, 2), int), "target": sides}
    >>> metric = AveragePrecision("object", "class", "box", "there", "kind", "target")
    >>> metric.figure(metric.add(metric.begin(), {**cells, **truth}))  # the surer find is wrong
    0.5
    """

    object: str
    classes: str
    box: str
    there: str
    kind: str
    target: str
    overlap: float = 0.5

    name = "average_precision"
    reads = ("object", "classes", "box", "there", "kind", "target")

    def __post_init__(self) -> None:
        if not 0 < self.overlap <= 1:
            raise ValueError(f"overlap is above 0 and at most 1, not {self.overlap}")

    def check(self, types: Mapping[str, TensorType]) -> None:
        grids = {field: type_.positions for field, type_ in types.items()}
        if len(set(grids.values())) != 1 or len(grids["box"]) != 2:
            raise ValueError(f"all that it reads lies on one grid, not {', '.join(map(str, types.values()))}")
        wanted = {"object": 1, "box": 4, "there": 1, "target": 4}
        for field, channels in wanted.items():
            if types[field].channels != channels:
                raise ValueError(f"{field} has {channels} features in each cell, not {types[field]}")
        if types["kind"].vocabulary is None:
            raise ValueError(f"kind is a class of each cell, ids(...), not {types['kind']}")

    def begin(self) -> Sums:
        return {}, {}  # by class: (score, right) of each find, and how many things there are

    def add(self, sums: Sums, values: Mapping[str, Array]) -> Sums:
        finds, things = (dict(table) for table in sums)
        for cells in zip(*(values[field] for field in self.reads), strict=True):
            found, true = found_on_grid(*cells[:3]), told_on_grid(*cells[3:])
            for kind in np.union1d(found.classes, true.classes).tolist():
                here, count = self.judged(found, true, kind)
                finds[kind] = finds.get(kind, ()) + here
                things[kind] = things.get(kind, 0) + count
        return finds, things

    def judged(self, found: Found, true: Found, kind: int) -> tuple[tuple[tuple[float, bool], ...], int]:
        """(score, right) of each find of a class in one picture, and how many things of it there are."""
        boxes = true.boxes[true.classes == kind]
        free = np.ones(len(boxes), bool)
        judged = []
        for box, score in zip(found.boxes[found.classes == kind], found.scores[found.classes == kind], strict=True):
            shared = overlap(box, boxes) * free
            best = int(shared.argmax()) if len(boxes) else -1
            right = best >= 0 and bool(shared[best] >= self.overlap)
            if right:
                free[best] = False
            judged.append((float(score), right))
        return tuple(judged), len(boxes)

    def figure(self, sums: Sums) -> float:
        finds, things = sums
        areas = [_area(finds.get(kind, ()), count) for kind, count in sorted(things.items()) if count]
        return float(np.mean(areas)) if areas else 0.0


def _area(finds: tuple[tuple[float, bool], ...], things: int) -> float:
    """Under the curve of precision by recall, which never rises."""
    table = np.array(finds, np.float64).reshape(-1, 2)
    right = table[np.argsort(-table[:, 0], kind="stable"), 1]
    recall = np.cumsum(right) / things
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0) * best).sum())
