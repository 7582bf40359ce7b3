"""What a page says of nodes, operators and blocks beside what every graph view knows."""

from __future__ import annotations

from collections.abc import Mapping

from cnngraph.editor.hover import head_of
from cnngraph.elaborate.modules import Program
from cnngraph.elaborate.values import BlockLayer
from cnngraph.expression.answer import worked_out
from cnngraph.ir.counts import Field, receptive_fields
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.ir.registry import registry
from cnngraph.reference.contract import contract_of, signature
from cnngraph.watch.broken import Absent

PARTS = ("shapes", "weights", "fields", "cost", "source")


def nodes(graph: Graph) -> dict[str, dict[str, object]]:
    """For each node that is computed: how it prints, how its figures come about, and its states.

    >>> from cnngraph.net import loads
    >>> nodes(loads("net n(image: 1@8x8) = conv(4, 3x3)").graph)["conv"]["figures"]["parameters"]
    '3*3*1*4 + 4 = 40'
    """
    fields = receptive_fields(graph)
    return {node.name: _node(graph, node, fields) for node in graph if not isinstance(node.op, State)}


def _node(graph: Graph, node: Node, fields: dict[str, Field | None]) -> dict[str, object]:
    states = [graph[ref.node] for ref in node.inputs if isinstance(graph[ref.node].op, State)]
    told = {
        "printed": str(node.op),
        "figures": {} if isinstance(node.op, Absent) else _figures(graph, node, fields),
        "states": [[state.name, _sizes(state), _is_trainable(state)] for state in states],
    }
    return {name: value for name, value in told.items() if value}


def _figures(graph: Graph, node: Node, fields: dict[str, Field | None]) -> dict[str, str]:
    """Each figure with where it comes from; a window that is not square has one line for each axis."""
    found: dict[str, str] = {}
    for name, text in worked_out(graph, node, fields):
        found[name] = f"{found[name]}; {text}" if name in found else text
    return found


def _sizes(state: Node) -> str:
    """The axes of a state as they lie in memory, for it has no samples: `5x5x6x16`."""
    return "x".join(map(str, state.type.shape)) or "one number"


def _is_trainable(state: Node) -> bool:
    return isinstance(state.op, State) and state.op.trainable


def operators(graph: Graph) -> dict[str, dict[str, object]]:
    """The contract of each operator of the graph that is a word of the language."""
    known = {name: op for name, op in registry().items() if not op.internal}
    used = dict.fromkeys(node.op.name for node in graph)
    return {name: _operator(name) for name in used if name in known}


def _operator(name: str) -> dict[str, object]:
    op = registry()[name]
    contract = contract_of(op)
    return {
        "signature": signature(op),
        "summary": contract.summary,
        "equation": contract.equation,
        "remarks": list(contract.remarks),
        "parts": {part: contract.parts[part] for part in PARTS if part in contract.parts},
    }


def blocks(program: Program) -> Mapping[str, dict[str, object]]:
    """The head and the comment of each block and net of the files, and where it stands."""
    found = {}
    for file in program.files.values():
        for name, (value, _) in file.scope.names.items():
            if isinstance(value, BlockLayer):
                definition = value.definition
                place = {"file": definition.span.source.name, "from": definition.span.start, "to": definition.span.end}
                told = {"head": head_of(definition), "documentation": definition.documentation or ""}
                found[name] = {**told, **place}
    return found
