"""A part of the training images that judges epochs, so that the test part judges the net alone, once, at the end."""

from __future__ import annotations

from dataclasses import replace

from cnngraph.data.dataset import Dataset
from cnngraph.diagnostics import error
from cnngraph.ir.op import rng

VALIDATION = 6  # the third part of the key: no other use of the seed has the same


def with_validation(data: Dataset, share: float, seed: int) -> Dataset:
    """The data with `share` of its training part, drawn by the seed, as the part to validate with.

    Raises E0702 where one of both parts would be empty, or the data has such a part already.

    >>> import numpy as np
    >>> from cnngraph.data.dataset import Part
    >>> part = Part({"x": np.arange(8)})
    >>> data = with_validation(Dataset(part, part), 0.25, seed=0)
    >>> data.validation.columns["x"], len(data.train)
    (array([5, 0]), 6)
    """
    if data.validation is not None:
        raise error("E0702", "the data has a part to validate with already", "leave --validate away")
    count = len(data.train)
    kept = round(count * share)
    if not 0 < kept < count:
        raise error("E0702", f"{share:g} of {count} samples cannot be split off to validate with", "take more or less")
    chosen = rng(seed, 0, VALIDATION).permutation(count)
    return replace(data, validation=data.train.chosen(chosen[:kept]), train=data.train.chosen(chosen[kept:]))
