"""When each device of a pipeline does what: predicted, and measured beside it, printed, drawn and traced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnngraph.net import Net
    from cnngraph.pages.partition.network import Pipelined
    from cnngraph.partition.device import Cluster
    from cnngraph.pipeline.timeline import Timeline
    from cnngraph.render.timeline import Memory
    from cnngraph.runtime.pipelining import PipelineOptions, PipelinePlan

WARMING = 2  # steps before the one that is measured


def show_timelines(net: Net, pipelined: Pipelined, picture: Path | None, trace: Path | None) -> str:
    """The step of the net as a pipeline over the devices, in words; the files are written."""
    from cnngraph.cli.files import write
    from cnngraph.pipeline.trace import trace_json
    from cnngraph.render.timeline import timeline_svg

    plan, found = pipelined.plan, pipelined.timelines
    if picture is not None:
        count, kind = plan.schedule.microbatches, plan.schedule.name
        title = f"{net.name}: {count} microbatches of {plan.samples // count}, {kind}"
        write(picture, timeline_svg(found, title, memory_of(plan, plan.partition.cluster)))
    if trace is not None:
        write(trace, trace_json(*found))
    return "\n\n".join([divided_as(plan), *map(str, found)])


def divided_as(plan: PipelinePlan) -> str:
    """What the pipeline runs where. Operators are fused and a microbatch is small, so it may be divided otherwise."""
    from cnngraph.cost.quantity import seconds_text

    names = [f"{s.label} {seconds_text(s.load_seconds)}" for s in plan.partition.stages]
    return f"a microbatch, as it is executed: {', '.join(names)}"


def timelines(
    net: Net, cluster: Cluster, options: PipelineOptions, batch: int, gradient: bool, measure: bool
) -> tuple[PipelinePlan, list[Timeline]]:
    """A step as the speeds of the cluster predict it; or, with `measure`, as what its devices take here predicts it,
    and as it was."""
    from cnngraph.cli.run import feeds_of
    from cnngraph.runtime.pipelining import pipeline_plan
    from cnngraph.runtime.predict import by_cluster, links_of, predicted

    pipeline = net.pipeline(cluster, options, gradient)
    if measure:
        feeds = feeds_of(pipeline.graph, {}, batch, seed=0)
        for _ in range(WARMING):
            pipeline.run(feeds)
        expected = replace(pipeline.predicted(feeds), name="predicted from what each device takes")
        return pipeline.plan(feeds), [expected, pipeline.timed(feeds)]
    plan = pipeline_plan(pipeline.graph, {"batch": batch}, cluster, options, pipeline.settings)
    links = links_of(cluster, plan.capacity)
    return plan, [predicted(plan, by_cluster(cluster), links)]


def memory_of(plan: PipelinePlan, cluster: Cluster) -> Mapping[str, Memory]:
    """For each device what is always there, what a microbatch in flight adds, and what there is."""
    from cnngraph.render.timeline import Memory

    found = {}
    for device, peak in plan.peak_bytes.items():
        stash = plan.micro.stash_bytes.get(plan.schedule.stage_of[device], 0)
        fixed = peak - stash * plan.schedule.in_flight(device)
        found[device] = Memory(fixed, stash, cluster[device].memory_bytes)
    return found
