"""The division of a network as the subject of a page: with microbatches as they were predicted and measured, without
them as runs that follow each other and one run alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cnngraph.cost.model import batch_cost
from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.ir.counts import trainable
from cnngraph.ir.leaves import State
from cnngraph.ir.size import number
from cnngraph.pages.partition.frames import divided_model
from cnngraph.pages.partition.held import held_always, held_in_a_pipeline, held_in_a_run
from cnngraph.pages.partition.origins import Executed, phases_of_graph
from cnngraph.pages.partition.runs import one_run, several_runs, shares_of_partition
from cnngraph.pages.partition.subject import Lane, Subject
from cnngraph.pages.partition.traffic import cut_messages, links_table, messages
from cnngraph.pages.timeline import Track, timeline_json
from cnngraph.partition.explain import Explanation, layers, values
from cnngraph.partition.partition import GOALS, Partition, Stage
from cnngraph.partition.pose import pose
from cnngraph.partition.problem import Problem
from cnngraph.pipeline.program import Program
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.simulate import simulate
from cnngraph.pipeline.timeline import Timeline
from cnngraph.render.explanation import reasons, trials
from cnngraph.render.partition_table import share, stages
from cnngraph.render.tabular import Cell, Column, Quantity, Table
from cnngraph.render.tabular import shown as cell_text
from cnngraph.runtime.pipelining import PipelinePlan
from cnngraph.runtime.predict import by_cluster, links_of, program_of

WORK = (
    Column("device", "device", right=False),
    Column("operators", "operators"),
    Column("parameters", "parameters"),
    Column("flops", "flop in a run"),
    *(Column(f"{phase.name.lower()}_seconds", phase.name.lower()) for phase in (Phase.FORWARD, Phase.BACKWARD)),
    Column("update_seconds", "update"),
)
MEMORY = (
    Column("device", "device", right=False),
    Column("in_flight", "in flight"),
    Column("peak_bytes", "peak memory"),
    Column("memory_bytes", "limit"),
    Column("memory_share", "of the limit", right=False),
)
ROUNDING = 1e-9  # of a step: what is shorter is not there
PIPELINE_ALONE = "works in the pipeline alone"


@dataclass(frozen=True)
class Pipelined:
    """The plan of a pipeline, and what was predicted of it or measured."""

    plan: PipelinePlan
    timelines: Sequence[Timeline]


@dataclass(frozen=True)
class Network:
    """Makes the subject. `pipelined` is None where there are no microbatches."""

    partition: Partition
    pipelined: Pipelined | None = None
    explanation: Explanation | None = None

    def subject(self) -> Subject:
        found = self.partition
        table = stages(found)
        goal, bound, gap = found.goal_text(found.goal), found.goal_text(found.lower_bound_seconds), f"{found.gap:.1%}"
        tables = [table, self._work(), *self._executed_tables(), *self._time_tables(), self._links()]
        ids = list(self._place)
        tracks = self.tracks
        return Subject(
            title=table.title,
            lead="; ".join([f"{GOALS[found.objective]} {goal}, lower bound {bound}, gap {gap}", *self._steps]),
            scale=GOALS[found.objective],
            goal=found.goal,
            bound=found.lower_bound_seconds,
            goal_text=goal,
            bound_text=bound,
            facts={name: cell_text(value) for name, value in table.totals.items() if name != "note"},
            reasons=reasons(self._explained).splitlines(),
            trials=None if self.explanation is None else trials(self.explanation),
            lanes=(*map(self._lane, found.stages), *(Lane(d, d, PIPELINE_ALONE, (d,), False) for d in self._more)),
            tables=tuple(each for each in tables if each.rows),
            model=self.model,
            division=tuple(self._number[found.device_of[name]] for name in ids),
            executed=self._executed_division(ids),
            notes=tuple(self._notes()),
            timeline=timeline_json(tracks, self._number, self._picks, self._nodes(ids), self._labels),
            timelines=tuple(self._timelines),
            part="microbatch" if self.pipelined else "run",
        )

    @cached_property
    def model(self) -> dict[str, Any]:
        found = self.partition
        facts = {
            name: {"device": found.stage(found.device_of[name]).label, "seconds": seconds_text(seconds)}
            for name, seconds in found.seconds_of.items()
        }
        return divided_model(found, facts, self._kinds)

    @property
    def _kinds(self) -> Mapping[str, str]:
        """Nodes of one kind may be folded into one: they are on one device, however it is divided."""
        home = self.partition.device_of
        other = home if self._executed is None else self._executed.device_of
        return {name: f"{device} {other.get(name, device)}" for name, device in home.items()}

    @cached_property
    def tracks(self) -> tuple[Track, ...]:
        """What is drawn. Of a pipeline that is predicted by the speeds of a cluster, operator by operator."""
        if self.pipelined is not None:
            return tuple(self._pipeline_track(timeline) for timeline in self.pipelined.timelines)
        found, phases = self.partition, self._phases
        several, told = several_runs(shares_of_partition(found, phases.__getitem__))
        problem = _timed(pose(found.graph, found.cluster, found.objective, found.contiguous), found)
        device_of = [found.cluster.names.index(found.device_of[group]) for group in problem.groups]
        one, carried = one_run(problem, device_of, phases.__getitem__)
        period = seconds_text(found.bottleneck_seconds)
        return (
            Track(several, f"a run each {period}: {told}", held_always(found)),
            Track(one, f"{seconds_text(one.step_seconds)} from start to end", held_in_a_run(found, one), carried),
        )

    def _pipeline_track(self, timeline: Timeline) -> Track:
        assert self.pipelined is not None
        plan, cluster = self.pipelined.plan, self.partition.cluster
        note = f"step {seconds_text(timeline.step_seconds)}, bubble {timeline.bubble:.1%}"
        held = held_in_a_pipeline(plan, cluster, timeline)
        if len(self.pipelined.timelines) > 1:  # measured: devices copy messages themselves, as threads do
            return Track(timeline, note, held)
        fine = simulate(self._program, plan.schedule, links_of(cluster, plan.capacity), timeline.name)
        return Track(fine, note, held, messages(fine, self._program, plan.schedule, cluster))

    @cached_property
    def _program(self) -> Program:
        assert self.pipelined is not None
        return program_of(self.pipelined.plan, by_cluster(self.partition.cluster))

    @cached_property
    def _executed(self) -> Executed | None:
        return None if self.pipelined is None else Executed(self.partition.graph, self.pipelined.plan)

    @cached_property
    def _phases(self) -> Mapping[str, Phase]:
        return phases_of_graph(self.partition.graph)

    # ---- devices ----

    def _lane(self, stage: Stage) -> Lane:
        busiest = stage.load_seconds == self.partition.bottleneck_seconds
        memory = f"{bytes_text(stage.peak_bytes)} of {bytes_text(stage.device.memory_bytes)}"
        told = f"{seconds_text(stage.load_seconds)}, {memory}"
        return Lane(stage.device.name, stage.label, told, stage.team or (stage.device.name,), busiest)

    @cached_property
    def _number(self) -> Mapping[str, int]:
        """The number of the lane of each device."""
        stages = self.partition.stages
        found = {name: i for i, s in enumerate(stages) for name in (s.team or (s.device.name,))}
        return found | {name: i for i, name in enumerate(self._more, len(stages))}

    @property
    def _labels(self) -> Mapping[str, str]:
        """What lanes are called: a team by its members, where it runs as one."""
        return {} if self.pipelined else {stage.device.name: stage.label for stage in self.partition.stages}

    @cached_property
    def _more(self) -> Sequence[str]:
        """Devices that have work in the pipeline alone."""
        known = {name for s in self.partition.stages for name in (s.team or (s.device.name,))}
        used = () if self.pipelined is None else self.pipelined.plan.devices
        return [name for name in used if name not in known]

    def _executed_division(self, ids: Sequence[str]) -> tuple[int, ...] | None:
        """Where the pipeline runs each node, if that is elsewhere for any of them."""
        if self._executed is None:
            return None
        devices, home = self._executed.device_of, self.partition.device_of
        found = tuple(self._number[devices.get(name, home[name])] for name in ids)
        return None if found == tuple(self._number[home[name]] for name in ids) else found

    # ---- which nodes stand behind a bar ----

    def _picks(self, word: str) -> Sequence[int]:
        if self._executed is not None:
            names: Sequence[str] = self._executed.origins.get(word, ())
        else:
            names = (word,)
        return [self._place[name] for name in names if name in self._place]

    def _nodes(self, ids: Sequence[str]) -> Mapping[str, Mapping[Phase, Sequence[int]]]:
        if self._executed is not None:
            named: Mapping[str, Mapping[Phase, Sequence[str]]] = self._executed.nodes
        else:
            named = {stage.device.name: _by_phase(stage.nodes, self._phases) for stage in self.partition.stages}
        place = self._place
        return {
            device: {phase: [place[name] for name in names if name in place] for phase, names in own.items()}
            for device, own in named.items()
        }

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {node["id"]: i for i, node in enumerate(self.model["nodes"])}

    # ---- tables ----

    def _work(self) -> Table:
        """What each device has to do: as much of it as the operators say, and as long as the device takes."""
        graph, rows = self.partition.graph, []
        for stage in self.partition.stages:
            operators = [graph[name] for name in stage.nodes if not isinstance(graph[name].op, State)]
            flops = sum(number(batch_cost(graph, node).flops) for node in operators)
            taken = dict.fromkeys((Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE), 0.0)
            for name, seconds in zip(stage.nodes, stage.node_seconds, strict=True):
                taken[self._phases[name]] += seconds / max(len(stage.team), 1)
            count = number(trainable(graph[name] for name in stage.nodes))
            times = (Quantity(seconds, seconds_text) for seconds in taken.values())
            row: tuple[Cell, ...] = (stage.label, len(operators), count, flops, *times)
            rows.append(row)
        return Table(WORK, tuple(rows), {}, "What each device has to do in a run")

    def _executed_tables(self) -> list[Table]:
        """The division of the pipeline, and the memory of a step."""
        if self.pipelined is None:
            return []
        plan, rows = self.pipelined.plan, []
        for device, peak in plan.peak_bytes.items():
            limit = self.partition.cluster[device].memory_bytes
            sizes = (Quantity(peak, bytes_text), Quantity(limit, bytes_text), share(peak, limit))
            row: tuple[Cell, ...] = (device, plan.schedule.in_flight(device), *sizes)
            rows.append(row)
        memory = Table(MEMORY, tuple(rows), {}, "Memory in a step, with the most microbatches in flight")
        return [replace(stages(plan.partition), title="A microbatch, as it is executed"), memory]

    def _time_tables(self) -> list[Table]:
        """How each device spends the time of each timeline."""
        return [_times(timeline) for timeline in self._timelines]

    @property
    def _timelines(self) -> Sequence[Timeline]:
        return [track.timeline for track in self.tracks] if self.pipelined is None else self.pipelined.timelines

    def _links(self) -> Table:
        found = self.partition
        if self.pipelined is None:
            carried, whole = cut_messages(found), found.bottleneck_seconds
            return links_table(carried, found.cluster, whole, "Links in a run, busy for so much of the time")
        timeline, plan = self.pipelined.timelines[0], self.pipelined.plan
        carried = messages(timeline, self._program, plan.schedule, found.cluster)
        title = "Links in a step, by the speeds of the cluster"
        return links_table(carried, found.cluster, timeline.step_seconds, title)

    # ---- words ----

    @property
    def _steps(self) -> list[str]:
        """How long a step takes, where there are microbatches."""
        if self.pipelined is None:
            return []
        schedule, found = self.pipelined.plan.schedule, self.pipelined.timelines
        steps = [f"{timeline.name}: step {seconds_text(timeline.step_seconds)}" for timeline in found]
        return [f"{schedule.microbatches} microbatches, {schedule.name}", *steps]

    @property
    def _explained(self) -> Explanation:
        """Why it is no better; without trials, where none were made."""
        if self.explanation is not None:
            return self.explanation
        found = self.partition
        most = max(found.stages, key=_fullness if found.objective == "memory" else _load)
        return Explanation(found, most, 1, layers(most), values(found, most), ())

    def _notes(self) -> Iterator[str]:
        yield from self.partition.remarks
        if self._executed_division([str(name) for name in self._place]) is not None:
            yield (
                "The pipeline divides otherwise than the table: its operators are fused, and a microbatch is smaller "
                "than the batch. The graph can show either division; bars choose operators by that of the pipeline."
            )


def _timed(problem: Problem, partition: Partition) -> Problem:
    """The problem with what each node of the partition takes on its device."""
    taken = problem.task_seconds.copy()
    for task, name in enumerate(problem.tasks):
        taken[problem.devices.index(partition.device_of[name]), task] = partition.seconds_of[name]
    return replace(problem, task_seconds=taken)


def _by_phase(names: Sequence[str], phases: Mapping[str, Phase]) -> dict[Phase, list[str]]:
    found: dict[Phase, list[str]] = {}
    for name in names:
        found.setdefault(phases[name], []).append(name)
    return found


def _times(timeline: Timeline) -> Table:
    critical = timeline.critical_seconds
    rows: list[tuple[Cell, ...]] = []
    for device in timeline.devices:
        parts = timeline.busy_seconds, timeline.communication_seconds, timeline.wait_seconds, critical
        busy = timeline.busy_seconds[device] / timeline.step_seconds if timeline.step_seconds else 0.0
        noise = ROUNDING * timeline.step_seconds
        spent = (Quantity(part[device] if part[device] > noise else 0.0, seconds_text) for part in parts)
        rows.append((device, *spent, Quantity(busy, "{:.0%}".format)))
    names = ("busy", "communication", "wait", "critical", "computes")
    columns = (Column("device", "device", right=False), *(Column(name, name) for name in names))
    return Table(columns, tuple(rows), {}, f"{timeline.name}: how each device spends its time")


def _load(stage: Stage) -> float:
    return stage.load_seconds


def _fullness(stage: Stage) -> float:
    return stage.peak_bytes / stage.device.memory_bytes
