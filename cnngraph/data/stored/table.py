"""`table(file, size)`: a table of picture files and of what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnngraph.data.columns import PARTS, classes_of, numbers
from cnngraph.data.csv_tables import columns_of, read_table
from cnngraph.data.dataset import IMAGE, LABEL, Column, Dataset, Part
from cnngraph.data.pictures import MEGABYTES, Form, column_of
from cnngraph.data.source import Undivided, place_of, require_size
from cnngraph.diagnostics import error
from cnngraph.ir.op import Array

SPLIT = "split"


@dataclass(frozen=True)
class Table(Undivided):
    """A `.csv` or `.tsv` file whose first line names the columns. The column `image` holds paths of pictures, from the
    folder of the file on, that become `size` x `size`; with `image = ""` there are none. The column `label` holds the
    classes, as texts or whole numbers; a column `split` of train, validation and test says the parts.

    All other columns feed the inputs of their names: whole numbers as ids, other numbers as vectors of one (those of
    `box.0`, `box.1`, ... as one vector `box`), texts as ids in the order of letters. Pictures outside the folder of the
    file are refused unless `outside` is true.
    """

    file: str
    size: int = 0
    image: str = IMAGE
    label: str = LABEL
    grey: bool = False
    outside: bool = False
    megabytes: int = MEGABYTES

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image:
            require_size(self.size)
        if self.megabytes < 0:
            raise ValueError(f"megabytes is at least 0, not {self.megabytes}")

    def load(self, folder: Path | None, seed: int) -> Dataset:
        path = place_of(self.file, folder)
        cells = read_table(path)
        self._require_one_of_each(path, cells)
        splits = cells.pop(SPLIT, None)
        columns: dict[str, Column] = {}
        if self.image:
            form = Form(self.size, self.size, 1 if self.grey else 3, self.megabytes)
            columns[IMAGE] = column_of(self._files(path, self._taken(path, cells)), form)
        names: tuple[str, ...] = ()
        for name, values in columns_of(cells, self.label).items():
            if name == self.label:
                names, ids = classes_of({name: values})
                columns[LABEL] = ids[name]
            else:
                texts = values.dtype.kind == "U"
                columns[name] = classes_of({name: values})[1][name] if texts else numbers(name, values)
        return self.from_parts(_by_split(path, Part(columns), splits), names, seed)

    def _require_one_of_each(self, path: Path, cells: Mapping[str, Sequence[str]]) -> None:
        """Raises E0701 where a column becomes `image` or `label`, and another one is called so."""
        for name, chosen in ((IMAGE, self.image), (LABEL, self.label)):
            if chosen != name and chosen in cells and name in cells:
                raise error("E0701", f"{path}: the column {chosen} is the {name}, but there is a column {name} too")

    def _taken(self, path: Path, cells: dict[str, list[str]]) -> list[str]:
        """The cells of the column of pictures, which is then no other column."""
        if self.image not in cells:
            message = f"{path}: there is no column {self.image}, but {', '.join(cells)}"
            helps = f'write image = "{next(iter(cells))}"', 'or image = "" if there are no pictures'
            raise error("E0701", message, *helps)
        return cells.pop(self.image)

    def _files(self, path: Path, names: Sequence[str]) -> list[Path]:
        """The picture files; they lie in the folder of the table, or below it."""
        if wrong := [name for name in names if not name or "\0" in name]:
            raise error("E0701", f"{path}: the column {self.image} holds {wrong[0]!r}, which is no path")
        folder = path.parent.resolve()
        found = [path.parent / name for name in names]
        if not self.outside:
            for name, file in zip(names, found, strict=True):
                if not file.resolve().is_relative_to(folder):
                    raise error("E0701", f"{path}: {name} is outside the folder of the table", "write outside = true")
        return found


def _by_split(path: Path, whole: Part, splits: Sequence[str] | None) -> Mapping[str, Part]:
    """The parts that the column `split` tells."""
    if splits is None:
        return {"train": whole}
    if unknown := sorted({*splits} - {*PARTS}):
        raise error("E0701", f"{path}: the column {SPLIT} holds {', '.join(PARTS)}, not {unknown[0]!r}")
    if PARTS[0] not in splits:
        raise error("E0701", f"{path}: no line is of the split {PARTS[0]}")
    rows: Mapping[str, Array] = {part: np.flatnonzero(np.array(splits) == part) for part in PARTS}
    return {part: whole.chosen(indices) for part, indices in rows.items() if len(indices)}
