"""A graph, a batch and a cluster become the plan of a pipeline: what each device runs, for which microbatch, and when.

    step graph -> micro + update (`autodiff.microbatches`) -> lowered -> divided -> planned with phases -> a schedule

All of it follows from the graph and the options: every process that plans the same pipeline finds the same plan. Only
the division may depend on time, where its search was cut short: `Options.device_of` hands it from one to the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

from cnngraph.autodiff.microbatches import Halves, halves
from cnngraph.cost.quantity import bytes_text
from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.partition.device import Cluster
from cnngraph.partition.groups import ordered_groups
from cnngraph.partition.partition import HOST, Partition, assess, assign
from cnngraph.partition.split import split
from cnngraph.passes import pipeline as passes
from cnngraph.passes.fold_batchnorm import fold_batchnorm
from cnngraph.passes.merge_siblings import merge_siblings
from cnngraph.pipeline.schedule import Schedule, depths, make_schedule
from cnngraph.plan.batch import TILES, Batch
from cnngraph.plan.choice import Choice
from cnngraph.plan.phases import BACKWARD, phases_of, remember_states
from cnngraph.plan.plan import Plan
from cnngraph.plan.schedule import Options, schedule
from cnngraph.plan.steps import Send
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.runtime.threads import this_machine

TRIES = 8  # of divisions that leave more room for what is in flight
MARGIN = 1.05  # a division is told of less memory than there is by so much more than it took too much
APART = ("zero-bubble",)  # schedules that run weight gradients apart


@dataclass(frozen=True)
class PipelineOptions:
    """How a batch goes through a pipeline.

    fields: microbatches  equal parts of the batch that follow each other
            kind          the schedule: one-shot, fill-drain, 1f1b, zero-bubble
            strategy      of the division
            device_of     the division itself, by the names of the executed nodes, where it is known; a node that it
                          does not name is beside its states, or else beside what it reads
            teams         with `device_of`: devices that share the stage of the first of them
            replicate     whether the division may make teams
            measure       divide by what the nodes take on this machine, which is measured first
            measured      what they take, where it is known: seconds by the names of the executed nodes
            lowering      the passes to the graph that is run
    """

    microbatches: int = 4
    kind: str = "1f1b"
    strategy: str = "auto"
    device_of: Mapping[str, str] | None = None
    teams: tuple[tuple[str, ...], ...] = ()
    replicate: bool = False
    measure: bool = False
    measured: Mapping[str, float] | None = None
    lowering: tuple[passes.Pass, ...] = passes.EXECUTION


USUAL = PipelineOptions()
LAYER_BY_LAYER = tuple(p for p in passes.EXECUTION if p not in (fold_batchnorm, merge_siblings))
"""A lowering that joins no states of two layers, which may be on two devices."""


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

    @property
    def capacity(self) -> int:
        """Room for messages of one tag between two devices: what is sent in the forward phase may be read in the
        backward phase alone, when all microbatches in flight have sent it.
        """
        return max(map(self.schedule.in_flight, self.devices))

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
    planner = _Planner(halves(graph, count), sizes, cluster, options, settings)
    tight, refusal = cluster, None
    for _ in range(TRIES):
        try:
            plan = planner.plan(tight)
        except CnnGraphError as reason:  # the first refusal speaks of the real devices
            raise refusal or reason from reason
        if not (over := _too_full(plan)):
            return plan
        refusal = refusal or _refusal(plan)
        if options.device_of is not None or len(cluster.devices) == 1:
            break
        tight = _tightened(tight, plan, over)
    assert refusal is not None
    raise refusal


@dataclass(frozen=True)
class _Planner:
    halves: Halves
    sizes: Mapping[str, int]
    cluster: Cluster
    options: PipelineOptions
    settings: Settings

    @property
    def choice(self) -> Choice:
        return Choice(self.settings.exact, this_machine(), compiled=self.settings.compiled, renewed=True)

    @cached_property
    def batch(self) -> Batch:
        """One microbatch of the graph that is run. More microbatches are cut into fewer tiles: those of the batch."""
        count = self.options.microbatches
        own = {name: size // count if name == "batch" else size for name, size in self.sizes.items()}
        graph = remember_states(passes.run(self.halves.micro, self.options.lowering))
        return Batch(graph, own, parts=-(-TILES // count))

    def plan(self, tight: Cluster) -> PipelinePlan:
        """The plan of a division that was found for the memory of the `tight` cluster."""
        batch, options = self.batch, self.options
        partition = self.divided(tight)
        phases = phases_of(batch.bound, options.kind in APART)
        micro = schedule(_roomy(partition), batch, Options(self.choice, fixed_states=True, phases=phases))
        teams = {team[0]: team for team in partition.teams if team[0] in micro.devices}
        backward = any(phase >= BACKWARD for phase in phases.values())
        depth = depths(micro.devices, _edges(micro), teams)
        order = make_schedule(options.kind, options.microbatches, depth, backward, teams)
        batched = frozenset(name for name, ref in batch.graph.outputs.items() if batch.batched(ref))
        return PipelinePlan(partition, micro, self.update(partition), order, self.sizes.get("batch", 1), batched)

    def update(self, partition: Partition) -> Plan | None:
        if self.halves.update is None:
            return None
        late = passes.run(self.halves.update, passes.EXECUTION)
        bound = late.bind(**{name: size for name, size in self.sizes.items() if name in late.symbols})
        return schedule(_roomy(_beside(bound, partition)), Batch(bound), Options(self.choice))

    def divided(self, tight: Cluster) -> Partition:
        graph, device_of = self.batch.bound, self.options.device_of
        if device_of is None and len(self.cluster.devices) == 1:  # placements of the file say where, not what
            device_of = {node.name: self.cluster.names[0] for node in graph}
        options, assigned = self.options, partial(assign, graph, self.cluster, measured=self.options.measured)
        if device_of is not None:
            return assigned(_completed(graph, device_of), teams=options.teams, contiguous=False)
        found = split(graph, tight, options.strategy, measured=options.measured, replicate=options.replicate)
        if tight is self.cluster:
            return found
        return assigned(found.device_of, teams=found.teams, contiguous=False)


def _roomy(partition: Partition) -> Partition:
    """The same on devices that have room for any plan: whether all that is in flight fits is judged of both plans."""
    stages = (replace(s, device=replace(s.device, memory_bytes=HOST.memory_bytes)) for s in partition.stages)
    return replace(partition, stages=tuple(stages))


def _completed(graph: Graph, device_of: Mapping[str, str]) -> dict[str, str]:
    """The division with a device for each node of the graph: beside its states, or what it reads, or its reader."""
    home = {node.name: device_of[node.name] for node in graph if node.name in device_of}
    first = next(iter(device_of.values()))
    for node in graph:
        known = [ref.node for ref in node.inputs if ref.node in home]
        if node.name not in home and known:
            home[node.name] = home[next((name for name in known if isinstance(graph[name].op, State)), known[0])]
    for node in reversed(list(graph)):
        if node.name not in home:
            home[node.name] = next((home[user.name] for user in graph.users[node.name]), first)
    for group in ordered_groups(graph):  # a layer and what it was fused with may have been on two devices
        states = [name for name in group.nodes if name in device_of and isinstance(graph[name].op, State)]
        home |= dict.fromkeys(group.nodes, home[next(iter(states), group.nodes[0])])
    return home


def _beside(update: Graph, partition: Partition) -> Partition:
    """The update where the states are: each of its nodes beside what it reads, each new state beside its reader.

    What is fed, such as the rate, comes from the last stage: it has its last gradient first.
    """
    home = {node.name: partition.device_of[node.name] for node in update if node.name in partition.device_of}
    first = partition.stages[0].device.name
    fed = {node.name for node in update.inputs}
    home |= {node.name: partition.stages[-1].device.name for node in update.inputs}
    for node in update:
        if node.inputs:
            known = [ref.node for ref in node.inputs if ref.node in home and ref.node not in fed]
            home[node.name] = home[known[0]] if known else first
    for node in update:
        if node.name not in home:
            home[node.name] = home[update.users[node.name][0].name] if update.users[node.name] else first
    return assess(update, partition.cluster, home, contiguous=False)


def _edges(plan: Plan) -> list[tuple[str, str]]:
    """Messages of the forward phase: from which device to which."""
    found = []
    for device, stages in plan.stages.items():
        phases = plan.phases.get(device, (0,) * len(stages))
        for stage, phase in zip(stages, phases, strict=True):
            found += [(device, s.target) for job in stage for s in job if isinstance(s, Send) and phase < BACKWARD]
    return list(dict.fromkeys(found))


def _too_full(plan: PipelinePlan) -> dict[str, float]:
    """For each device without room for all that is in flight: how many times its memory it would need."""
    limits = {device: plan.partition.cluster[device].memory_bytes for device in plan.devices}
    return {d: peak / limits[d] for d, peak in plan.peak_bytes.items() if peak > limits[d]}


def _tightened(cluster: Cluster, plan: PipelinePlan, over: Mapping[str, float]) -> Cluster:
    """The cluster with less memory where too much was in flight: for one run, so much less than it was given."""
    one_run = {stage.device.name: stage.peak_bytes for stage in plan.partition.stages}
    devices = [
        replace(d, memory_bytes=int(one_run[plan.schedule.stage_of[d.name]] / (MARGIN * over[d.name])))
        if d.name in over
        else d
        for d in cluster.devices
    ]
    return replace(cluster, devices=tuple(devices))


def _refusal(plan: PipelinePlan) -> CnnGraphError:
    over = _too_full(plan)
    device = max(over, key=lambda name: over[name])
    needs, has = bytes_text(plan.peak_bytes[device]), bytes_text(plan.partition.cluster[device].memory_bytes)
    flying = plan.schedule.in_flight(device)
    return error(
        "E0602",
        f"{device} needs {needs} with {flying} microbatch{'es' * (flying != 1)} in flight, but it has {has}",
        "take smaller microbatches, --recompute, one device more, or a device with more memory",
    )
