"""Which kernel is fastest for a task, by trying: each one on arrays of its own, on one thread, as in a run.

    conv 3x3, 28x28, 128 channels     copied rows 6.1 ms   Winograd 3.7 ms  <-   shifted products 5.2 ms
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import PLAIN, Call, Kernel, Task
from cnngraph.plan.choice import Choice
from cnngraph.runtime.measured import cache_file, machine_text, remember, remembered, task_text
from cnngraph.runtime.threads import one_blas_thread

TRIAL_SECONDS = 0.05  # for each kernel and task, at least
LEAST_RUNS, MOST_RUNS = 3, 100
HOPELESS = 5.0  # a kernel that should take so many times what the best one should is not tried


def tuned(choice: Choice, tasks: Iterable[Task], uses: int = 1) -> dict[Task, str]:
    """The name of the fastest kernel of each task: as it is remembered, or measured now and then remembered.

    What a kernel makes of changing weights serves so many calls; what that costs is not measured, but added.
    """
    path, machine = cache_file(), machine_text()
    known = remembered(path, machine)
    fastest: dict[Task, str] = {}
    new: dict[str, dict[str, float]] = {}
    for task in dict.fromkeys(tasks):
        kernels = hopeful(choice, task)
        if len(kernels) == 1:
            fastest[task] = kernels[0].name
            continue
        text = task_text(task)
        times = {**known.get(text, {}), **new.get(text, {})}
        for kernel in kernels:
            if kernel.name not in times:
                times[kernel.name] = new.setdefault(text, {})[kernel.name] = measure(kernel, task)
        seconds = {k.name: times[k.name] + choice.preparation_seconds(k, task, uses) for k in kernels}
        fastest[task] = min(seconds, key=seconds.__getitem__)
    if new:
        remember(path, machine, new)
    return fastest


def hopeful(choice: Choice, task: Task) -> list[Kernel]:
    """The kernels that may be the fastest; the plain one, which allocates, only where it is the only one."""
    able = [kernel for kernel in choice.able(task) if kernel is not PLAIN] or [PLAIN]
    expected = {kernel.name: kernel.seconds(task, choice.machine) for kernel in able}
    least = min(expected.values())
    return [kernel for kernel in able if expected[kernel.name] <= HOPELESS * least]


def measure(kernel: Kernel, task: Task) -> float:
    """Seconds of one call: the least of several."""
    call = bound(kernel, task)
    taken: list[float] = []
    with one_blas_thread, np.errstate(all="ignore"):
        call()  # the memory is touched for the first time
        while len(taken) < LEAST_RUNS or (sum(taken) < TRIAL_SECONDS and len(taken) < MOST_RUNS):
            start = perf_counter()
            call()
            taken.append(perf_counter() - start)
    return min(taken)


def bound(kernel: Kernel, task: Task) -> Call:
    """The kernel on arrays of its own: inputs at random, about 1; what it wants of them is made."""
    numbers = np.random.default_rng(0)
    inputs = [_drawn(type_, numbers) for type_ in task.inputs]
    outputs = [np.empty(type_.concrete, type_.dtype) for type_ in task.outputs]
    workspace = [np.empty(type_.concrete, type_.dtype) for type_ in kernel.workspace(task)]
    prepared = []
    for wish in kernel.prepares(task):
        prepared.append(np.empty(wish.type.concrete, wish.type.dtype))
        wish.make(inputs[wish.source], prepared[-1])
    return kernel.bind(task, inputs, outputs, workspace, prepared)


def _drawn(type_: TensorType, numbers: np.random.Generator) -> Array:
    """Values that every operator takes: ids below the vocabulary; numbers from 0.5 to 1.5, for roots and logarithms."""
    if type_.dtype == "int64":
        return numbers.integers(0, type_.vocabulary or 2, type_.concrete)
    return (numbers.random(type_.concrete, np.float32) + 0.5).astype(type_.dtype, copy=False)
