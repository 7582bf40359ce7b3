"""Where fast kernels are registered, beside the operators: found by listing this folder, used instead of `forward`.

A kernel is made once for a step and then called at each run: `kernel(op, inputs, outputs) -> call`. The arrays are views
of fixed memory, so everything that can be decided is decided while it is made. It writes the outputs, never the inputs,
and agrees with `forward` bit for bit unless its docstring states its error. Inputs and outputs never overlap.
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


def register(*ops: type[Op]) -> Callable[[Kernel], Kernel]:
    """A decorator: the kernel serves these operators. One operator has one kernel."""

    def keep(kernel: Kernel) -> Kernel:
        for op in ops:
            assert op not in _KERNELS, f"{op.name} has two kernels: {_KERNELS[op].__name__} and {kernel.__name__}"
            _KERNELS[op] = kernel
        return kernel

    return keep


def kernel_for(op: Op) -> Kernel:
    """The kernel of an operator: the registered one, or the plain one."""
    return kernels().get(type(op), plain)


@cache
def kernels() -> dict[type[Op], Kernel]:
    """Every registered kernel by its operator: those of the modules in this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return _KERNELS


def plain(op: Op, inputs: Sequence[Array], outputs: Sequence[Array]) -> Call:
    """`forward`, its results copied to the outputs."""

    def call() -> None:
        for out, value in zip(outputs, op.apply(inputs), strict=True):
            assert np.shape(value) == out.shape, f"{op} gives {np.shape(value)} where {out.shape} was inferred"
            np.copyto(out, value)

    return call
