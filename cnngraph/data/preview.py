"""Data as a picture: samples as they are, and as the `augment` line changes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.data.augment import Augmenter, chain_of, shape_after
from cnngraph.data.class_names import class_name
from cnngraph.data.dataset import IMAGE, LABEL, Dataset, Part, framed
from cnngraph.diagnostics import error
from cnngraph.elaborate.training import Setting
from cnngraph.ir.op import Array
from cnngraph.render.sheet import Sheet, Tile, sheet

SIDE = 96  # pixels that a picture has on the sheet, unless it is larger itself


def preview(
    data: Dataset,
    augment: Sequence[Setting] = (),
    *,
    part: str = "train",
    count: int = 8,
    draws: int = 5,
    seed: int = 0,
) -> Sheet:
    """The first `count` samples of a part, one in each row: the picture as it is, as tests see it where that is
    another, and as the changes make it in each of the first `draws` epochs of a run with this seed. Of data without a
    column `image` all columns of pictures are shown as they are. Raises E0702 where there are none.
    """
    if part not in data.parts:
        raise error("E0702", f"the data has no part {part}, but {', '.join(data.parts)}")
    whole = data.parts[part]
    rows = whole.first(count)
    columns = _changed(rows, augment, draws, seed, len(whole)) if IMAGE in rows.columns else _pictures(rows)
    if not columns:
        raise error("E0702", f"the data has no column of pictures, but {', '.join(rows.columns)}")
    names = _names(data, rows)
    tiles = [
        Tile(_bytes(images[i]), name if place else f"{name}\n{names[i]}".strip())
        for i in range(len(rows))
        for place, (name, images) in enumerate(columns.items())
    ]
    tallest = max(images.shape[1] for images in columns.values())
    line = " -> ".join(setting.span.text for setting in augment)
    return sheet(tiles, len(columns), max(1, SIDE // tallest), f"{part}: {line}" if line else part)


def _changed(rows: Part, augment: Sequence[Setting], draws: int, seed: int, count: int) -> dict[str, Array]:
    """The pictures as they are, and changed, by the names of the columns on the sheet."""
    indices = np.arange(len(rows))
    images = rows.images[indices]
    found = {"as it is": images}
    if augment:
        height, width, _ = shape_after(augment, images.shape[1:])
        if (height, width) != images.shape[1:3]:
            found["in tests"] = framed(images, height, width)
        chain = chain_of(augment)
        found |= {f"epoch {n + 1}": Augmenter(chain, seed, n, count)(images, indices) for n in range(draws)}
    return found


def _pictures(rows: Part) -> dict[str, Array]:
    """The columns (N, H, W, 1) and (N, H, W, 3)."""
    kinds = {name: column.shape for name, column in rows.columns.items()}
    named = [name for name, shape in kinds.items() if len(shape) == 4 and shape[-1] in (1, 3)]
    return {name: rows.columns[name][np.arange(len(rows))] for name in named}


def _names(data: Dataset, rows: Part) -> list[str]:
    """What stands below each sample: its class."""
    if LABEL not in rows.columns:
        return [""] * len(rows)
    return [class_name(data.class_names, label) for label in rows.labels.tolist()]


def _bytes(image: Array) -> Array:
    """A picture of bytes, or of floats from 0 to 1, as bytes."""
    return image if image.dtype == np.uint8 else np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
