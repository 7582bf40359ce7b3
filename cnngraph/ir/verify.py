"""What holds for every graph. A broken promise here is a fault of ours, so it is an AssertionError, not a diagnostic."""

from __future__ import annotations

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State


def verify(graph: Graph) -> Graph:
    """Check names, order, types, weights, outputs and updates; return the graph itself."""
    assert len(graph.by_name) == len(graph.nodes), "node names are unique"
    seen: dict[str, Node] = {}
    for node in graph.nodes:
        for ref in node.inputs:
            assert _exists(seen, ref), f"{node.name} reads {ref}, which does not stand before it"
        _verify_types(graph, node)
        seen[node.name] = node
    for name, ref in graph.outputs.items():
        assert _exists(seen, ref), f"output {name} is {ref}, which does not exist"
    for name, ref in graph.updates.items():
        assert name in seen and isinstance(seen[name].op, State), f"{name} is updated but is no state"
        assert _exists(seen, ref), f"{name} becomes {ref}, which does not exist"
        assert graph.type_of(ref) == seen[name].type, f"{name}: {seen[name].type} becomes {graph.type_of(ref)}"
    return graph


def _verify_types(graph: Graph, node: Node) -> None:
    types = graph.input_types(node)
    count = len(types) if node.op.variadic else len(node.op.operands)
    assert len(types) >= count, f"{node.name} lacks operands"
    assert node.types == node.op.output_types(types[:count]), f"{node.name} has other types than its operator infers"
    weights = tuple(w.type for w in node.op.weight_types(*types[:count]).values())
    assert types[count:] == weights, f"{node.name} has weights {types[count:]}, its operator wants {weights}"


def _exists(seen: dict[str, Node], ref: Ref) -> bool:
    return ref.node in seen and 0 <= ref.index < len(seen[ref.node].types)
