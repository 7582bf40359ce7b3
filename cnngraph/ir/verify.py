"""What holds for every graph. A broken promise here is a fault of ours, so it is an AssertionError, not a diagnostic.

The rules themselves (`fault_of_node` and so on) say what is broken, so that the reader of printed graphs uses them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.notation import show
from cnngraph.ir.types import TensorType


def verify(graph: Graph) -> Graph:
    """Check names, order, types, weights, outputs and updates; return the graph itself."""
    seen: dict[str, Node] = {}
    for node in graph.nodes:
        assert node.name not in seen, f"two nodes are named {node.name}"
        fault = fault_of_node(node, seen)
        assert not fault, fault
        seen[node.name] = node
    for name, ref in graph.outputs.items():
        fault = fault_of_output(name, ref, seen)
        assert not fault, fault
    for name, ref in graph.updates.items():
        fault = fault_of_update(name, ref, seen)
        assert not fault, fault
    return graph


def fault_of_node(node: Node, before: Mapping[str, Node]) -> str | None:
    """What is wrong with a node that follows the nodes `before`; raises `OpError` where its operator refuses them."""
    for ref in node.inputs:
        if not _exists(before, ref):
            return f"{node.name} reads {ref}, which does not stand before it"
    types = [before[ref.node].types[ref.index] for ref in node.inputs]
    count = len(types) if node.op.variadic else len(node.op.operands)
    if len(types) < count:
        return f"{node.name} lacks operands: {node.op.name} reads {', '.join(node.op.operands)}"
    inferred = node.op.output_types(types[:count])
    if node.types != inferred:
        return f"{node.name} has the types {_texts(node.types)}, but {node.op.name} infers {_texts(inferred)}"
    weights = [w.type for w in node.op.weight_types(*types[:count]).values()]
    if types[count:] != weights:
        return f"{node.name} has the weights {_texts(types[count:])}, but {node.op.name} wants {_texts(weights)}"
    return None


def fault_of_output(name: str, ref: Ref, nodes: Mapping[str, Node]) -> str | None:
    return None if _exists(nodes, ref) else f"output {name} is {ref}, which does not exist"


def fault_of_update(name: str, ref: Ref, nodes: Mapping[str, Node]) -> str | None:
    if name not in nodes or not isinstance(nodes[name].op, State):
        return f"{name} is updated but is no state"
    if not _exists(nodes, ref):
        return f"{name} becomes {ref}, which does not exist"
    old, new = nodes[name].type, nodes[ref.node].types[ref.index]
    return None if old == new else f"{name} is {show(old)}, but becomes {show(new)}"


def _exists(nodes: Mapping[str, Node], ref: Ref) -> bool:
    return ref.node in nodes and 0 <= ref.index < len(nodes[ref.node].types)


def _texts(types: Sequence[TensorType]) -> str:
    return ", ".join(map(show, types)) or "none"
