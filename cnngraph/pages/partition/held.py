"""Bytes of each device over time.

    run       weights and what is fed all the time; each value from its maker to its last reader (`cost.liveness`)
    pipeline  what is always there, and for each microbatch in flight what it keeps for its backward phase
    workload  the sizes of all that is on the device, all the time
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cnngraph.cost.liveness import Liveness
from cnngraph.pages.timeline import Held
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import Partition
from cnngraph.partition.problem import Problem
from cnngraph.pipeline.timeline import Timeline
from cnngraph.runtime.pipelining import PipelinePlan


def held_in_a_run(partition: Partition, timeline: Timeline) -> dict[str, Held]:
    """For each device its bytes whenever it begins an operator, and the same limit and peak as in the table."""
    liveness, found = Liveness(partition.graph), {}
    for stage in partition.stages:
        device = stage.device.name
        counts = liveness.bytes_at(liveness.members(stage.nodes))
        steps = [(0.0, int(counts[0]))]
        start = {span.name: span.start_seconds for span in timeline.spans.get(device, ()) if span.kind != "wait"}
        end = max(start.values(), default=0.0)
        now = 0.0
        for name in sorted(stage.nodes, key=liveness.index.__getitem__):
            now = max(now, start.get(name, now))
            steps.append((now, int(counts[liveness.index[name]])))
        steps += [(end, int(count)) for count in counts[-2:]]
        found[device] = Held(_thinned(steps), stage.device.memory_bytes)
    return found


def _thinned(steps: Sequence[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    """Of steps at one time the highest; of equal ones the first."""
    highest: dict[float, int] = {}
    for seconds, count in steps:
        highest[seconds] = max(count, highest.get(seconds, 0))
    found: list[tuple[float, int]] = []
    for seconds, count in highest.items():
        if not found or found[-1][1] != count:
            found.append((seconds, count))
    return tuple(found)


def held_in_a_pipeline(plan: PipelinePlan, cluster: Cluster, timeline: Timeline) -> dict[str, Held]:
    found = {}
    for device, peak in plan.peak_bytes.items():
        stash = plan.micro.stash_bytes.get(plan.schedule.stage_of[device], 0)
        fixed = peak - stash * plan.schedule.in_flight(device)
        steps = tuple((seconds, fixed + count * stash) for seconds, count in timeline.in_flight(device))
        found[device] = Held(_thinned(steps), cluster[device].memory_bytes)
    return found


def held_always(partition: Partition) -> dict[str, Held]:
    """The peak of each device, where it is not said when it is reached."""
    return {
        stage.device.name: Held(((0.0, stage.peak_bytes),), stage.device.memory_bytes) for stage in partition.stages
    }


def held_by_workload(problem: Problem, device_of: Sequence[int]) -> Mapping[str, Held]:
    """Where a device has a limit."""
    chosen, found = np.asarray(device_of), {}
    for d in sorted(set(device_of)):
        limit = float(problem.limits_bytes[d])
        if np.isfinite(limit):
            found[problem.devices[d]] = Held(((0.0, int(problem.peak_bytes(chosen == d))),), limit)
    return found
