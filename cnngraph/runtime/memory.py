"""The memory of a plan: arenas, states and fed values, and each view of them as an array."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy

import numpy as np

from cnngraph.diagnostics import CnnGraphError, Diagnostic
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.plan.memory import ALIGNMENT_BYTES
from cnngraph.plan.plan import Plan
from cnngraph.plan.steps import PLACED, View, writes


class Memory:
    """Arrays for the buffers of a plan: parts of arenas, states themselves, or memory of their own.

    With `devices` only theirs is there. Memories `beside` this one are never used at the same time: their arenas serve
    for this one too, where they are large enough.
    """

    def __init__(
        self,
        plan: Plan,
        states: Mapping[str, Array],
        workers: int = 1,
        beside: Sequence[Memory] = (),
        devices: Collection[str] | None = None,
    ) -> None:
        self.plan = plan
        here = plan.devices if devices is None else devices
        lent = {device: [other for other in beside if device in other.arenas] for device in here}
        self.arenas: dict[str, Array] = {
            device: _room(plan.arena_bytes[device], [other.arenas[device] for other in lent[device]]) for device in here
        }
        self.own: dict[str, list[Array]] = {
            device: [
                _room(plan.worker_bytes[device], [other.own[device][w] for other in lent[device]])
                for w in range(workers)
            ]
            for device in here
        }
        self.stashes = {device: _aligned_bytes(plan.stash_bytes.get(device, 0)) for device in here}
        state_of = {index: name for name, index in plan.states.items()}
        self.fixed = {
            i: states[state_of[i]] if i in state_of else _typed(_aligned_bytes(b.bytes), b.type)
            for i, b in enumerate(plan.buffers)
            if b.kind not in PLACED and b.device in here
        }

    def another(self) -> Memory:
        """The same memory, but for what each run in flight has for itself: its stash, and what is fed."""
        other = copy(self)
        other.stashes = {device: _aligned_bytes(len(stash)) for device, stash in self.stashes.items()}
        fed = {i: np.empty_like(x) for i, x in self.fixed.items() if self.plan.buffers[i].kind == "fed"}
        other.fixed = {**self.fixed, **fed}
        return other

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
        buffer = self.plan.buffers[index]
        match buffer.kind:
            case "worker":
                arena = self.own[buffer.device][worker]
            case "stash":
                arena = self.stashes[buffer.device]
            case _:
                arena = self.arenas[buffer.device]
        return _typed(arena[buffer.offset : buffer.offset + buffer.bytes], buffer.type)


def _cut(x: Array, cuts: Sequence[tuple[int, int, int]]) -> Array:
    for axis, start, stop in cuts:
        x = x[(slice(None),) * axis + (slice(start, stop),)]
    return x


def _typed(memory: Array, type_: TensorType) -> Array:
    return memory.view(type_.dtype).reshape(type_.concrete)


def _aligned_bytes(count: int) -> Array:
    """`count` bytes that begin at a whole cache line."""
    raw = np.empty(count + ALIGNMENT_BYTES, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT_BYTES
    return raw[start : start + count]


def _room(count: int, lent: Sequence[Array]) -> Array:
    """So many bytes: of an array that is lent, or new ones."""
    fitting = [memory for memory in lent if len(memory) >= count]
    return fitting[0][:count] if fitting else _aligned_bytes(count)


def checked_states(plan: Plan, states: Mapping[str, Array]) -> dict[str, Array]:
    """The states of a plan, if they fit it. Errors: E0703."""
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
