"""The door to loops that numba compiles, an extra: `pip install cnngraph[jit]`. Without it nothing here applies.

    call("norm", "moments", x, row, ...)        the loop, compiled for these types, on these arrays

What is compiled is kept in the user's cache folder, so that only the first process waits for it. All of it at once:

    python -m cnngraph.runtime.compile
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import cache, partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from numpy.lib.stride_tricks import as_strided

from cnngraph.ir.op import Array
from cnngraph.kernels.kernel import Call, Kernel, Task
from cnngraph.ops.conv import matrix

LOOPS = "cnngraph.kernels.loops"
DTYPES = ("float32", "float64")


class CompiledKernel(Kernel):
    """A kernel whose loops are compiled. The settings may forbid all of them."""

    compiled: ClassVar[bool] = True

    def applies(self, task: Task) -> bool:
        return available() and task.outputs[0].dtype in DTYPES


@cache
def available() -> bool:
    """Whether the extra is installed."""
    return find_spec("numba") is not None


def cache_folder() -> Path:
    """Where compiled loops are kept, unless NUMBA_CACHE_DIR says otherwise: beside the measurements of `--tune`."""
    if given := os.environ.get("CNNGRAPH_CACHE"):
        return Path(given) / _version()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "cnngraph" / _version()


def _version() -> str:
    """A name that changes with any of the loops: numba looks at the file of a loop alone, not at those it calls."""
    folder = Path(__file__).parent / "loops"
    sources = b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))
    return f"loops-{sha256(sources).hexdigest()[:12]}"


@cache
def loop(module: str, name: str) -> Any:
    """A loop, ready to be compiled; numba is imported with the first one."""
    config = importlib.import_module("numba").config
    config.CACHE_DIR = config.CACHE_DIR or str(cache_folder())
    return getattr(importlib.import_module(f"{LOOPS}.{module}"), name)


def call(module: str, name: str, *arguments: Any) -> Call:
    """The call of a loop on these arguments. It is compiled now, or found in the cache."""
    function = loop(module, name)
    typeof: Callable[[Any], Any] = importlib.import_module("numba").typeof
    function.compile(tuple(map(typeof, arguments)))
    return partial(function, *arguments)


def stretch(x: Array) -> Array:
    """The memory from the first to the last number of an array, as one row.

    >>> import numpy as np
    >>> stretch(np.arange(12).reshape(3, 4)[:, 1:3])
    array([ 1,  2,  3,  4,  5,  6,  7,  8,  9, 10])
    """
    last = sum((size - 1) * stride for size, stride in zip(x.shape, x.strides, strict=True))
    return as_strided(x, (last // x.itemsize + 1,), (x.itemsize,), writeable=x.flags.writeable)


def given(x: Array) -> Array:
    """The memory of an input: a loop is compiled once, whether or not it might be written."""
    found = stretch(x)
    found.flags.writeable = False
    return found


def steps_of(x: Array) -> tuple[int, ...]:
    """How many numbers lie from one element of each axis to the next, without the last axis."""
    return tuple(stride // x.itemsize for stride in x.strides[:-1])


def row_step(x: Array) -> int:
    """How many numbers lie from one row of the array, seen as a matrix, to the next."""
    return matrix(x).strides[0] // x.itemsize
