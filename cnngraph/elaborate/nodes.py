"""Nodes of the graph: an operator with its inputs and states, or the problem that it has with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnngraph.diagnostics import Diagnostic, Label, Span
from cnngraph.elaborate.explain import refusal
from cnngraph.elaborate.frame import Failure, Frame
from cnngraph.elaborate.numbers import LARGEST, too_large
from cnngraph.elaborate.values import Missing, Problem, Tensor, problem
from cnngraph.ir.graph import Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Op, OpError
from cnngraph.ir.registry import registry
from cnngraph.ir.size import SizeError
from cnngraph.ir.types import TensorType

MAX_NAME = 1_000


def named_op(name: str, *arguments: object) -> Op:
    """An operator that the language has a sign for, and not only a name: `scale` for `2 * x`."""
    maker: Any = registry()[name]
    made: Op = maker(*arguments)
    return made


def op_node(frame: Frame, op: Op, tensors: Sequence[Tensor], span: Span) -> Tensor:
    """A node of the graph, or the problem that its operator has with these inputs."""
    _refuse_outer(frame, op, tensors, span)
    builder, refs = frame.session.builder, [t.ref for t in tensors]
    name = _node_name(frame, op, span)
    try:
        _bounded(op, op.output_types([t.type for t in tensors]), span)
        states = _states(frame, op, tensors, name, span)
        origin = frame.origin(span)
        node = builder.add(name, op, [*refs, *states], origin=origin, device=frame.device)
    except OpError as error:
        finding = refusal(frame, op, error, tensors, span)
        frame.session.failures.append(Failure(name, tuple(refs), frame.origin(span), finding))
        raise Problem(finding) from error
    except SizeError as error:
        helps = ("give the input fixed sizes, or use globalavgpool before it",)
        raise Problem(Diagnostic("E0204", f"{op.name}: {error}", Label(span, "here"), helps=helps)) from error
    frame.session.used.update(refs)
    return Tensor(node.ref, node.type, frame.session.cells)


def _refuse_outer(frame: Frame, op: Op, tensors: Sequence[Tensor], span: Span) -> None:
    outer = next((t for t in tensors if t.cells != frame.session.cells), None)
    if outer is not None:
        raise problem(
            "E0103", f"a cell sees one position and its state, but this {op.name} takes {outer.type} from around it",
            span, "here", "join what else the cell needs to the sequence with concat",
        )


def _node_name(frame: Frame, op: Op, span: Span) -> str:
    name = frame.claim(frame.line_name or op.name)
    if len(name) > MAX_NAME:
        raise problem("E0402", f"the name of this {op.name} would be longer than {MAX_NAME:,} characters", span)
    return name


def _bounded(op: Op, types: Sequence[TensorType], span: Span) -> None:
    """Sizes grow along a chain; a network in which they leave all bounds ends here, before anything prints them."""
    if any(too_large(size) for type_ in types for size in type_.shape):
        raise problem("E0402", f"{op.name} gives a size that is too large", span, "here", LARGEST)


def _states(frame: Frame, op: Op, tensors: Sequence[Tensor], name: str, span: Span) -> list[Ref]:
    """States of a node: fresh ones, or those that the first use of a shared instance made."""
    builder = frame.session.builder
    refs: list[Ref] = []
    for key, weight in op.weight_types(*(t.type for t in tensors)).items():
        _at_home(frame, span)
        places = [(shared, f"{name[len(path):]}.{key}") for shared, path in frame.shared]
        known = [(shared.name, shared.instance.states.get(relative)) for shared, relative in reversed(places)]
        sharer, ref = next(((sharer, ref) for sharer, ref in known if ref is not None), ("", None))
        if ref is None:
            origin = frame.origin(span)
            ref = builder.state(f"{name}.{key}", weight, origin=origin, device=frame.device, colocated=name).ref
        elif builder.type_of(ref) != weight.type:
            raise _other_weights(frame, sharer, op, key, weight.type, builder.type_of(ref), span)
        for shared, relative in places:
            shared.instance.states[relative] = ref
        refs.append(ref)
    return refs


def _at_home(frame: Frame, span: Span) -> None:
    """A cell keeps its weights to itself: an instance is either in it or around it."""
    for shared, _ in frame.shared:
        instance = shared.instance
        instance.builder = instance.builder or frame.session.builder
        if instance.builder is not frame.session.builder:
            raise problem(
                "E0304", f"`{shared.name}` has one set of weights, which stands in the cell of one scan or around it",
                _use_of(frame, shared.name), "another place",
                "share it in the cell, `shared` is a line of any block, or share the whole scan",
            )


def _use_of(frame: Frame, name: str) -> Span:
    return next(use.span for use in reversed(frame.uses) if use.block == name)


def _other_weights(
    frame: Frame, name: str, op: Op, key: str, wanted: TensorType, made: TensorType, span: Span
) -> Problem:
    """A use of a shared layer asks for weights of another shape than its first use."""
    return Problem(
        Diagnostic(
            "E0304",
            f"`{name}` has one set of weights, and this use asks for others",
            Label(_use_of(frame, name), f"the {key} of {op.name} would be {wanted}, and is {made} since the first use"),
            (Label(span, f"this {op.name}"),),
            helps=("give all its uses the same channels, or make it a `block`: that has new weights each time",),
        )
    )


def fed(frame: Frame, op: Op, missing: Missing, prediction: Tensor) -> Tensor:
    """The value that a loss compares with, and that no line defines: a new input, fed from the data."""
    type_ = op.target(prediction.type)
    builder = frame.session.builder
    if missing.name in builder.nodes:
        known = builder.nodes[missing.name]
        if known.type != type_:
            raise problem("E0702", f"`{missing.name}` is used as {known.type} and as {type_}", missing.span)
        return Tensor(known.ref, known.type)
    node = builder.add(missing.name, Input(type_), origin=frame.origin(missing.span))
    return Tensor(node.ref, node.type)
