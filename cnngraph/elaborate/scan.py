"""`scan(cell, init = (h, c), reverse = true)`: a block becomes a cell, a graph that goes along a sequence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from cnngraph.diagnostics import Diagnostic, Label, Span
from cnngraph.elaborate.apply import apply_layer
from cnngraph.elaborate.arguments import Signature, is_tensor, match
from cnngraph.elaborate.checks import run_checks
from cnngraph.elaborate.frame import Frame, Session
from cnngraph.elaborate.nodes import op_node
from cnngraph.elaborate.numbers import is_whole
from cnngraph.elaborate.parameters import check_tensor, is_tensor_parameter, plain_value
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import (
    BlockLayer,
    Bundle,
    Given,
    Problem,
    ScanLayer,
    Scanned,
    SharedLayer,
    Tensor,
    Unknown,
    Value,
    kind_of,
    problem,
    show,
)
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.size import number
from cnngraph.ir.text import to_text
from cnngraph.ir.types import TensorType
from cnngraph.ir.verify import verify
from cnngraph.ops.scan import Scan, at_one_position
from cnngraph.syntax import ast

SIGNATURE = Signature("scan", ("x",), ("cell", "init", "reverse"), frozenset({"init", "reverse"}))
MAX_CELLS = 3
JOIN = "join what else the cell needs to the sequence with concat"
CELL = "a cell is a block: its first tensor is one position, the others are the state, which it returns"


def scan(frame: Frame, layer: ScanLayer, left: Value, span: Span) -> Value:
    """The states of a cell along the sequence on the left."""
    plain, tensors = match(SIGNATURE, layer.given, span, left)
    values = [*(g.value for g in plain.values()), *(g.value for g in tensors)]
    if any(isinstance(v, Unknown) for v in values):
        return Unknown()
    if len(tensors) != 1 or not isinstance(tensors[0].value, Tensor):
        raise problem("E0104", "scan takes one tensor, the sequence", span)
    sequence: Tensor = tensors[0].value
    if not sequence.type.positions:
        more = [g for g in layer.given if g.name is None and isinstance(g.value, Tensor)]
        helps = (f"the first state is given by name, `init = {more[0].span.text}`",) if more else ()
        raise problem("E0202", f"scan goes along positions, but receives {sequence.type}", span, "scan is here", *helps)
    cell, initial = _cell(plain["cell"]), _initial(plain.get("init"))
    reverse = plain["reverse"].value if "reverse" in plain else False
    if not isinstance(reverse, bool):
        raise problem("E0103", f"`reverse` is true or false, but receives {kind_of(reverse)}", plain["reverse"].span)
    graph = _graph(frame, cell, at_one_position(sequence.type), initial, span)
    if isinstance(graph, Unknown):
        return graph
    made = op_node(frame, Scan(to_text(graph), reverse, bool(initial)), [sequence, *initial], span)
    widths = [number(node.type.channels) for node in graph.inputs[1:]]
    ends = [sum(widths[: i + 1]) for i in range(len(widths))]
    return Scanned(made, tuple(zip([0, *ends], ends, strict=False)), 0 if reverse else -1, span)


def _cell(given: Given) -> BlockLayer:
    cell = given.value
    if isinstance(cell, SharedLayer):
        help_ = f"share the whole of it: `shared {cell.name} = scan(...)`"
        raise problem("E0103", f"`{cell.name}` is one instance, not a cell", given.span, "a shared layer", help_)
    if not isinstance(cell, BlockLayer):
        raise problem("E0103", f"scan takes a cell, not {kind_of(cell)}", given.span, "no cell", CELL)
    if any(is_tensor(g.value) for g in cell.given):
        help_ = f"a cell sees one position and its state; {JOIN}"
        raise problem("E0103", "a cell receives its tensors from scan", given.span, "a tensor is given here", help_)
    return cell


def _initial(given: Given | None) -> list[Tensor]:
    if given is None:
        return []
    value = tuple(item for _, item in given.value.items) if isinstance(given.value, Bundle) else given.value
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    if not items or not all(isinstance(item, Tensor) for item in items):
        wrong = next((item for item in items if not isinstance(item, Tensor)), None)
        raise problem("E0103", f"`init` is a tensor for each state, but receives {kind_of(wrong)}", given.span)
    return items


def _graph(
    frame: Frame, cell: BlockLayer, position: TensorType, initial: Sequence[Tensor], span: Span
) -> Graph | Unknown:
    """The cell as a graph: its inputs are one position and the states, its outputs the next states."""
    session = frame.session
    if session.cells >= MAX_CELLS:
        raise problem("E0402", f"cells stand in cells more than {MAX_CELLS} deep", span)
    inside = replace(
        session, builder=Builder(), taken=Counter(), used=set(), checks=[], seen=[], choices=[], failures=[],
        cells=session.cells + 1,
    )  # fmt: skip
    inner = replace(
        frame, session=inside, path="", device=None, shared=(), it=None, line_name=None, restarted=None,
        at_head=False,
    )  # fmt: skip
    try:
        first, stated = _first(cell, span), _state_types(inner, cell, position, initial, span)
        states = {name: type_ for name, type_ in stated.items() if isinstance(type_, TensorType)}
        if len(states) < len(stated):
            return Unknown()
        given = [_input(inner, name, type_, span) for name, type_ in {first: position, **states}.items()]
        value = apply_layer(inner, replace(cell, given=(*cell.given, *given)), None, span)
        return _finished(inner, cell, list(states.items()), value, span)
    finally:
        _hand_back(inside, session)


def _hand_back(inside: Session, session: Session) -> None:
    """What was counted and seen in the cell; its values are no values of the graph around it."""
    session.steps, session.reports = inside.steps, inside.reports
    session.choices += inside.choices
    now = len(session.builder.nodes)
    session.seen += [replace(seen, value=Unknown(), first=now, last=now) for seen in inside.seen]


def _input(inner: Frame, name: str, type_: TensorType, span: Span) -> Given:
    node = inner.session.builder.add(name, Input(type_), origin=inner.origin(span))
    return Given(name, Tensor(node.ref, type_, inner.session.cells), span)


def _first(cell: BlockLayer, span: Span) -> str:
    parameters = [p for p in cell.definition.parameters if is_tensor_parameter(p)]
    if len(parameters) < 2:
        name = cell.definition.name
        label = Label(name.span, f"`{name.text}` has {len(parameters) or 'no'} tensor parameters")
        help_ = f"write `block {name.text}(x: tensor, h: tensor(n), n) {{ ... return h2 }}`"
        raise Problem(Diagnostic("E0304", f"`{name.text}` has no state", Label(span, CELL), (label,), helps=(help_,)))
    return parameters[0].name.text


def _state_types(
    inner: Frame, cell: BlockLayer, position: TensorType, initial: Sequence[Tensor], span: Span
) -> dict[str, TensorType | Unknown]:
    """The type of each state: that of its first value, or what the parameter says, `h: tensor(n)` or a shape."""
    parameters = [p for p in cell.definition.parameters if is_tensor_parameter(p)][1:]
    if initial and len(initial) != len(parameters):
        listed = ", ".join(p.name.text for p in parameters)
        states = "1 state" if len(parameters) == 1 else f"{len(parameters)} states"
        message = f"`{cell.definition.name.text}` has {states} ({listed}), not {len(initial)}"
        raise problem("E0304", message, span, "`init` is here")
    if ids := [tensor.type for tensor in initial if tensor.type.vocabulary is not None]:
        raise problem("E0304", f"a state has features, and cannot be {ids[0]}", span, "`init` is here")
    if initial:
        return {p.name.text: tensor.type for p, tensor in zip(parameters, initial, strict=True)}
    probe = replace(inner, scope=_arguments(inner, cell, position, span))
    return {p.name.text: _stated(probe, p, span) for p in parameters}


def _arguments(inner: Frame, cell: BlockLayer, position: TensorType, span: Span) -> Scope:
    """The parameters of the cell that are no states, by name, and the sizes that the shape of its position names."""
    plain_names = [p for p in cell.definition.parameters if not is_tensor_parameter(p)]
    names = tuple(p.name.text for p in plain_names)
    optional = frozenset(p.name.text for p in plain_names if p.default is not None)
    given, _ = match(Signature(cell.definition.name.text, (), names, optional), cell.given, span)
    scope = Scope(cell.home)
    first = next(p for p in cell.definition.parameters if is_tensor_parameter(p))
    sequence = Tensor(Ref(first.name.text), position, inner.session.cells)
    scope.define(first.name.text, sequence, first.name.span)
    for parameter in plain_names:
        value = plain_value(replace(inner, scope=scope), parameter, given.get(parameter.name.text))
        scope.define(parameter.name.text, value, parameter.name.span)
    check_tensor(replace(inner, scope=scope), first, sequence, span)
    return scope


def _stated(probe: Frame, parameter: ast.Parameter, span: Span) -> TensorType | Unknown:
    type_, name = parameter.type, parameter.name.text
    match type_:
        case ast.Call(function=ast.Name(text="tensor"), arguments=(only,)):
            features = probe.session.value_of(probe, only.value)
            if is_whole(features) and features > 0:
                return TensorType.of(features)
            if isinstance(features, Unknown):
                return features
            message = f"the state `{name}` has a number of features, not {show(features)}"
            labels = (Label(only.value.span, "that is this"),)
            raise Problem(Diagnostic("E0103", message, Label(span, "scan is here"), labels))
        case ast.Name(text="tensor") | ast.Call():
            raise problem(
                "E0304", f"the state `{name}` has no size", span, "no `init` here",
                f"write `{name}: tensor(n)` for zeros, or give it as `init`",
            )
    assert type_ is not None, "only a parameter with a type is a tensor"
    shape = probe.session.as_shape(probe, type_)
    if not isinstance(shape, (TensorType, Unknown)):
        raise problem("E0103", f"`{name}` has no shape", type_.span)
    return shape


def _finished(
    inner: Frame, cell: BlockLayer, states: Sequence[tuple[str, TensorType]], value: Value, span: Span
) -> Graph | Unknown:
    if isinstance(value, Unknown):
        return value
    items = [item for _, item in value.items] if isinstance(value, Bundle) else [value]
    results = [item for item in items if isinstance(item, Tensor)]
    name = cell.definition.name.text
    if len(results) != len(states):
        listed = ", ".join(state for state, _ in states)
        raise problem(
            "E0304", f"`{name}` has the states {listed}, but returns {len(results)} values", span, "scan is here",
            f"return the next value of each: `return {', '.join(f'{state}2' for state, _ in states)}`",
        )
    for (state, type_), result in zip(states, results, strict=True):
        if result.cells != inner.session.cells:
            raise problem("E0103", f"`{name}` returns {result.type} from around it as `{state}`", span, "here", JOIN)
        if result.type != type_:
            raise problem(
                "E0304", f"the state `{state}` of `{name}` begins as {type_}, but becomes {result.type}", span,
                "scan is here", "a state keeps its shape from one position to the next",
            )
    outputs = {state: result.ref for (state, _), result in zip(states, results, strict=True)}
    graph, final = inner.session.graph(name, outputs)
    _refuse_changes(graph, span)
    run_checks(inner.session.checks, graph, final)
    return verify(graph)


def _refuse_changes(graph: Graph, span: Span) -> None:
    for node in graph:
        if node.op.for_training() != node.op:
            help_ = f"put {node.op.name} before or after the scan"
            message = f"{node.op.name} is another one while training, so it cannot stand in a cell"
            raise problem("E0304", message, span, f"{node.name} of this cell", help_)
        if node.device is not None:
            raise problem("E0601", f"a cell runs on one device, but {node.name} asks for {node.device}", span)
