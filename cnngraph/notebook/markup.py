"""Parts of what a notebook shows. Styles stand in the elements: a notebook has a theme of its own, light or dark.

Pictures lie on a white card, with dark lines; words and tables have the colours of the notebook.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from cnngraph.pages.markup import Markup, element
from cnngraph.pages.themed import bare
from cnngraph.render.sheet import Sheet
from cnngraph.render.tabular import Table, shown

MOST_ROWS = 200  # of a table
MOST_LETTERS = 60_000  # of a text
CARD = (
    "background:#fff;color:#222;color-scheme:light;border:1px solid #c8ccd0;border-radius:6px;padding:6px;"
    "display:inline-block;max-width:100%;max-height:60em;overflow:auto;box-sizing:border-box"
)
SCROLLS = "max-width:100%;max-height:44em;overflow:auto"
CELL = (
    "border:0;border-bottom:1px solid rgba(128,128,128,.35);padding:.15em .8em;background:none;white-space:nowrap;"
    "text-align:"
)


def whole(*parts: str) -> Markup:
    """Parts below each other, as one answer."""
    return element("div", *parts, class_="cnngraph")


def line(text: str) -> Markup:
    """A line of text."""
    return element("p", text, style="margin:.3em 0")


def drawn(svg: str, told: str) -> Markup:
    """An SVG picture in its own size; a large one scrolls. `told` says what it shows."""
    return element("div", Markup(bare(svg)), role="img", aria_label=told, tabindex="0", style=CARD)


def photographed(sheet: Sheet, told: str) -> Markup:
    """A picture of pixels."""
    source = f"data:image/png;base64,{b64encode(sheet.png()).decode()}"
    image = element("img", src=source, alt=told, style="max-width:none;margin:0;background:#fff")
    return element("div", image, tabindex="0", role="group", aria_label=told, style=CARD)


def columns(text: str) -> Markup:
    """Text in columns, its beginning where it is very long."""
    cut = text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}\n... and {len(text) - MOST_LETTERS:,} letters"
    return element("pre", cut, tabindex="0", style=f"{SCROLLS};background:none")


def tabled(table: Table) -> Markup:
    """A table with its title above, and its totals below."""
    sides = ["right" if column.right else "left" for column in table.columns]
    head = element("tr", *_cells([column.heading for column in table.columns], sides, heads=True))
    rows = [element("tr", *_cells([shown(cell) for cell in row], sides)) for row in table.rows[:MOST_ROWS]]
    told = [element("caption", table.title, style="text-align:left;caption-side:top")] if table.title else []
    grid = element(
        "table", *told, element("thead", head), element("tbody", *rows), style="border-collapse:collapse;margin:.3em 0"
    )
    left = len(table.rows) - len(rows)
    notes = [f"... and {left:,} rows"] * (left > 0) + ["; ".join(totals(table))] * bool(table.totals)
    scrolling = element("div", grid, tabindex="0", role="region", aria_label=table.title or "table", style=SCROLLS)
    return Markup(scrolling + "".join(line(note) for note in notes))


def totals(table: Table) -> list[str]:
    """The figures that stand below a table, with their names."""
    return [f"{name} {shown(cell)}" for name, cell in table.totals.items()]


def _cells(texts: Sequence[str], sides: Sequence[str], heads: bool = False) -> list[Markup]:
    """Cells; those that head a column, unless they are empty."""
    pairs = [(text, f"{CELL}{side}") for text, side in zip(texts, sides, strict=True)]
    return [
        element("th", text, style=style, scope="col") if heads and text else element("td", text, style=style)
        for text, style in pairs
    ]
