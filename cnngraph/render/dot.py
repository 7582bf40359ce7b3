"""A graph as a picture: text in the DOT language of Graphviz, and the files that an engine makes of it.

    save(graph, Path("googlenet.svg"))                       the whole network, as deep as stays readable
    save(graph, Path("one.pdf"), focus="i3a")                one block in full, between its neighbours
    save(graph, Path("talk.png"), style="slide", dark=True)  large and light on dark
    save(graph, Path("maps.svg"), style="volumes")           feature maps as boxes with their sizes
    save(graph, Path("split.svg"), partition=partition)      a frame for each device, thick arrows where data travels

The same graph gives the same text, character for character.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import graphviz

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.render.divided import DeviceLabels, Divided
from cnngraph.render.drawing import Drawing
from cnngraph.render.engine import lay_out
from cnngraph.render.focus import focused
from cnngraph.render.labels import Labels
from cnngraph.render.mermaid import mermaid
from cnngraph.render.options import VOLUMES, Options, of_volumes, view_of
from cnngraph.render.page import to_page
from cnngraph.render.picture import picture
from cnngraph.render.raster import to_pixels
from cnngraph.render.reader import described
from cnngraph.render.titles import Room, find_rooms
from cnngraph.render.volumes import drawn
from cnngraph.render.volumes.figure import figure

FORMATS = ("svg", "png", "pdf", "dot", "mermaid")
ENDINGS = {"mmd": "mermaid"}  # of files, where they are no format's name
SCALE = 2.0


def draw(graph: Graph, **options: Unpack[Options]) -> graphviz.Digraph:
    """The picture of `graph`; its `source` is the text in the DOT language. Needs no engine. Errors: E0101, E0108."""
    return drawing(graph, options).dot()


def drawing(graph: Graph, options: Options) -> Drawing:
    """What is drawn, before any engine has seen it. Errors: E0101, E0108."""
    view, partition, overlay = view_of(options), options.get("partition"), options.get("overlay")
    depth, expand, focus = options.get("depth"), options.get("expand", ()), options.get("focus")
    title, direction = options.get("title"), options.get("direction") or view.style.direction
    if partition is None:
        kinds = overlay.kind_of if overlay else None
        shown = picture(graph, depth, expand, kinds) if focus is None else focused(graph, focus, kinds)
        labels = Labels(graph, shown, view, overlay)
    elif focus is None:
        divided = Divided(partition)
        graph, shown = divided.graph, divided.picture(depth, expand)
        labels = DeviceLabels(graph, shown, view, divided=divided)
    else:
        raise error("E0108", "a picture of devices shows all of them, not one block", "`expand` shows a block in full")
    return Drawing(graph, shown, labels, direction, graph.name if title is None else title)


def text_of(drawn: Drawing) -> str:
    """The picture in the DOT language."""
    return str(drawn.dot().source)


def to_svg(graph: Graph, **options: Unpack[Options]) -> str:
    """The picture as SVG text; E0603 where no engine can draw it."""
    return content(graph, "svg", **options).decode()


def to_png(graph: Graph, scale: float = SCALE, **options: Unpack[Options]) -> bytes:
    """The picture as a PNG file of `scale` times 96 dots an inch; E0603 where no engine can draw it."""
    return content(graph, "png", scale, **options)


def to_pdf(graph: Graph, **options: Unpack[Options]) -> bytes:
    """The picture as a PDF file of one page of its size; E0603 where no engine can draw it."""
    return content(graph, "pdf", **options)


def save(
    graph: Graph, path: str | Path, format: str | None = None, scale: float = SCALE, **options: Unpack[Options]
) -> Path:
    """Write the picture to `path` as svg, png, pdf, dot or mermaid, as its ending says unless a format is given.

    `scale` is for png alone: 1 is 96 dots an inch. Errors: E0603.
    """
    path = Path(path)
    written = content(graph, format or format_of(path), scale, **options)
    try:
        path.write_bytes(written)
    except OSError as cause:
        raise error("E0603", f"the picture cannot be written to {path}: {cause.strerror}") from None
    return path


def format_of(path: Path) -> str:
    """The format that the ending of a file means. Raises E0603 where it means none."""
    ending = path.suffix.removeprefix(".").lower()
    return _known(ENDINGS.get(ending, ending))


def _known(format: str) -> str:
    if format not in FORMATS:
        raise error("E0603", f"a picture cannot be written as `{format}`", f"formats: {', '.join(FORMATS)}")
    return format


def content(graph: Graph, format: str, scale: float = SCALE, **options: Unpack[Options]) -> bytes:
    """What a file of that format holds. Errors: E0603 and those of `draw`."""
    _known(format)
    if options.get("style") == VOLUMES:
        return drawn(figure(graph, **of_volumes(options)), format, scale)
    match format:
        case "svg":
            return described(lay_out(_free(graph, options), "svg").decode(), graph, options.get("title")).encode()
        case "png":
            return to_pixels(_free(graph, options), scale)
        case "pdf":
            return to_page(_free(graph, options), graph.name)
        case "mermaid":
            return mermaid(drawing(graph, options)).encode()
        case _:
            return text_of(drawing(graph, options)).encode()


def _free(graph: Graph, options: Options) -> str:
    """The text of a picture in which no arrow crosses a title."""
    plain = drawing(graph, options)

    def source(rooms: Mapping[str, Room]) -> str:
        return text_of(plain.with_rooms(rooms))

    return source(find_rooms(source, plain.direction == "LR"))
