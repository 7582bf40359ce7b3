"""Layers meet tensors: operators are given them, blocks are expanded, shared instances keep their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from cnngraph.diagnostics import Span, Use
from cnngraph.elaborate.arguments import (
    Signature,
    coerced,
    configure,
    is_tensor,
    match,
    signature_of,
    tensor_count,
    unknown_parameter,
)
from cnngraph.elaborate.frame import MAX_USES, Frame
from cnngraph.elaborate.nodes import fed, named_op, op_node
from cnngraph.elaborate.numbers import is_number, is_whole
from cnngraph.elaborate.parameters import bind_parameters, signature_of_block
from cnngraph.elaborate.scope import Scope
from cnngraph.elaborate.values import (
    BlockLayer,
    Bundle,
    Given,
    Layer,
    Missing,
    OpLayer,
    PipeLayer,
    RepeatLayer,
    ScanLayer,
    Scanned,
    SharedLayer,
    SplitLayer,
    Tensor,
    Unknown,
    Value,
    kind_of,
    problem,
)
from cnngraph.ir.op import Op
from cnngraph.ir.size import Size
from cnngraph.syntax import ast


def configured(frame: Frame, layer: Layer, given: Sequence[Given], span: Span) -> Value:
    """A layer with more arguments; applied at once when it has all its tensors."""
    match layer:
        case OpLayer(op=op, given=old):
            given = _with_target(frame, op, given)
            now = OpLayer(op, (*old, *given), span)
            signature = signature_of(op)
            _refuse_unknown(frame, signature, given)
            plain, _ = match(signature, now.given, span, partial=True)
            coerced(op, plain)  # wrong arguments are reported here, whatever the input is
            return apply_layer(frame, now, None, span) if _complete(now) else now
        case BlockLayer():
            block = replace(layer, given=(*layer.given, *given), span=span)
            _refuse_unknown(frame, signature_of_block(layer.definition), given)
            return apply_layer(frame, block, None, span) if _complete(block) else block
        case SharedLayer(layer=(OpLayer() | BlockLayer()) as once) if all(is_tensor(g.value) for g in given):
            _refuse_unknown(frame, _signature(once), given)
            once = replace(once, given=(*once.given, *given), span=span)
            shared = replace(layer, layer=once)
            return apply_layer(frame, shared, None, span) if _complete(once) else shared
        case SplitLayer():
            return SplitLayer((*layer.given, *given), span)
        case ScanLayer():
            now_scan = ScanLayer((*layer.given, *given), span)
            complete = any(is_tensor(g.value) for g in given if g.name != "init")
            return apply_layer(frame, now_scan, None, span) if complete else now_scan
    tensors = [g.value for g in given if is_tensor(g.value)]
    if len(tensors) == len(given) == 1:
        return apply_layer(frame, layer, tensors[0], span)
    raise problem("E0105", "this layer takes one tensor and no other argument", span)


def _signature(layer: OpLayer | BlockLayer) -> Signature:
    return signature_of(layer.op) if isinstance(layer, OpLayer) else signature_of_block(layer.definition)


def _complete(layer: OpLayer | BlockLayer) -> bool:
    """Whether it has all its tensors."""
    signature = _signature(layer)
    wanted = len(signature.tensors)
    fixed = bool(wanted) and not (isinstance(layer, OpLayer) and layer.op.variadic)
    return fixed and tensor_count(layer.given, signature) == wanted


def single(frame: Frame, value: Value) -> Value:
    """The value that goes on: of a scan that is the sequence of its first state."""
    if not isinstance(value, Scanned):
        return value
    if value.sequence is not None:
        return value.sequence
    if len(value.states) == 1:
        return value.tensor
    return op_node(frame, named_op("cut", *value.states[0]), [value.tensor], value.span)


def unpacked(frame: Frame, scanned: Scanned, wanted: Sequence[bool]) -> list[Value]:
    """The sequence of the first state, then the last value of each state; those that are not wanted are not made."""
    states = zip(scanned.states, wanted[1:], strict=True)
    cuts = [named_op("cut", *state, scanned.last) if is_wanted else None for state, is_wanted in states]
    final = [Unknown() if cut is None else op_node(frame, cut, [scanned.tensor], scanned.span) for cut in cuts]
    return [single(frame, scanned) if wanted[0] else Unknown(), *final]


def _refuse_unknown(frame: Frame, signature: Signature, given: Sequence[Given]) -> None:
    """Report all arguments with an unknown name, not only the first one, and raise the last."""
    wrong = [unknown_parameter(signature, g) for g in given if not signature.knows(g.name)]
    for found in wrong[:-1]:
        frame.session.report(found.diagnostic)
    if wrong:
        raise wrong[-1]


def _with_target(frame: Frame, op: type[Op], given: Sequence[Given]) -> Sequence[Given]:
    """`bce(p, 1)`: a loss without parameters of its own takes a number for its target, which is that everywhere."""
    if not op.loss or fields(op) or len(given) != 2:
        return given
    prediction, number = given
    if not isinstance(prediction.value, Tensor) or not is_number(number.value) or isinstance(number.value, Size):
        return given
    filled = named_op("filled", float(number.value))
    return prediction, replace(number, value=op_node(frame, filled, [prediction.value], number.span))


def settle(frame: Frame, value: Value, span: Span) -> Value:
    """A variadic layer that was called with tensors is their merge, where no tensor comes from the left."""
    if isinstance(value, OpLayer) and value.op.variadic and any(is_tensor(g.value) for g in value.given):
        return apply_layer(frame, value, None, span)
    return value


def group(frame: Frame, pipe: ast.Pipe) -> Value:
    """`( ... )`: a single expression is itself; a pipe is a value if it starts from a tensor, else a layer."""
    only = pipe.units[0]
    if len(pipe.units) == 1 and only.shape is None and pipe.device is None and not isinstance(only.head, BRACES):
        return frame.session.evaluate(frame, only.head)
    if not isinstance(only.head, BRACES):
        first = settle(frame, frame.session.evaluate(frame, only.head), pipe.span)
        if isinstance(first, (Tensor, Bundle)):
            return frame.session.run_pipe(frame, pipe, first)
    return PipeLayer(pipe, frame.scope)


BRACES = (ast.Merge, ast.Residual, ast.Repeat, ast.For, ast.If, ast.Region)


def apply_layer(frame: Frame, layer: Value, left: Value, span: Span) -> Value:
    """The result of a layer on the value on its left (None: it has all its tensors)."""
    frame.step(span)
    left = single(frame, left)
    match layer:
        case OpLayer():
            return _apply_op(frame, layer, left, span)
        case BlockLayer():
            return _apply_block(frame, layer, left, span)
        case PipeLayer():
            inner = frame.within_line().changed(scope=Scope(layer.scope), it=left, at_head=False)
            return frame.session.run_pipe(inner, layer.pipe)
        case RepeatLayer():
            return _repeat(frame, layer, left)
        case SharedLayer():
            return _apply_shared(frame, layer, left, span)
        case SplitLayer():
            return _split(frame, layer, left, span)
        case ScanLayer():
            return frame.session.scan(frame, layer, left, span)
    raise problem("E0103", f"{kind_of(layer)} is not a layer", span)


def _apply_op(frame: Frame, layer: OpLayer, left: Value, span: Span) -> Value:
    plain, given = match(signature_of(layer.op), layer.given, span, left)
    op = configure(layer.op, plain)
    values = [g.value for g in given]
    unknown = any(isinstance(v, Unknown) for v in (*values, *(g.value for g in layer.given), op))
    if unknown or isinstance(op, Unknown):
        return Unknown()
    _count_tensors(op, values, span)
    tensors = [v for v in values if isinstance(v, Tensor)]
    if op.loss and isinstance(values[-1], Missing) and len(tensors) == len(values) - 1:
        tensors.append(fed(frame, op, values[-1], tensors[0]))
    if len(tensors) != len(values):
        bad = next(v for v in values if not isinstance(v, Tensor))
        if isinstance(bad, Missing):
            frame.scope.look_up(bad.name, bad.span)
        raise problem("E0103", f"{op.name} takes single tensors, not {kind_of(bad)}", span)
    return op_node(frame, op, tensors, span)


def _count_tensors(op: Op, values: Sequence[Value], span: Span) -> None:
    if not op.variadic and len(values) != len(op.operands):
        listed = ", ".join(op.operands)
        raise problem(
            "E0104" if len(values) < len(op.operands) else "E0105",
            f"{op.name} takes {len(op.operands)} tensors ({listed}), not {len(values)}", span,
        )


def _apply_block(frame: Frame, layer: BlockLayer, left: Value, span: Span) -> Value:
    definition = layer.definition
    name = definition.name.text
    if any(outer is definition for outer in frame.outline):
        names = [outer.name.text for outer in frame.outline]
        circle = " -> ".join((*names[names.index(name) :], name))
        raise problem(
            "E0111", f"`{name}` uses itself: {circle}", span, "this closes the circle",
            "a block ends for every size: repeat a part with `layer * n`, `repeat n { }` or `for`",
        )
    if len(frame.uses) >= MAX_USES:
        raise problem("E0402", f"blocks are used more than {MAX_USES} deep", span)
    arguments: dict[str, Value] = {}
    inner = frame.changed(
        scope=Scope(layer.home),
        path=f"{frame.claim(frame.line_name or name)}.",
        uses=(*frame.uses, Use(name, span, arguments)),
        outline=(*frame.outline, definition),
        it=left,
        line_name=None,
        restarted=None,
        at_head=False,
    )
    bind_parameters(inner, layer, left, span)
    arguments.update((parameter, value) for parameter, (value, _) in inner.scope.names.items())
    session = frame.session
    if session.alone and id(definition) in session.read:
        return Unknown()
    session.read.add(id(definition))
    result = frame.session.run_body(inner, definition.body)
    return Unknown() if result is None else result


def _repeat(frame: Frame, layer: RepeatLayer, left: Value) -> Value:
    inner = frame.within_line().changed(at_head=False)
    value = left
    for _ in range(layer.count):
        value = apply_layer(inner.changed(it=value), layer.layer, value, layer.span)
        if isinstance(value, Unknown):
            break
    return value


def _apply_shared(frame: Frame, shared: SharedLayer, left: Value, span: Span) -> Value:
    path = f"{frame.claim(shared.name)}."
    uses = (*frame.uses, Use(shared.name, span))
    inner = frame.changed(path=path, shared=(*frame.shared, (shared, path)), uses=uses, it=left, line_name=None)
    return apply_layer(inner, shared.layer, left, span)


MAX_PARTS = 1_000


def _split(frame: Frame, layer: SplitLayer, left: Value, span: Span) -> Value:
    parts = [g.value for g in layer.given if not is_tensor(g.value)]
    tensor = next((g.value for g in layer.given if is_tensor(g.value)), left)
    numbers = [n for part in parts for n in (part if isinstance(part, (list, tuple)) else [part])]
    if any(isinstance(value, Unknown) for value in (*numbers, tensor)):
        return Unknown()
    of = _division(parts[0]) if len(parts) == 1 else None
    if of is None or not isinstance(tensor, Tensor):
        message = "split takes one tensor, and a number of parts from 1 to 1000 or a list of their channels"
        raise problem("E0103", message, span)
    if of == 1:
        return tensor
    count = of if isinstance(of, int) else len(of)
    made = [op_node(frame, named_op("part", i, of), [tensor], span) for i in range(count)]
    return Bundle(tuple((None, t) for t in made))


def _division(value: Value) -> int | tuple[int, ...] | None:
    """How `split` divides: a number of equal parts, or the channels of each of several."""
    if isinstance(value, (list, tuple)):
        return tuple(value) if 2 <= len(value) <= MAX_PARTS and all(map(is_whole, value)) else None
    return value if is_whole(value) and 1 <= value <= MAX_PARTS else None

