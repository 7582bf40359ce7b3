"""Runs a plan: every step is bound to its memory once; a run calls them in order and decides nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.size import number
from cnngraph.kernels.kernel import Call
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import Run, Send, Step, View
from cnngraph.runtime.binding import bind_step
from cnngraph.runtime.engines.transport import WAIT_SECONDS
from cnngraph.runtime.feeds import checked_feeds
from cnngraph.runtime.memory import Memory, checked_states
from cnngraph.runtime.threads import Crew, Mailbox


@dataclass(frozen=True)
class Timing:
    """What one step took: by whom, in which stage, and what it had to compute and to move."""

    node: str
    op: str
    kernel: str
    stage: int
    worker: int
    seconds: float
    flops: float
    bytes: float


@dataclass(frozen=True)
class Bound:
    """A step bound to its memory."""

    call: Call
    stage: int
    worker: int
    step: Step | None = None


@dataclass(frozen=True)
class Meeting:
    """All workers wait for each other; the last one to come does what has to be done once."""

    stage: int
    once: tuple[Bound, ...]


class Executor:
    """A plan with its memory, ready to run many times. Not for two runs at one time.

    `states` are used as they are and overwritten by the plan's updates: several executors may share them. `workers`
    threads share the jobs of a plan for one device; the results do not depend on their number. Executors `beside` this
    one never run at the same time: their arenas serve for this one too, where they are large enough.
    errors: E0703 where the states do not fit the plan.
    """

    def __init__(
        self,
        plan: Plan,
        states: Mapping[str, Array],
        workers: int = 1,
        wait_seconds: float = WAIT_SECONDS,
        beside: Iterable[Executor] = (),
    ) -> None:
        self.plan = plan
        self.states = checked_states(plan, states)
        self.workers = workers if len(plan.devices) == 1 else 1
        self._wanted = {name: plan.buffers[i].type for name, i in plan.inputs.items()}
        self._memory: Memory = Memory(plan, self.states, self.workers, [other._memory for other in beside])
        self._inputs = {name: self._memory.array(View(i), 0) for name, i in plan.inputs.items()}
        self._outputs = {name: self._memory.array(view, 0) for name, view in plan.outputs.items()}
        self._mailbox = Mailbox(self._messages(), wait_seconds)
        self._once = {device: [self._call(step, 0) for step in job] for device, job in plan.prologue.items()}
        self.prepare()
        self._bound = {name: program for device in plan.devices for name, program in self._programs(device).items()}
        self._crew = self._crew_of(lambda bound: bound.call)

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Array]:
        """The outputs, as arrays of their own. Afterwards the states have their next values. Errors: E0705.

        If an operator fails, its error is raised and some states may have their next values and others not.
        """
        self._feed(feeds)
        self._crew.run()
        return {name: array.copy() for name, array in self._outputs.items()}

    def prepare(self) -> None:
        """Compute again what follows from the states alone. A plan for states that change has nothing to prepare."""
        for device, calls in self._once.items():
            Crew({device: calls}, self._mailbox).run()

    def timed(self, feeds: Mapping[str, Any]) -> list[Timing]:
        """One run, and what each of its steps took."""
        taken: dict[int, float] = {}

        def clocked(bound: Bound) -> Call:
            def call() -> None:
                start = perf_counter()
                bound.call()
                taken[id(bound)] = perf_counter() - start

            return call

        bound: list[Bound] = []

        def kept(each: Bound) -> Call:
            bound.append(each)  # alive as long as its id is asked for
            return clocked(each)

        self._feed(feeds)
        self._crew_of(kept).run()
        return [_timing(each, taken[id(each)]) for each in bound]

    def _feed(self, feeds: Mapping[str, Any]) -> None:
        for name, array in checked_feeds(self._wanted, feeds).items():
            np.copyto(self._inputs[name], array)

    def _crew_of(self, call_of: Callable[[Bound], Call]) -> Crew:
        """All programs, each bound step as the call that stands for it."""
        barriers: dict[Meeting, threading.Barrier] = {}
        programs: dict[str, list[Call]] = {}
        for worker, (name, program) in enumerate(self._bound.items()):
            calls = programs[name] = []
            for each in program:
                if isinstance(each, Bound):
                    calls.append(call_of(each))
                    continue
                if each not in barriers:
                    once = partial(_all, [call_of(bound) for bound in each.once]) if each.once else None
                    barriers[each] = threading.Barrier(self.workers, once)
                calls.append(call_of(Bound(barriers[each].wait, each.stage, worker)))
        return Crew(programs, self._mailbox, list(barriers.values()))

    def _programs(self, device: str) -> dict[str, list[Bound | Meeting]]:
        """What each worker does: its jobs of each stage; stages of one job are for whoever comes last to a meeting."""
        programs: list[list[Bound | Meeting]] = [[] for _ in range(self.workers)]
        once: list[Bound] = []
        for s, stage in enumerate(self.plan.stages[device]):
            if len(stage) == 1 or self.workers == 1:
                once += [Bound(self._call(step, 0), s, 0, step) for job in stage for step in job]
                continue
            if once or any(programs):
                self._meet(programs, s, once)
                once = []
            for j, job in enumerate(stage):
                worker = j % self.workers
                programs[worker] += [Bound(self._call(step, worker), s, worker, step) for step in job]
        if once and any(programs):
            self._meet(programs, len(self.plan.stages[device]), once)
        elif once:
            return {device: list(once)}
        return {device if len(programs) == 1 else f"{device}, worker {w}": bound for w, bound in enumerate(programs)}

    def _meet(self, programs: Sequence[list[Bound | Meeting]], stage: int, once: Sequence[Bound]) -> None:
        meeting = Meeting(stage, tuple(once))
        for program in programs:
            program.append(meeting)

    def _messages(self) -> dict[int, Array]:
        sent = [step for steps in self.plan.steps.values() for step in steps if isinstance(step, Send)]
        return {step.tag: np.empty_like(self._memory.array(step.source, 0)) for step in sent}

    def _call(self, step: Step, worker: int) -> Call:
        return bind_step(step, self._memory, self._mailbox, worker)


def _timing(bound: Bound, seconds: float) -> Timing:
    step = bound.step
    if not isinstance(step, Run):
        kind = "wait" if step is None else type(step).__name__.lower()
        return Timing(getattr(step, "node", ""), kind, kind, bound.stage, bound.worker, seconds, 0.0, 0.0)
    cost = step.task.op.cost(step.task.inputs, step.task.outputs)
    work = float(number(cost.flops)), float(number(cost.bytes_moved))
    return Timing(step.node, str(step.task.op), step.kernel.name, bound.stage, bound.worker, seconds, *work)


def _all(calls: Sequence[Call]) -> None:
    for call in calls:
        call()
