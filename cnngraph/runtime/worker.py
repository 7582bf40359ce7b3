"""Runs a plan: every step is bound to its memory once; a run calls them in order and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.ir.op import Array
from cnngraph.plan.memory import ALIGNMENT_BYTES
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import Copy, Receive, Run, Send, Step, writes
from cnngraph.runtime.feeds import checked_feeds
from cnngraph.runtime.kernels import Call, kernel_for
from cnngraph.runtime.threads import WAIT_SECONDS, Mailbox, run_all


class Executor:
    """A plan with its memory, ready to run many times. Not for two runs at one time.

    `states` are used as they are and overwritten by the plan's updates: several executors may share them.
    errors: E0703 where they do not fit the plan.
    """

    def __init__(self, plan: Plan, states: Mapping[str, Array], wait_seconds: float = WAIT_SECONDS) -> None:
        self.plan = plan
        self.states = _checked_states(plan, states)
        self._wanted = {name: plan.buffers[i].type for name, i in plan.inputs.items()}
        self._views = self._memory()
        self._mailbox = Mailbox(self._messages(), wait_seconds)
        self._programs = {device: [self._call(step) for step in steps] for device, steps in plan.steps.items()}

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Array]:
        """The outputs, as arrays of their own. Afterwards the states have their next values. Errors: E0705.

        If an operator fails, its error is raised and some states may have their next values and others not.
        """
        for name, array in checked_feeds(self._wanted, feeds).items():
            np.copyto(self._views[self.plan.inputs[name]], array)
        run_all(self._programs, self._mailbox)
        return {name: self._views[i].copy() for name, i in self.plan.outputs.items()}

    def _memory(self) -> list[Array]:
        """An array for each buffer: a view of its device's arena, a state itself, or its own memory."""
        arenas = {device: _aligned_bytes(count) for device, count in self.plan.arena_bytes.items()}
        state_of = {index: name for name, index in self.plan.states.items()}
        views: list[Array] = []
        for i, buffer in enumerate(self.plan.buffers):
            if i in state_of:
                views.append(self.states[state_of[i]])
                continue
            where = arenas[buffer.device] if buffer.kind == "arena" else _aligned_bytes(buffer.bytes)
            part = where[buffer.offset : buffer.offset + buffer.bytes]
            views.append(part.view(buffer.type.dtype).reshape(buffer.type.concrete))
        return views

    def _messages(self) -> dict[int, Array]:
        sent = [step for steps in self.plan.steps.values() for step in steps if isinstance(step, Send)]
        return {step.tag: np.empty_like(self._views[step.buffer]) for step in sent}

    def _call(self, step: Step) -> Call:
        views = self._views
        match step:
            case Run(op=op, inputs=inputs, outputs=outputs):
                kernel = kernel_for(op, overlap=not set(inputs).isdisjoint(outputs))
                return kernel(op, [_read_only(views[i]) for i in inputs], [views[i] for i in outputs])
            case Copy(source=source, target=target):
                return partial(np.copyto, views[target], views[source])
            case Send(buffer=buffer, tag=tag):
                return partial(self._mailbox.put, tag, views[buffer])
            case Receive(buffer=buffer, tag=tag):
                return partial(self._mailbox.take, tag, views[buffer])


def _aligned_bytes(count: int) -> Array:
    """`count` bytes that begin at a whole cache line."""
    raw = np.empty(count + ALIGNMENT_BYTES, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT_BYTES
    return raw[start : start + count]


def _read_only(view: Array) -> Array:
    """The same memory, for reading: an operator that writes to its input fails at once."""
    shown = view.view()
    shown.flags.writeable = False
    return shown


def _checked_states(plan: Plan, states: Mapping[str, Array]) -> dict[str, Array]:
    written = {index for steps in plan.steps.values() for step in steps for index in writes(step)}
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
