"""Each task of the benchmark, run by the engines that can do it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from benchmarks import peak
from benchmarks.agreement import Apart, agrees, apart, limits
from benchmarks.clock import alternating
from benchmarks.engine import PYTORCH, Work, engine
from benchmarks.measurement import (
    INFERENCE,
    INFERENCE_MEMORY,
    SINGLE,
    TRAINING,
    TRAINING_MEMORY,
    Measurement,
)
from benchmarks.networks import Subject, Values, subject

MEMORY_TASKS = {INFERENCE_MEMORY: "inference", TRAINING_MEMORY: "training"}


def measure(name: str, tasks: Sequence[str], engines: Sequence[str], threads: int, rounds: int) -> list[Measurement]:
    """Tasks of one network."""
    found = []
    timed = [task for task in tasks if task in (TRAINING, INFERENCE, SINGLE)]
    read = subject(name)
    for task in timed:
        say(f"{name}: {task}")
        found += times(read.at(1) if task == SINGLE else read, task, engines, threads, rounds)
        gc.collect()
    for task in (task for task in tasks if task in MEMORY_TASKS):
        kind = MEMORY_TASKS[task]
        for each in able(engines, kind):
            say(f"{name}: {task} of {each}")
            taken = peak.peak_bytes(name, read.batch, kind, each, threads)
            found.append(Measurement(name, read.batch, task, each, (float(taken),)))
    return found


def times(read: Subject, task: str, engines: Sequence[str], threads: int, rounds: int) -> list[Measurement]:
    """Seconds of the engines whose results agree with those of the first of them, in turns."""
    kind = "training" if task == TRAINING else "inference"
    far, works = agreeing(read, kind, able(engines, kind), threads)
    limit = limits([far[name] for name in PYTORCH if name in far])
    right = {name: work.run for name, work in works.items() if agrees(far[name], limit)}
    taken = alternating(right, rounds)
    return [Measurement(read.name, read.batch, task, name, taken.get(name, ()), far[name].worst) for name in works]


def agreeing(
    read: Subject, kind: str, engines: Sequence[str], threads: int
) -> tuple[dict[str, Apart], dict[str, Work]]:
    """How far each engine is from PyTorch, or from the first one without it; and its work, run at least once.

    Steps are compared without dropout, where each engine draws its own numbers.
    """
    far, works = {}, {}
    compared = read.without_chance if kind == "training" else read
    before = {} if kind == "inference" else read.states
    expected: Values | None = None
    for name in sorted(engines, key=lambda name: name not in PYTORCH):
        work = made(compared, kind, name, threads)
        work.run()
        found = work.results()
        expected = found if expected is None else expected
        far[name] = apart(found, expected, before)
        if compared is not read:
            work = made(read, kind, name, threads)
            work.run()
        works[name] = work
    return far, {name: works[name] for name in engines}


def made(read: Subject, kind: str, name: str, threads: int) -> Work:
    work: Work = getattr(engine(name), kind)(read, threads)
    return work


def able(engines: Sequence[str], kind: str) -> list[str]:
    """The engines that do this at all."""
    return [name for name in engines if getattr(engine(name), kind)]


def say(line: str) -> None:
    """Where the benchmark is, for who waits."""
    print(line, file=sys.stderr, flush=True)
