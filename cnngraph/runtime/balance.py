"""What each node of a pipeline takes on this machine, so that it can be divided evenly.

    conv1          12 ms     of a microbatch, by one worker while as many others do the same as there are devices
    conv1.weight    1 ms     a weight: its share of the update, which comes once for all microbatches
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import HOST
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import Run, reads
from cnngraph.runtime.feeds import sizes_of
from cnngraph.runtime.pipelining import PipelineOptions, pipeline_plan
from cnngraph.runtime.profiling import node_seconds
from cnngraph.runtime.settings import Settings
from cnngraph.runtime.worker import Executor

ROUNDS = 4


def pipeline_seconds(
    graph: Graph,
    states: Mapping[str, Array],
    feeds: Mapping[str, Any],
    devices: int,
    options: PipelineOptions,
    settings: Settings,
) -> dict[str, float]:
    """Measured seconds of a microbatch, by the names of the executed nodes. The states are copied, and stay."""
    alone = replace(options, device_of=None, teams=(), replicate=False, measured=None)
    plan = pipeline_plan(graph, sizes_of(graph, feeds), Cluster((HOST,)), alone, settings)
    workers = min(devices, os.cpu_count() or 1)
    found = _seconds(plan.micro, states, feeds, workers)
    if plan.update is not None:
        owner = _owners(plan.update, plan.micro.states)
        for name, seconds in _seconds(plan.update, states, feeds, workers).items():
            if name in owner:
                found[owner[name]] = found.get(owner[name], 0.0) + seconds / options.microbatches
    return found


def _seconds(plan: Plan, states: Mapping[str, Array], feeds: Mapping[str, Any], workers: int) -> dict[str, float]:
    fed = {name: _part(feeds[name], plan.buffers[i].type.concrete) for name, i in plan.inputs.items()}
    executors = [Executor(plan, _own(plan, states)) for _ in range(workers)]
    return node_seconds(executors, fed, ROUNDS)[1]


def _own(plan: Plan, states: Mapping[str, Array]) -> dict[str, Array]:
    """The states of a plan as arrays of their own; accumulators begin at 0."""
    types = {name: plan.buffers[i].type for name, i in plan.states.items()}
    return {n: np.array(states[n]) if n in states else np.zeros(t.concrete, t.dtype) for n, t in types.items()}


def _part(value: Any, shape: tuple[int, ...]) -> Array:
    """The first microbatch."""
    given = np.asarray(value)
    return given if given.shape == shape else given[: shape[0]]


def _owners(update: Plan, states: Mapping[str, int]) -> dict[str, str]:
    """For each node of the update a state of the microbatches that it follows from."""
    found = {name: name for name in states}
    for steps in update.steps.values():
        for step in steps:
            before = [found[name] for view in reads(step) if (name := update.buffers[view.buffer].value.node) in found]
            if isinstance(step, Run) and before:
                found[step.node] = before[0]
    return {name: owner for name, owner in found.items() if name not in states}
