"""The outline of a file: nets and blocks with the names in their bodies, and sections with their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnngraph.diagnostics import Span
from cnngraph.editor.bindings import Binding
from cnngraph.editor.document import Document
from cnngraph.editor.hints import shape_of
from cnngraph.syntax import ast


@dataclass(frozen=True)
class Symbol:
    """A thing of the outline; `kind` is that of a binding, or `section` or `key`."""

    name: str
    kind: str
    detail: str
    span: Span
    place: Span
    children: tuple[Symbol, ...] = ()


def symbols(document: Document) -> list[Symbol]:
    """The outline from top to bottom.

    >>> from pathlib import Path
    >>> from cnngraph.editor.document import Workspace
    >>> workspace, path = Workspace(), Path("n.cnn").resolve()
    >>> workspace.write(path, "net n(x: 1@8x8) { c: conv(4, 3x3) }")
    >>> [(s.name, [(c.name, c.detail) for c in s.children]) for s in symbols(workspace.document(path))]
    [('n', [('x', '1@8x8'), ('c', '[4@6x6]')])]
    """
    found: list[Symbol] = []
    for item in document.program.module.items:
        match item:
            case ast.Definition():
                inner = [_named(document, b) for b in _inside(document, item)]
                found.append(Symbol(item.name.text, item.kind, "", item.span, item.name.span, tuple(inner)))
            case ast.Let():
                found += [Symbol(name.text, "let", "", item.span, name.span) for name in item.names]
            case ast.Section():
                found.append(_section(item))
    return found


def _inside(document: Document, item: ast.Definition) -> Iterator[Binding]:
    for binding in document.names.bindings:
        if item.span.contains(binding.span) and binding.region is not document.names.file and binding.kind != "size":
            yield binding


def _named(document: Document, binding: Binding) -> Symbol:
    detail, span = "", binding.item.span
    if isinstance(binding.item, ast.Parameter):
        detail = binding.item.type.span.text if binding.item.type else ""
    elif isinstance(binding.item, (ast.Flow, ast.Let)):
        detail = shape_of(document, binding.item.pipe.units[-1].span)
    whole = span if span.contains(binding.span) else binding.span
    return Symbol(binding.name, binding.kind, detail, whole, binding.span)


def _section(section: ast.Section) -> Symbol:
    keys = tuple(_entry(entry) for entry in section.entries if not isinstance(entry, ast.Broken))
    name = f"{section.kind.text} {section.name.text}" if section.name else section.kind.text
    return Symbol(name, "section", "", section.span, section.kind.span, keys)


def _entry(entry: ast.Entry | ast.Section) -> Symbol:
    if isinstance(entry, ast.Section):
        return _section(entry)
    return Symbol(entry.key.text, "key", entry.value.span.text, entry.span, entry.key.span)
