"""What was trained: the graph, its figures, the table of layers, and the recipe."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.net import Net
from cnngraph.pages.markup import Markup, element, pairs
from cnngraph.pages.report.parts import Section, drawing, folded, section, tabled
from cnngraph.pages.report.subject import Subject
from cnngraph.render.tabular import shown

MOST_ROWS = 60  # of the table of layers: more, and it has a row for each block
MOST_PICTURE_BYTES = 160_000


def network(subject: Subject) -> Iterator[Section]:
    """The graph with its figures; the table of layers below it, folded."""
    if subject.net is None:
        return
    found = subject.net.summary()
    if len(found.rows) > MOST_ROWS:
        found = subject.net.summary(depth=1)
    totals = pairs({name: shown(cell) for name, cell in found.totals.items()})
    layers = tabled(found, "Layers, for one sample", MOST_ROWS)
    count = min(len(found.rows), MOST_ROWS)
    table = folded(f"{'All' if count == len(found.rows) else 'The first'} {count} rows of the table of layers", layers)
    yield section("network", "What was trained", totals, *_picture(subject.net), table)


def _picture(net: Net) -> Iterator[Markup]:
    """The graph, as deep as the page has room for."""
    for options in ({}, {"depth": 1}, {"depth": 0}):
        svg = net.draw(**options)  # type: ignore[arg-type]
        if len(svg) <= MOST_PICTURE_BYTES:
            yield drawing(svg, f"The graph of {net.name}, from its input to its output")
            return


def recipe(subject: Subject) -> Iterator[Section]:
    """The words of the train section."""
    if subject.recipe:
        code = element("pre", element("code", subject.recipe), tabindex="0", role="region", aria_label="Recipe")
        yield section("recipe", "Recipe", code)
