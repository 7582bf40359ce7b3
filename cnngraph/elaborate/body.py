"""Bodies are read from top to bottom: each line receives the result of the line above."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnngraph.diagnostics import Diagnostic, Label, Span
from cnngraph.elaborate.apply import single, unpacked
from cnngraph.elaborate.frame import Frame, Restart, Seen
from cnngraph.elaborate.pipe import run_pipe
from cnngraph.elaborate.values import (
    LAYERS,
    Bundle,
    Pending,
    Problem,
    Scanned,
    SharedLayer,
    Tensor,
    Unknown,
    Value,
    problem,
)
from cnngraph.syntax import ast

Results = list[tuple[str | None, Value]]


@dataclass
class Reading:
    """What one body has given so far."""

    frame: Frame
    lines: list[tuple[ast.Flow, Value]] = field(default_factory=list)
    results: Results | None = None


def run_body(frame: Frame, body: ast.Body) -> Value:
    """The value of a body: what it returns, or its last line."""
    results = results_of(frame, body.statements)
    values = [value for _, value in results]
    if any(isinstance(v, Unknown) for v in values):
        return Unknown()
    return values[0] if len(values) == 1 else Bundle.of(results)


def results_of(frame: Frame, statements: tuple[ast.Statement, ...]) -> Results:
    """The results of a body with their names; a problem ends its line and leaves an unknown value."""
    reading = Reading(frame)
    for statement in statements:
        try:
            _run(reading, statement)
        except Problem as found:
            frame.session.report(found.diagnostic)
            _forget(reading, statement)
    if reading.results is None:
        last = next((s for s in reversed(statements) if isinstance(s, ast.Flow)), None)
        label = last.label.text if last is not None and last.label is not None else None
        reading.results = [(label, reading.frame.it)]
    _find_dropped(reading)
    return reading.results


def _run(reading: Reading, statement: ast.Statement) -> None:
    frame = reading.frame
    frame.step(statement.span)
    match statement:
        case ast.Flow():
            _flow(reading, statement)
        case ast.Let():
            _let(frame, statement)
        case ast.Shared():
            layer = frame.session.evaluate(frame, ast.Group(statement.pipe.span, statement.pipe))
            if not isinstance(layer, (*LAYERS, Unknown)):
                raise problem("E0103", f"`shared {statement.name.text}` names a layer", statement.pipe.span)
            shared = layer if isinstance(layer, Unknown) else SharedLayer(statement.name.text, layer)
            frame.scope.define(statement.name.text, shared, statement.name.span)
        case ast.Return():
            _return(reading, statement)
        case ast.Check():
            frame.session.checks.append((frame, statement))
        case ast.Broken():
            frame.scope.incomplete = True
            frame.it = Unknown()


def _forget(reading: Reading, statement: ast.Statement) -> None:
    """After a problem: the names of the statement exist, with unknown values."""
    names: tuple[ast.Name, ...] = ()
    if isinstance(statement, ast.Flow):
        names = (statement.label,) if statement.label else ()
        reading.frame.it = Unknown()
    elif isinstance(statement, ast.Let):
        names = statement.names
    elif isinstance(statement, ast.Shared):
        names = (statement.name,)
    for name in names:
        known = reading.frame.scope.names.get(name.text)
        if known is None or isinstance(known[0], Pending):
            reading.frame.scope.names[name.text] = (Unknown(), name.span)


def _flow(reading: Reading, flow: ast.Flow) -> None:
    frame = reading.frame
    label = flow.label
    if label is not None:
        frame.scope.define(label.text, Pending(), label.span)
    inner = named(frame, flow.pipe, label.text if label else None).changed(at_head=True)
    value = single(frame, run_pipe(inner, flow.pipe))
    if label is not None:
        frame.scope.names[label.text] = (value, label.span)
    first = flow.pipe.units[0].head
    starts_from = first.text if isinstance(first, ast.Name) and _is_tensor(frame, first.text) else None
    frame.restarted = None
    if label is not None and starts_from:
        head = Span(label.span.source, label.span.start, first.span.start)
        frame.restarted = Restart(label.text, starts_from, head)
    frame.it = value
    reading.lines.append((flow, value))


def _is_tensor(frame: Frame, name: str) -> bool:
    found = frame.scope.find(name)
    return found is not None and isinstance(found[0], Tensor)


def named(frame: Frame, pipe: ast.Pipe, label: str | None) -> Frame:
    """The frame for a labelled line: the label names the only node or block of it, else it is a step of the path."""
    if label is None or label == "_":
        return frame.changed(line_name=None)
    first = pipe.units[0].head
    units = pipe.units[1:] if isinstance(first, ast.Name) and _is_value(frame, first.text) else pipe.units
    frame = frame.changed(line_name=label)
    alone = len(units) == 1 and isinstance(units[0].head, (ast.Name, ast.Call))
    return frame if alone else frame.within_line()


def _is_value(frame: Frame, name: str) -> bool:
    return name == "it" or _is_tensor(frame, name)


def _let(frame: Frame, let: ast.Let) -> None:
    label = let.names[0].text if len(let.names) == 1 else None
    inner = named(frame, let.pipe, label)
    only = let.pipe.units[0]
    simple = label is not None and len(let.pipe.units) == 1 and only.shape is None and let.pipe.device is None
    if simple and isinstance(only.head, ast.Expr):
        session, before = frame.session, len(frame.session.builder.nodes)
        value = session.value_of(inner, only.head)
        session.seen.append(Seen(only.span, value, frame.uses, before, len(session.builder.nodes)))
    else:
        value = run_pipe(inner, let.pipe)
    if label is not None:
        frame.scope.define(label, single(frame, value), let.names[0].span)
        return
    if isinstance(value, Scanned) and len(let.names) == 1 + len(value.states):
        items = unpacked(frame, value, [name.text != "_" for name in let.names])
        value = Bundle(tuple((None, item) for item in items))
    items = [v for _, v in value.items] if isinstance(value, Bundle) else []
    if isinstance(value, Unknown):
        items = [value] * len(let.names)
    if len(items) != len(let.names):
        count = 1 + len(value.states) if isinstance(value, Scanned) else len(items) or 1
        results = "1 result" if count == 1 else f"{count} results"
        raise problem("E0103", f"{len(let.names)} names for {results}", let.span)
    for name, item in zip(let.names, items, strict=True):
        frame.scope.define(name.text, item, name.span)


def _return(reading: Reading, statement: ast.Return) -> None:
    results: Results = []
    if reading.results is not None:
        raise problem("E0110", "a body returns only once", statement.span, "again", "return all values in one line")
    for result in statement.results:
        first = result.pipe.units[0].head
        own = first.text if len(result.pipe.units) == 1 and isinstance(first, ast.Name) else None
        name = result.name.text if result.name else own
        try:
            inner = named(reading.frame, result.pipe, result.name.text if result.name else None)
            value = single(reading.frame, run_pipe(inner, result.pipe))
        except Problem as found:
            reading.frame.session.report(found.diagnostic)
            value = Unknown()
        if name not in (None, "_") and name in [other for other, _ in results]:
            reading.frame.session.report(problem("E0102", f"two results are named `{name}`", result.span).diagnostic)
        results.append((name, value))
    reading.results = results


def _find_dropped(reading: Reading) -> None:
    """A line whose value nothing uses is an error, unless something else is wrong already."""
    session = reading.frame.session
    returned = {tensor.ref for _, value in reading.results or [] for tensor in _tensors(value)}
    if session.found or any(scope.incomplete for scope in reading.frame.scope.chain()):
        return
    for i, (flow, value) in enumerate(reading.lines):
        dropped = [t for t in _tensors(value) if t.ref not in returned and t.ref not in session.used]
        if not dropped:
            continue
        after = reading.lines[i + 1][0] if i + 1 < len(reading.lines) else None
        joined = f"as in `-> concat({flow.label.text})`, " if flow.label else ""
        secondary = (Label(after.span, f"line {after.span.line} does not use it"),) if after else ()
        session.report(
            Diagnostic(
                "E0113",
                f"the value of line {flow.span.line} is dropped",
                Label(flow.span, f"nothing uses this {dropped[0].type}"),
                secondary,
                helps=(f"use it, {joined}return it, or take the line away",),
            )
        )


def _tensors(value: Value) -> list[Tensor]:
    items = [item for _, item in value.items] if isinstance(value, Bundle) else [value]
    return [item for item in items if isinstance(item, Tensor)]

