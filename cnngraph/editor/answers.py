"""What the pure functions of this folder say, in the words of the language server protocol.

Everything here is a function of a `Page`: a document, and how its client counts characters and calls files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Source, Span, Suggestion
from cnngraph.editor import links
from cnngraph.editor.colours import TYPES, colours
from cnngraph.editor.completion import Completion, completed_from, completions
from cnngraph.editor.document import Document
from cnngraph.editor.hints import Hint, hints
from cnngraph.editor.hover import hover
from cnngraph.editor.positions import Lines, units
from cnngraph.editor.symbols import Symbol, symbols
from cnngraph.explain.pages import FOLDER, pages
from cnngraph.syntax.format import formatted

SYMBOLS = {
    "net": types.SymbolKind.Class,
    "block": types.SymbolKind.Function,
    "section": types.SymbolKind.Namespace,
    "key": types.SymbolKind.Key,
    "parameter": types.SymbolKind.Property,
    "label": types.SymbolKind.Field,
}
COMPLETIONS = {
    "net": types.CompletionItemKind.Class,
    "block": types.CompletionItemKind.Function,
    "import": types.CompletionItemKind.Function,
    "shared": types.CompletionItemKind.Function,
    "function": types.CompletionItemKind.Function,
    "layer": types.CompletionItemKind.Method,
    "keyword": types.CompletionItemKind.Keyword,
    "key": types.CompletionItemKind.Property,
    "argument": types.CompletionItemKind.Property,
    "attribute": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.Constant,
    "file": types.CompletionItemKind.File,
}


@dataclass(frozen=True)
class Page:
    """A document as one client sees it."""

    document: Document
    uri_of: Callable[[Path], str]
    encoding: str

    def offset(self, position: types.Position) -> int:
        return self.document.lines.offset((position.line, position.character), self.encoding)

    def range(self, span: Span) -> types.Range:
        """The range of a span, which may lie in another file."""
        lines = self.document.lines if span.source == self.document.source else Lines(span.source.text)
        start, end = (types.Position(*lines.place(offset, self.encoding)) for offset in (span.start, span.end))
        return types.Range(start, end)

    def uri(self, source: Source) -> str:
        return self.uri_of(self.document.path_of(source))

    def location(self, span: Span) -> types.Location:
        return types.Location(self.uri(span.source), self.range(span))


BEGINNING = types.Range(types.Position(0, 0), types.Position(0, 0))

# ---- findings ----


def diagnostics(page: Page) -> list[types.Diagnostic]:
    """All findings; those in an imported file stand at the import."""
    return [_diagnostic(page, finding) for finding in page.document.findings]


def _diagnostic(page: Page, finding: Diagnostic) -> types.Diagnostic:
    own = finding.primary is not None and finding.primary.span.source == page.document.source
    labels = [*((finding.primary,) if finding.primary and not own else ()), *finding.secondary]
    information = [
        types.DiagnosticRelatedInformation(page.location(label.span), label.text or finding.message)
        for label in labels
        if label.span.source.name in page.document.program.files
    ]
    error = finding.severity == "error"
    return types.Diagnostic(
        range=page.range(finding.primary.span if own and finding.primary else links.import_of(page.document, finding)),
        message=_message(finding, own),
        severity=types.DiagnosticSeverity.Error if error else types.DiagnosticSeverity.Warning,
        code=finding.code,
        code_description=_page_of(finding.code),
        source="cnngraph",
        related_information=information,
    )


def _page_of(code: str) -> types.CodeDescription | None:
    """The page that explains a code, as a file that an editor can open."""
    return types.CodeDescription((FOLDER / f"{code}.md").as_uri()) if code in pages() else None


def _message(finding: Diagnostic, own: bool) -> str:
    where = "" if own or finding.primary is None else f"{finding.primary.span.source.name}: "
    remark = f": {finding.primary.text}" if finding.primary and finding.primary.text else ""
    return "\n".join([f"{where}{finding.message}{remark}", *finding.notes, *(f"help: {h}" for h in finding.helps)])


def code_actions(page: Page, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The suggestions of the findings in a range, as changes that can be made."""
    start, end = page.offset(params.range.start), page.offset(params.range.end)
    found = [f for f in page.document.findings if _touches(page, f, start, end)]
    return [_action(page, f, f.suggestion) for f in found if f.suggestion is not None]


def _touches(page: Page, finding: Diagnostic, start: int, end: int) -> bool:
    label, suggestion = finding.primary, finding.suggestion
    if label is None or suggestion is None or suggestion.span.source != page.document.source:
        return False
    spans = [label.span, suggestion.span]
    return any(s.source == page.document.source and s.start <= end and start <= s.end for s in spans)


def _action(page: Page, finding: Diagnostic, suggestion: Suggestion) -> types.CodeAction:
    return types.CodeAction(
        title=suggestion.title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[_diagnostic(page, finding)],
        is_preferred=suggestion.safe,
        edit=_edit(page, [suggestion]),
    )


def _edit(page: Page, changes: Iterable[Suggestion]) -> types.WorkspaceEdit:
    edits = [types.TextEdit(page.range(change.span), change.replacement) for change in changes]
    return types.WorkspaceEdit(changes={page.uri(page.document.source): edits})


# ---- what rests, shows and completes ----


def hover_at(page: Page, params: types.HoverParams) -> types.Hover | None:
    found = hover(page.document, page.offset(params.position))
    if found is None:
        return None
    contents = types.MarkupContent(types.MarkupKind.Markdown, found.markdown)
    return types.Hover(contents, page.range(found.span))


def inlay_hints(page: Page, params: types.InlayHintParams) -> list[types.InlayHint]:
    found = hints(page.document, page.offset(params.range.start), page.offset(params.range.end))
    return [_hint(page, hint) for hint in found]


def _hint(page: Page, hint: Hint) -> types.InlayHint:
    """A hint that is one shape can be written into the file."""
    place = types.Position(*page.document.lines.place(hint.offset, page.encoding))
    edit = types.TextEdit(types.Range(place, place), f"  {hint.text}")
    edits = [] if "..." in hint.text else [edit]
    return types.InlayHint(place, hint.text, types.InlayHintKind.Type, text_edits=edits, padding_left=True)


def completion(page: Page, params: types.CompletionParams) -> list[types.CompletionItem]:
    offset = page.offset(params.position)
    typed = Span(page.document.source, completed_from(page.document, offset), offset)
    found = completions(page.document, offset)
    return [_item(item, f"{place:03}", page.range(typed)) for place, item in enumerate(found)]


def _item(item: Completion, order: str, typed: types.Range) -> types.CompletionItem:
    markdown = types.MarkupContent(types.MarkupKind.Markdown, item.documentation)
    return types.CompletionItem(
        label=item.label,
        kind=COMPLETIONS.get(item.kind, types.CompletionItemKind.Variable),
        detail=item.detail or item.kind,
        documentation=markdown if item.documentation else None,
        sort_text=order,
        text_edit=types.TextEdit(typed, item.insert or item.label),
    )


def semantic_tokens(page: Page, params: types.SemanticTokensParams) -> types.SemanticTokens:
    """Five numbers for each stretch: lines and characters from the one before, its length, its type, no modifiers."""
    numbers: list[int] = []
    last = (0, 0)
    for found in colours(page.document):
        line, character = page.document.lines.place(found.start, page.encoding)
        length = units(page.document.text[found.start : found.end], page.encoding)
        skipped = character - last[1] if line == last[0] else character
        numbers += [line - last[0], skipped, length, TYPES.index(found.type), 0]
        last = (line, character)
    return types.SemanticTokens(numbers)


def document_symbols(page: Page, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    return [_symbol(page, symbol) for symbol in symbols(page.document)]


def _symbol(page: Page, symbol: Symbol) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=symbol.name,
        kind=SYMBOLS.get(symbol.kind, types.SymbolKind.Variable),
        range=page.range(symbol.span),
        selection_range=page.range(symbol.place),
        detail=symbol.detail,
        children=[_symbol(page, child) for child in symbol.children],
    )


# ---- names ----


def definition(page: Page, params: types.DefinitionParams) -> types.Location | None:
    target = links.definition(page.document, page.offset(params.position))
    if target is None:
        return None
    return types.Location(page.uri_of(target.path), page.range(target.span) if target.span else BEGINNING)


def references(page: Page, params: types.ReferenceParams) -> list[types.Location]:
    found = links.references(page.document, page.offset(params.position))
    first = links.definition(page.document, page.offset(params.position))
    hidden = None if params.context.include_declaration or first is None else first.span
    return [page.location(span) for span in found if span != hidden]


def prepare_rename(page: Page, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
    try:
        span = links.renamable(page.document, page.offset(params.position))
    except links.Refused:
        return None
    return types.PrepareRenamePlaceholder(page.range(span), span.text)


def rename(page: Page, params: types.RenameParams) -> types.WorkspaceEdit:
    """Raises `links.Refused`."""
    return _edit(page, links.rename(page.document, page.offset(params.position), params.new_name))


def formatting(page: Page, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """One change of the whole text; none where it is in the one style already, or does not parse."""
    document = page.document
    try:
        new = formatted(document.text, document.source.name)
    except CnnGraphError:
        return None
    whole = page.range(Span(document.source, 0, len(document.text)))
    return list(_whole(document.text, new, whole))


def _whole(old: str, new: str, whole: types.Range) -> Iterator[types.TextEdit]:
    if new != old:
        yield types.TextEdit(whole, new)
