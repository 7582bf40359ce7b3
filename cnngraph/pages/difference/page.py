"""The page of a difference: a list of changes, two graphs, figures and texts; and the data for what moves in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from cnngraph.diagnostics import Source
from cnngraph.pages.difference.text import text_differences
from cnngraph.pages.frame import frame
from cnngraph.pages.markup import Markup, element, pairs, table
from cnngraph.pages.model import GRAPH_SCRIPTS, GRAPH_STYLES

Json = dict[str, object]
Rows = tuple[str, Sequence[str], Sequence[Sequence[str]]]  # caption, head, rows

PARTS = ("colours", "partners", "edges", "near", "badges", "together", "changes", "lines", "texts", "page")
SCRIPTS = tuple(f"difference/{name}.js" for name in PARTS)
SIDES = ("A", "B")
KEYS = {
    "n, p": "the next difference, and the one before",
    "Tab": "into a graph; arrow keys then go from box to box, also along arrows",
    "Enter": "opens a block, and closes one from its title; selects a box, with its partner in the other graph",
    "Esc": "out to the block around it; then nothing is selected",
    "+, -, 0": "larger, smaller, all of it",
    "Shift and arrow keys": "moves what is seen",
}
FIGURES = ("figure", "A", "B", "B - A")  # heads of the table of both


@dataclass(frozen=True)
class Kind:
    """A kind of change: its key, the sign of its rows and boxes, and what it means."""

    key: str
    sign: str
    meaning: str


@dataclass(frozen=True)
class Entry:
    """A row of the list: a change, the group it stands in, and the paths that it leads to in both graphs."""

    kind: str
    name: str
    group: str
    what: tuple[str, ...]
    more: tuple[str, ...]
    places: tuple[str | None, str | None]


@dataclass(frozen=True)
class Subject:
    """All that the page shows: `kind_of` for nodes of both graphs, `partner` for nodes of the first one.

    With `devices` the boxes have the colours of these, else those of the kinds.
    """

    title: str
    names: tuple[str, str]
    verdict: str
    same: bool
    kinds: tuple[Kind, ...]
    entries: tuple[Entry, ...]
    kind_of: tuple[Mapping[str, str], Mapping[str, str]]
    partner: Mapping[str, str]
    tables: tuple[Rows, ...]
    sources: tuple[Sequence[Source], Sequence[Source]]
    models: tuple[Json, Json]
    devices: tuple[str, ...] = ()


def page(subject: Subject) -> str:
    """The whole file."""
    texts = text_differences(*subject.sources)
    found = {
        "kinds": [{"key": kind.key, "sign": kind.sign, "meaning": kind.meaning} for kind in subject.kinds],
        "kindOf": [dict(each) for each in subject.kind_of],
        "partner": dict(subject.partner),
        "places": [list(entry.places) for entry in _ordered(subject.entries)],
        "texts": texts,
        "devices": list(subject.devices),
    }
    return frame(
        subject.title,
        _body(subject, bool(texts)),
        styles=(*GRAPH_STYLES, "difference/difference.css"),
        scripts=(*GRAPH_SCRIPTS, *SCRIPTS),
        data={"a": subject.models[0], "b": subject.models[1], "difference": found},
        draws=True,
    )


def _body(subject: Subject, has_texts: bool) -> Markup:
    top = element(
        "header",
        element("h1", subject.title),
        element("p", subject.verdict, class_="verdict same" if subject.same else "verdict"),
        element("div", id="buttons", role="toolbar", aria_label="Page"),
        class_="top",
    )
    sides = [
        element(
            "section",
            element("h2", element("b", f"{side} "), name, title=name),
            element("div", id=f"graph-{side.lower()}", class_="graph"),
            class_="side",
            aria_label=f"Graph {side}: {name}",
        )
        for side, name in zip(SIDES, subject.names, strict=True)
    ]
    keys = element("details", element("summary", "Keys"), pairs(KEYS), class_="keys")
    graphs = element(
        "section",
        element("div", id="tools", role="toolbar", aria_label="Both graphs"),
        element("p", id="legend") if subject.devices else "",
        element("div", *sides, class_="sides"),
        element("p", id="told", role="status"),
        keys,
        class_="graphs",
        aria_label="Both graphs",
    )
    figures = element("section", *(table(*each) for each in subject.tables), class_="figures", aria_label="Figures")
    none = element("p", "Both texts are the same, or there are none.")
    texts = element("section", element("h2", "Texts"), *(() if has_texts else (none,)), id="texts", class_="texts")
    note = element("noscript", element("p", "The graphs and texts need JavaScript, which may be switched off here."))
    return element("div", top, note, element("main", _list(subject), graphs, figures, texts), class_="difference")


def _ordered(entries: Sequence[Entry]) -> list[Entry]:
    """The entries group by group, groups in the order of their first entries."""
    first = {group: i for i, group in reversed(list(enumerate(entry.group for entry in entries)))}
    return sorted(entries, key=lambda entry: first[entry.group])


def _list(subject: Subject) -> Markup:
    """The changes, group by group; a script makes buttons of the kinds and leads from a row to its place."""
    signs = {kind.key: kind for kind in subject.kinds}
    rows = list(enumerate(_ordered(subject.entries)))
    groups = [
        element("li", element("h3", group), element("ul", *(_row(i, entry, signs[entry.kind]) for i, entry in members)))
        for group, members in groupby(rows, key=lambda row: row[1].group)
    ]
    heading = element("h2", "Differences", id="list")
    filters = element("div", id="kinds", role="group", aria_label="Show only")
    content = [filters, element("ul", *groups, id="changes")] if rows else [element("p", "None.")]
    return element("nav", heading, *content, class_="changes", aria_labelledby="list")


def _row(index: int, entry: Entry, kind: Kind) -> Markup:
    button = element(
        "button",
        element("span", kind.sign, class_="sign", aria_hidden="true"),
        element("span", f"{kind.key}: ", class_="unseen"),
        element("b", entry.name),
        element("span", " · ".join([*filter(None, [", ".join(entry.what)]), *entry.more]), class_="what"),
        type="button",
        data_change=str(index),
    )
    return element("li", button, class_=f"kind-{entry.kind}")
