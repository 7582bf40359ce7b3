"""Cells along a sequence: an ONNX Scan with the cell as its body. Weights stay outside, where their names are."""

from __future__ import annotations

from dataclasses import replace

from onnx import GraphProto

from cnngraph.interop.onnx.writing.boundary import channels_last
from cnngraph.interop.onnx.writing.page import fill
from cnngraph.interop.onnx.writing.sheet import Sheet, Value, info_of
from cnngraph.interop.onnx.writing.site import Inexpressible, Site
from cnngraph.ir.graph import Graph, Node


def scan(site: Site) -> Value:
    """Each state is carried on, and given at every position; the result holds them side by side.

        states before, x  ->  Scan { states, x[t] -> next states, next states }  ->  states after, states at all t
    """
    cell = _of_kind(site.op.graph, site.node.type.dtype)
    states, axes = cell.inputs[1:], channels_last(len(site.node.type.shape))
    before = [_before(site, i, state) for i, state in enumerate(states)]
    after = [site.sheet.store.fresh(f"{site.path}.{state.name}.last") for state in states]
    attributes = {
        "body": _body(site, cell),
        "num_scan_inputs": 1,
        "scan_input_axes": [site.value().axis(1)],
        "scan_input_directions": [int(site.op.reverse)],
        "scan_output_axes": [1] * len(states),
        "scan_output_directions": [int(site.op.reverse)] * len(states),
    }
    inputs = [*before, site.value().name]
    if len(states) == 1:
        value = site.named(site.node.ref, axes)
        site.sheet.add("Scan", inputs, [*after, value.name], attributes, site.path, site.remarks())
        return value
    all_ = [site.sheet.store.fresh(f"{site.path}.{state.name}.all") for state in states]
    name = site.sheet.store.fresh(f"{site.path}.scan")
    site.sheet.add("Scan", inputs, [*after, *all_], attributes, name, site.remarks())
    return site.result("Concat", *all_, axes=axes, axis=len(axes) - 1)


def _before(site: Site, index: int, state: Node) -> str:
    """A state before the first position: what the node is given, or zeros."""
    if site.op.started:
        return site.last(index + 1)
    x = site.value()
    shape = site.sizes(state.type.shape, (x.name, x.sizes(site.type())))
    return site.add("Expand", site.numbers("zero", 0, state.type.dtype), shape, name=f"{state.name}.first")


def _body(site: Site, cell: Graph) -> GraphProto:
    """The cell at one position: (states, x[t]) -> (next states, next states as results)."""
    sheet = Sheet(site.sheet.store, site.sheet.opset, f"{site.path}.")
    x, *states = cell.inputs
    at_one = tuple(axis - (axis > 1) for axis in site.value().axes if axis != 1)
    given = {node.name: Value(sheet.store.fresh(f"{sheet.prefix}{node.name}"), _own(node)) for node in states}
    given[x.name] = Value(sheet.store.fresh(f"{sheet.prefix}{x.name}"), at_one)
    weights = dict(zip(site.op.weights, site.node.inputs[len(site.op.operands) :], strict=True))
    kept = {name: site.page.states[ref.node] for name, ref in weights.items() if ref.node in site.page.states}
    values, refused = fill(sheet, cell, given, kept, {})
    if refused or len(kept) < len(weights):
        raise Inexpressible("; ".join([found.message for found in refused] or ["a weight of its cell is computed"]))
    ends: list[str] = []
    for state, ref in zip(states, cell.outputs.values(), strict=True):
        name, inputs = sheet.turned(values[ref], _own(state)), {value.name for value in given.values()}
        ends.append(_again(sheet, name, f"{state.name}.next") if name in {*ends, *inputs} else name)
    results = [_again(sheet, end, f"{state.name}.result") for end, state in zip(ends, states, strict=True)]
    infos = [info_of(given[node.name].name, node.type, given[node.name].axes) for node in (*states, x)]
    outputs = [info_of(name, node.type, _own(node)) for name, node in zip((*ends, *results), states * 2, strict=True)]
    return sheet.graph(cell.name, infos, outputs)


def _again(sheet: Sheet, value: str, name: str) -> str:
    """The value under one more name: of two results with one name, ONNX Runtime 1.31 computes one wrong."""
    found = sheet.store.fresh(f"{sheet.prefix}{name}")
    sheet.add("Identity", [value], [found], {}, found, {})
    return found


def _own(node: Node) -> tuple[int, ...]:
    return channels_last(len(node.type.shape))


def _of_kind(cell: Graph, dtype: str) -> Graph:
    """The cell with its numbers in this precision."""
    nodes = [
        replace(node, types=tuple(t if t.dtype == "int64" else replace(t, dtype=dtype) for t in node.types))
        for node in cell
    ]
    return replace(cell, nodes=tuple(nodes))


WAYS = {"scan": scan}
