"""Colours by meaning, for editors that ask the server: the classes of words, and what the file's own names are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnngraph.editor.classes import stretches
from cnngraph.editor.document import Document

KINDS = {
    "documentation": "comment",
    "comment": "comment",
    "string": "string",
    "dimensions": "number",
    "number": "number",
    "definition": "class",
    "declaration": "keyword",
    "control": "keyword",
    "logic": "keyword",
    "constant": "keyword",
    "section": "keyword",
    "layer": "function",
    "label": "property",
    "argument": "parameter",
    "function": "function",
    "type": "type",
    "padding": "enumMember",
    "left value": "variable",
    "name": "variable",
    "arrow": "operator",
    "lane": "operator",
    "operator": "operator",
}
"""The token types of the language server protocol. What has none (brackets, commas) keeps the colour of text."""

BOUND = {**dict.fromkeys(("net", "block", "import", "shared"), "class"), "parameter": "parameter", "size": "type"}
"""What a name of the file is, by the kind of its binding; any other is what its class says."""

WORDS = ("definition", "label", "argument", "name")
TYPES = tuple(sorted({*KINDS.values(), *BOUND.values()}))


@dataclass(frozen=True)
class Coloured:
    """Characters `start` up to, not including, `end`, and their type."""

    start: int
    end: int
    type: str


def colours(document: Document) -> Iterator[Coloured]:
    """The coloured stretches from the start of the text to its end; none goes beyond its line.

    >>> from pathlib import Path
    >>> from cnngraph.editor.document import Workspace
    >>> workspace, path = Workspace(), Path("n.cnn").resolve()
    >>> workspace.write(path, "net n(x: 1@HxW) = relu -> n")
    >>> [(c.start, c.type) for c in colours(workspace.document(path))][:4]
    [(0, 'keyword'), (4, 'class'), (6, 'parameter'), (9, 'number')]
    """
    bound = {span.start: BOUND.get(b.kind) for b in document.names.bindings for span in b.places}
    for stretch in stretches(document.text):
        kind = KINDS.get(stretch.kind)
        if stretch.kind in WORDS:
            kind = bound.get(stretch.start) or kind
        if kind is not None:
            yield Coloured(stretch.start, stretch.end, kind)
