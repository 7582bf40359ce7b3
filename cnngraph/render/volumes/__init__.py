"""The picture of papers: feature maps as boxes with their sizes, windows that look from one to the next.

    drawn(figure(graph), "svg")                     what `render.dot` writes for the style `volumes`

Layers become volumes (`volume`), which have a place in columns and lanes (`grid`), lengths (`solid`), a place on the
page (`layout`), faces and links (`faces`, `links`): marks on a canvas (`scene`), which `svg`, `pdf` and `xdot` write.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypedDict

from cnngraph.diagnostics import error
from cnngraph.render.raster import to_pixels
from cnngraph.render.volumes.pdf import pdf
from cnngraph.render.volumes.scene import Scene
from cnngraph.render.volumes.svg import svg
from cnngraph.render.volumes.xdot import xdot

FORMATS = ("svg", "png", "pdf", "dot")


class Options(TypedDict, total=False):
    """What a picture of volumes shows: the arguments of `figure`."""

    depth: int | None
    expand: Collection[str]
    dark: bool
    title: str | None


def drawn(scene: Scene, format: str, scale: float = 2.0) -> bytes:
    """The bytes of a scene in one of `FORMATS`; E0603 for others. Only png needs an engine.

    `scale` is for png alone: 1 is 96 dots an inch.
    """
    if format not in FORMATS:
        raise error("E0603", f"volumes cannot be written as `{format}`", f"formats: {', '.join(FORMATS)}")
    if format == "pdf":
        return pdf(scene)
    if format == "png":
        return to_pixels(xdot(scene), scale)
    return (svg(scene) if format == "svg" else xdot(scene)).encode()
