"""Runs a plan: every step is bound to its memory once; a run calls them in order and decides nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.ir.op import Array, Op
from cnngraph.ir.size import number
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Call, in_turn
from cnngraph.plan.memory import ALIGNMENT_BYTES
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import PLACED, Combine, Copy, Prepare, Receive, Run, Send, Step, View, writes
from cnngraph.runtime.feeds import checked_feeds
from cnngraph.runtime.threads import WAIT_SECONDS, Crew, Mailbox


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
        self.states = _checked_states(plan, states)
        self.workers = workers if len(plan.devices) == 1 else 1
        self._wanted = {name: plan.buffers[i].type for name, i in plan.inputs.items()}
        self._memory: _Memory = _Memory(plan, self.states, self.workers, [other._memory for other in beside])
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
        arrays = partial(map, partial(self._memory.array, worker=worker))
        match step:
            case Run(task=task, kernel=kernel, inputs=inputs, outputs=outputs, workspace=workspace, prepared=prepared):
                given = [_read_only(x) for x in arrays(inputs)]
                made = [_read_only(x) for x in arrays(prepared)]
                return kernel.bind(task, given, list(arrays(outputs)), list(arrays(workspace)), made)
            case Prepare(task=task, kernel=kernel, index=index, source=source, target=target):
                make = kernel.prepares(task)[index].make
                return partial(make, *arrays((source, target)))
            case Combine(op=op, parts=parts, samples=samples, outputs=outputs):
                return _combination(op, list(arrays(parts)), samples, list(arrays(outputs)))
            case Copy(source=source, target=target):
                return partial(np.copyto, *arrays((target, source)))
            case Send(source=source, tag=tag):
                return partial(self._mailbox.put, tag, *arrays((source,)))
            case Receive(target=target, tag=tag):
                return partial(self._mailbox.take, tag, *arrays((target,)))


class _Memory:
    """Arrays for the buffers of a plan: parts of arenas, states themselves, or memory of their own."""

    def __init__(self, plan: Plan, states: Mapping[str, Array], workers: int, beside: Sequence[_Memory]) -> None:
        self.buffers = plan.buffers
        self.arenas: dict[str, Array] = {
            device: _room(count, [other.arenas[device] for other in beside if device in other.arenas])
            for device, count in plan.arena_bytes.items()
        }
        self.own: dict[str, list[Array]] = {
            device: [_room(count, [o.own[device][w] for o in beside if device in o.own]) for w in range(workers)]
            for device, count in plan.worker_bytes.items()
        }
        state_of = {index: name for name, index in plan.states.items()}
        self.fixed = {
            i: states[state_of[i]] if i in state_of else _typed(_aligned_bytes(b.bytes), b.type)
            for i, b in enumerate(plan.buffers)
            if b.kind not in PLACED
        }

    def array(self, view: View, worker: int) -> Array:
        """The memory of a view, as the given worker sees it."""
        whole = _cut(self._whole(view.buffer, worker), view.cuts)
        if view.shape is None:
            return whole
        shaped = whole.reshape(view.shape)
        assert not shaped.size or np.shares_memory(shaped, whole), f"{view} is no view"
        return _cut(shaped, view.cuts_of_shape)

    def _whole(self, index: int, worker: int) -> Array:
        if index in self.fixed:
            return self.fixed[index]
        buffer = self.buffers[index]
        arena = self.own[buffer.device][worker] if buffer.kind == "worker" else self.arenas[buffer.device]
        return _typed(arena[buffer.offset : buffer.offset + buffer.bytes], buffer.type)


def _cut(x: Array, cuts: Sequence[tuple[int, int, int]]) -> Array:
    for axis, start, stop in cuts:
        x = x[(slice(None),) * axis + (slice(start, stop),)]
    return x


def _typed(memory: Array, type_: TensorType) -> Array:
    return memory.view(type_.dtype).reshape(type_.concrete)


def _combination(op: Op, parts: Sequence[Array], samples: Sequence[int], outputs: Sequence[Array]) -> Call:
    """The call that combines partial results; sums go straight to their places."""
    if type(op).combine is Op.combine:
        return in_turn([partial(np.add.reduce, x, axis=0, out=y) for x, y in zip(parts, outputs, strict=True)])

    def call() -> None:
        for out, value in zip(outputs, op.combine(parts, samples), strict=True):
            np.copyto(out, value)

    return call


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


def _aligned_bytes(count: int) -> Array:
    """`count` bytes that begin at a whole cache line."""
    raw = np.empty(count + ALIGNMENT_BYTES, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT_BYTES
    return raw[start : start + count]


def _room(count: int, lent: Sequence[Array]) -> Array:
    """So many bytes: of an array that is lent, or new ones."""
    fitting = [memory for memory in lent if len(memory) >= count]
    return fitting[0][:count] if fitting else _aligned_bytes(count)


def _read_only(view: Array) -> Array:
    """The same memory, for reading: an operator that writes to its input fails at once."""
    shown = view.view()
    shown.flags.writeable = False
    return shown


def _checked_states(plan: Plan, states: Mapping[str, Array]) -> dict[str, Array]:
    written = {view.buffer for steps in plan.steps.values() for step in steps for view in writes(step)}
    found: list[Diagnostic] = []
    for name, index in plan.states.items():
        type_ = plan.buffers[index].type
        if name not in states:
            found.append(Diagnostic("E0703", f"the state `{name}` {type_} has no value"))
            continue
        array = states[name]
        if array.shape != type_.concrete or array.dtype != type_.dtype:
            given, needs = f"{array.dtype} {array.shape}", f"{type_.dtype} {type_.concrete}"
            found.append(Diagnostic("E0703", f"the state `{name}` is {given}, but {needs} is needed"))
        elif index in written and not array.flags.writeable:
            found.append(Diagnostic("E0703", f"the state `{name}` changes, but its array is read-only"))
    if found:
        raise CnnGraphError(found)
    return {name: states[name] for name in plan.states}
