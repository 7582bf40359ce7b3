"""Walks over the tree of a file: all nodes below one, and the names that it uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields

from cnngraph.syntax import ast

NAMING = ("name", "names", "label", "kind", "key")
"""The fields that give a name to something; a name in any other field is a use."""

KINDS = [kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.Located)]
BELOW = {kind: tuple(f.name for f in fields(kind) if f.name not in ("span", *NAMING)) for kind in KINDS}
"""The fields of each kind of node that may hold others."""


def walk(*nodes: ast.Located) -> Iterator[ast.Located]:
    """All nodes below some, themselves included, in the order of the text; names that are being given are left out.

    >>> from cnngraph.syntax.parse import parse
    >>> tree = parse("block a(n) = conv(n, 3x3) -> relu", "net.cnn")
    >>> [node.text for node in walk(tree) if isinstance(node, ast.Name)]
    ['conv', 'n', 'relu']
    """
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        yield node
        pending += reversed(_children(node))


def uses(*nodes: ast.Located) -> Counter[str]:
    """How often each name is used below some nodes; sizes such as `HxW` use the names in them.

    >>> from cnngraph.syntax.parse import parse
    >>> sorted(uses(parse("block a(x: 3@HxW) = conv(3, 1x1) -> reshape(3@HxW)", "net.cnn")).items())
    [('H', 2), ('W', 2), ('conv', 1), ('reshape', 1)]
    """
    found: Counter[str] = Counter()
    for node in walk(*nodes):
        if isinstance(node, ast.Name):
            found[node.text] += 1
        elif isinstance(node, ast.Dims):
            found.update(part for part in node.parts if isinstance(part, str))
    return found


def sequences(*nodes: ast.Located) -> Iterator[tuple[ast.Statement, ...]]:
    """The statements of each body and each lane."""
    for node in walk(*nodes):
        if isinstance(node, (ast.Body, ast.Lane)):
            yield node.statements


def _children(node: ast.Located) -> list[ast.Located]:
    found: list[ast.Located] = []
    for name in BELOW[type(node)]:
        value = getattr(node, name)
        found += [v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, ast.Located)]
    return found
