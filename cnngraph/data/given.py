"""Arrays that the caller holds, as a data set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnngraph.data.columns import parts_of
from cnngraph.data.dataset import Dataset
from cnngraph.data.source import Undivided
from cnngraph.ir.op import Array


def dataset_of(
    arrays: Mapping[str, Array], *, test: float = 0.2, validate: float = 0.0, seed: int = 0, normalize: bool = True
) -> Dataset:
    """The data set of these columns: `image`, `label`, and others by the names of the inputs that they feed.

    Without a part to test with (`train_image`, `test_image`, ...) the share `test` is taken for it by `seed`, and
    `validate` of what is left to make choices by. Raises E0701 where arrays are no columns.

    >>> dataset_of({"image": np.zeros((10, 8, 8)), "label": np.arange(10) % 2}).parts
    {'train': <part of 8: image (8, 8, 1), label>, 'test': <part of 2: image (8, 8, 1), label>}
    """
    how = Undivided(test=test, validate=validate, normalize=normalize)
    parts, names = parts_of({name: np.asarray(values) for name, values in arrays.items()})
    return how.from_parts(parts, names, seed)
