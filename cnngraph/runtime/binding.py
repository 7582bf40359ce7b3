"""Binds the steps of a plan to their memory: each becomes a call without arguments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np

from cnngraph.ir.op import Array, Op
from cnngraph.kernels.kernel import Call, in_turn
from cnngraph.plan.steps import Combine, Copy, Prepare, Receive, Run, Send, Step
from cnngraph.runtime.memory import Memory


class Messages(Protocol):
    """What carries values between devices."""

    def send(self, step: Send, value: Array) -> None: ...

    def receive(self, step: Receive, out: Array) -> None: ...


def bind_step(step: Step, memory: Memory, messages: Messages, worker: int = 0) -> Call:
    """The step as a call on fixed memory."""
    arrays = partial(map, partial(memory.array, worker=worker))
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
        case Send(source=source):
            return partial(messages.send, step, *arrays((source,)))
        case Receive(target=target):
            return partial(messages.receive, step, *arrays((target,)))


def _combination(op: Op, parts: Sequence[Array], samples: Sequence[int], outputs: Sequence[Array]) -> Call:
    """The call that combines partial results; sums go straight to their places."""
    if type(op).combine is Op.combine:
        return in_turn([partial(np.add.reduce, x, axis=0, out=y) for x, y in zip(parts, outputs, strict=True)])

    def call() -> None:
        for out, value in zip(outputs, op.combine(parts, samples), strict=True):
            np.copyto(out, value)

    return call


def _read_only(view: Array) -> Array:
    """The same memory, for reading: an operator that writes to its input fails at once."""
    shown = view.view()
    shown.flags.writeable = False
    return shown
