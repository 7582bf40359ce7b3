"""cnngraph itself, on NumPy alone, or with the loops that the extra `[jit]` compiles."""

from __future__ import annotations

from functools import partial

from benchmarks.engine import COMPILED, OURS, Engine, Work
from benchmarks.networks import Subject, Values
from cnngraph.autodiff.step import trainable_states
from cnngraph.ir.graph import Graph
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings


def inference(subject: Subject, threads: int, compiled: bool) -> Work:
    """One prediction."""
    runner, feeds = runner_of(subject.ours, subject.states, threads, compiled), subject.fed(subject.ours)
    last: Values = {}
    return Work(lambda: last.update(runner.run(feeds)), lambda: dict(last))


def training(subject: Subject, threads: int, compiled: bool) -> Work:
    """One step; its results are the loss and the weights after it."""
    graph = subject.step
    runner, feeds = runner_of(graph, subject.states, threads, compiled), subject.fed(graph)
    names = trainable_states(subject.loss, subject.loss.outputs["loss"])
    last: Values = {}
    return Work(
        lambda: last.update(runner.run(feeds)), lambda: last | {name: runner.states[name].copy() for name in names}
    )


def runner_of(graph: Graph, states: Values, threads: int, compiled: bool = True) -> Runner:
    needed = {node.name: states[node.name] for node in graph.states}
    return Runner(graph, needed, settings=Settings(workers=threads, compiled=compiled))


ENGINES = {
    name: Engine(partial(inference, compiled=compiled), partial(training, compiled=compiled))
    for name, compiled in ((OURS, False), (COMPILED, True))
}
