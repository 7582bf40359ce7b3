"""The memory that an engine takes, measured in a fresh process: `peak_bytes` starts this file as a program.

It is the largest resident set while the work runs, beyond that of the process with its packages and the network read.
What building takes for a moment (our arrays of weights, an exporter) does not count: the mark is reset after it.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.engine import Work, engine
from benchmarks.networks import Subject, without_states
from cnngraph.train.initialisers import initial_states

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RUNS = 3


def available() -> bool:
    """Whether this system tells a process its peak, and lets it begin anew."""
    return STATUS.exists() and RESET.exists()


def peak_bytes(name: str, batch: int, task: str, engine_name: str, threads: int) -> int:
    """Bytes of `task`, "inference" or "training"."""
    arguments = [name, str(batch), task, engine_name, str(threads)]
    done = subprocess.run([sys.executable, "-m", "benchmarks.peak", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{engine_name} failed at the {task} of {name}:\n{done.stderr}")
    return int(done.stdout.split()[-1])


def measured(subject: Subject, task: str, engine_name: str, threads: int) -> int:
    make = getattr(engine(engine_name), task)
    before = resident("VmRSS")
    work: Work = make(replace(subject, states=initial_states(subject.step, seed=0)), threads)
    _give_back()
    RESET.write_text("5")
    for _ in range(RUNS):
        work.run()
    return resident("VmHWM") - before


def resident(entry: str) -> int:
    """Bytes that the system states for this process.

    >>> resident("VmRSS") <= resident("VmHWM")
    True
    """
    (line,) = (line for line in STATUS.read_text(encoding="utf-8").splitlines() if line.startswith(f"{entry}:"))
    return int(line.split()[1]) * 1024


def _give_back() -> None:
    """What was freed goes back to the system, where the C library keeps it."""
    gc.collect()
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("network")
    parser.add_argument("batch", type=int)
    parser.add_argument("task", choices=("inference", "training"))
    parser.add_argument("engine")
    parser.add_argument("threads", type=int)
    options = parser.parse_args()
    read = without_states(options.network, options.batch)
    print(measured(read, options.task, options.engine, options.threads))


if __name__ == "__main__":
    main()
