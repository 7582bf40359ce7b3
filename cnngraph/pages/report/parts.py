"""Parts of the page: sections, charts, small pictures, tables of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import Array
from cnngraph.pages.markup import Markup, element, figure, table
from cnngraph.pages.themed import themed
from cnngraph.render.chart import Chart
from cnngraph.render.embedded import embedded
from cnngraph.render.tabular import Table

SIDE, LONG = 96, 210  # pixels of a small picture, which are kept and shown
SMALL_BYTES = 4000  # of its file, about
WIDEST = 1400  # pixels of a large one
LACKS = ("E0101", "E0702", "E0705")  # there is no convolution, no picture, no layer with weights


@dataclass(frozen=True)
class Section:
    """A part of the page with the anchor that leads to it."""

    name: str
    title: str
    content: Markup


def section(name: str, title: str, *content: str) -> Section:
    return Section(name, title, element("section", element("h2", title), *content, id=name))


def drawing(svg: str, caption: str) -> Markup:
    """A picture in the colours of the page, with words for who does not see it."""
    return figure(element("div", themed(svg), role="img", aria_label=caption, class_="themed", tabindex="0"), caption)


def charted(chart: Chart, caption: str) -> Markup:
    """A chart in the colours of the page."""
    return drawing(chart.svg(), caption)


def small(image: Array, told: str) -> Markup:
    """A picture (H, W, ...) of bytes, its short side SIDE pixels or its long one LONG; of a small one the pixels are
    seen.
    """
    height, width = image.shape[:2]
    scale = min(SIDE / min(height, width), LONG / max(height, width))
    size = {"width": str(max(1, round(width * scale))), "height": str(max(1, round(height * scale)))}
    kept = embedded(image, round(max(height, width) * min(scale, 1)), SMALL_BYTES)
    return element("img", src=kept, alt=told, class_="pixels" if scale > 1.5 else "photo", **size)


def large(image: Array, caption: str) -> Markup:
    """A picture in its own size, with a line below it."""
    height, width = map(str, image.shape[:2])
    picture = element("img", src=embedded(image, WIDEST), alt=caption, width=width, height=height)
    return figure(element("div", picture, class_="wide", tabindex="0", role="group", aria_label=caption), caption)


def tiled(images: Sequence[Array], caption: str, side: int) -> Markup:
    """Images of one size beside each other, each about `side` pixels large; together they are one picture."""
    exact = side / max(images[0].shape[:2])
    scale = round(exact) if exact >= 1 else exact
    height, width = (str(max(1, round(each * scale))) for each in images[0].shape[:2])
    sources = [embedded(each, side, SMALL_BYTES // 2) for each in images]
    made = [element("img", src=source, alt="", class_="pixels", width=width, height=height) for source in sources]
    return figure(element("div", *made, role="img", aria_label=caption, class_="tiles"), caption)


def tabled(found: Table, caption: str, most: int) -> Markup:
    """The first rows of a table."""
    left = sum(not column.right for column in found.columns)
    return table(caption, [column.heading for column in found.columns], found.texts()[:most], left)


def folded(title: str, *content: str) -> Markup:
    """What is seen after a click, and on paper."""
    return element("details", element("summary", title), *content)


def where_it_fits(make: Callable[[], Markup]) -> Markup:
    """A part of the page, or nothing where the net or its data has no such thing."""
    try:
        return make()
    except CnnGraphError as problem:
        if any(each.code not in LACKS for each in problem.diagnostics):
            raise
        return Markup("")
