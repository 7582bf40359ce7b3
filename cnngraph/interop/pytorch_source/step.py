"""What a network does in PyTorch, step by step: modules and functions applied to values, in the order of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.diagnostics import Origin
from cnngraph.interop.pytorch_source.form import Form
from cnngraph.ir.op import Array

Turn = Callable[[Array], Array]


@dataclass(frozen=True)
class Weight:
    """A state of ours as an array of a module: `turn` puts its axes in PyTorch's order."""

    attribute: str
    state: str
    turn: Turn = np.ascontiguousarray


@dataclass(frozen=True)
class Step:
    """One application. `path` says in which blocks it stands; `inputs` and `results` are names of values.

    `modules` is how it is made as an attribute (several are a sequence, the last of them has the weights), `function`
    how it is written without one; a step has one of them or both. `call` is for a module that is not simply called
    with its inputs, and `pattern` for several results that are not simply a tuple; `_` is a result that nobody wants.
    """

    path: tuple[str, ...]
    inputs: tuple[str, ...]
    results: tuple[str, ...]
    modules: tuple[Form, ...] = ()
    function: Form | None = None
    weights: tuple[Weight, ...] = ()
    cell: Cell | None = None
    call: Form | None = None
    pattern: str = ""
    origin: Origin | None = None
    shape: str = ""
    word: str = ""  # the name of the operator; a path that ends otherwise has a label of the file

    @property
    def states(self) -> tuple[str, ...]:
        inner = self.cell.states if self.cell else ()
        return (*(weight.state for weight in self.weights), *inner)

    @property
    def kept(self) -> bool:
        """Whether it must be an attribute: it has weights, or training changes what it does."""
        return self.function is None


@dataclass(frozen=True)
class Cell:
    """What a scan does at one position: steps of its own, from `inputs` to `outputs`."""

    name: str
    steps: tuple[Step, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def states(self) -> tuple[str, ...]:
        return states_of(self.steps)


def states_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """The states that steps read, each once, in order."""
    return tuple(dict.fromkeys(state for step in steps for state in step.states))
