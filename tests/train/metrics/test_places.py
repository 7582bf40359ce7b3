"""Boxes, joints and neighbours: figures worked out by hand, and the same whatever the size of a batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.boxes import found_on_grid, kept, overlap, told_on_grid
from cnngraph.train.metrics.average_precision import AveragePrecision
from cnngraph.train.metrics.box_iou import BoxIou
from cnngraph.train.metrics.metric import Metric
from cnngraph.train.metrics.pck import Pck
from cnngraph.train.metrics.recall_at_1 import RecallAt1
from cnngraph.train.metrics.strongest import Strongest

PRECISION = AveragePrecision("object", "class", "box", "there", "kind", "target")


def figure(metric: Metric, values: Mapping[str, Array], batch: int) -> float:
    sums, count = metric.begin(), len(next(iter(values.values())))
    for start in range(0, count, batch):
        sums = metric.add(sums, {name: value[start : start + batch] for name, value in values.items()})
    return metric.figure(sums)


def examples() -> dict[str, tuple[Metric, dict[str, Array]]]:
    numbers = np.random.default_rng(5)
    cells = (23, 3, 4)
    detector = {
        "object": numbers.random((*cells, 1)), "classes": numbers.random((*cells, 3)),
        "box": numbers.random((*cells, 4)), "there": numbers.integers(0, 2, (*cells, 1)),
        "kind": numbers.integers(0, 3, cells), "target": numbers.random((*cells, 4)),
    }  # fmt: skip
    four, six = numbers.random((2, 23, 4)), numbers.random((2, 23, 6))
    return {
        "average_precision": (PRECISION, detector),
        "box_iou": (BoxIou("box", "target"), {"prediction": four[0], "target": four[1]}),
        "pck": (Pck("pose", "target", 0.2), {"prediction": six[0], "target": six[1]}),
        "recall_at_1": (RecallAt1("a", "b"), {"prediction": six[0], "target": six[0] + six[1] / 2}),
        "strongest": (Strongest("a", "b"), {"prediction": six[0], "target": six[1]}),
    }


@pytest.mark.parametrize("name", list(examples()))
def test_the_size_of_a_batch_changes_no_bit(name: str) -> None:
    metric, values = examples()[name]
    whole = figure(metric, values, 23)
    assert 0 < whole < 1
    assert [figure(metric, values, batch) for batch in (1, 2, 7, 22)] == [whole] * 4


def test_precision_is_averaged_over_recall_by_hand() -> None:
    """Four cells in a row, two things. Surest first: right, wrong, right: precision 1, then 2/3 at all recall."""
    sides = np.full((1, 1, 4, 4), 0.5)
    values = {
        "object": np.array([0.9, 0.7, 0.8, 0.01]).reshape(1, 1, 4, 1), "classes": np.ones((1, 1, 4, 1)), "box": sides,
        "there": np.array([1, 1, 0, 0]).reshape(1, 1, 4, 1), "kind": np.zeros((1, 1, 4), np.int64), "target": sides,
    }  # fmt: skip
    assert figure(PRECISION, values, 1) == pytest.approx((1 + 2 / 3) / 2)


def test_a_thing_is_found_once_and_by_a_box_that_fits() -> None:
    """Two boxes on one thing: the second is wrong, or, where they overlap much, is left away."""
    sides = np.full((1, 1, 2, 4), 0.5)
    wide = sides.copy()
    wide[0, 0, 1] = 1.5, 0.5, -0.5, 0.5  # the second cell speaks of the first one's place
    values = {
        "object": np.array([0.8, 0.9]).reshape(1, 1, 2, 1), "classes": np.ones((1, 1, 2, 1)), "box": wide,
        "there": np.array([1, 0]).reshape(1, 1, 2, 1), "kind": np.zeros((1, 1, 2), np.int64), "target": sides,
    }  # fmt: skip
    assert len(found_on_grid(*(values[name][0] for name in ("object", "classes", "box"))).boxes) == 1
    assert figure(PRECISION, values, 1) == 1
    wide[0, 0, 1] = 0.9, 0.5, -0.5, 0.5  # two fifths of the thing's box: too little in common with either
    assert len(found_on_grid(*(values[name][0] for name in ("object", "classes", "box"))).boxes) == 2
    assert figure(PRECISION, values, 1) == 0.5


def test_what_is_told_to_cells_comes_back_as_boxes() -> None:
    there, kind, target = np.zeros((2, 4, 1)), np.zeros((2, 4), np.int64), np.zeros((2, 4, 4))
    there[1, 2], kind[1, 2], target[1, 2] = 1, 2, (0.5, 0.5, 1.5, 0.25)
    told = told_on_grid(there, kind, target)
    assert told.classes.tolist() == [2]
    np.testing.assert_allclose(told.boxes, [[2 / 4, 1 / 2, 4 / 4, 1.75 / 2]])


def test_boxes_of_no_size_share_nothing_and_stay() -> None:
    point = np.zeros((2, 4))
    assert overlap(point[0], point[1]) == 0
    assert kept(point, np.ones(2)).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("metric", "types"),
    [
        (BoxIou("a", "b"), {"prediction": TensorType.of(5), "target": TensorType.of(5)}),
        (Pck("a", "b"), {"prediction": TensorType.of(3), "target": TensorType.of(3)}),
        (RecallAt1("a", "b"), {"prediction": TensorType.of(3, (4,)), "target": TensorType.of(3, (4,))}),
        (Strongest("a", "b"), {"prediction": TensorType.of(3), "target": TensorType.of(4)}),
        (PRECISION, dict.fromkeys(PRECISION.reads, TensorType.of(1, (2, 2)))),
    ],
)
def test_values_of_another_kind_are_refused(metric: Metric, types: Mapping[str, TensorType]) -> None:
    with pytest.raises(ValueError, match="not"):
        metric.check(types)


@pytest.mark.parametrize("wrong", [0.0, -1.0, 1.5])
def test_a_share_of_the_whole_is_from_0_to_1(wrong: float) -> None:
    with pytest.raises(ValueError, match="at most 1"):
        Pck("pose", "target", wrong)
    with pytest.raises(ValueError, match="at most 1"):
        AveragePrecision("object", "class", "box", "there", "kind", "target", wrong)
