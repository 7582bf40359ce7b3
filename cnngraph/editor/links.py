"""From a name to where it is defined, to all its uses, and to another name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cnngraph.diagnostics import Diagnostic, Span, Suggestion, edited
from cnngraph.editor.bindings import ArgumentName, Binding
from cnngraph.editor.classes import NAME
from cnngraph.editor.document import Document
from cnngraph.editor.resolution import SIZE
from cnngraph.editor.words import VALUE_ON_THE_LEFT, WORDS, functions, layers, paddings
from cnngraph.elaborate.modules import File
from cnngraph.syntax import ast


@dataclass(frozen=True)
class Target:
    """A place in a file; without a span, its beginning."""

    path: Path
    span: Span | None


class Refused(Exception):
    """A new name that cannot be given, and why."""


def definition(document: Document, offset: int) -> Target | None:
    """Where the name at `offset` is defined, in this file or in the one that it is imported from."""
    for item in document.program.module.items:
        if isinstance(item, ast.Import) and item.path.span.start <= offset < item.path.span.end:
            file = imported(document, item.path.value)
            return Target(file.path, None) if file else None
    binding = document.names.at(offset)
    if binding is not None:
        return _origin(document, binding) or Target(document.path, binding.span)
    argument = document.names.argument_at(offset)
    return _parameter(document, argument) if argument else None


def imported(document: Document, text: str) -> File | None:
    """The file that the text after `from` names, if the document imports it and it could be read."""
    name = text if text.startswith("std/") else str(Path(document.source.name).parent / text)
    return document.program.files.get(name)


def import_of(document: Document, finding: Diagnostic) -> Span:
    """The import that leads to the file of a finding, as far as one can tell; else the beginning."""
    imports = [item for item in document.program.module.items if isinstance(item, ast.Import)]
    if finding.primary is None or not imports:
        return Span(document.source, 0, 0)
    path = document.path_of(finding.primary.span.source)
    files = [imported(document, item.path.value) for item in imports]
    exact = [item for item, file in zip(imports, files, strict=True) if file is not None and file.path == path]
    return (exact or imports)[0].path.span


def _origin(document: Document, binding: Binding) -> Target | None:
    """Where an imported name is defined."""
    for item in document.program.module.items:
        if isinstance(item, ast.Import) and binding.item in item.names:
            file = imported(document, item.path.value)
            name = next(name.name for name in item.names if name is binding.item)
            _, span = file.scope.names.get(name, (None, None)) if file else (None, None)
            return Target(document.path_of(span.source), span) if span else None
    return None


def _parameter(document: Document, argument: ArgumentName) -> Target | None:
    """The parameter of an imported block that an argument is for."""
    block = document.block(argument.function)
    parameters = block.parameters if block else ()
    span = next((p.name.span for p in parameters if p.name.text == argument.span.text), None)
    return Target(document.path_of(span.source), span) if span else None


def references(document: Document, offset: int) -> list[Span]:
    """All places of the file where the name at `offset` stands, its definition among them."""
    binding = document.names.at(offset)
    return binding.places if binding else []


def renamable(document: Document, offset: int) -> Span:
    """The name at `offset`, which `rename` would change. Raises `Refused`."""
    binding = document.names.at(offset)
    if binding is None:
        raise Refused("only names that this file defines or imports can be changed")
    return next(span for span in binding.places if span.start <= offset <= span.end)


def rename(document: Document, offset: int, new: str) -> list[Suggestion]:
    """The changes that give the name at `offset` another one, everywhere in the file. Raises `Refused`.

    An imported name gets an alias: the other file stays as it is. Beside what is looked at first, a new name is refused
    if the file would have a finding that it does not have now.

    >>> from cnngraph.editor.document import Workspace
    >>> workspace, path = Workspace(), Path("n.cnn").resolve()
    >>> workspace.write(path, "net n(x: 1@8x8) { a: conv(4, 3x3); relu; concat(it, a) }")
    >>> [(edit.span.start, edit.replacement) for edit in rename(workspace.document(path), 18, "first")]
    [(18, 'first'), (52, 'first')]
    """
    renamable(document, offset)
    binding = document.names.at(offset)
    assert binding is not None
    if new == binding.name:
        return []
    _refuse(document, binding, new)
    edits = [Suggestion(span, _text(binding, span, new)) for span in binding.places]
    worse = _findings_after(document, edits)
    if worse:
        raise Refused(f"`{new}` would make the file wrong: {worse[0].message}")
    return edits


def _text(binding: Binding, span: Span, new: str) -> str:
    """What stands at a place of the binding afterwards."""
    plain_import = isinstance(binding.item, ast.ImportName) and binding.item.alias is None
    return f"{binding.name} as {new}" if plain_import and span == binding.span else new


def _refuse(document: Document, binding: Binding, new: str) -> None:
    if re.fullmatch(NAME, new) is None or new == "_":
        raise Refused(f"`{new}` is not a name: letters, digits and `_`, and no digit first")
    if new in WORDS:
        raise Refused(f"`{new}` is a reserved word")
    if new in (*layers(), *functions(), *paddings(), VALUE_ON_THE_LEFT):
        raise Refused(f"`{new}` is a layer or a word of the language")
    if binding.kind == "size" and SIZE.fullmatch(new) is None:
        raise Refused("a size is one capital letter, with digits after it or none")
    for other in document.names.bindings:
        if other.name == new and (other.region.inside(binding.region) or binding.region.inside(other.region)):
            raise Refused(f"`{new}` is defined in line {other.span.line}")
    for word in document.names.open:
        if word.name == new and word.region.inside(binding.region):
            raise Refused(f"`{new}` in line {word.span.line} would then mean this")


def _findings_after(document: Document, edits: list[Suggestion]) -> list[Diagnostic]:
    """The findings of the changed file with codes that are more frequent than now."""
    after = document.with_text(edited(document.text, edits)).findings
    now = [finding.code for finding in document.findings]
    return [f for f in after if f.severity == "error" and [g.code for g in after].count(f.code) > now.count(f.code)]
