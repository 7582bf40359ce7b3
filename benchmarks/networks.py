"""The networks that are compared, and what all engines get of one: the same graph, weights and data.

Peers are given the graph as people would write it (`forward`, `loss`), before our own passes; cnngraph what it runs
itself (`ours`, `step`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from cnngraph.autodiff.step import RATE
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, Op, rng
from cnngraph.net import load
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.dropout import Dropout
from cnngraph.ops.sgd import Sgd
from cnngraph.passes.drop_identity import drop_identity
from cnngraph.passes.fuse_loss import fuse_loss
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.passes.prune import prune
from cnngraph.passes.training import to_training
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states
from cnngraph.train.step import step_of

Values: TypeAlias = dict[str, Array]

COMMON_STEP = Sgd(momentum=0.9)  # where a file has no train section
LEARNING_RATE = 1e-3  # for all: it costs no time, and many steps on one batch stay finite
CALIBRATION_BATCH = 2


@dataclass(frozen=True)
class Choice:
    """How a network is compared: samples in a batch, settings of its file, positions where they are open."""

    batch: int = 8
    settings: Mapping[str, object] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)


NETWORKS: Mapping[str, Choice] = {
    "lenet5": Choice(128),
    "alexnet": Choice(16),
    "googlenet": Choice(8, {"heads": False}),
    "resnet18": Choice(8),
    "resnet50": Choice(8),
    "resnet152": Choice(4),
    "vgg16": Choice(4),
    "densenet121": Choice(8),
    "unet": Choice(2, sizes={"H": 160, "W": 160}),
    "mobilenet_v2": Choice(8),
}


@dataclass(frozen=True)
class Subject:
    """A network at one batch. `states` and `feeds` are arrays of ours: channels last, weights as (h, w, c, k)."""

    name: str
    batch: int
    graph: Graph
    spec: TrainingSpec
    states: Values
    feeds: Values

    @cached_property
    def forward(self) -> Graph:
        """Prediction, as it is written."""
        return run(self.graph, (drop_identity, prune))

    @cached_property
    def loss(self) -> Graph:
        """The loss alone, in its form for training; softmax and cross-entropy are one operator in every engine."""
        graph = self.spec.graph
        return run(
            replace(graph, outputs={"loss": graph.outputs["loss"]}), (to_training, drop_identity, fuse_loss, prune)
        )

    @cached_property
    def ours(self) -> Graph:
        return run(self.graph, INFERENCE)

    @cached_property
    def step(self) -> Graph:
        """Loss, gradients and updates as one graph of ours."""
        step = step_of(self.spec, run(self.spec.graph, TRAINING))
        return run(replace(step, outputs={"loss": step.outputs["loss"]}), (prune,))

    @property
    def optimizer(self) -> Sgd:
        assert isinstance(self.spec.optimizer, Sgd)
        return self.spec.optimizer

    def fed(self, graph: Graph) -> Values:
        """The feeds that this graph reads."""
        return {node.name: self.feeds[node.name] for node in graph.inputs}

    def at(self, batch: int) -> Subject:
        """The same network on other data of this batch."""
        return replace(self, batch=batch, feeds=drawn(self.step, batch, self.sizes))

    @property
    def sizes(self) -> Mapping[str, int]:
        return NETWORKS.get(self.name, Choice()).sizes

    @cached_property
    def without_chance(self) -> Subject:
        """The same network where dropout keeps everything, so that steps can be compared; itself where none drops."""
        if not any(isinstance(node.op, Dropout) for node in self.graph):
            return self
        spec = replace(self.spec, graph=changed(self.spec.graph, _keeping))
        return replace(self, graph=changed(self.graph, _keeping), spec=spec)


def subject(name: str, batch: int | None = None) -> Subject:
    """A network of `specs/nets` with its first weights, and batch statistics that belong to them."""
    read = without_states(name, batch)
    states = initial_states(read.step, seed=0)
    return replace(read, states=states | calibrated(read, states))


def without_states(name: str, batch: int | None = None) -> Subject:
    """A network whose weights are not drawn yet."""
    choice = NETWORKS.get(name, Choice())
    net = load(resource("specs", "nets", f"{name}.cnn"), **choice.settings)
    spec = net.training
    optimizer = COMMON_STEP if spec.optimizer == Sgd() else spec.optimizer
    assert isinstance(optimizer, Sgd), f"the peers have no {optimizer.name} set up"
    spec = replace(spec, optimizer=replace(optimizer, lr=LEARNING_RATE))
    batch = choice.batch if batch is None else batch
    return Subject(name, batch, net.graph, spec, {}, {}).at(batch)


def calibrated(read: Subject, states: Values) -> Values:
    """Running statistics as training leaves them.

    With those of a new network a deep one with skips grows beyond all bounds, and all engines agree on its one class.
    """
    if not any(isinstance(node.op, BatchNorm) for node in read.graph):
        return {}
    graph = changed(read.loss, _forgetting)
    runner = Runner(graph, {node.name: states[node.name] for node in graph.states})
    runner.run(drawn(graph, CALIBRATION_BATCH, read.sizes))
    return {name: runner.states[name] for name in graph.updates if graph[name].type.dtype == "float32"}


def drawn(graph: Graph, batch: int, sizes: Mapping[str, int] | None = None) -> Values:
    """Data for the inputs of a graph, the same in every process."""
    feeds: Values = {}
    for node in graph.inputs:
        type_ = node.type.bind(batch=batch, **(sizes or {}))
        if type_.vocabulary is not None:
            feeds[node.name] = rng(1).integers(0, type_.vocabulary, type_.concrete)
        elif node.name == RATE:
            feeds[node.name] = np.array(1.0, np.float32)
        else:
            feeds[node.name] = rng(2).normal(size=type_.concrete).astype(np.float32)
    return feeds


def changed(graph: Graph, rule: Callable[[Op], Op]) -> Graph:
    """The graph with each operator as `rule` gives it."""
    builder = Builder()
    for node in graph:
        builder.add(node.name, rule(node.op), node.inputs)
    return builder.finish(graph.name, graph.outputs, graph.updates, graph.facts)


def _keeping(op: Op) -> Op:
    return replace(op, rate=0.0) if isinstance(op, Dropout) else op


def _forgetting(op: Op) -> Op:
    return replace(op, momentum=0.0) if isinstance(op, BatchNorm) else op
