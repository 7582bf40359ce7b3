"""A graph as a picture: text in the DOT language of Graphviz, and the files that an engine makes of it.

    save(graph, Path("googlenet.svg"))                       the whole network, as deep as stays readable
    save(graph, Path("one.pdf"), focus="i3a")                one block in full, between its neighbours
    save(graph, Path("talk.png"), style="slide", dark=True)  large and light on dark
    save(graph, Path("split.svg"), partition=partition)      a frame for each device, thick arrows where data travels

The same graph gives the same text, character for character.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from cnngraph.render.options import Options, view_of
from cnngraph.render.page import to_page
from cnngraph.render.picture import picture
from cnngraph.render.raster import to_pixels
from cnngraph.render.reader import described
from cnngraph.render.titles import Room, find_rooms

FORMATS = ("svg", "png", "pdf", "dot")


def draw(graph: Graph, **options: Unpack[Options]) -> graphviz.Digraph:
    """The picture of `graph`; its `source` is the text in the DOT language. Needs no engine. Errors: E0101, E0108."""
    return drawing(graph, options).dot()


def drawing(graph: Graph, options: Options) -> Drawing:
    """What is drawn, before any engine has seen it. Errors: E0101, E0108."""
    view, partition, overlay = view_of(options), options.get("partition"), options.get("overlay")
    depth, expand, focus = options.get("depth"), options.get("expand", ()), options.get("focus")
    title, direction = options.get("title"), options.get("direction", "TB")
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
    return described(lay_out(_free(graph, options), "svg").decode(), graph, options.get("title"))


def to_png(graph: Graph, scale: float = 2.0, **options: Unpack[Options]) -> bytes:
    """The picture as a PNG file of `scale` times 96 dots an inch; E0603 where no engine can draw it."""
    return to_pixels(_free(graph, options), scale)


def to_pdf(graph: Graph, **options: Unpack[Options]) -> bytes:
    """The picture as a PDF file of one page of its size; E0603 where no engine can draw it."""
    return to_page(_free(graph, options), graph.name)


def save(
    graph: Graph, path: str | Path, format: str | None = None, scale: float = 2.0, **options: Unpack[Options]
) -> Path:
    """Write the picture to `path` as svg, png, pdf or dot, as the file's ending says unless a format is given.

    `scale` is for png alone: 1 is 96 dots an inch. Errors: E0603.
    """
    path = Path(path)
    wanted = format or path.suffix.removeprefix(".")
    if wanted not in FORMATS:
        raise error("E0603", f"a picture cannot be written as `{wanted}`", f"formats: {', '.join(FORMATS)}")
    content = _content(graph, wanted, scale, options)
    try:
        path.write_bytes(content)
    except OSError as cause:
        raise error("E0603", f"the picture cannot be written to {path}: {cause.strerror}") from None
    return path


def _content(graph: Graph, format: str, scale: float, options: Options) -> bytes:
    match format:
        case "svg":
            return to_svg(graph, **options).encode()
        case "png":
            return to_png(graph, scale, **options)
        case "pdf":
            return to_pdf(graph, **options)
        case _:
            return text_of(drawing(graph, options)).encode()


def _free(graph: Graph, options: Options) -> str:
    """The text of a picture in which no arrow crosses a title."""
    plain = drawing(graph, options)

    def source(rooms: Mapping[str, Room]) -> str:
        return text_of(replace(plain, rooms=rooms))

    return source(find_rooms(source, plain.direction == "LR"))
