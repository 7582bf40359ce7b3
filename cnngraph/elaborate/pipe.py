"""Pipes: units joined by arrows, and the brace forms (merges, residuals, repetition, conditions, regions)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnngraph.diagnostics import Span
from cnngraph.elaborate.apply import apply_layer, settle, single
from cnngraph.elaborate.arguments import configure, match, signature_of
from cnngraph.elaborate.expressions import condition, evaluate, value_of
from cnngraph.elaborate.frame import Choice, Frame, Seen
from cnngraph.elaborate.nodes import named_op, op_node
from cnngraph.elaborate.numbers import is_whole
from cnngraph.elaborate.rows import check_row
from cnngraph.elaborate.values import (
    LAYERS,
    Bundle,
    Missing,
    OpLayer,
    Problem,
    Scanned,
    Tensor,
    Unknown,
    Value,
    kind_of,
    problem,
    show,
)
from cnngraph.syntax import ast


def run_pipe(frame: Frame, pipe: ast.Pipe, first: Value = None) -> Value:
    """The value at the end of a pipe. `first` is the value of the first unit where it has been read before."""
    if pipe.device is not None:
        frame = frame.changed(device=pipe.device)
    value, session = frame.it, frame.session
    for i, unit in enumerate(pipe.units):
        here = frame.changed(it=value, at_head=frame.at_head and i == 0)
        before = len(session.builder.nodes)
        try:
            left = value
            value = first if i == 0 and first is not None else run_unit(here, unit, i == 0)
            if unit.shape is not None:
                checked = check_row(here, unit, unit.shape, single(here, value), left)
                value = replace(value, sequence=checked) if isinstance(value, Scanned) else checked
        except Problem as found:
            session.report(found.diagnostic)
            value = Unknown()
        session.seen.append(Seen(unit.span, value, frame.uses, before, len(session.builder.nodes)))
    return value


def run_unit(frame: Frame, unit: ast.Unit, begins: bool) -> Value:
    """One unit on the value on its left, `frame.it`."""
    match unit.head:
        case ast.Merge():
            return _merge(frame.within_line().changed(at_head=False), unit.head)
        case ast.Residual():
            return _residual(frame.within_line(), unit.head)
        case ast.Repeat():
            return _repeat(frame.within_line(), unit.head)
        case ast.For():
            return _for(frame.within_line(), unit.head)
        case ast.If():
            return _if(frame.within_line(), unit.head)
        case ast.Region():
            return frame.session.run_body(frame.inner(device=unit.head.device), unit.head.body)
    value = evaluate(frame, unit.head)
    if begins:
        value = settle(frame, value, unit.head.span)
    if isinstance(value, Missing):
        frame.scope.look_up(value.name, value.span)
    if isinstance(value, LAYERS):
        return _apply(frame, value, unit.head.span)
    if isinstance(value, (Tensor, Bundle, Scanned)) and not begins:
        raise problem(
            "E0110", "a value cannot receive another one", unit.head.span, "this is a tensor, not a layer",
            "begin a new line with it",
        )
    if not isinstance(value, (Tensor, Bundle, Scanned, Unknown)):
        raise problem("E0103", f"a line joins layers and tensors, and this is {kind_of(value)}", unit.head.span)
    return value


def _apply(frame: Frame, layer: Value, span: Span) -> Value:
    if frame.it is None:
        raise problem(
            "E0110", "this layer has no input", span, "no line above, and several inputs",
            "begin the line with the name of a tensor: `x -> ...`",
        )
    if isinstance(frame.it, Bundle):
        raise problem(
            "E0110", f"{len(frame.it.items)} tensors reach one layer", span, "which one is meant?",
            "name them with `let a, b = ...`, or join them with concat, add, mul or max",
        )
    return apply_layer(frame, layer, frame.it, span)


def _merge(frame: Frame, merge: ast.Merge) -> Value:
    head = merge.head
    forked = isinstance(head, ast.Name) and head.text == "fork"
    layer = None if forked else evaluate(frame, head)
    lanes = [list(_lane(frame, lane)) for lane in merge.lanes]
    results = [result for lane in lanes for result in lane]
    if forked:
        _name_results(frame, merge.lanes, lanes)
    if isinstance(layer, Unknown) or any(isinstance(v, Unknown) for _, v in results):
        return Unknown()
    if forked:
        return Bundle.of(results)
    if not isinstance(layer, OpLayer) or not (layer.op.merges and layer.op.variadic):
        raise problem(
            "E0103", f"{head.span.text} does not join branches", head.span, "here",
            "concat, add, mul, max, min and fork take `{ | ... | ... }`",
        )
    plain, _ = match(signature_of(layer.op), layer.given, head.span)
    op = configure(layer.op, plain)
    tensors = [v for _, v in results if isinstance(v, Tensor)]
    if len(tensors) != len(results):
        raise problem("E0110", "a branch has no value or several", merge.span, "each branch gives one tensor")
    return Unknown() if isinstance(op, Unknown) else op_node(frame, op, tensors, head.span)


def _name_results(frame: Frame, lanes: Sequence[ast.Lane], results: Sequence[list[tuple[str | None, Value]]]) -> None:
    """The labels of a fork are names of the body around it: its results go on as several values."""
    for lane, found in zip(lanes, results, strict=True):
        label = _last_label(lane)
        if label is not None and lane.each is None:
            frame.scope.define(label.text, found[0][1], label.span)


def _last_label(lane: ast.Lane) -> ast.Name | None:
    last = lane.statements[-1] if lane.statements else None
    return last.label if isinstance(last, ast.Flow) else None


def _lane(frame: Frame, lane: ast.Lane) -> Iterator[tuple[str | None, Value]]:
    """The results of a lane: one, or one for each value of its `for`."""
    if lane.each is None:
        yield _branch(frame.inner(), lane)
        return
    for inner in _iterate(frame, lane.each.names, lane.each.values):
        yield _branch(inner, lane)


def _branch(inner: Frame, lane: ast.Lane) -> tuple[str | None, Value]:
    value = inner.session.run_body(inner, ast.Body(lane.span, lane.statements))
    label = _last_label(lane)
    return (label.text if label else None), value


def _residual(frame: Frame, residual: ast.Residual) -> Value:
    """`add { | body | identity }`; with `project`, that layer stands for identity exactly where the shapes differ."""
    shortcut = frame.it
    body = frame.session.run_body(frame.inner(), residual.body)
    project = None if residual.project is None else value_of(frame, residual.project)
    if isinstance(body, Unknown) or isinstance(shortcut, Unknown):
        return Unknown()
    if not isinstance(body, Tensor) or not isinstance(shortcut, Tensor):
        raise problem("E0110", "residual needs one tensor before it and one from its body", residual.word)
    if residual.project is not None:
        frame.session.choices.append(Choice(residual.project.span, body.type != shortcut.type, frame.uses))
        if body.type != shortcut.type:
            named = frame.changed(line_name="project")
            shortcut = apply_layer(named, project, shortcut, residual.project.span)
    if not isinstance(shortcut, Tensor):
        return Unknown()
    joining = frame.changed(shortcut=residual)
    return op_node(joining, named_op("add"), [body, shortcut], residual.word)


def _repeat(frame: Frame, repeat: ast.Repeat) -> Value:
    count = value_of(frame, repeat.count)
    if isinstance(count, Unknown):
        return count
    if not is_whole(count) or count < 0:
        raise problem("E0103", f"repeat takes a whole number from 0, not {show(count)}", repeat.count.span)
    frame.repeated(count, repeat.count.span)
    return _in_sequence(frame, (frame.inner() for _ in range(count)), repeat.body)


def _for(frame: Frame, loop: ast.For) -> Value:
    return _in_sequence(frame, _iterate(frame, loop.names, loop.values), loop.body)


def _in_sequence(frame: Frame, frames: Iterator[Frame], body: ast.Body) -> Value:
    value = frame.it
    for inner in frames:
        frame.step(body.span)
        inner.it = value
        value = frame.session.run_body(inner, body)
        if isinstance(value, Unknown):
            break
    return value


def _iterate(frame: Frame, names: Sequence[ast.Name], values: ast.Expr) -> Iterator[Frame]:
    """A frame for each value, with its names defined."""
    items = value_of(frame, values)
    if isinstance(items, Unknown):
        items = [(Unknown(),) * len(names)]
    if not isinstance(items, (list, tuple, range)):
        raise problem("E0103", f"`for` goes over a list or a range, not {kind_of(items)}", values.span)
    frame.repeated(len(items), values.span)
    for item in items:
        frame.step(values.span)
        parts = item if isinstance(item, tuple) else (item,)
        if len(parts) != len(names):
            many = "1 value" if len(parts) == 1 else f"{len(parts)} values"
            raise problem("E0103", f"{len(names)} names for {many}", values.span)
        inner = frame.inner()
        for name, part in zip(names, parts, strict=True):
            inner.scope.define(name.text, part, name.span)
        yield inner


def _if(frame: Frame, choice: ast.If) -> Value:
    truth = condition(frame, choice.condition)
    if isinstance(truth, Unknown):
        return truth
    if truth:
        return frame.session.run_body(frame.inner(), choice.then)
    if isinstance(choice.otherwise, ast.If):
        return _if(frame, choice.otherwise)
    return frame.it if choice.otherwise is None else frame.session.run_body(frame.inner(), choice.otherwise)
