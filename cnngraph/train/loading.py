"""Weights of files that a section begins with: `weights: load("resnet.safetensors", into = trunk)`.

Only the table of a file is read here; the arrays are read one by one when they are needed.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.elaborate.training_spec import Loading
from cnngraph.interop.fitting import Stored
from cnngraph.interop.safetensors import find_weights, names_in, read_weights
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array
from cnngraph.train.initialisers import initial_states, initialiser_of

EMPTY: Mapping[str, Array] = MappingProxyType({})


def first_states(
    graph: Graph, spec: TrainingSpec | None, names: Container[str] | None = None, given: Mapping[str, Array] = EMPTY
) -> dict[str, Array]:
    """First values of all states of `graph`, or of those with these names: those that are `given`, then those of files
    that the section names, then as it says how weights begin. A part begins alike whether it is frozen or not.
    """
    if spec is None:
        return initial_states(graph, 0, None, names, given)
    wanted = {node.name for node in graph.states if node.name not in given and (names is None or node.name in names)}
    known = loaded(spec) if any(wanted & loading.names.keys() for loading in spec.weights) else {}
    read = read_weights({name: stored for name, stored in known.items() if name in wanted})
    return initial_states(_thawed(graph, spec.frozen), spec.seed, initialiser_of(spec.init), names, {**read, **given})


def _thawed(graph: Graph, frozen: Sequence[str]) -> Graph:
    """The graph in which these states are trainable: a chosen initialiser is for them too."""
    if not frozen:
        return graph

    def free(node: Node) -> Node:
        held = isinstance(node.op, State) and node.name in frozen
        return replace(node, op=replace(node.op, trainable=True)) if held else node  # type: ignore[call-arg]

    return replace(graph, nodes=tuple(map(free, graph)))


def loaded(spec: TrainingSpec) -> dict[str, Stored]:
    """Where the weights lie that the section asks for, by state; a later file goes before an earlier one.

    Raises E0703 with all that the files lack or hold in another shape.
    """
    found: dict[str, Stored] = {}
    wrong: list[Diagnostic] = []
    for loading in spec.weights:
        try:
            found |= _found(loading, spec)
        except CnnGraphError as problem:
            first, *others = problem.diagnostics
            place = first.primary or Label(loading.span, "asked for here")
            wrong += [first, *others] if others else [replace(first, primary=place)]  # of several each is told
    if wrong:
        raise CnnGraphError(wrong)
    return found


def _found(loading: Loading, spec: TrainingSpec) -> dict[str, Stored]:
    known = frozenset(names_in(loading.path))
    chosen = {state: next((n for n in names if n in known), names[0]) for state, names in loading.names.items()}
    stored, _ = find_weights(loading.path, {name: spec.graph[state].type for state, name in chosen.items()})
    return {state: stored[name] for state, name in chosen.items()}
