"""W102: a name that nothing uses. Labels are the names of rows, and are never warned of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cnngraph.diagnostics import Diagnostic, Label, Span, Suggestion
from cnngraph.elaborate.parameters import is_tensor_parameter
from cnngraph.elaborate.values import BlockLayer
from cnngraph.lint.subject import Subject
from cnngraph.syntax import ast
from cnngraph.syntax.tree import sequences, uses


def find(subject: Subject) -> Iterator[Diagnostic]:
    if not subject.complete:
        return
    yield from _of_the_file(subject)
    for definition in subject.definitions:
        trained = uses(*subject.training_of(definition))
        yield from _parameters(definition, trained)
        for statements in sequences(definition.body):
            yield from _values(statements, uses(*statements) + trained)


def _of_the_file(subject: Subject) -> Iterator[Diagnostic]:
    """Imports; and where the file has a net, its blocks and constants. A file without one is there to be imported."""
    used = uses(*subject.module.items)
    has_net = any(definition.kind == "net" for definition in subject.definitions)
    for item in subject.module.items:
        if isinstance(item, ast.Import) and subject.definitions:
            yield from _imports(subject, item, used)
        elif isinstance(item, ast.Definition) and item.kind == "block" and has_net and not used[item.name.text]:
            yield _unused(item.name, "block", "no net of this file uses it", "take it away, or use it")
        elif isinstance(item, ast.Let) and has_net:
            yield from _values((item,), used)


def _imports(subject: Subject, item: ast.Import, used: Counter[str]) -> Iterator[Diagnostic]:
    """Imported names without a use. A net can be compiled from here, so its import is its use."""
    idle = [name for name in item.names if not used[name.alias or name.name] and not _is_net(subject, name)]
    for name in idle:
        yield Diagnostic(
            "W102",
            f"the import `{name.alias or name.name}` is not used",
            Label(name.span, "nothing in this file uses it"),
            helps=("take it away",),
            suggestion=_removal(item, name) if len(idle) == 1 else _whole(item, idle),
        )


def _is_net(subject: Subject, name: ast.ImportName) -> bool:
    value, _ = subject.program.scope.names.get(name.alias or name.name, (None, None))
    return isinstance(value, BlockLayer) and value.definition.kind == "net"


def _removal(item: ast.Import, name: ast.ImportName) -> Suggestion:
    """The name with the comma beside it, or the line where it is the only name."""
    at = item.names.index(name)
    if len(item.names) == 1:
        return Suggestion(_line_of(item.span), "")
    if at == 0:
        return Suggestion(Span(name.span.source, name.span.start, item.names[1].span.start), "")
    return Suggestion(Span(name.span.source, item.names[at - 1].span.end, name.span.end), "")


def _whole(item: ast.Import, idle: Sequence[ast.ImportName]) -> Suggestion | None:
    """The whole line, where none of its names is used."""
    return Suggestion(_line_of(item.span), "") if len(idle) == len(item.names) else None


def _line_of(span: Span) -> Span:
    """The span with the line end behind it."""
    return Span(span.source, span.start, span.end + (span.source.text[span.end : span.end + 1] == "\n"))


def _parameters(definition: ast.Definition, trained: Counter[str]) -> Iterator[Diagnostic]:
    inputs = sum(is_tensor_parameter(p) for p in definition.parameters)
    parts = [part for p in definition.parameters for part in (p.type, p.default) if part is not None]
    used = uses(definition.body, *definition.where, *parts) + trained
    for parameter in definition.parameters:
        is_input = is_tensor_parameter(parameter)
        received = is_input and inputs == 1  # by the first line, without a name
        if not used[parameter.name.text] and not received:
            what = "input" if is_input else "parameter"
            yield _unused(parameter.name, what, f"nothing in `{definition.name.text}` uses it", "take it away")


def _values(statements: Sequence[ast.Statement], used: Counter[str]) -> Iterator[Diagnostic]:
    for statement in statements:
        names = statement.names if isinstance(statement, ast.Let) else ()
        for name in names:
            if not used[name.text] and not name.text.startswith("_"):
                several = len(names) > 1
                help_ = "write `_` for a result that is not needed" if several else "take the line away"
                suggestion = Suggestion(name.span, "_") if several else None
                yield _unused(name, "value", "nothing uses it", help_, suggestion)
        if isinstance(statement, ast.Shared) and not used[statement.name.text]:
            yield _unused(statement.name, "shared layer", "nothing uses it", "take the line away")


def _unused(name: ast.Name, what: str, why: str, help_: str, suggestion: Suggestion | None = None) -> Diagnostic:
    label = Label(name.span, why)
    return Diagnostic("W102", f"the {what} `{name.text}` is not used", label, helps=(help_,), suggestion=suggestion)
