"""All nodes of a graph of ours, written one after the other onto a sheet."""

from __future__ import annotations

from collections.abc import Mapping

from cnngraph.diagnostics import Diagnostic, Label
from cnngraph.interop.onnx.writing.boundary import channels_last
from cnngraph.interop.onnx.writing.flattening import rows_of
from cnngraph.interop.onnx.writing.sheet import Sheet, Value, info_of
from cnngraph.interop.onnx.writing.site import Inexpressible, Page, Site
from cnngraph.interop.onnx.writing.ways import written
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array
from cnngraph.ir.size import SizeError


def fill(
    sheet: Sheet,
    graph: Graph,
    inputs: Mapping[str, Value],
    states: Mapping[str, tuple[str, Array]],
    names: Mapping[Ref, tuple[str, tuple[int, ...]]],
) -> tuple[dict[Ref, Value], list[Diagnostic]]:
    """Write every node of `graph`; its values by reference, and what has no words in ONNX.

    `inputs` are the values of its inputs by name; `states` and `names` are those of `Page`.
    """
    values = {graph[name].ref: value for name, value in inputs.items()}
    page = Page(graph, sheet, values, states, names, rows_of(graph))
    refused = []
    for node in graph:
        if isinstance(node.op, Input | State) or node.ref in values:
            continue
        try:
            values[node.ref] = written(Site(page, node))
        except (Inexpressible, SizeError) as reason:
            refused.append(_refusal(node, str(reason)))
            for index, type_ in enumerate(node.types):
                values[Ref(node.name, index)] = Value("", channels_last(len(type_.shape)))
    for node in graph:
        if not isinstance(node.op, Input | State) and (value := values[node.ref]).name:
            sheet.shapes.append(info_of(value.name, node.type, value.axes))
    return values, refused


def _refusal(node: Node, reason: str) -> Diagnostic:
    place = Label(node.origin.span, f"this is `{node.name}`") if node.origin else None
    return Diagnostic("E0803", f"`{node.name}`: {node.op.name} cannot be written as ONNX: {reason}", place)
