"""Where fast kernels are registered, beside the operators: found by listing this folder, used instead of `forward`.

A kernel is made once for a step and then called at each run: `kernel(op, inputs, outputs) -> call`. The arrays are
views of fixed memory, so everything that can be decided is decided while it is made. It writes the outputs, never the
inputs, and agrees with `forward` bit for bit unless its docstring states its error.

Inputs and outputs overlap in one case only: an update may be written straight over the state that it replaces, which is
an input too. A kernel that is right even then (it reads no element of that input after it wrote it) is registered with
`in_place`; for others the plain kernel takes such a step.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np

from cnngraph.ir.op import Array, Op

Call: TypeAlias = Callable[[], object]
Kernel: TypeAlias = Callable[[Op, Sequence[Array], Sequence[Array]], Call]

_KERNELS: dict[type[Op], Kernel] = {}
_IN_PLACE: set[Kernel] = set()


def register(*ops: type[Op], in_place: bool = False) -> Callable[[Kernel], Kernel]:
    """A decorator: the kernel serves these operators. One operator has one kernel."""

    def keep(kernel: Kernel) -> Kernel:
        for op in ops:
            assert op not in _KERNELS, f"{op.name} has two kernels: {_KERNELS[op].__name__} and {kernel.__name__}"
            _KERNELS[op] = kernel
        if in_place:
            _IN_PLACE.add(kernel)
        return kernel

    return keep


def kernel_for(op: Op, overlap: bool = False) -> Kernel:
    """The kernel of an operator: the registered one, or the plain one; `overlap`: an output overlaps an input."""
    kernel = kernels().get(type(op), plain)
    return plain if overlap and kernel not in _IN_PLACE else kernel


@cache
def kernels() -> dict[type[Op], Kernel]:
    """Every registered kernel by its operator: those of the modules in this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return _KERNELS


def plain(op: Op, inputs: Sequence[Array], outputs: Sequence[Array]) -> Call:
    """`forward`, its results copied to the outputs once all are there."""
    overlap = any(np.may_share_memory(x, y) for x in inputs for y in outputs)

    def call() -> None:
        values = op.apply(inputs)
        if overlap:  # a result may be a view of an input that is about to be overwritten
            values = tuple(np.array(value) for value in values)
        for out, value in zip(outputs, values, strict=True):
            assert np.shape(value) == out.shape, f"{op} gives {np.shape(value)} where {out.shape} was inferred"
            np.copyto(out, value)

    return call
