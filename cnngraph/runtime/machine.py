"""What the workers of this machine can do, measured: each kind of operator by the kernels that runs use, copies, links.

    worker 0   | product | product | product |          all workers do the same at the same time: devices of one
    worker 1   | product | product | product |          machine share its memory and its caches

A worker is a thread with one BLAS thread, as in a run. Not for choosing kernels: `tuning` does that, one by one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import TypeAlias

import numpy as np

from cnngraph.cost.quantity import bytes_text
from cnngraph.ir.op import Array, Cost, total_bytes
from cnngraph.ir.size import number
from cnngraph.kernels.kernel import Call, Task, in_turn
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.plan.choice import Choice
from cnngraph.runtime.engines.transport import Channels, Transport
from cnngraph.runtime.probes import probes, small_tasks
from cnngraph.runtime.threads import one_blas_thread, this_machine
from cnngraph.runtime.tuning import bound

Clock: TypeAlias = Callable[[], float]

PASSES = 3  # of measuring everything
TRIAL_SECONDS = 0.03  # for each thing that is measured, in each pass, at least
LEAST_RUNS, MOST_RUNS = 3, 200
PRODUCTS = (128, 256, 512, 1024)  # rows and columns of square matrices
COPIES = (2**20, 2**22, 2**24, 2**26)  # bytes of the arrays that are copied: some that caches hold, some that not
SMALL_MESSAGE, LARGE_MESSAGE = 64, 2**23  # bytes
COLD_BYTES, MOST_COPIES = 2**24, 32  # of the arrays of a task: what a core's own cache does not hold
BURST = 25  # times that all small operators are called in a row
ROUNDS = 25  # messages there and back
LAUNCH, MESSAGE, MESSAGE_BYTES = "operator on a small tile", "message, any size", "message, each byte"
MESSAGE_SECONDS = 30.0  # the longest that one may take
DIGITS = 3


@dataclass(frozen=True)
class Speed:
    """One thing that was measured: what one worker does alone, and each of several at once. `unit`: of `quantity`."""

    name: str
    unit: str
    alone: float
    together: float


@dataclass(frozen=True)
class MachineSpeeds:
    """What was measured, and the cluster that follows: a device for each worker."""

    speeds: tuple[Speed, ...]
    cluster: Cluster


def measured_machine(workers: int, clock: Clock = perf_counter) -> MachineSpeeds:
    """The speeds of this machine with so many workers, as a cluster of devices cpu0, cpu1, ...

    Everything is measured several times, some seconds apart, and counts at its best: what disturbs it comes and goes.
    """
    passes = [_one_pass(workers, clock) for _ in range(PASSES)]
    speeds = tuple(_best(same) for same in zip(*passes, strict=True))
    found = {speed.name: speed.together for speed in speeds}
    copies = sum(size / found[_copy_name(size)] for size in COPIES)
    device = Device(
        "cpu",
        rounded_down(available_bytes() // workers),
        rounded(max(found[_product_name(size)] for size in PRODUCTS)),
        rounded(sum(COPIES) / copies),
        {kind: rounded(found[kind]) for kind in probes()},
        rounded(found[LAUNCH]),
    )
    between = Link("any", "any", rounded(found[MESSAGE_BYTES]), rounded(found[MESSAGE]))
    return MachineSpeeds(speeds, Cluster.uniform(workers, device, between))


def _one_pass(workers: int, clock: Clock) -> list[Speed]:
    launch, link = launch_seconds(workers, clock), thread_link(clock)
    return [
        *product_speeds(workers, clock),
        *copy_speeds(workers, clock),
        *(kind_speed(kind, tasks, launch, workers, clock) for kind, tasks in probes().items()),
        launch,
        Speed(MESSAGE, "seconds", link.latency_seconds, link.latency_seconds),
        Speed(MESSAGE_BYTES, "bytes_per_second", link.bytes_per_second, link.bytes_per_second),
    ]


def _best(same: Sequence[Speed]) -> Speed:
    best = min if same[0].unit == "seconds" else max
    return replace(same[0], alone=best(s.alone for s in same), together=best(s.together for s in same))


def product_speeds(workers: int, clock: Clock) -> list[Speed]:
    """Products of square matrices of float32."""
    found = []
    for size in PRODUCTS:
        made = partial(_product, size)
        rate = speeds_of(_product_name(size), "flops_per_second", 2.0 * size**3, made, workers, clock)
        found.append(rate)
    return found


def _product_name(size: int) -> str:
    return f"product {size} x {size}"


def _product(size: int) -> Call:
    numbers = np.random.default_rng(0)
    x, y = (numbers.random((size, size), np.float32) for _ in range(2))
    return partial(np.matmul, x, y, np.empty_like(x))


def copy_speeds(workers: int, clock: Clock) -> list[Speed]:
    """Copies: bytes read and bytes written, both counted."""
    return [
        speeds_of(_copy_name(size), "bytes_per_second", 2.0 * size, partial(_copy, size), workers, clock)
        for size in COPIES
    ]


def _copy_name(size: int) -> str:
    return f"copy {bytes_text(size)}"


def _copy(size: int) -> Call:
    x = np.zeros(size // 4, np.float32)
    return partial(np.copyto, np.ones_like(x), x)


def speeds_of(name: str, unit: str, amount: float, made: Callable[[], Call], workers: int, clock: Clock) -> Speed:
    """How much of an amount in each second: `made` gives each worker a call of its own."""
    alone, together = (amount / seconds_at_once([[made()] for _ in range(n)], clock)[0] for n in (1, workers))
    return Speed(name, unit, alone, together)


def kind_speed(kind: str, tasks: Sequence[Task], launch: Speed, workers: int, clock: Clock) -> Speed:
    """Flops in each second over all tasks together, without their launches."""
    flops = sum(number(task_cost(task).flops) for task in tasks)
    rates = []
    for count in (1, workers):
        taken = sum(seconds_at_once([[cold_call(task)] for _ in range(count)], clock)[0] for task in tasks)
        rates.append(flops / max(taken - launch.alone * len(tasks), taken / 2))
    return Speed(kind, "flops_per_second", *rates)


def launch_seconds(workers: int, clock: Clock) -> Speed:
    """What a call takes that has little to do, in bursts: workers also wait for each other, to hold the interpreter."""
    tasks = small_tasks()
    alone, together = (
        seconds_at_once([[in_turn(list(map(_bound, tasks)) * BURST)] for _ in range(count)], clock)[0]
        / (len(tasks) * BURST)
        for count in (1, workers)
    )
    return Speed(LAUNCH, "seconds", alone, together)


def task_cost(task: Task) -> Cost:
    return task.op.cost(task.inputs, task.outputs)


def cold_call(task: Task) -> Call:
    """The task on other arrays each time: in a run, other layers were computed since it was last at these."""
    size = max(number(total_bytes((*task.inputs, *task.outputs))), 1)
    calls = [_bound(task) for _ in range(max(1, min(COLD_BYTES // size, MOST_COPIES)))]
    for call in calls:
        call()  # the memory is touched for the first time
    turn = cycle(calls)
    return lambda: next(turn)()


def _bound(task: Task) -> Call:
    """The kernel that a run takes, on arrays of its own."""
    return bound(Choice(machine=this_machine()).kernel(task), task)


def seconds_at_once(calls: Sequence[Sequence[Call]], clock: Clock = perf_counter) -> list[float]:
    """Seconds of each call: (workers, calls), all workers at the same call at the same time; the mean over the workers.

    Nobody goes on to the next call before all have done with this one.
    """
    meeting = threading.Barrier(len(calls))
    with one_blas_thread, ThreadPoolExecutor(len(calls)) as pool:
        waiting = [pool.submit(_timed, own, meeting, clock) for own in calls]
        rows = [each.result() for each in waiting]
    return [fmean(column) for column in zip(*rows, strict=True)]


def _timed(calls: Sequence[Call], meeting: threading.Barrier, clock: Clock) -> list[float]:
    try:
        with np.errstate(all="ignore"):
            return [_usual_seconds(call, meeting, clock) for call in calls]
    except BaseException:
        meeting.abort()  # the others must not wait for one that failed
        raise


def _usual_seconds(call: Call, meeting: threading.Barrier, clock: Clock) -> float:
    call()  # the memory is touched for the first time
    meeting.wait()
    taken: list[float] = []
    while len(taken) < LEAST_RUNS or (sum(taken) < TRIAL_SECONDS and len(taken) < MOST_RUNS):
        start = clock()
        call()
        taken.append(clock() - start)
    return lower_quartile(taken)


def lower_quartile(seconds: Sequence[float]) -> float:
    """What a quarter of the runs stay within: other processes only ever make a run longer, and not every one.

    >>> lower_quartile([9.0, 2.0, 1.0, 3.0, 9.0])
    2.0
    """
    return sorted(seconds)[len(seconds) // 4]


def thread_link(clock: Clock = perf_counter) -> Link:
    """A message from one worker to another, from the beginning of its `put` to the end of its `take`.

        worker 0   put    take   put    take  ...        half of a round is one message
        worker 1      take   put    take   put ...
    """
    small, large = (message_seconds(size, clock) for size in (SMALL_MESSAGE, LARGE_MESSAGE))
    return Link("any", "any", (LARGE_MESSAGE - SMALL_MESSAGE) / max(large - small, 1e-12), small)


def message_seconds(count: int, clock: Clock = perf_counter, rounds: int = ROUNDS) -> float:
    """One way, for a message of so many bytes, by rounds there and back."""
    value = np.zeros(max(count // 4, 1), np.float32)
    back = np.empty_like(value)
    channels = Channels(wait_seconds=MESSAGE_SECONDS)
    times: list[float] = []
    with ThreadPoolExecutor(1) as pool, channels.end("first") as first:
        other = pool.submit(_answer, channels.end("second"), np.empty_like(value), rounds)
        for _ in range(rounds):
            start = clock()
            first.put(0, "second", value)
            first.take(1, "second", back)
            times.append(clock() - start)
        other.result()
    return lower_quartile(times) / 2


def _answer(second: Transport, value: Array, rounds: int) -> None:
    with second:
        for _ in range(rounds):
            second.take(0, "first", value)
            second.put(1, "first", value)


def available_bytes() -> int:
    """Memory that is free for a process now: of the machine, or what a container leaves of it."""
    found = [_meminfo_bytes(), _container_bytes()]
    known = [count for count in found if count is not None]
    if known:
        return min(known)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _meminfo_bytes() -> int | None:
    lines = _read(Path("/proc/meminfo")).splitlines()
    sizes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(sizes[0]) * 1024 if sizes else None


def _container_bytes() -> int | None:
    limit, used = (_read(Path("/sys/fs/cgroup") / name).strip() for name in ("memory.max", "memory.current"))
    return int(limit) - int(used) if limit.isdecimal() and used.isdecimal() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def rounded(amount: float) -> float:
    """With three digits: no measurement has more.

    >>> rounded(123456.0), rounded(0.00012345)
    (123000.0, 0.000123)
    """
    return float(f"{amount:.{DIGITS}g}")


def rounded_down(count: int) -> int:
    """To whole units of ten million bytes."""
    return max(count // 10**7 * 10**7, 1)
