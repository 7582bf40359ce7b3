"""Parts of data that chance divides, by a seed."""

from __future__ import annotations

import numpy as np

from cnngraph.data.dataset import LABEL, Part
from cnngraph.data.optical_digits import SPLIT
from cnngraph.diagnostics import error
from cnngraph.ir.op import Array, rng

FOR_TESTS, FOR_CHOICES, TOO_MANY = 1, 2, 3  # the second part of the key: what is taken away, and for what


def divided(part: Part, share: float, seed: int, use: int) -> tuple[Part, Part]:
    """(what is left, what is taken): `share` of the samples, of each class as nearly as whole numbers allow.

    Both are in an order of chance, that of (seed, use). Raises E0701 where one of them would be empty.

    >>> part = Part({"label": np.array([0, 0, 0, 0, 1, 1])})
    >>> [np.bincount(piece.labels).tolist() for piece in divided(part, 0.5, seed=0, use=FOR_TESTS)]
    [[2, 1], [2, 1]]
    """
    count = round(share * len(part))
    if not 0 < count < len(part):
        message = f"{share:g} of {len(part)} samples are {count}, and {len(part) - count} are left: one part is empty"
        raise error("E0701", message)
    order = rng(seed, use, SPLIT).permutation(len(part))
    if LABEL in part.columns:
        order = order[np.argsort(_places(part.labels[order]), kind="stable")]
    taken = np.zeros(len(part), bool)
    taken[order[:count]] = True
    mixed = rng(seed, use, SPLIT, 1).permutation(len(part))
    return part.chosen(mixed[~taken[mixed]]), part.chosen(mixed[taken[mixed]])


def _places(labels: Array) -> Array:
    """For each sample how far along it stands among those of its class, from 0 to 1."""
    found = np.empty(len(labels))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        found[own] = (np.arange(len(own)) + 0.5) / len(own)
    return found
