"""The typed tree as one short line: `(call conv 16 3x3)`. Tests compare such lines, and build no trees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from cnngraph.diagnostics import Span
from cnngraph.syntax import ast
from cnngraph.syntax.parse import parse


def printed(node: object) -> str:
    match node:
        case None:
            return "-"
        case ast.Name():
            return node.text
        case ast.Int() | ast.Float() | ast.Bool():
            return repr(node.value)
        case ast.String():
            return f'"{node.value}"'
        case ast.Dims():
            return "x".join(str(part) for part in node.parts)
        case ast.Binary():
            return f"({node.operator} {printed(node.left)} {printed(node.right)})"
        case ast.Unary():
            return f"({node.operator} {printed(node.operand)})"
        case ast.Argument(name=None):
            return printed(node.value)
        case ast.Argument():
            return f"{node.name}={printed(node.value)}"
        case ast.Unit(shape=None):
            return printed(node.head)
        case ast.Pipe(units=(unit,), device=None):
            return printed(unit)
        case ast.Flow(label=None):
            return printed(node.pipe)
    if isinstance(node, tuple):
        return "[" + " ".join(printed(item) for item in node) + "]"
    if is_dataclass(node):
        parts = [printed(getattr(node, field.name)) for field in fields(node) if field.name not in ("span", "word")]
        return f"({' '.join([type(node).__name__.lower(), *parts])})"
    return str(node)


def line(text: str) -> str:
    """The tree of one line of a body."""
    return body(text)[1:-1]


def body(text: str) -> str:
    """The trees of the lines of a body."""
    definition = parse(f"block test {{\n{text}\n}}", "test.cnn").items[0]
    assert isinstance(definition, ast.Definition)
    return printed(definition.body.statements)


def item(text: str) -> str:
    """The tree of one item."""
    (only,) = parse(text, "test.cnn").items
    return printed(only)


def nodes(node: object) -> Iterator[ast.Located]:
    """Every node of a tree, outermost first."""
    if isinstance(node, tuple):
        for member in node:
            yield from nodes(member)
    elif isinstance(node, ast.Located):
        yield node
        for field in fields(node):
            value = getattr(node, field.name)
            if not isinstance(value, Span):
                yield from nodes(value)
