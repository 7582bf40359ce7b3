"""The right column: `[64@56x56]` after a unit is what the file says, and is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnngraph.diagnostics import Diagnostic, Label, Origin
from cnngraph.elaborate.explain import frames
from cnngraph.elaborate.frame import Frame
from cnngraph.elaborate.values import Problem, Tensor, Unknown, Value, problem
from cnngraph.ir.graph import Node
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import OpError
from cnngraph.ir.size import Dim, SizeError
from cnngraph.ir.types import TensorType, positions_text
from cnngraph.syntax import ast


def check_row(frame: Frame, unit: ast.Unit, row: ast.Expr, value: Value, left: Value) -> Value:
    """The value, if it has the stated shape. If not, that is reported and the rest is read as if the file were right,
    so that each row is judged by itself."""
    try:
        expected = frame.session.as_shape(frame, row)
    except Problem as found:
        frame.session.report(found.diagnostic)
        return value
    if isinstance(value, Unknown) or isinstance(expected, Unknown):
        return value
    if not isinstance(value, Tensor):
        raise problem("E0300", "a shape belongs to one tensor", row.span, "there are several here")
    if (expected.shape, expected.vocabulary) == (value.type.shape, value.type.vocabulary):
        return value
    frame.session.report(_mismatch(frame, unit, row, expected, value, left))
    stated = replace(expected, dtype=value.type.dtype)
    node = frame.session.builder.add(frame.claim("assumed"), Input(stated), origin=frame.origin(row.span))
    frame.session.used.add(value.ref)
    return replace(value, ref=node.ref, type=stated)


def _mismatch(
    frame: Frame, unit: ast.Unit, row: ast.Expr, expected: TensorType, value: Tensor, left: Value
) -> Diagnostic:
    labels = [Label(unit.head.span, f"but this gives {value.type}"), *_causes(frame, row, expected, value, left)]
    here = frame.origin(row.span)
    return Diagnostic(
        "E0300",
        f"shape check failed: {expected} expected, {value.type} computed",
        Label(row.span, f"the file says {expected}"),
        tuple(labels),
        tuple(frames(here)),
        tuple(_remedies(frame, expected, value, left)),
    )


def _causes(frame: Frame, row: ast.Expr, expected: TensorType, value: Tensor, left: Value) -> Iterator[Label]:
    """What the unit received, if it is another tensor's kind; else which layers set what the row has otherwise."""
    here = frame.origin(row.span)
    if isinstance(left, Tensor) and left.type.positions != value.type.positions:
        origin = frame.session.builder.nodes[left.ref.node].origin
        if origin is not None:
            yield Label(origin.seen_from(here), f"from {left.type}")
        return
    if len(expected.positions) != len(value.type.positions) or expected.positions != value.type.positions:
        yield from _change_of_positions(frame, value, here)
    ids = expected.vocabulary is not None or value.type.vocabulary is not None
    if expected.positions and not ids and expected.channels != value.type.channels:
        yield from _change_of_channels(frame, value, here)


def _change_of_positions(frame: Frame, value: Tensor, here: Origin) -> Iterator[Label]:
    for node, operands in _upwards(frame, value):
        if operands[0].positions != node.type.positions and node.origin is not None:
            change = f"{positions_text(operands[0].positions)} becomes {positions_text(node.type.positions)} here"
            yield Label(node.origin.seen_from(here), f"{change} ({node.op.reason(operands)})")
            return


def _change_of_channels(frame: Frame, value: Tensor, here: Origin) -> Iterator[Label]:
    for node, operands in _upwards(frame, value):
        if operands[0].shape[-1:] != node.type.shape[-1:] and node.origin is not None:
            yield Label(node.origin.seen_from(here), f"{node.type.channels} features come from this {node.op.name}")
            return


def _upwards(frame: Frame, value: Tensor) -> Iterator[tuple[Node, list[TensorType]]]:
    """The nodes from `value` back along their first inputs, with the types of their inputs."""
    node = frame.session.builder.nodes[value.ref.node]
    while node.inputs:
        yield node, [frame.session.builder.type_of(ref) for ref in node.inputs]
        node = frame.session.builder.nodes[node.inputs[0].node]


def _remedies(frame: Frame, expected: TensorType, value: Tensor, left: Value) -> Iterator[str]:
    """What would make the row true, tried on the numbers: another padding of the last windowed layer, another input."""
    node = _windowed(frame, value, left)
    if node is None or len(expected.positions) != len(value.type.positions):
        return
    if expected.shape[-1] != value.type.shape[-1] or expected.positions == value.type.positions:
        return
    old = frame.session.builder.type_of(node.inputs[0])
    wanted = expected.positions
    for pad in range(8):
        if _positions(replace(node, op=replace(node.op, pad=pad)), old) == wanted:  # type: ignore[call-arg]
            yield f"`pad = {pad}` on this {node.op.name} would give {expected}"
            break
    given = isinstance(frame.session.builder.nodes[node.inputs[0].node].op, Input)
    for change in sorted(range(-32, 33), key=abs) if given else ():
        other = old.known(positions=[n + change for n in old.positions])
        if change and all(isinstance(n, int) and n > 0 for n in other.positions) and _positions(node, other) == wanted:
            yield f"an input of {other} would give {expected}"
            break


def _windowed(frame: Frame, value: Tensor, left: Value) -> Node | None:
    """The only node between `left` and `value` that changes positions, or the last one before; if it has a window."""
    if not isinstance(left, Tensor):
        return None
    found: list[Node] = []
    above = False
    for node, operands in _upwards(frame, value):
        above = above or node.name == left.ref.node
        if found and above:
            break
        if operands[0].positions != node.type.positions:
            found.append(node)
    return found[0] if len(found) == 1 and {"window", "pad"} <= set(vars(found[0].op)) else None


def _positions(node: Node, old: TensorType) -> tuple[Dim, ...] | None:
    try:
        return node.op.output_types([old])[0].positions
    except (OpError, SizeError):
        return None
