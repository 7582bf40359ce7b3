"""W108: a merge of `let`s that all start from one tensor and are used nowhere else: lanes say the same, and show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.elaborate.parameters import is_tensor_parameter
from cnngraph.ir.registry import registry
from cnngraph.lint.subject import Subject
from cnngraph.syntax import ast
from cnngraph.syntax.tree import sequences, uses, walk

Lets = Mapping[str, tuple[ast.Let, str]]


def find(subject: Subject) -> Iterator[Diagnostic]:
    if not subject.complete:
        return
    for definition in subject.definitions:
        inputs = {p.name.text for p in definition.parameters if is_tensor_parameter(p)}
        for statements in sequences(definition.body):
            lets = _branches(statements, inputs)
            calls = [node for s in statements for node in walk(s) if isinstance(node, ast.Call)] if lets else []
            for call in calls:
                names = _merged(call)
                if len(names) > 1 and all(name in lets for name in names) and _start(names, lets) is not None:
                    yield _finding(call, [lets[name][0] for name in names], _start(names, lets) or "")


def _merged(call: ast.Call) -> list[str]:
    """The names that a merge joins, if it joins nothing else."""
    head = call.function
    op = registry().get(head.text) if isinstance(head, ast.Name) else None
    merges = op is not None and op.merges and op.variadic
    names = [a.value.text for a in call.arguments if isinstance(a.value, ast.Name) and a.name is None]
    return names if merges and len(names) == len(call.arguments) else []


def _branches(statements: Sequence[ast.Statement], inputs: set[str]) -> Lets:
    """The `let`s that are a pipe and are used once, each with the tensor that it starts from (`it` where unnamed)."""
    used = uses(*statements)
    tensors, found = set(inputs), {}
    line = "it"
    for statement in statements:
        if isinstance(statement, ast.Flow):
            line = f"it of {statement.span.start}"
            tensors |= {statement.label.text} if statement.label else set()
        elif isinstance(statement, ast.Let) and len(statement.names) == 1:
            name = statement.names[0].text
            start = _first_tensor(statement.pipe, tensors) or line
            tensors.add(name)
            if used[name] == 1 and _is_branch(statement.pipe, start, tensors):
                found[name] = (statement, start)
    return found


def _first_tensor(pipe: ast.Pipe, tensors: set[str]) -> str | None:
    head = pipe.units[0].head
    return head.text if isinstance(head, ast.Name) and head.text in tensors else None


def _is_branch(pipe: ast.Pipe, start: str, tensors: set[str]) -> bool:
    """Whether a pipe could stand in a lane: layers on one tensor, and no word of any other."""
    layers = pipe.units[1:] if start in tensors else pipe.units
    others = uses(*(unit.head for unit in layers)).keys() & {*tensors, "it"}
    heads = (ast.Name, ast.Call, ast.Merge, ast.Residual)
    return bool(layers) and not others and all(isinstance(unit.head, heads) for unit in layers)


def _start(names: Sequence[str], lets: Lets) -> str | None:
    """The one tensor that all start from."""
    starts = {lets[name][1] for name in names}
    return next(iter(starts)) if len(starts) == 1 else None


def _finding(call: ast.Call, lets: Sequence[ast.Let], start: str) -> Diagnostic:
    named = not start.startswith("it")
    lanes = " ".join(f"| {_lane(let, named)}" for let in lets)
    before = f"{start} -> " if named else ""
    return Diagnostic(
        "W108",
        f"{call.function.span.text} joins values that all start from one tensor",
        Label(call.span, "lanes would show the branches side by side"),
        tuple(Label(let.names[0].span, "used only there") for let in lets),
        helps=(f"`{before}{call.function.span.text} {{ {lanes} }}`",),
    )


def _lane(let: ast.Let, named: bool) -> str:
    units = let.pipe.units[1:] if named else let.pipe.units
    return " ".join(units[0].span.to(units[-1].span).text.split())
