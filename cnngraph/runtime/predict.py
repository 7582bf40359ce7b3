"""Predicts the step of a pipeline from its plan: what each step should take, and how messages travel.

    plan      F: conv1  send        B: receive  conv1's gradients  accumulate        U: sgd
    program   F: 2 ms   1 MB        B: 1 MB     4 ms                                 U: 0.2 ms
    timeline  gpu0  F0 F1 .  B0 ...                                (`pipeline.simulate`, in the order of the schedule)

The seconds come from a model: of this machine's kernels, or of a cluster. `runtime.replay` measures them instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import TypeAlias

import numpy as np

from cnngraph.ir.op import Cost
from cnngraph.kernels.kernel import Machine
from cnngraph.partition.device import Cluster
from cnngraph.partition.kind import kind_of
from cnngraph.pipeline import program as pipeline
from cnngraph.pipeline.program import Compute, Item, Program, Transport, coarse
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.simulate import simulate
from cnngraph.pipeline.timeline import Timeline
from cnngraph.plan.phases import BACKWARD, FORWARD, WEIGHTS
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import Receive, Run, Send, Step, View, reads, writes
from cnngraph.runtime.member import tag_count
from cnngraph.runtime.pipelining import PipelinePlan

PHASES = {FORWARD: Phase.FORWARD, BACKWARD: Phase.BACKWARD, WEIGHTS: Phase.WEIGHTS}

Seconds: TypeAlias = Callable[[str, Plan, Step], float]
"""What a step of a plan takes on a device; not asked for messages."""


def predicted(plan: PipelinePlan, seconds_of: Seconds, transport: Transport, name: str = "predicted") -> Timeline:
    """A step whose every computation takes as long as `seconds_of` says."""
    return simulate(coarse(program_of(plan, seconds_of)), plan.schedule, transport, name)


def program_of(plan: PipelinePlan, seconds_of: Seconds) -> Program:
    """What each stage does in each phase, step by step.

    What is fed and shown is copied and accumulators are filled, which takes a moment too: it is left out here, and
    counted where it is measured.
    """
    found: dict[str, dict[Phase, tuple[Item, ...]]] = {}
    for stage in plan.stages:
        phases = {PHASES[phase]: steps for phase, steps in phases_on(plan.micro, stage).items()}
        own = {phase: _items(plan.micro, stage, steps, 0, seconds_of) for phase, steps in phases.items()}
        update = [*plan.micro.prologue[stage]]
        items = _items(plan.micro, stage, update, 0, seconds_of)
        if plan.update is not None and stage in plan.update.devices:
            items = (*_items(plan.update, stage, plan.update.steps[stage], tag_count(plan.micro), seconds_of), *items)
        found[stage] = {**own, Phase.UPDATE: items}
    return found


def phases_on(plan: Plan, device: str) -> dict[int, list[Step]]:
    """The steps of each phase on a device, in order."""
    found: dict[int, list[Step]] = {}
    phases = plan.phases.get(device) or (FORWARD,) * len(plan.stages[device])
    for jobs, phase in zip(plan.stages[device], phases, strict=True):
        found.setdefault(phase, []).extend(step for job in jobs for step in job)
    return found


def _items(plan: Plan, device: str, steps: Iterable[Step], base: int, seconds_of: Seconds) -> tuple[Item, ...]:
    return tuple(
        message(plan, step, base) or Compute(seconds_of(device, plan, step), getattr(step, "node", ""))
        for step in steps
    )


def message(plan: Plan, step: Step, base: int = 0) -> Item | None:
    """The message that a step sends or waits for; tags of the update come after those of microbatches, at `base`."""
    match step:
        case Send(value=value, source=source, target=target, tag=tag):
            return pipeline.Send(base + tag, moved_bytes(plan, [source]), target, str(value))
        case Receive(value=value, source=source, tag=tag):
            return pipeline.Receive(base + tag, source, str(value))
        case _:
            return None


def by_kernels(machine: Machine) -> Seconds:
    """What kernels should take on one worker of this machine, as they are chosen by."""

    def seconds(device: str, plan: Plan, step: Step) -> float:
        if isinstance(step, Run):
            return step.kernel.seconds(step.task, machine)
        return moved_bytes(plan, (*reads(step), *writes(step))) / machine.bytes_per_second

    return seconds


def by_cluster(cluster: Cluster) -> Seconds:
    """What the devices of a cluster should take by the cost model."""

    def seconds(device: str, plan: Plan, step: Step) -> float:
        if isinstance(step, Run):
            task = step.task
            cost = task.op.cost(task.inputs, task.outputs)
            return cluster[device].seconds(kind_of(task.op, task.inputs, task.outputs), cost)
        return cluster[device].seconds("move", Cost(0, moved_bytes(plan, (*reads(step), *writes(step)))))

    return seconds


def links_of(cluster: Cluster, capacity: int) -> Transport:
    """The links of a cluster, which carry messages while devices compute."""
    return Transport(lambda source, target, count: cluster.link(source, target).seconds(count), capacity=capacity)


def moved_bytes(plan: Plan, views: Iterable[View]) -> int:
    """Bytes of what views show of their buffers."""
    return sum(_bytes(plan, view) for view in views)


def _bytes(plan: Plan, view: View) -> int:
    type_ = plan.buffers[view.buffer].type
    shape = list(type_.concrete)
    for axis, start, stop in view.cuts:
        shape[axis] = stop - start
    if view.shape is not None:
        shape = list(view.shape)
        for axis, start, stop in view.cuts_of_shape:
            shape[axis] = stop - start
    return prod(shape) * np.dtype(type_.dtype).itemsize
