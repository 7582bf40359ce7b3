"""What each node takes when a graph is run: by one worker, while as many as asked for do the same beside it.

    worker 0   run, run, ...   clocked run, clocked run, ...        the seconds of a node are the lower quartile of its
    worker 1   run, run, ...   clocked run, clocked run, ...        clocked runs, scaled: all nodes make one plain run
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import fmean
from time import perf_counter
from typing import Any, Protocol

from cnngraph.cost.model import require_bound
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array
from cnngraph.partition.device import Device
from cnngraph.partition.kind import kind_of
from cnngraph.partition.profile import Executed, Profile
from cnngraph.partition.spread import spread
from cnngraph.partition.work import estimates
from cnngraph.passes import pipeline as passes
from cnngraph.plan.batch import Batch
from cnngraph.runtime.feeds import sizes_of
from cnngraph.runtime.machine import lower_quartile
from cnngraph.runtime.measured import machine_text
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings
from cnngraph.runtime.worker import Timing

Clock = Callable[[], float]
ROUNDS = 7


class Timed(Protocol):
    """What is measured: an `Executor`."""

    def run(self, feeds: Mapping[str, Any]) -> object: ...

    def timed(self, feeds: Mapping[str, Any]) -> Sequence[Timing]: ...


def profiled(
    graph: Graph,
    states: Mapping[str, Array],
    feeds: Mapping[str, Any],
    device: Device,
    workers: int = 1,
    rounds: int = ROUNDS,
    gradient: bool = False,
) -> Profile:
    """Measure a graph on these feeds, and compare with what `device` would take by the cost model."""
    runners = [Runner(graph, states, settings=Settings(workers=1)) for _ in range(workers)]
    executors = [runner.executor(feeds) for runner in runners]
    fed = {name: feeds[name] for name in executors[0].plan.inputs}
    run_seconds, seconds = node_seconds(executors, fed, rounds)
    return compared(graph, fed, device, run_seconds, seconds, workers, gradient)


def compared(
    graph: Graph,
    feeds: Mapping[str, Any],
    device: Device,
    run_seconds: float,
    seconds: Mapping[str, float],
    workers: int = 1,
    gradient: bool = False,
) -> Profile:
    """The profile of a graph, from what its executed nodes took."""
    sizes = sizes_of(graph, feeds)
    bound = require_bound(graph.bind(**sizes))
    lowered = passes.run(graph, passes.EXECUTION).bind(**sizes)
    computing = [(i, node) for i, node in enumerate(lowered) if not isinstance(node.op, Input | State)]
    launches = len(Batch(graph, sizes).tiles)
    expected = estimates(lowered, [device], launches)[0]
    executed = tuple(
        Executed(
            node.name,
            str(node.op),
            kind_of(node.op, lowered.input_types(node), node.types),
            float(expected[i]),
            seconds.get(node.name, 0.0),
        )
        for i, node in computing
    )
    weight = dict(zip((node.name for node in bound), map(float, estimates(bound, [device], launches)[0]), strict=True))
    nodes = spread({each.node: each.measured_seconds for each in executed}, lowered, bound, weight)
    shapes = {node.name: node.type.concrete for node in bound.inputs}
    return Profile(graph.name, gradient, shapes, machine_text(), workers, device, run_seconds, executed, nodes)


def node_seconds(
    executors: Sequence[Timed], feeds: Mapping[str, Any], rounds: int = ROUNDS, clock: Clock = perf_counter
) -> tuple[float, dict[str, float]]:
    """Seconds of a run, and of each node in it: all executors at once, the mean over them.

    What belongs to no node (copies, what is fed and given out) is every node's in proportion.
    """
    meeting = threading.Barrier(len(executors))
    with ThreadPoolExecutor(len(executors)) as pool:
        waiting = [pool.submit(_measured, each, feeds, rounds, clock, meeting) for each in executors]
        found = [each.result() for each in waiting]
    run_seconds = fmean(run for run, _ in found)
    names = found[0][1]
    seconds = {name: fmean(taken[name] for _, taken in found) for name in names}
    total = sum(seconds.values())
    return run_seconds, {name: each * run_seconds / total if total else 0.0 for name, each in seconds.items()}


def _measured(
    executor: Timed, feeds: Mapping[str, Any], rounds: int, clock: Clock, meeting: threading.Barrier
) -> tuple[float, dict[str, float]]:
    try:
        executor.run(feeds)  # the memory is touched for the first time
        meeting.wait()
        taken = []
        for _ in range(rounds):
            start = clock()
            executor.run(feeds)
            taken.append(clock() - start)
        clocked = [executor.timed(feeds) for _ in range(rounds)]
    except BaseException:
        meeting.abort()  # the others must not wait for one that failed
        raise
    seconds: dict[str, float] = {}
    for steps in zip(*clocked, strict=True):
        if name := steps[0].node:
            seconds[name] = seconds.get(name, 0.0) + lower_quartile([step.seconds for step in steps])
    return lower_quartile(taken), seconds
