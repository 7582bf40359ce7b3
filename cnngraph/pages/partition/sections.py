"""The parts of a page of a division that need no script: figures, the distance to the bound, tables, the switches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnngraph.pages.markup import Markup, element, joined, pairs, table
from cnngraph.pages.partition.subject import Lane, Subject
from cnngraph.render.tabular import Table, shown

PATTERNS = 8  # colours of devices, after which they come again


def head(subject: Subject) -> Markup:
    title = element("h1", subject.title)
    return element("header", title, element("p", subject.lead, class_="lead"), element("div", id="theme"))


def goodness(subject: Subject) -> Markup:
    """How far it is from what no division can beat, what it is busy with, and what would help."""
    parts = [heading("How good it is", "good"), distance(subject), pairs(subject.facts)]
    parts += [element("pre", "\n".join(subject.reasons), class_="reasons", tabindex="0")]
    if subject.trials is not None:
        parts.append(as_table(subject.trials))
    parts += [element("p", note, class_="note") for note in subject.notes]
    return element("section", *parts, aria_labelledby="good")


def distance(subject: Subject) -> Markup:
    """The value and its bound as two bars of one scale; both are said in words too."""
    share = min(subject.bound / subject.goal, 1.0) if subject.goal else 0.0
    rows = ((subject.scale, 1.0, subject.goal_text, "value"), ("lower bound", share, subject.bound_text, "bound"))
    bars = [
        element(
            "div",
            element("span", name, class_="name"),
            element("span", element("span", class_=f"fill {kind}", style=f"width:{part:.2%}"), class_="room"),
            element("span", text, class_="text"),
        )
        for name, part, text, kind in rows
    ]
    return element("div", *bars, class_="distance")


def switches(subject: Subject) -> Markup:
    """The devices with their colours: all of them, or one alone."""
    buttons = [element("button", "All devices", type="button", aria_pressed="true", data_device="")]
    buttons += [_switch(i, lane) for i, lane in enumerate(subject.lanes)]
    if subject.executed is not None:
        ways = (("executed", "as the pipeline divides"), ("table", "as in the table"))
        options = [element("option", text, value=value) for value, text in ways]
        buttons.append(element("label", "Graph ", element("select", *options, id="division")))
    return element("div", *buttons, id="devices", role="group", aria_label="Devices")


def _switch(number: int, lane: Lane) -> Markup:
    swatch = element("span", letter(number), class_=f"mark device-{number % PATTERNS}", aria_hidden="true")
    told = f" {lane.told}{', busiest' if lane.busiest else ''}"
    words = joined([swatch, element("b", lane.label), told])
    return element("button", words, type="button", aria_pressed="false", data_device=str(number))


def letter(number: int) -> str:
    """What a device is called where there is no room, and where colours are not seen.

    >>> letter(0), letter(27)
    ('A', 'B2')
    """
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 26] + (str(number // 26 + 1) if number >= 26 else "")


def tables(subject: Subject) -> Markup:
    first, *others = subject.tables  # what stands below the first one is said above
    parts = [as_table(replace(first, totals={})), *map(as_table, others)]
    return element("section", heading("Tables", "tables"), *parts, aria_labelledby="tables")


def as_table(found: Table) -> Markup:
    """A table with the very texts that the command prints, and what stands below it."""
    left = next((i for i, column in enumerate(found.columns) if column.right), len(found.columns))
    whole = table(found.title, [column.heading or "note" for column in found.columns], found.texts(), left)
    totals = [pairs({name: shown(value) for name, value in found.totals.items()})] if found.totals else []
    return joined([whole, *totals])


def heading(text: str, name: str) -> Markup:
    return element("h2", text, id=name)


def drawn(subject: Subject) -> Iterator[Markup]:
    """Places that scripts fill."""
    graph = element("div", id="view", class_="graph")
    tools = element("div", id="tools", class_="tools")
    yield element("section", heading("Graph", "graph-title"), switches(subject), tools, graph,
                  element("p", id="picked", role="status", class_="note"), aria_labelledby="graph-title")  # fmt: skip
    trace = element("button", "Download the trace (Chrome, ui.perfetto.dev)", type="button", id="save")
    yield element("section", heading("Time", "time-title"), element("div", id="time"), element("p", trace),
                  aria_labelledby="time-title")  # fmt: skip
