"""W101: a labelled line that was meant as a side branch, and moved the flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from cnngraph.diagnostics import Diagnostic, Label, Span, Suggestion
from cnngraph.elaborate.parameters import is_tensor_parameter
from cnngraph.lint.subject import Subject
from cnngraph.syntax import ast
from cnngraph.syntax.tree import sequences, uses


def find(subject: Subject) -> Iterator[Diagnostic]:
    """`aux: trunk -> ...`, that only `return` names, above a line that goes on from it."""
    if not subject.complete:
        return
    for definition in subject.definitions:
        for statements in sequences(definition.body):
            tensors = _tensors(definition, statements)
            lines = [s for s in statements if isinstance(s, ast.Flow)]
            for line, follower in pairwise(lines):
                first = line.pipe.units[0].head
                if not isinstance(first, ast.Name) or first.text not in tensors or len(line.pipe.units) == 1:
                    continue
                if line.label and not _starts_anew(follower, tensors) and _only_returned(line.label.text, statements):
                    yield _finding(line.label, first, follower)


def _tensors(definition: ast.Definition, statements: Sequence[ast.Statement]) -> set[str]:
    """Names that are surely tensors: inputs and labels."""
    labels = {s.label.text for s in statements if isinstance(s, ast.Flow) and s.label}
    return labels | {p.name.text for p in definition.parameters if is_tensor_parameter(p)}


def _starts_anew(line: ast.Flow, tensors: set[str]) -> bool:
    """Whether a line names a tensor in its first unit: then it does not just go on from the line above."""
    return bool(tensors & uses(line.pipe.units[0].head).keys())


def _only_returned(name: str, statements: Sequence[ast.Statement]) -> bool:
    returned = uses(*(s for s in statements if isinstance(s, ast.Return)))[name]
    return returned > 0 and returned == uses(*statements)[name]


def _finding(label: ast.Name, start: ast.Name, follower: ast.Flow) -> Diagnostic:
    name = label.text
    return Diagnostic(
        "W101",
        f"`{name}` looks like a side branch, and the line below goes on from it",
        Label(follower.span, f"this receives `{name}`, not `{start.text}`"),
        (Label(label.span, "only `return` names it"),),
        helps=(
            f"`let {name} = ...` leaves the flow at `{start.text}`",
            f"`{name} -> ...` at the head of the line below says that it is meant",
        ),
        suggestion=Suggestion(_with_colon(label), f"let {name} =", safe=False),
    )


def _with_colon(label: ast.Name) -> Span:
    end = label.span.source.text.index(":", label.span.end) + 1
    return Span(label.span.source, label.span.start, end)
