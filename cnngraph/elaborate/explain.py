"""Why inputs do not fit: from a refusal of an operator to a diagnostic that shows the cause, not the place.

The rules: name the merge and all its inputs; walk each input back to where they part and mark every node that changed
the size; speak at the level of the body that holds the merge; print sizes as the user wrote them; compute the help.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from cnngraph.diagnostics import Diagnostic, Label, Origin, Span, Suggestion
from cnngraph.elaborate.frame import Frame, Restart
from cnngraph.elaborate.remedies import remedies
from cnngraph.elaborate.values import Tensor
from cnngraph.ir.graph import Node
from cnngraph.ir.op import Op, OpError
from cnngraph.ir.size import SizeError
from cnngraph.ir.types import TensorType, positions_text

MAX_SHOWN = 6


def refusal(frame: Frame, op: Op, error: OpError, tensors: Sequence[Tensor], span: Span) -> Diagnostic:
    """The finding for an operator that refuses its inputs or arguments."""
    if op.merges and error.code in ("E0301", "E0302"):
        return parting(frame, op.name, error, tensors, span)
    origin, labels = frame.origin(span), []
    if error.operand is not None and error.operand < len(tensors):
        maker = frame.session.builder.nodes[tensors[error.operand].ref.node]
        if maker.origin is not None:
            shared = origin.depth_shared_with(maker.origin)
            origin = Origin(origin.at_depth(shared), origin.uses[:shared])
            labels.append(Label(maker.origin.at_depth(shared), f"this gives {maker.type}"))
    helps, mend = list(error.helps), _layer_before(op, error.helps, span)
    if frame.restarted is not None:
        text, edit = side_branch(frame.restarted)
        helps.append(text)
        mend = replace(edit, safe=_takes(frame, op, frame.restarted.start, tensors))
    if error.code == "E0303" and frame.at_head and frame.it is not None:
        helps.append(f"to include the value of the line above, write `it -> {op.name}(...)`")
        mend = Suggestion(Span(span.source, span.start, span.start), "it -> ")
    word = "split" if op.name == "part" else op.name
    return Diagnostic(
        error.code, error.message, Label(origin.span, f"{word} is here"), tuple(labels),
        tuple(frames(origin)), tuple(helps), mend,
    )


def parting(frame: Frame, name: str, error: OpError, tensors: Sequence[Tensor], span: Span) -> Diagnostic:
    """The finding for a merge: all its inputs, and where each one left the size they had in common."""
    here = frame.origin(span)
    shown = representatives(tensors)
    more = f" and so on, {len(tensors)} in all" if len(shown) < len(tensors) else ""
    tensors = [tensor for _, tensor in shown]
    listed = " and ".join(str(t.type) for t in tensors) + more
    labels: list[Label] = []
    trails = [trail(frame, t, tensors) for t in tensors]
    for (number, tensor), (steps, start) in zip(shown, trails, strict=True):
        if not steps and start.origin is not None:
            where = start.origin.seen_from(here)
            labels.append(Label(where, f"input {number} is {tensor.type}, as it was before the branches"))
        for node in reversed(steps):
            labels += _change(frame, node, tensors, here)
        if steps and steps[0].origin is not None:
            end = steps[0].origin.seen_from(here)
            labels.append(Label(end, f"input {number} ends here with {tensor.type}"))
    offered = remedies(frame, error.code, tensors, [steps for steps, _ in trails], here)
    mends = [remedy.mend for remedy in offered if remedy.mend is not None]
    return Diagnostic(
        error.code, error.message, Label(span, f"this {name} receives {listed}"),
        tuple(dict.fromkeys(labels)), tuple(frames(here)), tuple(remedy.text for remedy in offered),
        mends[0] if len(mends) == 1 else None,
    )


def representatives(tensors: Sequence[Tensor]) -> list[tuple[int, Tensor]]:
    """The inputs of a merge that a message shows, with their numbers: all of a few, or the first ones of each shape."""
    numbered = list(enumerate(tensors, 1))
    if len(numbered) <= MAX_SHOWN:
        return numbered
    first: dict[TensorType, tuple[int, Tensor]] = {}
    for number, tensor in numbered:
        first.setdefault(tensor.type, (number, tensor))
    return list(first.values())[:MAX_SHOWN]


def trail(frame: Frame, tensor: Tensor, tensors: Sequence[Tensor]) -> tuple[list[Node], Node]:
    """Nodes from a merge's input back to the last node that all inputs come from, and that node."""
    nodes = frame.session.builder.nodes
    common = set.intersection(*(ancestors(frame, t) for t in tensors))
    node, steps = nodes[tensor.ref.node], []
    while node.name not in common and node.inputs:
        steps.append(node)
        node = nodes[node.inputs[0].node]
    return steps, node


def ancestors(frame: Frame, tensor: Tensor) -> set[str]:
    nodes, found, stack = frame.session.builder.nodes, set(), [tensor.ref.node]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += [ref.node for ref in nodes[name].inputs]
    return found


def before(frame: Frame, node: Node) -> TensorType:
    """Type of the first operand of a node."""
    return frame.session.builder.type_of(node.inputs[0])


def differs(old: TensorType, new: TensorType, tensors: Sequence[Tensor]) -> bool:
    """Whether a step from `old` to `new` changes an axis on which the inputs of the merge disagree."""
    if len(old.positions) != len(new.positions):
        return True
    shapes = [t.type.positions for t in tensors if len(t.type.positions) == len(new.positions)]
    axes = [a for a in range(len(new.positions)) if len({s[a] for s in shapes}) > 1]
    return any(old.positions[a] != new.positions[a] for a in axes)


def _change(frame: Frame, node: Node, tensors: Sequence[Tensor], here: Origin) -> list[Label]:
    old = before(frame, node)
    if node.origin is None or not differs(old, node.type, tensors):
        return []
    where = node.origin.seen_from(here)
    if not (old.positions and node.type.positions):
        return [Label(where, f"{old} becomes {node.type} here")]
    operands = [frame.session.builder.type_of(ref) for ref in node.inputs]
    change = f"{positions_text(old.positions)} becomes {positions_text(node.type.positions)} here"
    return [Label(where, f"{change} ({node.op.reason(operands)})")]


def frames(origin: Origin) -> list[str]:
    return [f"in `{use.block}` used at {use.span}" for use in reversed(origin.uses)]


def _layer_before(op: Op, helps: Sequence[str], span: Span) -> Suggestion | None:
    """The layer that the first help puts before this one, as in `flatten -> dense(...)`."""
    offered = re.match(rf"`(\w+ -> ){op.name}\b", helps[0]) if helps else None
    return Suggestion(Span(span.source, span.start, span.start), offered[1], safe=False) if offered else None


def _takes(frame: Frame, op: Op, name: str, tensors: Sequence[Tensor]) -> bool:
    """Whether an operator of one input takes the value of a name instead."""
    value = frame.scope.find(name)
    if len(tensors) != 1 or value is None or not isinstance(value[0], Tensor):
        return False
    try:
        return bool(op.output_types([value[0].type]))
    except (OpError, SizeError):
        return False


def side_branch(above: Restart) -> tuple[str, Suggestion]:
    """What to say where the line above may have been meant as a side computation, and the `let` that makes it one."""
    text = (
        f"the line above is `{above.label}`: did you mean to continue from `{above.start}`? "
        f"a side computation is written `let {above.label} = {above.start} -> ...`"
    )
    return text, Suggestion(above.head, f"let {above.label} = ")
