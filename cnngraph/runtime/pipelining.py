"""A graph, a batch and a cluster become the plan of a pipeline: what each device runs, for which microbatch, and when.

    step graph -> micro + update (`autodiff.microbatches`) -> lowered -> divided -> planned with phases -> a schedule

All of it follows from the graph and the options: every process that plans the same pipeline finds the same plan. Only
the division may depend on time, where its search was cut short: `Options.device_of` hands it from one to the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cnngraph.autodiff.microbatches import halves
from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import Partition, assign
from cnngraph.partition.split import split
from cnngraph.passes import pipeline as passes
from cnngraph.pipeline.schedule import Schedule, depths, make_schedule
from cnngraph.plan.batch import Batch
from cnngraph.plan.choice import Choice
from cnngraph.plan.phases import BACKWARD, phases_of, remember_states
from cnngraph.plan.plan import Plan
from cnngraph.plan.schedule import Options, schedule
from cnngraph.plan.steps import Send
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.runtime.threads import this_machine

APART = ("zero-bubble",)  # schedules that run weight gradients apart


@dataclass(frozen=True)
class PipelineOptions:
    """How a batch goes through a pipeline.

    fields: microbatches  equal parts of the batch that follow each other
            kind          the schedule: one-shot, fill-drain, 1f1b, zero-bubble
            strategy      of the division
            device_of     the division itself, by the names of the executed nodes, where it is known
    """

    microbatches: int = 4
    kind: str = "1f1b"
    strategy: str = "auto"
    device_of: Mapping[str, str] | None = None


USUAL = PipelineOptions()


@dataclass(frozen=True)
class PipelinePlan:
    """What a pipeline runs: `micro` for each microbatch, phase by phase as the schedule says; `update` at the end."""

    partition: Partition
    micro: Plan
    update: Plan | None
    schedule: Schedule
    samples: int
    batched: frozenset[str] = frozenset()  # outputs that have a row for each sample

    @property
    def stages(self) -> tuple[str, ...]:
        """Devices with work; of a team the one that stands for it."""
        return self.micro.devices

    @property
    def devices(self) -> tuple[str, ...]:
        return self.schedule.devices

    @cached_property
    def accumulators(self) -> tuple[str, ...]:
        return tuple(name for name in self.micro.states if name.startswith("accumulated."))

    @cached_property
    def moving(self) -> tuple[str, ...]:
        """States that each microbatch changes, without the accumulators."""
        changed = self.partition.graph.updates
        return tuple(name for name in changed if not name.startswith("accumulated."))

    def states(self, stage: str) -> tuple[str, ...]:
        """Names of the states of a stage."""
        plans = [self.micro, *([self.update] if self.update else [])]
        found = [n for plan in plans for n, i in plan.states.items() if plan.buffers[i].device == stage]
        return tuple(dict.fromkeys(found))

    @cached_property
    def peak_bytes(self) -> Mapping[str, int]:
        """For each device: its states, the arenas, and a stash for each microbatch in flight."""
        flying = {stage: self.schedule.in_flight(self.schedule.team(stage)[0]) for stage in self.stages}
        micro = self.micro.peak_with(1, flying)
        update = self.update.peak_with(1) if self.update else {}
        shared = {stage: self._bytes(stage, self.micro) for stage in self.stages}
        found = {stage: max(micro[stage], update.get(stage, 0) + shared[stage]) for stage in self.stages}
        return {device: found[self.schedule.stage_of[device]] for device in self.devices}

    def _bytes(self, stage: str, plan: Plan) -> int:
        """What of the microbatches' memory stays while weights are updated: constants and stashes."""
        kept = sum(b.bytes for b in plan.buffers if b.device == stage and b.kind in ("constant", "fed"))
        return kept + plan.stash_bytes.get(stage, 0) * self.schedule.in_flight(self.schedule.team(stage)[0])


def pipeline_plan(
    graph: Graph,
    sizes: Mapping[str, int],
    cluster: Cluster,
    options: PipelineOptions,
    settings: Settings = DEFAULT,
) -> PipelinePlan:
    """The plan for a graph (forward, or a training step with its gradients among its outputs) at these sizes.

    errors: E0108 the batch cannot be cut into so many parts; E0602 too little memory for what is in flight; and those
            of `split` and `make_schedule`.
    """
    count, samples = options.microbatches, sizes.get("batch", 1)
    if count < 1 or samples % count:
        text = f"a batch of {samples} cannot be cut into {count} equal microbatches"
        raise error("E0108", text, f"take a number that divides {samples}")
    parts = halves(graph, count)
    micro_sizes = {**sizes, "batch": samples // count} if "batch" in sizes else dict(sizes)
    batch = Batch(remember_states(passes.run(parts.micro, passes.EXECUTION)), micro_sizes)
    partition = _divided(batch.bound, cluster, options)
    phases = phases_of(batch.bound, options.kind in APART)
    choice = Choice(settings.exact, this_machine(), compiled=settings.compiled, renewed=True)
    micro = schedule(partition, batch, Options(choice, fixed_states=True, phases=phases))
    update = None
    if parts.update is not None:
        late = Batch(passes.run(parts.update, passes.EXECUTION).bind(**_known(parts.update, sizes)))
        update = schedule(_beside(late.bound, partition), late, Options(choice))
    batched = frozenset(name for name, ref in batch.graph.outputs.items() if batch.batched(ref))
    edges = _edges(micro)
    teams = {team[0]: team for team in partition.teams if team[0] in micro.devices}
    backward = any(phase >= BACKWARD for phase in phases.values())
    order = make_schedule(options.kind, count, depths(micro.devices, edges, teams), backward, teams)
    return _within_memory(PipelinePlan(partition, micro, update, order, samples, batched))


def _known(graph: Graph, sizes: Mapping[str, int]) -> dict[str, int]:
    return {name: size for name, size in sizes.items() if name in graph.symbols}


def _divided(graph: Graph, cluster: Cluster, options: PipelineOptions) -> Partition:
    if options.device_of is not None:
        return assign(graph, cluster, options.device_of, contiguous=False)
    if len(cluster.devices) == 1:  # placements of the file say where, not what
        return assign(graph, cluster, {node.name: cluster.names[0] for node in graph}, contiguous=False)
    return split(graph, cluster, options.strategy)


def _beside(update: Graph, partition: Partition) -> Partition:
    """The update where the states are: each of its nodes beside what it reads, each new state beside its reader."""
    home = {node.name: partition.device_of[node.name] for node in update if node.name in partition.device_of}
    first = partition.stages[0].device.name
    for node in update:
        if node.inputs:
            home[node.name] = next((home[ref.node] for ref in node.inputs if ref.node in home), first)
    for node in update:
        if node.name not in home:
            alone = isinstance(node.op, Input) or not update.users[node.name]
            home[node.name] = first if alone else home[update.users[node.name][0].name]
    return assign(update, partition.cluster, home, contiguous=False)


def _edges(plan: Plan) -> list[tuple[str, str]]:
    """Messages of the forward phase: from which device to which."""
    found = []
    for device, stages in plan.stages.items():
        phases = plan.phases.get(device, (0,) * len(stages))
        for stage, phase in zip(stages, phases, strict=True):
            found += [(device, s.target) for job in stage for s in job if isinstance(s, Send) and phase < BACKWARD]
    return list(dict.fromkeys(found))


def _within_memory(plan: PipelinePlan) -> PipelinePlan:
    for device, peak in plan.peak_bytes.items():
        limit = plan.partition.cluster[device].memory_bytes
        if peak > limit:
            flying = plan.schedule.in_flight(device)
            needs = f"{device} needs {bytes_text(peak)} with {flying} microbatches in flight"
            help_ = "take smaller microbatches, --recompute, one device more, or a device with more memory"
            raise error("E0602", f"{needs}, but it has {bytes_text(limit)}", help_)
    return plan
