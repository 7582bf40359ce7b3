"""What differs between two networks, as a page: both graphs, the changes, the figures, the texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from cnngraph.compare.difference import Change, Difference
from cnngraph.compare.table import SIGNS, figures_table, shapes_text, signed
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.pages.difference.page import FIGURES, Entry, Kind, Subject, page
from cnngraph.pages.difference.text import sources_of
from cnngraph.pages.model import graph_model

RESHAPED = "reshaped"
WORDS: Mapping[str, str] = {
    "added": "only in B",
    "removed": "only in A",
    "changed": "another operator, other arguments, other inputs",
    RESHAPED: "the same operator, whose shape or number of parameters follows from what it reads",
    "moved": "the same, in another place",
    "renamed": "the same, under another name",
}
PAGE_SIGNS = {**SIGNS, RESHAPED: "≈"}


def nets_page(found: Difference, names: tuple[str, str]) -> str:
    """The page; `names` are what both are called on the command line."""
    kinds = kinds_of(found)
    sources = sources_of(found.a), sources_of(found.b)
    models = [
        graph_model(graph, sources=files, kinds=kind)
        for graph, files, kind in zip((found.a, found.b), sources, kinds, strict=True)
    ]
    subject = Subject(
        title=_title(found.a.name, found.b.name),
        names=names,
        verdict=verdict(found),
        same=found.same,
        kinds=tuple(Kind(kind, PAGE_SIGNS[kind], WORDS[kind]) for kind in WORDS),
        entries=tuple(map(_entry, found.changes)),
        kind_of=kinds,
        partner={**found.matching.partner, **found.moved_nodes},
        tables=(("Figures, for one sample", FIGURES, figures_table(found).texts()),),
        sources=sources,
        models=(models[0], models[1]),
    )
    return page(subject)


def _title(a: str, b: str) -> str:
    return f"{a} and {b}" if a != b else f"{a}, two versions"


def verdict(found: Difference) -> str:
    """What differs, in a sentence."""
    if found.identical:
        return "Both are the same graph, name for name."
    if found.same:
        return "Both are the same graph; only names differ."
    counts = Counter(map(kind_of, found.changes))
    if not counts:
        return "Both have the same layers, in another order."
    told = ", ".join(f"{count} {kind}" for kind in WORDS if (count := counts[kind]))
    total = counts.total()
    return f"{total} difference{'s' * (total > 1)}: {told}."


def kind_of(change: Change) -> str:
    """What kind the page says: of what has changed, what does so only because something before it does stands apart."""
    follows = change.kind == "changed" and set(change.what) <= {"shape", "parameters"}
    return RESHAPED if follows else change.kind


def kinds_of(found: Difference) -> tuple[dict[str, str], dict[str, str]]:
    """The kind of each node that differs, in both graphs; a node of a renamed block may itself have changed."""
    kinds: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for graph, side, known in zip((found.a, found.b), (0, 1), kinds, strict=True):
        inside = _inside(graph)
        for change in sorted(found.of_parts, key=lambda change: change.kind != "renamed"):
            known.update((name, kind_of(change)) for name in inside.get(change.places[side] or "", ()))
    return kinds


def _inside(graph: Graph) -> Mapping[str, list[str]]:
    """The nodes at and below each path."""
    found: dict[str, list[str]] = {}
    for node in graph:
        if not isinstance(node.op, State):
            for path in _paths(node.name):
                found.setdefault(path, []).append(node.name)
    return found


def _paths(name: str) -> Iterable[str]:
    words = name.split(".")
    return (".".join(words[:i]) for i in range(1, len(words) + 1))


def _entry(change: Change) -> Entry:
    block, _, word = change.path.rpartition(".")
    old, new = change.parameters
    more = [text for text in (shapes_text(*change.shapes), f"{signed(new - old)} parameters" * (new != old)) if text]
    return Entry(kind_of(change), word, block or "the network itself", change.what, tuple(more), change.places)
