"""The explorer as one file: the skeleton of the page, and its data. What moves in it is in `assets/explorer`."""

from __future__ import annotations

from cnngraph.diagnostics import Diagnostic
from cnngraph.editor.colours import TYPES
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.ir.size import number_text
from cnngraph.pages.explorer.subject import Subject
from cnngraph.pages.explorer.texts import checks, coloured, documents, findings
from cnngraph.pages.explorer.words import blocks, nodes, operators
from cnngraph.pages.frame import frame
from cnngraph.pages.markup import Markup, element
from cnngraph.pages.model import GRAPH_SCRIPTS, GRAPH_STYLES, graph_model

PARTS = (
    "net", "ways", "arrows", "places", "paints", "panes", "tools", "source", "details", "card", "table", "findings",
    "search", "address", "picture", "help", "page",
)  # fmt: skip
SCRIPTS = tuple(f"explorer/{name}.js" for name in PARTS)


def explorer(subject: Subject) -> str:
    """The page of a subject: a whole HTML file, which works from the disk.

    >>> from cnngraph.net import loads
    >>> from cnngraph.pages.explorer.subject import subject_of
    >>> net = loads("net tiny(image: 1@8x8) = conv(4, 3x3) -> relu")
    >>> explorer(subject_of(net)).count("<title>tiny</title>")
    1
    """
    read = tuple(documents(subject.program))
    sources = [source for source, _ in read]
    model = graph_model(subject.graph, sources=sources, facts=subject.facts, kinds=subject.kinds)
    net = {
        "file": subject.program.module.span.source.name,
        "figures": figures(subject.graph),
        "checks": checks(subject.program, subject.name, subject.found),
        "findings": findings(subject.found, subject.wrong),
        "wrong": {name: finding.message for name, finding in subject.wrong.items()},
        "kinds": TYPES,
        "colours": [coloured(document) for _, document in read],
        "nodes": nodes(subject.graph),
        "operators": operators(subject.graph),
        "blocks": blocks(subject.program),
        "profiled": subject.profiled,
    }
    return frame(
        subject.name,
        _skeleton(subject),
        styles=(*GRAPH_STYLES, "explorer/explorer.css"),
        scripts=(*GRAPH_SCRIPTS, *SCRIPTS),
        data={"graph": model, "net": net},
        draws=True,
    )


def figures(graph: Graph) -> dict[str, str]:
    """The figures of the whole graph; a graph that breaks off has no depth."""
    found = {
        "parameters": number_text(counts.parameters(graph)),
        "multiply-adds": number_text(counts.multiply_adds(graph)),
    }
    return {**found, "depth": number_text(counts.depth(graph))} if graph.outputs else found


def _skeleton(subject: Subject) -> Markup:
    """Landmarks, and places for what the scripts put there."""
    top = element(
        "header",
        element("h1", subject.name),
        element("p", _told(subject), id="figures"),
        element("div", id="search", role="search"),
        element("div", id="buttons", role="toolbar", aria_label="Page"),
        class_="top",
    )
    text = element("section", id="text", class_="pane", aria_label="Text and details")
    split = element("div", id="split")
    graph = element("section", id="drawing", class_="pane", aria_label="Graph")
    script = element("noscript", element("p", "This page needs JavaScript, which may be switched off here."))
    return element("div", top, element("main", text, split, graph, class_="panes"), script, class_="explorer")


def _told(subject: Subject) -> str:
    """The figures in a line, then whether all checks hold, or what is wrong."""
    parts = [
        f"{name} {value}" if name == "depth" else f"{value} {name}" for name, value in figures(subject.graph).items()
    ]
    lines = [check["holds"] for check in checks(subject.program, subject.name, subject.found)]
    held = f"✓ {len(lines)} check{'s' if len(lines) > 1 else ''}"
    return " · ".join([*parts, *([held] if lines and all(lines) else []), *_counted(subject.found)])


def _counted(found: tuple[Diagnostic, ...]) -> list[str]:
    kinds = [finding.severity for finding in found]
    counted = [(kind, kinds.count(kind)) for kind in ("error", "warning")]
    return [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counted if count]
