"""What a division does without microbatches: runs that follow each other, and one run alone.

    several   gpu0  F0 s F1 s F2 s F3 s          each device does its share of a run, receives before, sends after;
              gpu1       r F0 s  r F1 s ...      the busiest is never idle: a run ends whenever it ends its share
    one       gpu0  conv1 relu1                  each operator runs as soon as its values are there, and links carry
              gpu1              conv2 relu2      them while devices go on (`partition.makespan`)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from cnngraph.pages.timeline import Message
from cnngraph.partition.makespan import PieceRun, TaskRun, run_of
from cnngraph.partition.partition import Cut, Partition
from cnngraph.partition.problem import Answer, Problem, exchange_seconds, longest_path
from cnngraph.pipeline.schedule import ALL, Phase
from cnngraph.pipeline.timeline import Span, Timeline

MORE = 3  # runs after the pipeline is full
MOST_RUNS = 24
SLOTS = 3

PhaseOf = Callable[[str], Phase]


@dataclass(frozen=True)
class Moved:
    """A value that a device takes in or gives out, the device at the other end, and what it takes."""

    name: str
    peer: str
    seconds: float


@dataclass(frozen=True)
class Share:
    """What a device, or each member of a team, does in each run."""

    receives: tuple[Moved, ...]
    computes: Mapping[Phase, float]
    sends: tuple[Moved, ...]
    exchange: tuple[Moved, ...] = ()

    def parts(self) -> Iterator[tuple[Phase, str, str, str, float]]:
        """Phase, kind, name, peer and seconds of each part, in order."""
        phases = [phase for phase, seconds in self.computes.items() if seconds] or [Phase.FORWARD]
        yield from ((phases[0], "receive", m.name, m.peer, m.seconds) for m in self.receives)
        yield from ((phase, "update" if phase is Phase.UPDATE else "compute", "", "", self.computes[phase])
                    for phase in phases if self.computes.get(phase))  # fmt: skip
        yield from ((phases[-1], "send", m.name, m.peer, m.seconds) for m in self.sends)
        yield from ((Phase.REDUCE, "reduce", m.name, m.peer, m.seconds) for m in self.exchange)

    @property
    def ends(self) -> list[float]:
        """When each part ends, from the start of the share."""
        return list(accumulate(part[-1] for part in self.parts()))

    @property
    def seconds(self) -> float:
        return max(self.ends, default=0.0)


def shares_of_partition(partition: Partition, phase_of: PhaseOf) -> dict[str, Share]:
    """The shares by device; together as long as the loads of the stages. A team goes by its first member."""
    found = {}
    for stage in partition.stages:
        members = max(len(stage.team), 1)
        computes: dict[Phase, float] = {}
        for name, seconds in zip(stage.nodes, stage.node_seconds, strict=True):
            phase = phase_of(name)
            computes[phase] = computes.get(phase, 0.0) + seconds / members
        device = stage.device.name
        received = [Moved(*_from(partition, cut, device, members)) for cut in partition.cuts if device in cut.targets]
        sent = [Moved(*_to(partition, cut, members)) for cut in partition.cuts if cut.source == device]
        others = " + ".join(stage.team[1:])
        exchange = (Moved("gradients", others, stage.exchange_seconds),) if stage.exchange_seconds else ()
        ordered = {phase: computes[phase] for phase in Phase if phase in computes}
        found[device] = Share(tuple(received), ordered, tuple(sent), exchange)
    return found


def _from(partition: Partition, cut: Cut, device: str, members: int) -> tuple[str, str, float]:
    return str(cut.value), cut.source, partition.cluster.link(cut.source, device).seconds(cut.bytes) / members


def _to(partition: Partition, cut: Cut, members: int) -> tuple[str, str, float]:
    """A value is sent to all its readers at once, over the slowest of the links."""
    slowest = max(partition.cluster.link(cut.source, target).seconds(cut.bytes) for target in cut.targets)
    return str(cut.value), ", ".join(cut.targets), slowest / members


def shares_of_answer(problem: Problem, answer: Answer, phase_of: PhaseOf) -> dict[str, Share]:
    """The same of a problem of numbers; together as long as its `loads`."""
    on = [answer.device_of[group] for group in problem.group_of]
    names = problem.devices
    members = {team[0]: len(team) for team in answer.teams}
    received: dict[int, list[Moved]] = {d: [] for d in sorted(set(on))}
    sent: dict[int, list[Moved]] = {d: [] for d in received}
    computes: dict[int, dict[Phase, float]] = {d: {} for d in received}
    for task, d in enumerate(on):
        phase = phase_of(problem.tasks[task])
        seconds = float(problem.task_seconds[d][task]) / members.get(d, 1)
        computes[d][phase] = computes[d].get(phase, 0.0) + seconds
    for value in problem.values:
        source, name = on[value.source], problem.tasks[value.source]
        targets = sorted({on[reader] for reader in value.readers} - {source})
        if targets:
            paid = max(problem.pays(source, target, value.bytes) for target in targets) / members.get(source, 1)
            sent[source].append(Moved(name, ", ".join(names[target] for target in targets), paid))
        for target in targets:
            paid = problem.pays(target, source, value.bytes) / members.get(target, 1)
            received[target].append(Moved(name, names[source], paid))
    exchanges = {team[0]: _exchange(problem, answer, team) for team in answer.teams}
    return {
        names[d]: Share(
            tuple(m for m in received[d] if m.seconds),
            {phase: computes[d][phase] for phase in Phase if phase in computes[d]},
            tuple(m for m in sent[d] if m.seconds),
            exchanges.get(d, ()),
        )
        for d in received
    }


def _exchange(problem: Problem, answer: Answer, team: Sequence[int]) -> tuple[Moved, ...]:
    count = sum(n for n, d in zip(problem.exchange_bytes, answer.device_of, strict=True) if d == team[0])
    pairs = np.ix_(team, team)
    slowest = float(problem.pay_seconds[pairs].max()), float(problem.pay_seconds_per_byte[pairs].max())
    seconds = exchange_seconds(count, len(team), *slowest)
    return (Moved("gradients", " + ".join(problem.devices[d] for d in team[1:]), seconds),) if seconds else ()


def several_runs(shares: Mapping[str, Share]) -> tuple[Timeline, str]:
    """The devices with one run after the other, and in words what is shown.

    Where values go around in a ring, as in a training step, each device does its shares of several runs in one period:
    then a few periods are shown, each as long as the load of the busiest device.
    """
    after = {device: {p for m in share.sends for p in m.peer.split(", ") if p in shares}
             for device, share in shares.items()}  # fmt: skip
    depth = longest_path(after)
    period = max((share.seconds for share in shares.values()), default=0.0)
    if not depth:
        starts = {device: [i * period for i in range(SLOTS)] for device in shares}
        awaited = {device: [_first_maker(share)] * SLOTS for device, share in shares.items()}
        told = "values go around in a ring: in each period (they are numbered) a device does its shares of several runs"
    else:
        starts, awaited = _flowing(shares, after, min(depth + MORE, MOST_RUNS))
        told = "once the pipeline is full, a run ends each time the busiest device has done its share"
    spans = {device: tuple(_shares(device, shares[device], starts[device], awaited[device])) for device in shares}
    return Timeline("predicted: one run after the other", spans), told


def _flowing(
    shares: Mapping[str, Share], after: Mapping[str, set[str]], runs: int
) -> tuple[dict[str, list[float]], dict[str, list[str]]]:
    """When each device begins each run: when it is free, and all it waits for was sent; and which was sent last."""
    waits: dict[str, list[str]] = {device: [] for device in shares}
    for device, targets in after.items():
        for target in sorted(targets):
            waits[target].append(device)
    order: list[str] = []
    while len(order) < len(shares):
        known = set(order)
        order += [device for device in shares if device not in known and known.issuperset(waits[device])]
    starts: dict[str, list[float]] = {device: [] for device in shares}
    last: dict[str, list[str]] = {device: [] for device in shares}
    for run in range(runs):
        for device in order:
            free = starts[device][-1] + shares[device].seconds if run else 0.0
            sent = {other: starts[other][run] + shares[other].seconds for other in waits[device]}
            starts[device].append(max(free, *sent.values()) if sent else free)
            last[device].append(max(sent, key=sent.__getitem__) if sent else "")
    return starts, last


def _first_maker(share: Share) -> str:
    return next((m.peer for m in share.receives), "")


def _shares(
    device: str, share: Share, starts: Sequence[float], awaited: Sequence[str], numbered: bool = True
) -> Iterator[Span]:
    """A share whenever it starts, and what it waits for before; it ends at the very time that others begin by."""
    now = 0.0
    for run, (start, maker) in enumerate(zip(starts, awaited, strict=True)):
        if start > now:
            yield Span(device, Phase.FORWARD, run if numbered else ALL, "wait", now, start, "its values", maker)
        now = start
        for (phase, kind, name, peer, _), end in zip(share.parts(), share.ends, strict=True):
            yield Span(device, phase, run if numbered else ALL, kind, now, start + end, name, peer)
            now = start + end


def one_run(problem: Problem, device_of: Sequence[int], phase_of: PhaseOf) -> tuple[Timeline, tuple[Message, ...]]:
    """One run from its start to its end, as long as its `makespan`; and what the links carry in it."""
    run = run_of(problem)
    run.seconds(device_of)
    if isinstance(run, PieceRun):
        return _pieces(problem, device_of, run, phase_of), ()
    return _tasks(problem, device_of, run, phase_of), tuple(_carried(problem, device_of, run))


def _tasks(problem: Problem, device_of: Sequence[int], run: TaskRun, phase_of: PhaseOf) -> Timeline:
    on = [device_of[group] for group in problem.group_of]
    spans: dict[str, list[Span]] = {problem.devices[d]: [] for d in sorted(set(on))}
    now = dict.fromkeys(spans, 0.0)
    for task, d in enumerate(on):
        device, name, end = problem.devices[d], problem.tasks[task], run.end[task]
        start, phase, maker = now[device], phase_of(name), run.blamed[task]
        if maker >= 0 and on[maker] != d:
            start = end - float(problem.task_seconds[d][task])
            peer = problem.devices[on[maker]]
            spans[device].append(Span(device, phase, ALL, "wait", now[device], start, problem.tasks[maker], peer))
        if end > start:
            kind = "update" if phase is Phase.UPDATE else "compute"
            spans[device].append(Span(device, phase, ALL, kind, start, end, name))
        now[device] = max(now[device], end)
    return Timeline("predicted: one run alone", {device: tuple(found) for device, found in spans.items()})


def _carried(problem: Problem, device_of: Sequence[int], run: TaskRun) -> Iterator[Message]:
    for v, value in enumerate(problem.values):
        source = device_of[problem.group_of[value.source]]
        for target, arrival in run.there[v].items():
            if target != source:
                ends = problem.devices[source], problem.devices[target]
                left = arrival - run.travel(v, source, target)
                yield Message(*ends, problem.tasks[value.source], ALL, int(value.bytes), left, arrival)


def _pieces(problem: Problem, device_of: Sequence[int], run: PieceRun, phase_of: PhaseOf) -> Timeline:
    """Accelerators run in one piece; tasks of CPUs run side by side, in as many lanes as they need."""
    on = [device_of[group] for group in problem.group_of]
    shares = shares_of_answer(problem, Answer(tuple(device_of)), phase_of)
    spans: dict[str, list[Span]] = {}
    for d in sorted(set(on)):
        device = problem.devices[d]
        if d in run.finish:
            start = run.finish[d] - shares[device].seconds
            awaited = [_first_maker(shares[device])]
            spans[device] = list(_shares(device, shares[device], [start], awaited, numbered=False))
            continue
        tasks = [task for task, other in enumerate(on) if other == d and problem.task_seconds[d][task]]
        tasks.sort(key=lambda task: run.finish[len(problem.devices) + task])
        for task in tasks:
            end = run.finish[len(problem.devices) + task]
            start = end - float(problem.task_seconds[d][task])
            lane = _free_lane(spans, device, start)
            name = problem.tasks[task]
            spans[lane].append(Span(lane, phase_of(name), ALL, "compute", start, end, name))
    return Timeline("predicted: one run alone", {device: tuple(found) for device, found in spans.items()})


def _free_lane(spans: dict[str, list[Span]], device: str, start: float) -> str:
    """The first lane of the device in which nothing runs then."""
    number = 1
    while True:
        lane = device if number == 1 else f"{device} ({number})"
        if not spans.setdefault(lane, []) or spans[lane][-1].end_seconds <= start * (1 + 1e-12):
            return lane
        number += 1
