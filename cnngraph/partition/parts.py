"""The part of a graph that one device runs, as a graph of its own: it prints, is drawn and runs like any other.

    image -> conv -> relu -> dense -> softmax        the graph, cut behind relu
    image -> conv -> relu                            gpu0: its output `relu` is sent
             relu -> dense -> softmax                gpu1: its input `relu` is received

A value that crosses has one name in all parts, so that the outputs of one are the feeds of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input


def crossing(graph: Graph, device_of: Mapping[str, str]) -> Mapping[Ref, str]:
    """The name of each value that is made on one device and read on another; in the order of the first readers.

    It is the name of its node, with the number of the result where that is not the first (`split.1`), and with `_`
    where something else is called so.
    """
    values = dict.fromkeys(ref for node in graph for ref in node.inputs if device_of[ref.node] != device_of[node.name])
    names: dict[Ref, str] = {}
    taken = {node.name: node.ref for node in graph} | dict(graph.outputs)
    for ref in values:
        name = f"{ref.node}.{ref.index}" if ref.index else ref.node
        while taken.setdefault(name, ref) != ref:
            name += "_"
        names[ref] = name
    return names


def part_of(graph: Graph, device_of: Mapping[str, str], device: str) -> Graph:
    """What `device` runs.

    Its inputs are the fed values that stand there, and those it receives, by their names; its outputs are the values
    that it sends and the outputs of the graph that it makes; its states and their updates are those of its nodes.
    """
    names = crossing(graph, device_of)
    own = [node for node in graph if device_of[node.name] == device]
    received = _received(own, device_of, device)
    nodes = [Node(names[ref], Input(graph.type_of(ref)), (), (graph.type_of(ref),)) for ref in received]
    renamed = {ref: Ref(names[ref]) for ref in received}
    nodes += [replace(node, inputs=tuple(renamed.get(ref, ref) for ref in node.inputs)) for node in own]
    here = {node.name for node in own}
    sent = {name: ref for ref, name in names.items() if ref.node in here}
    outputs = {name: ref for name, ref in graph.outputs.items() if ref.node in here}
    updates = {state: ref for state, ref in graph.updates.items() if state in here}
    return Graph(f"{graph.name}_{device}", tuple(nodes), {**sent, **outputs}, updates)


def _received(own: Iterable[Node], device_of: Mapping[str, str], device: str) -> list[Ref]:
    """The values that these nodes read and other devices make, in the order of the first readers."""
    return list(dict.fromkeys(ref for node in own for ref in node.inputs if device_of[ref.node] != device))
