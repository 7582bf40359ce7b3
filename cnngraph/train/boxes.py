"""Upright boxes: how much two of them share, which of many that say the same is kept, and what a grid of cells says.

A box is (left, top, right, bottom), as parts of the picture's width and height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array

OVERLAP = 0.45  # of two boxes of one class with more in common, the less probable one is left away
LEAST = 0.05  # less probable finds are left away at once


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in one picture, the most probable first: boxes (M, 4), classes (M,), scores (M,)."""

    boxes: Array
    classes: Array
    scores: Array


def corners(box: Array) -> Array:
    """(..., x, y, width, height) -> (..., left, top, right, bottom).

    >>> corners(np.array([0.25, 0.5, 0.5, 0.25]))
    array([0.25, 0.5 , 0.75, 0.75])
    """
    return np.concatenate([box[..., :2], box[..., :2] + box[..., 2:]], axis=-1)


def overlap(one: Array, other: Array) -> Array:
    """Intersection over union of boxes (..., 4), broadcast; 0 where a box has no inside.

    >>> overlap(np.array([0.0, 0.0, 0.5, 0.5]), np.array([[0.0, 0.0, 0.5, 0.25], [0.5, 0.5, 1.0, 1.0]]))
    array([0.5, 0. ])
    """
    low, high = np.maximum(one[..., :2], other[..., :2]), np.minimum(one[..., 2:], other[..., 2:])
    both = np.maximum(high - low, 0).prod(axis=-1)
    either = _area(one) + _area(other) - both
    return np.asarray(np.divide(both, either, out=np.zeros_like(either), where=either > 0))


def kept(boxes: Array, scores: Array, most: float = OVERLAP) -> Array:
    """The places of the boxes (M, 4) that stay, best first: none of them shares more than `most` with a better one.

    source: Girshick et al.: Rich feature hierarchies, CVPR 2014, section 2.2 (greedy non-maximum suppression).

    >>> boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 0.9], [0, 0, 0.5, 0.5]])
    >>> kept(boxes, np.array([0.8, 0.9, 0.7]))
    array([1, 2])
    """
    left = np.argsort(-scores, kind="stable")
    stay = []
    while len(left):
        stay.append(left[0])
        left = left[1:][overlap(boxes[left[0]], boxes[left[1:]]) <= most]
    return np.array(stay, np.intp)


def found_on_grid(object_: Array, classes: Array, box: Array, least: float = LEAST) -> Found:
    """What the cells of one picture say: `object_` (H, W, 1) the probability that the middle of something is in a cell,
    `classes` (H, W, K) of what, `box` (H, W, 4) how far its sides are from the middle of the cell, in cells: left, top,
    right, bottom. Of boxes of one class that overlap only the best stays.
    """
    row, column = np.nonzero(object_[..., 0] * classes.max(axis=-1) >= least)
    kinds = classes[row, column].argmax(axis=-1)
    scores = object_[row, column, 0] * classes[row, column, kinds]
    boxes = _on_picture(row, column, box)
    stay = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    places = np.concatenate([np.zeros(0, np.intp), *(each[kept(boxes[each], scores[each])] for each in stay)])
    order = places[np.argsort(-scores[places], kind="stable")]
    return Found(boxes[order], kinds[order], scores[order])


def told_on_grid(there: Array, kind: Array, target: Array) -> Found:
    """What really is in a picture, told as the cells of a detector are: `there` (H, W, 1), `kind` (H, W)."""
    row, column = np.nonzero(there[..., 0] > 0.5)
    return Found(_on_picture(row, column, target), kind[row, column], np.ones(len(row)))


def _on_picture(row: Array, column: Array, sides: Array) -> Array:
    """The sides of these cells, (M, 4), as parts of the picture."""
    height, width, _ = sides.shape
    middle = np.stack([column, row, column, row], axis=-1) + 0.5
    outward = np.array([-1, -1, 1, 1])
    return np.asarray((middle + outward * sides[row, column]) / np.array([width, height, width, height]))


def _area(box: Array) -> Array:
    return np.asarray(np.maximum(box[..., 2:] - box[..., :2], 0).prod(axis=-1))
