"""Where a class is seen: the last maps of a net, each weighed by how much the class depends on it (Grad-CAM)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.data.dataset import Preprocessing
from cnngraph.diagnostics import error
from cnngraph.examine.layers import last_grid, layer_of
from cnngraph.examine.picture import Picture, picture_of
from cnngraph.examine.probe import probe
from cnngraph.examine.scaling import enlargement
from cnngraph.examine.sensitivity import target_of
from cnngraph.examine.target import Target
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.render.glow import glowing, stretched
from cnngraph.render.sheet import Sheet, Tile, sheet, spread01


@dataclass(frozen=True, eq=False)
class Activation:
    """`values` (h, w) at the positions of `layer`, at least 0: how much of the class is seen there."""

    picture: Picture
    target: Target
    layer: str
    values: Array

    def sheet(self, scale: int | None = None) -> Sheet:
        """The picture, the map, and the map stretched over the picture."""
        seen = self.picture.shown
        large = scale or enlargement(seen.shape)
        over = glowing(seen, stretched(self.values, *seen.shape[:2]), False)
        own = spread01(self.values, signed=False)
        fit = max(1, round(seen.shape[0] * large / own.shape[0]))
        tiles = [
            Tile(seen.repeat(large, 0).repeat(large, 1), self.picture.name or "picture"),
            Tile(own.repeat(fit, 0).repeat(fit, 1), f"{own.shape[0]}x{own.shape[1]} at {self.layer}"),
            Tile(over.repeat(large, 0).repeat(large, 1), "over the picture"),
        ]
        return sheet(tiles, 3, 1, f"Where {self.target.name} is seen")

    def __str__(self) -> str:
        row, column = divmod(int(self.values.argmax()), self.values.shape[1])
        height, width = self.values.shape
        return f"{self.target.name} at {self.layer} ({height}x{width}): {self.values.max():.4g} at {row},{column}"


def class_activation(
    net: Net,
    image: Picture | Array,
    target: int | Target | None = None,
    layer: str | None = None,
    class_names: Sequence[str] = (),
    preprocessing: Preprocessing | None = None,
) -> Activation:
    """max(sum_c w_c A_c, 0), A_c the maps of a layer and w_c the mean slope of the score by them.

    Without a `layer` it is the last one with rows and columns. Raises E0101 for an unknown layer, E0705 for one without
    rows and columns, or which the target does not depend on.

    Selvaraju et al.: Grad-CAM, ICCV 2017, equations 1 and 2.
    """
    picture = picture_of(image, preprocessing)
    wanted = target_of(net, picture.values, target, class_names)
    form = run(net.graph, INFERENCE)
    node = last_grid(form.fetch([wanted.layer])) if layer is None else layer_of(form, layer)
    if len(node.type.positions) != 2:
        raise error("E0705", f"{node.name} is {node.type}: it has no rows and columns", "choose a layer before it")
    images = picture.values[None]
    found = probe(net, wanted.layer, by=node.name)
    weights = wanted.weights(found.values(images).shape)
    slopes = found.slopes(images, weights)[0]  # (h, w, C)
    values = probe(net, node.name).values(images)[0]
    return Activation(picture, wanted, node.name, np.maximum(values @ slopes.mean(axis=(0, 1)), 0))
