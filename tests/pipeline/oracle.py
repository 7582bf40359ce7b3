"""Random pipelines, and their times worked out another way: as longest paths of a graph of events."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import networkx

from cnngraph.pipeline.program import Compute, Item, Program, Receive, Send, Transport
from cnngraph.pipeline.schedule import KINDS, Phase, Schedule, depths, make_schedule

PHASES = (Phase.FORWARD, Phase.BACKWARD, Phase.WEIGHTS, Phase.REDUCE, Phase.UPDATE)


@dataclass(frozen=True)
class Pipeline:
    """Stages that form a DAG with skips, what they do, and a schedule for them."""

    stages: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    program: Program
    schedule: Schedule
    depth: dict[str, int]


def random_pipeline(seed: int, with_teams: bool = False, kind: str | None = None) -> Pipeline:
    draw = random.Random(seed)
    stages = tuple(f"gpu{i}" for i in range(draw.randint(1, 6)))
    edges = [(stages[draw.randrange(i)], stages[i]) for i in range(1, len(stages))]
    edges += [(a, b) for i, a in enumerate(stages) for b in stages[i + 1 :] if draw.random() < 0.25]
    edges = list(dict.fromkeys(edges))
    teams = {stage: tuple(f"{stage}.{i}" for i in range(draw.randint(2, 3))) for stage in stages if draw.random() < 0.4}
    teams = teams if with_teams else {}
    kind = kind or draw.choice([*KINDS])
    count = 1 if kind == "one-shot" else draw.randint(1, 9)
    depth = depths(stages, edges, teams)
    has_backward = draw.random() < 0.9
    schedule = make_schedule(kind, count, depth, has_backward, teams)
    late = {i for i in range(len(edges)) if has_backward and draw.random() < 0.2}
    return Pipeline(stages, tuple(edges), _program(draw, stages, edges, late), schedule, depth)


def _program(draw: random.Random, stages: Sequence[str], edges: Sequence[tuple[str, str]], late: set[int]) -> Program:
    """Messages forth and back along each edge; the `late` ones are taken by the backward of the other stage."""
    items: dict[str, dict[Phase, list[Item]]] = {stage: {phase: [] for phase in PHASES} for stage in stages}
    for stage in stages:
        for phase in PHASES:
            forth = [(2 * i, a, b, i) for i, (a, b) in enumerate(edges)]
            back = [(2 * i + 1, b, a, i) for i, (a, b) in enumerate(edges)]
            moved = forth if phase is Phase.FORWARD else back if phase is Phase.BACKWARD else []
            received: list[Item] = [
                Receive(tag, a) for tag, a, b, i in moved if b == stage and not (phase is Phase.FORWARD and i in late)
            ]
            if phase is Phase.BACKWARD:
                received += [Receive(tag, a) for tag, a, b, i in forth if b == stage and i in late]
            sent: list[Item] = [Send(tag, draw.randint(1, 9), b) for tag, a, b, _ in moved if a == stage]
            for group in (received, sent):
                draw.shuffle(group)
                for _ in range(draw.randint(0, 2)):
                    group.insert(draw.randint(0, len(group)), Compute(draw.choice([0.5, 1.0, 2.0, 3.25])))
            items[stage][phase] = [*received, *sent]
    return {stage: {phase: tuple(found) for phase, found in phases.items()} for stage, phases in items.items()}


def step_seconds(pipeline: Pipeline, transport: Transport) -> float | None:
    """The longest path through all events; None where they wait for each other in a circle."""
    program, schedule = pipeline.program, pipeline.schedule
    sizes = {
        (item.tag, stage): item.bytes
        for stage, phases in program.items()
        for items in phases.values()
        for item in items
        if isinstance(item, Send)
    }
    graph = networkx.DiGraph()
    puts: dict[object, list[object]] = defaultdict(list)
    takes: dict[object, list[object]] = defaultdict(list)
    roads: dict[object, list[object]] = defaultdict(list)
    meetings: dict[str, list[object]] = defaultdict(list)
    seconds: dict[object, float] = {}

    def add(event: object, duration: float, *after: object) -> None:
        graph.add_node(event)
        seconds[event] = duration
        graph.add_edges_from((other, event) for other in after)

    for device, actions in schedule.actions.items():
        stage = schedule.stage_of[device]
        last: object = ("start", device)
        add(last, 0.0)
        for action in actions:
            if action.phase is Phase.REDUCE:
                meetings[stage].append(last)
                add(("met", device), 0.0, last)
                last = ("met", device)
            for i, item in enumerate(program[stage][action.phase]):
                event = (device, action.phase, action.microbatch, i)
                if isinstance(item, Compute):
                    add(event, item.seconds, last)
                elif isinstance(item, Send):
                    peer = schedule.member(item.target, action.microbatch)
                    moving = transport.seconds(device, peer, item.bytes)
                    add(event, moving if transport.occupies else 0.0, last)
                    puts[item.tag, device, peer].append(event)
                    if not transport.occupies:
                        carried = ("carried", *event)
                        add(carried, moving, event, *roads[device, peer][-1:])
                        roads[device, peer].append(carried)
                else:
                    peer = schedule.member(item.source, action.microbatch)
                    moving = transport.seconds(peer, device, sizes[item.tag, item.source])
                    add(event, moving if transport.occupies else 0.0, last)
                    takes[item.tag, peer, device].append(event)
                last = event
    for channel, given in puts.items():
        taken = takes[channel]
        assert len(taken) == len(given)
        for k, (put, take) in enumerate(zip(given, taken, strict=True)):
            graph.add_edge(put if transport.occupies else ("carried", *put), take)  # type: ignore[misc]
            if k >= transport.capacity:
                graph.add_edge(taken[k - transport.capacity], put)
    for stage, came in meetings.items():
        graph.add_edges_from((other, ("met", member)) for member in schedule.team(stage) for other in came)
    if not networkx.is_directed_acyclic_graph(graph):
        return None
    ends: dict[object, float] = {}
    for event in networkx.topological_sort(graph):
        ends[event] = max((ends[other] for other in graph.predecessors(event)), default=0.0) + seconds[event]
    return max(ends[event] for event in ends if event[0] != "carried")  # type: ignore[index]
