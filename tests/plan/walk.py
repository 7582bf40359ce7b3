"""Walks through the steps of a plan as its workers may, and holds what every plan promises."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.size import number
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import PLACED, Combine, Copy, Receive, Run, Send, Stage, Step, View, reads, writes


class Memory:
    """The bytes of a plan as one array for each arena; each element says which value lies there."""

    def __init__(self, plan: Plan, workers: int) -> None:
        self.plan, self.names = plan, dict[str, int]()
        self.shared = {d: np.zeros(count // 4, np.int64) for d, count in plan.arena_bytes.items()}
        self.own = {d: [np.zeros(c // 4, np.int64) for _ in range(workers)] for d, c in plan.worker_bytes.items()}
        self.fixed = {
            i: np.full(b.type.concrete, self.number(f"{b.value} at the start")) for i, b in enumerate(plan.buffers)
        }

    def number(self, name: str) -> int:
        return self.names.setdefault(name, len(self.names) + 1)

    def array(self, view: View, worker: int) -> Array:
        buffer = self.plan.buffers[view.buffer]
        if buffer.kind in PLACED:
            arena = self.own[buffer.device][worker] if buffer.kind == "worker" else self.shared[buffer.device]
            whole = arena[buffer.offset // 4 :][: number(buffer.type.elements)].reshape(buffer.type.concrete)
        else:
            whole = self.fixed[view.buffer]
        whole = _cut(whole, view.cuts)
        return whole if view.shape is None else _cut(whole.reshape(view.shape), view.cuts_of_shape)


def _cut(x: Array, cuts: Sequence[tuple[int, int, int]]) -> Array:
    for axis, start, stop in cuts:
        x = x[(slice(None),) * axis + (slice(start, stop),)]
    return x


def walk(plan: Plan, workers: int) -> None:
    """Run all steps in name only: whatever a step reads must be there, whole, when it is read."""
    memory = Memory(plan, workers)
    for job in plan.prologue.values():
        for step in job:
            _step(memory, step, 0, {})
    sent: dict[int, int] = {}
    turn = dict.fromkeys(plan.devices, 0)
    while moved := [d for d in plan.devices if turn[d] < len(plan.stages[d]) and _ready(plan.stages[d][turn[d]], sent)]:
        stage = plan.stages[moved[0]][turn[moved[0]]]
        _nothing_is_shared(memory, stage, workers)
        for j, job in reversed(list(enumerate(stage))):  # any order must do
            for step in job:
                _step(memory, step, j % workers, sent)
        turn[moved[0]] += 1
    assert all(turn[d] == len(plan.stages[d]) for d in plan.devices), "no device waits for ever"


def keep_apart(plan: Plan, workers: int) -> None:
    """No two jobs of a stage share memory that one of them writes: `walk` without the walking."""
    memory = Memory(plan, workers)
    for stages in plan.stages.values():
        for stage in stages:
            _nothing_is_shared(memory, stage, workers)


def _ready(stage: Stage, sent: dict[int, int]) -> bool:
    return all(not isinstance(step, Receive) or step.tag in sent for job in stage for step in job)


def _nothing_is_shared(memory: Memory, stage: Stage, workers: int) -> None:
    """No job writes what another one touches, unless one worker takes both."""
    for j, job in enumerate(stage):
        mine = [memory.array(v, j % workers) for step in job for v in writes(step)]
        for k, other in enumerate(stage):
            if k % workers != j % workers:
                theirs = [memory.array(v, k % workers) for step in other for v in (*reads(step), *writes(step))]
                clashes = [1 for a in mine for b in theirs if np.may_share_memory(a, b) and np.shares_memory(a, b)]
                assert not clashes, f"jobs {j} and {k} of one stage share memory"


def _step(memory: Memory, step: Step, worker: int, sent: dict[int, int]) -> None:
    def names(view: View) -> set[str]:
        known = {number: name for name, number in memory.names.items()}
        return {known.get(int(n), "garbage") for n in np.unique(memory.array(view, worker))}

    def put(view: View, name: str) -> None:
        memory.array(view, worker)[...] = memory.number(name)

    match step:
        case Run(node=node, inputs=inputs, outputs=outputs, workspace=workspace):
            for view in inputs:
                assert "garbage" not in names(view), f"{node} reads garbage"
                assert not any(name.startswith("workspace") for name in names(view)), f"{node} reads {names(view)}"
            for view in workspace:
                put(view, f"workspace of {node}")
            for k, view in enumerate(outputs):
                put(view, f"{node}!{k}")
        case Combine(node=node, parts=parts, outputs=outputs):
            assert [names(view) for view in parts] == [{f"{node}!{k}"} for k in range(len(parts))]
            for k, view in enumerate(outputs):
                put(view, f"{node}!{k}")
        case Copy(source=source, target=target):
            assert "garbage" not in names(source)
            memory.array(target, worker)[...] = memory.array(source, worker)
        case Send(source=source, tag=tag):
            (name,) = names(source)
            assert tag not in sent
            sent[tag] = memory.number(name)
        case Receive(target=target, tag=tag):
            memory.array(target, worker)[...] = sent[tag]
        case _:
            put(step.target, "prepared")
