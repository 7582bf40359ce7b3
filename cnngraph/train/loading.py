"""Weights of files that a section begins with: `weights: load("resnet.safetensors", into = trunk)`.

Only the table of a file is read here; the arrays are read one by one when they are needed.
"""

from __future__ import annotations

from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.elaborate.training_spec import Loading
from cnngraph.interop.fitting import Stored
from cnngraph.interop.safetensors import find_weights, names_in


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
            wrong += problem.diagnostics
    if wrong:
        raise CnnGraphError(wrong)
    return found


def _found(loading: Loading, spec: TrainingSpec) -> dict[str, Stored]:
    known = frozenset(names_in(loading.path))
    chosen = {state: next((n for n in names if n in known), names[0]) for state, names in loading.names.items()}
    stored, _ = find_weights(loading.path, {name: spec.graph[state].type for state, name in chosen.items()})
    return {state: stored[name] for state, name in chosen.items()}
