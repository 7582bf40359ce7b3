"""Figures of a whole graph, as papers print them: parameters, depth, multiply-adds, receptive field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Cost, total_elements
from cnngraph.ir.size import Dim


def parameters(graph: Graph, within: str | None = None) -> Dim:
    """Number of trainable numbers; with `within`, of the nodes whose path begins with that name."""
    return trainable(_states(graph, within))


def trainable(states: Iterable[Node]) -> Dim:
    """Number of trainable numbers in these states."""
    return total_elements([n.type for n in states if isinstance(n.op, State) and n.op.trainable])


def depth(graph: Graph) -> int:
    """Layers with weights on the longest path from an input to an output."""
    deepest: dict[str, int] = {}
    for node in graph:
        before = max((deepest[ref.node] for ref in node.inputs), default=0)
        deepest[node.name] = before + node.op.counts_depth
    return max((deepest[ref.node] for ref in graph.outputs.values()), default=0)


def cost_of(graph: Graph, node: Node) -> Cost:
    """Cost of a node for one sample."""
    one = [t.bind(batch=1) for t in graph.input_types(node)]
    return node.op.bind({"batch": 1}).cost(one, [t.bind(batch=1) for t in node.types])


def multiply_adds(graph: Graph) -> Dim:
    """Multiply-adds of all products, for one sample."""
    return sum([cost_of(graph, node).multiply_adds for node in graph])


@dataclass(frozen=True)
class Field:
    """How far one output position sees: extent and step along each position axis of the input; None sees all of it."""

    extent: tuple[int, ...]
    step: tuple[int | Fraction, ...]

    def __str__(self) -> str:
        return "x".join(map(str, self.extent))


def receptive_fields(graph: Graph) -> dict[str, Field | None]:
    """For each node with positions: the patch of the input that one of its positions depends on.

    Araujo, Norris, Sim: Computing receptive fields of convolutional neural networks, Distill 2019, equation 2.
    """
    fields: dict[str, Field | None] = {}
    for node in graph:
        type_ = node.type
        rank = len(type_.positions) if type_.batched else 0
        before = [fields[ref.node] for ref in node.inputs if ref.node in fields]
        if not type_.batched:
            continue
        source = _input_rank(graph, node)
        seen = node.op.field_of_view(source)
        if not node.inputs or not before:
            fields[node.name] = Field((1,) * rank, (1,) * rank)
        elif seen is None or any(field is None for field in before):
            fields[node.name] = None
        else:
            fields[node.name] = _slide(_widest([f for f in before if f]), seen)
    return fields


def _input_rank(graph: Graph, node: Node) -> int:
    ranks = [len(t.positions) for t in graph.input_types(node) if t.batched]
    return max(ranks, default=0)


def _slide(field: Field, seen: tuple[tuple[int, int | Fraction], ...]) -> Field:
    if len(field.extent) != len(seen):
        return field
    axes = zip(field.extent, field.step, seen, strict=True)
    moved = [(ceil(extent + (window - 1) * step), step * stride) for extent, step, (window, stride) in axes]
    return Field(tuple(e for e, _ in moved), tuple(s for _, s in moved))


def _widest(fields: list[Field]) -> Field:
    rank = max(len(f.extent) for f in fields)
    full = [f for f in fields if len(f.extent) == rank]
    return Field(
        tuple(max(f.extent[a] for f in full) for a in range(rank)),
        tuple(max(f.step[a] for f in full) for a in range(rank)),
    )


def _states(graph: Graph, within: str | None) -> Iterable[Node]:
    for node in graph.states:
        if within is None or node.name == within or node.name.startswith((f"{within}.", f"{within}[")):
            yield node


__all__ = ["Field", "cost_of", "depth", "multiply_adds", "parameters", "receptive_fields", "trainable"]
