"""The parts of training images that excite a channel most: where, how much, and what its unit sees there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.dataset import Column, Preprocessing
from cnngraph.diagnostics import error
from cnngraph.examine.kernels import picked
from cnngraph.examine.picture import visible
from cnngraph.examine.place import Box, bound
from cnngraph.examine.probe import Probe, probe
from cnngraph.examine.scaling import enlargement
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.region import region
from cnngraph.net import Net
from cnngraph.render.sheet import Sheet, Tile, sheet
from cnngraph.train.feeds import cut

BATCH = 64
SIDE = 64


@dataclass(frozen=True, eq=False)
class Patch:
    """A part of image number `index`: what the unit at `position` sees, and its `value` there."""

    channel: int
    index: int
    position: tuple[int, ...]
    value: float
    box: Box
    image: Array


@dataclass(frozen=True, eq=False)
class Patches:
    """For each channel its patches, the most exciting first; one of each image at most."""

    layer: str
    count: int
    patches: tuple[tuple[Patch, ...], ...]

    def sheet(self, scale: int | None = None) -> Sheet:
        """A row for each channel."""
        sizes = [p.image.shape for row in self.patches for p in row]
        tiles = [Tile(p.image, f"{p.channel}: {p.value:.2g} in {p.index}") for row in self.patches for p in row]
        across = len(self.patches[0])
        title = f"{self.layer}: most exciting parts of {self.count} images (channel: value in image)"
        return sheet(tiles, across, scale or enlargement(max(sizes, key=max), SIDE), title)

    def __str__(self) -> str:
        rows = []
        for row in self.patches:
            found = ", ".join(f"{p.value:.4g} in image {p.index} at {','.join(map(str, p.position))}" for p in row)
            rows.append(f"channel {row[0].channel}: {found}")
        return "\n".join(rows)


def patches(
    net: Net,
    layer: str,
    images: Column,
    preprocessing: Preprocessing,
    channels: Sequence[int] | None = None,
    top: int = 9,
    limit: int | None = None,
) -> Patches:
    """The `top` images of a data set (the first `limit` of them) that excite each channel most, cut to what is seen.

    Of equal values the image with the lower number comes first, and of equal positions the first. Raises E0101, E0702,
    and E0705 for wrong channels.

    Zeiler, Fergus: Visualizing and understanding convolutional networks, ECCV 2014, section 4.
    """
    count = len(images) if limit is None else min(limit, len(images))
    if top < 1 or count < 1:
        raise error("E0108", f"at least one patch of one image is shown, not {top} of {count}")
    found = probe(net, layer)
    best, places, grid = _strongest(found, images, preprocessing, count)
    chosen = picked(channels, best.shape[1], f"channels of {found.layer.name}")
    shape = preprocessing.normalized(images[np.zeros(1, np.intp)]).shape[1:]
    graph = bound(net, shape)
    rows = []
    for channel in chosen:
        order = np.argsort(-best[:, channel], kind="stable")[:top]
        row = []
        for index in order:
            position = tuple(int(p) for p in np.unravel_index(int(places[index, channel]), grid)) if grid else ()
            box = _box(graph, found, position, shape)
            seen = visible(preprocessing.normalized(images[np.array([index])])[0], preprocessing)
            part = seen[slice(*box[0]), slice(*box[1])]
            row.append(Patch(channel, int(index), position, float(best[index, channel]), box, part))
        rows.append(tuple(row))
    return Patches(found.layer.name, count, tuple(rows))


def _strongest(
    found: Probe, images: Column, preprocessing: Preprocessing, count: int
) -> tuple[Array, Array, tuple[int, ...]]:
    """(N, C) the largest value of each channel, (N, C) the flat position where it is, and the grid of positions."""
    best, places = [], []
    grid: tuple[int, ...] = ()
    for part in cut(np.arange(count), BATCH):
        values = found.values(preprocessing.normalized(images[part]))  # (N, positions..., C)
        grid = values.shape[1:-1]
        flat = values.reshape(len(values), -1, values.shape[-1])
        places.append(flat.argmax(axis=1))
        best.append(flat.max(axis=1))
    return np.concatenate(best), np.concatenate(places), grid


def _box(graph: Graph, found: Probe, position: tuple[int, ...], shape: Sequence[int]) -> Box:
    box = region(graph, found.layer.name, position).get(found.source.name)
    return (box[0], box[1]) if box else ((0, shape[0]), (0, shape[1]))
