"""The meaning of a graph, in ten lines: each node applied in order to float64 arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array, rng
from cnngraph.ir.types import TensorType

Values = dict[str, Array]


def evaluate(graph: Graph, given: Mapping[str, Array]) -> Values:
    """All results by name; `given` holds the inputs and states. Checks each result against its type."""
    found: dict[Ref, Array] = {}
    for node in graph:
        leaf = isinstance(node.op, Input | State)
        results = (given[node.name],) if leaf else node.op.apply([found[ref] for ref in node.inputs])
        for index, (result, type_) in enumerate(zip(results, node.types, strict=True)):
            assert result.shape == type_.concrete, f"{node.name}: {result.shape} is not {type_}"
            assert result.dtype == type_.dtype, f"{node.name}: {result.dtype} is not {type_.dtype}"
            found[Ref(node.name, index)] = result
    return {str(ref): value for ref, value in found.items()}


def filled(graph: Graph, seed: int = 0) -> Values:
    """Values for all inputs and states, different at each place."""
    leaves = [node for node in graph if isinstance(node.op, Input | State)]
    return {node.name: _filled(node.type, seed, place) for place, node in enumerate(leaves)}


def _filled(type_: TensorType, seed: int, place: int) -> Array:
    random = rng(seed, place)
    if type_.vocabulary is not None:
        return random.integers(0, type_.vocabulary, type_.concrete)
    if type_.dtype == "int64":
        return np.array([seed, place])
    return np.asarray(random.uniform(0.2, 1.5, type_.concrete), type_.dtype)


def slope(graph: Graph, loss: Ref, given: Mapping[str, Array], name: str, direction: Array) -> float:
    """The slope of the loss when the value of `name` moves along `direction`, by central differences."""
    step = 1e-6
    above, below = (
        evaluate(graph, {**given, name: given[name] + sign * step * direction})[str(loss)] for sign in (1, -1)
    )
    return float(above - below) / (2 * step)
