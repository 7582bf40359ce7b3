"""How long an operator takes and how large it is, from its `Cost` and the speed of a device (plain numbers)."""

from __future__ import annotations

from collections.abc import Iterable

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.op import Cost, total_bytes
from cnngraph.ir.size import number


def seconds(cost: Cost, flops_per_second: float, bytes_per_second: float) -> float:
    """Roofline: arithmetic and memory traffic overlap, so the slower one counts.

        t = max(flops / flops_per_second, bytes_moved / bytes_per_second)

    source: Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009.

    >>> seconds(Cost(flops=6_000, bytes_moved=100), flops_per_second=1000, bytes_per_second=50)
    6.0
    """
    return max(number(cost.flops) / flops_per_second, number(cost.bytes_moved) / bytes_per_second)


def batch_cost(graph: Graph, node: Node) -> Cost:
    """Cost of one application of a node of a bound graph, for its whole batch."""
    return node.op.cost(graph.input_types(node), node.types)


def value_bytes(node: Node) -> tuple[int, ...]:
    """Bytes of each result of a node of a bound graph."""
    return tuple(number(t.bytes) for t in node.types)


def total_value_bytes(nodes: Iterable[Node]) -> int:
    """Bytes of the results of all `nodes` together: of weights, if they are states."""
    return sum(number(total_bytes(node.types)) for node in nodes)


def require_bound(graph: Graph) -> Graph:
    """The graph itself, if no size of it is a symbol; otherwise an error that names them."""
    if not graph.symbols:
        return graph
    names = ", ".join(graph.symbols)
    examples = ", ".join(f"{name}=8" for name in graph.symbols)
    raise error(
        "E0109",
        f"{graph.name} has sizes that are not numbers yet: {names}",
        f"give each a number: `graph.bind({examples})`, or `--set` on the command line",
    )
