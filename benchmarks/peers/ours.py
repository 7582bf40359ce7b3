"""cnngraph itself."""

from __future__ import annotations

from benchmarks.engine import OURS, Engine, Work
from benchmarks.networks import Subject, Values
from cnngraph.autodiff.step import trainable_states
from cnngraph.ir.graph import Graph
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings


def inference(subject: Subject, threads: int) -> Work:
    """One prediction."""
    runner, feeds = runner_of(subject.ours, subject.states, threads), subject.fed(subject.ours)
    last: Values = {}
    return Work(lambda: last.update(runner.run(feeds)), lambda: dict(last))


def training(subject: Subject, threads: int) -> Work:
    """One step; its results are the loss and the weights after it."""
    graph = subject.step
    runner, feeds = runner_of(graph, subject.states, threads), subject.fed(graph)
    names = trainable_states(subject.loss, subject.loss.outputs["loss"])
    last: Values = {}
    return Work(
        lambda: last.update(runner.run(feeds)), lambda: last | {name: runner.states[name].copy() for name in names}
    )


def runner_of(graph: Graph, states: Values, threads: int) -> Runner:
    needed = {node.name: states[node.name] for node in graph.states}
    return Runner(graph, needed, settings=Settings(workers=threads))


ENGINES = {OURS: Engine(inference, training)}
