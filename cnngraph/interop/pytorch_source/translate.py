"""A graph as steps in PyTorch: each operator by the function of its family, in the order of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.interop.pytorch_source.layout import Layout, Value, shape_text, turned
from cnngraph.interop.pytorch_source.meaning import merges, norms, recurrent, shapes, values, windows, words
from cnngraph.interop.pytorch_source.orders import orders_of
from cnngraph.interop.pytorch_source.site import Site, Unwritable
from cnngraph.interop.pytorch_source.step import Cell, Step
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.types import TensorType

MEANING: Mapping[str, Callable[[Site], None]] = {
    **windows.MEANING,
    **norms.MEANING,
    **values.MEANING,
    **merges.MEANING,
    **shapes.MEANING,
    **words.MEANING,
    **recurrent.MEANING,
}
"""What writes each operator."""


@dataclass(frozen=True)
class Program:
    """Steps from `inputs` to `outputs`, which are names of values, with the layouts of both."""

    steps: tuple[Step, ...]
    inputs: Mapping[str, Layout]
    outputs: Mapping[str, Value]
    types: Mapping[str, tuple[TensorType, Layout]]


def translate(graph: Graph) -> Program:
    """The steps of a graph. Raises E0803 for each operator that cannot be written."""
    program, wrong = _translated(graph, {}, {})
    if wrong:
        raise CnnGraphError(wrong)
    return program


def _translated(
    graph: Graph, inner: Mapping[str, str], types: dict[str, tuple[TensorType, Layout]]
) -> tuple[Program, list[Diagnostic]]:
    values: dict[Ref, Value] = {}
    orders, steps, wrong = orders_of(graph), list[Step](), list[Diagnostic]()
    for node in graph:
        if isinstance(node.op, State):
            continue
        if isinstance(node.op, Input):
            values[node.ref] = Value(node.name, _input_layout(graph, node))
            types[node.name] = (node.type, values[node.ref].layout)
            continue
        site = Site(graph, node, values, orders, steps, types, _cell_of(wrong, types), inner)
        if node.ref in values:  # a part or an end that another node has already given
            continue
        try:
            _rule(node)(site)
        except Unwritable as reason:
            wrong.append(_refusal(graph, node, str(reason)))
            values[node.ref] = Value(node.name)
    outputs = {}
    if not wrong:
        outputs = {name: _ended(graph, ref, values[ref], steps) for name, ref in graph.outputs.items()}
    inputs = {node.name: values[node.ref].layout for node in graph.inputs}
    return Program(_read(steps, outputs), inputs, outputs, types), wrong


def _cell_of(
    wrong: list[Diagnostic], types: dict[str, tuple[TensorType, Layout]]
) -> Callable[[Graph, Mapping[str, str]], Cell]:
    def cell(graph: Graph, inner: Mapping[str, str]) -> Cell:
        program, found = _translated(graph, inner, types)
        wrong.extend(found)
        outputs = tuple(value.name for value in program.outputs.values())
        return Cell(graph.name, program.steps, tuple(program.inputs), outputs)

    return cell


def _rule(node: Node) -> Callable[[Site], None]:
    if node.op.name not in MEANING:
        raise Unwritable("PyTorch source has no words for it")
    return MEANING[node.op.name]


def _refusal(graph: Graph, node: Node, reason: str) -> Diagnostic:
    label = Label(node.origin.span, "here") if node.origin else None
    message = f"{graph.name} cannot be written as PyTorch source: {node.op.name} ({node.name}): {reason}"
    return Diagnostic("E0803", message, label)


def _input_layout(graph: Graph, node: Node) -> Layout:
    """Images begin with their features; a sequence as its first reader wants it."""
    if len(node.type.shape) != 3 or node.type.vocabulary is not None:
        return Layout.FIRST
    on_words = ("linear", "layernorm", "scan", "add_positions", "prepend_token", "split_heads")
    users = graph.users[node.name]
    return Layout.LAST if users and all(user.op.name in on_words for user in users) else Layout.FIRST


def _ended(graph: Graph, ref: Ref, value: Value, steps: list[Step]) -> Value:
    """An output as it leaves: images features first, and no value of a recurrent module with an axis for its layers."""
    type_ = graph.type_of(ref)
    wanted = value.layout
    if value.layout is Layout.STATE or len(type_.shape) > 3:
        wanted = Layout.FIRST
    if wanted is value.layout or type_.vocabulary is not None:
        return value
    name = f"{value.name}.out"
    form = turned(type_, value.layout, wanted)
    steps.append(Step((name,), (value.name,), (name,), (), form, shape=shape_text(type_, wanted)))
    return Value(name, wanted)


def _read(steps: list[Step], outputs: Mapping[str, Value]) -> tuple[Step, ...]:
    """The steps that lead to an output; results that nobody reads are `_`."""
    needed = {value.name for value in outputs.values()}
    kept: list[Step] = []
    for step in reversed(steps):
        if needed & set(step.results):
            needed.update(step.inputs)
            kept.append(replace(step, results=tuple(name if name in needed else "_" for name in step.results)))
    return tuple(reversed(kept))
