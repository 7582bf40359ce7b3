"""Data sets of Hugging Face: the only file that imports their package `datasets`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from cnngraph.data.columns import classes_of, numbers
from cnngraph.data.dataset import IMAGE, LABEL, Column, Part
from cnngraph.data.picture import array_of, resized
from cnngraph.data.pictures import Form
from cnngraph.diagnostics import error
from cnngraph.ir.op import Array


def open_sets(name: str, configuration: str = "") -> Mapping[str, Any]:
    """The splits of a data set by name: of a folder that `save_to_disk` wrote, else of the hub. Raises E0603 without
    the package, E0701 where there is no such data set.
    """
    if find_spec("datasets") is None:
        what = "data sets of Hugging Face need a package that is not installed"
        raise error("E0603", what, "pip install 'cnngraph[datasets]'")
    import datasets

    try:
        if Path(name).is_dir():
            found: Any = datasets.load_from_disk(name)
        else:
            found = datasets.load_dataset(name, configuration or None)
    except (OSError, ValueError, LookupError, datasets.exceptions.DatasetsError) as problem:
        text = str(problem).partition("\n")[0]
        raise error("E0701", f"the data set {name} cannot be read: {text}", "a network is needed, once") from problem
    return found if isinstance(found, dict) else {"train": found}


@dataclass(frozen=True, eq=False)
class Pictures:
    """The column of pictures of a split (N, H, W, C); none is decoded before it is asked for."""

    rows: Any
    name: str
    form: Form

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.rows), self.form.height, self.form.width, self.form.channels

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: Array, /) -> Array:
        try:
            found = self.rows[[int(i) for i in indices]][self.name]
            arrays = [array_of(picture, self.form.channels) for picture in found]
        except (OSError, SyntaxError, ValueError, AttributeError) as problem:
            raise error("E0701", f"a picture of the column {self.name} cannot be read: {problem}") from problem
        return np.stack([resized(array, self.form.height, self.form.width) for array in arrays])


def parts_of(splits: Mapping[str, Any], image: str, label: str, form: Form) -> tuple[dict[str, Part], tuple[str, ...]]:
    """(parts by the names of the splits, class names): the column of pictures, that of classes, and all of numbers."""
    given: Array | None = None
    labels: dict[str, Array] = {}
    columns: dict[str, dict[str, Column]] = {part: {} for part in splits}
    for part, rows in splits.items():
        if image and image not in rows.column_names:
            raise error("E0701", f"there is no column {image}, but {', '.join(rows.column_names)}", 'say image = "..."')
        for name in rows.column_names:
            if name == image:
                columns[part][IMAGE] = _pictures(rows.select_columns([name]), name, form)
            elif name == label:
                labels[part] = _array(rows, name)
                names = getattr(rows.features[name], "names", None)
                given = np.array(names) if names else given
            elif (values := _array(rows, name)).dtype.kind in "biuf":
                columns[part][name] = numbers(name, values)
    names, ids = classes_of(labels, given)
    for part, values in ids.items():
        columns[part][LABEL] = values
    return {part: Part(found) for part, found in columns.items()}, names


def _pictures(rows: Any, name: str, form: Form) -> Column:
    column = Pictures(rows, name, form)
    return column[np.arange(len(rows))] if form.holds(len(rows)) else column


def _array(rows: Any, name: str) -> Array:
    """A column of numbers or texts; of lists that differ in length no numbers."""
    return np.asarray(rows.select_columns([name]).with_format("numpy")[:][name])
