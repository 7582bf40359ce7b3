"""What a `train` section says, read and checked: settings that the trainer gives their meaning, and steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cnngraph.diagnostics import Span
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Op


@dataclass(frozen=True)
class Setting:
    """A call in the train section, e.g. `mnist(pad = 2, batch = 64)`: a name that the trainer gives its meaning.

    In `metrics` and `noise` the name of a value stands for itself, as a text.
    """

    name: str
    positional: tuple[object, ...]
    named: Mapping[str, object]
    span: Span


@dataclass(frozen=True)
class StepSpec:
    """A step that each batch takes: `loss` is an output of the graph, `updates` the states that may change (None: all
    that the loss depends on), `optimizer` its own one if it has one.
    """

    name: str
    loss: str
    updates: tuple[str, ...] | None = None
    optimizer: Op | None = None


@dataclass(frozen=True)
class Loading:
    """Weights that are in a file before the training: which name of the file may be which state.

    `names` has for each state the names that it may have in the file, the likeliest first.
    """

    path: Path
    names: Mapping[str, tuple[str, ...]]
    span: Span


@dataclass(frozen=True)
class TrainingSpec:
    """How a net is trained. `graph` has the outputs of the net, and `loss`; with several steps it is the sum of theirs,
    which are there too, as `loss.<step>`.

    `prediction` is the output whose largest feature is the predicted class, and `label` the input it is compared with;
    both are empty where no loss compares classes. States that are frozen are not trainable in `graph`. `rates` has what
    the learning rate of some states is multiplied by. `noise` is drawn for the inputs that it names.
    """

    name: str
    graph: Graph
    prediction: str
    label: str
    optimizer: Op
    schedule: Setting | None
    data: Setting | None
    augment: tuple[Setting, ...]
    epochs: int
    seed: int
    batch: int | None
    init: Setting | None = None
    decay: Setting | None = None
    clip: Setting | None = None
    average: Setting | None = None
    steps: tuple[StepSpec, ...] = ()
    noise: tuple[Setting, ...] = ()
    frozen: tuple[str, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    weights: tuple[Loading, ...] = ()
    metrics: tuple[Setting, ...] = ()
    stop: Setting | None = None
    accumulate: int = 1
    class_weights: Setting | tuple[float, ...] | None = None
