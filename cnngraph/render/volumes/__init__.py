"""The picture of papers: feature maps as boxes with their sizes, windows that look from one to the next.

    save(graph, "lenet5.svg")                    or .png, .pdf, .dot
    to_svg(graph, dark=True)                     as text

Layers become volumes (`volume`), which have a place in columns and lanes (`grid`), lengths (`solid`), a place on the
page (`layout`), faces and links (`faces`, `links`): marks on a canvas (`scene`), which `svg`, `pdf` and `xdot` write.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TypedDict, Unpack

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.render.raster import to_pixels
from cnngraph.render.volumes.figure import figure
from cnngraph.render.volumes.pdf import pdf
from cnngraph.render.volumes.scene import Scene
from cnngraph.render.volumes.svg import svg
from cnngraph.render.volumes.xdot import xdot

FORMATS = ("svg", "png", "pdf", "dot")


class Options(TypedDict, total=False):
    """What a picture of volumes shows.

    depth:  blocks that lie deeper are one volume each; None (default): as deep as stays readable.
    expand: paths of blocks to show in full; E0101 where one does not exist.
    dark:   light on dark.
    title:  stands above; default: none.
    """

    depth: int | None
    expand: Collection[str]
    dark: bool
    title: str | None


def to_svg(graph: Graph, **options: Unpack[Options]) -> str:
    """The picture as SVG text. Errors: E0101; E0108 for a graph with its gradient."""
    return svg(figure(graph, **options))


def save(
    graph: Graph, path: str | Path, format: str | None = None, scale: float = 2.0, **options: Unpack[Options]
) -> Path:
    """Write the picture in the format given, or that of the file's ending; only png needs an engine. Errors: E0603.

    `scale` is for png alone: 1 is 96 dots an inch.
    """
    path = Path(path)
    wanted = format or path.suffix.removeprefix(".")
    content = drawn(figure(graph, **options), wanted, scale)
    try:
        path.write_bytes(content)
    except OSError as cause:
        raise error("E0603", f"the picture cannot be written to {path}: {cause.strerror}") from None
    return path


def drawn(scene: Scene, format: str, scale: float = 2.0) -> bytes:
    """The bytes of a scene in one of `FORMATS`; E0603 for others."""
    if format not in FORMATS:
        raise error("E0603", f"volumes cannot be written as `{format}`", f"formats: {', '.join(FORMATS)}")
    if format == "pdf":
        return pdf(scene)
    if format == "png":
        return to_pixels(xdot(scene), scale)
    return (svg(scene) if format == "svg" else xdot(scene)).encode()
