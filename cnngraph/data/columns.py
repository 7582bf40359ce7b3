"""Arrays by name, as people keep them, become the columns of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnngraph.data.dataset import IMAGE, LABEL, Part
from cnngraph.diagnostics import error
from cnngraph.ir.op import Array

CLASS_NAMES = "class_names"
PARTS = ("train", "validation", "test")
MAX_CLASSES = 1_000_000


def parts_of(arrays: Mapping[str, Array]) -> tuple[dict[str, Part], tuple[str, ...]]:
    """(parts by name, class names). Names such as `train_image` and `test_label` say the part; without them all is one
    part, `train`.

    `image` is (N, H, W, C), or (N, H, W) in grey: whole numbers from 0 to 255 or floats from 0 to 1. `label` is (N,):
    whole numbers, or texts, which are then the names of the classes; the array `class_names` may name them too. Other
    columns hold numbers of any shape (N, ...). Raises E0701.

    >>> parts, names = parts_of({"image": np.zeros((3, 8, 8)), "label": np.array(["dog", "cat", "dog"])})
    >>> parts["train"], parts["train"].labels.tolist(), names
    (<part of 3: image (8, 8, 1), label>, [1, 0, 1], ('cat', 'dog'))
    """
    tables = _by_part({name: values for name, values in arrays.items() if name != CLASS_NAMES})
    labels = {part: table[LABEL] for part, table in tables.items() if LABEL in table}
    names, ids = classes_of(labels, arrays.get(CLASS_NAMES))
    return {
        part: Part({name: ids[part] if name == LABEL else numbers(name, values) for name, values in table.items()})
        for part, table in tables.items()
    }, names


def classes_of(labels: Mapping[str, Array], given: Array | None = None) -> tuple[tuple[str, ...], dict[str, Array]]:
    """(class names, ids (N,) of the labels of each part): numbers stay, texts get their places in `given` or, without
    it, in the order of letters. Raises E0701.
    """
    texts = {part: _texts(values) for part, values in labels.items()}
    names = None if given is None else _names(given)
    if not labels or all(values.dtype.kind == "U" for values in texts.values()):
        texts = {part: _one_each(values) for part, values in texts.items()}
        known = names or tuple(map(str, sorted({*np.concatenate([*texts.values(), np.array([], "U1")])})))
        return known, {part: _places(values, known) for part, values in texts.items()}
    ids = {part: numbers(LABEL, values) for part, values in texts.items()}
    highest = max(int(values.max()) for values in ids.values())
    return names or tuple(map(str, range(highest + 1))), ids


def numbers(name: str, values: Array) -> Array:
    """A column as networks take it: pictures of bytes or of floats from 0 to 1, labels (N,); whole numbers are int64,
    others float32. Raises E0701.
    """
    if values.dtype.kind not in "biuf":
        raise error("E0701", f"the column {name} holds no numbers, but {values.dtype}")
    if values.ndim == 0 or not values.size:
        raise error("E0701", f"the column {name} has no rows")
    if name == IMAGE:
        return _pictures(values[..., None] if values.ndim == 3 else values)
    if name == LABEL:
        return _labels(_one_each(values))
    if values.dtype.kind != "f":
        return values.astype(np.int64)
    with np.errstate(over="ignore"):  # told below
        kept = values.astype(np.float32)
    if not np.isfinite(kept).all():
        found = values[~np.isfinite(kept)][0]
        raise error("E0701", f"the column {name} holds {found}, which is no number to learn from")
    return kept


def _by_part(arrays: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """The arrays of each part by column."""
    if not any(name.startswith("train_") for name in arrays):
        return {"train": dict(arrays)}
    found: dict[str, dict[str, Array]] = {}
    for name, values in arrays.items():
        part, _, column = name.partition("_")
        if part not in PARTS or not column:
            raise error("E0701", f"the array {name} is of no part: names begin with train_, validation_ or test_")
        found.setdefault(part, {})[column] = values
    return {part: found[part] for part in PARTS if part in found}


def _pictures(values: Array) -> Array:
    low, high = values.min(), values.max()
    whole = values.dtype.kind in "biu"
    if not 0 <= low <= high <= (255 if whole else 1):  # also where some are no numbers
        message = f"the pictures hold {values.dtype} from {low} to {high}"
        raise error("E0701", message, "whole numbers go from 0 to 255, floats from 0 to 1")
    return values.astype(np.uint8 if whole else np.float32, copy=False)


def _one_each(values: Array) -> Array:
    """Labels (N,) or (N, 1) as (N,)."""
    values = values[:, 0] if values.shape[1:] == (1,) else values
    if values.ndim != 1 or values.dtype.kind == "f":
        found = f"{values.dtype} {values.shape}"
        raise error("E0701", f"labels are whole numbers or texts, one for each sample, not {found}")
    return values


def _labels(values: Array) -> Array:
    highest = int(values.max())
    if highest >= MAX_CLASSES:
        message = f"the highest label is {highest}, and there are at most {MAX_CLASSES:,} classes"
        raise error("E0701", message, "labels are the numbers of the classes, from 0 on")
    return values.astype(np.int64)


def _names(given: Array) -> tuple[str, ...]:
    """The names of classes, each once."""
    names = tuple(map(str, _texts(given).ravel()))
    if given.ndim != 1 or len({*names}) != len(names):
        raise error("E0701", f"{CLASS_NAMES} is one text for each class, each another, not {given.dtype} {given.shape}")
    return names


def _texts(values: Array) -> Array:
    """Texts that are kept as bytes, as texts; all else as it is."""
    return np.char.decode(values, "utf-8", "replace") if values.dtype.kind == "S" else values


def _places(values: Array, known: Sequence[str]) -> Array:
    place = {str(name): number for number, name in enumerate(known)}
    unknown = sorted({str(text) for text in np.unique(values)} - place.keys())
    if unknown:
        raise error("E0701", f"the label {unknown[0]} is none of the classes {', '.join(place)}")
    return np.array([place[str(text)] for text in values.ravel()], np.int64).reshape(values.shape)
