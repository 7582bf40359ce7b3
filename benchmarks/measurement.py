"""What was measured, and under which conditions: plain data that a table, a plot and a file are made of."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from threadpoolctl import threadpool_info

TRAINING, INFERENCE, SINGLE = "training step", "inference", "inference, batch 1"
TRAINING_MEMORY, INFERENCE_MEMORY, COLD_START = "peak memory, training", "peak memory, inference", "cold start"
MEMORIES = (TRAINING_MEMORY, INFERENCE_MEMORY)
TASKS = (TRAINING, INFERENCE, SINGLE, *MEMORIES, COLD_START)
PACKAGES = ("cnngraph", "numpy", "torch", "onnxruntime", "jax")
MEGA = 1e6


@dataclass(frozen=True)
class Measurement:
    """What one engine took for one task, an entry for each round: seconds, or bytes of a task of memory.

    `apart` is how far its results are from those of the first engine. Where that is too far, `rounds` is empty.
    """

    network: str
    batch: int
    task: str
    engine: str
    rounds: tuple[float, ...]
    apart: float = 0.0

    @property
    def least(self) -> float:
        return min(self.rounds)

    def __str__(self) -> str:
        """Minimum, median, and how far the slowest round is from the fastest, as a part of the median."""
        if not self.rounds:
            return f"other results ({self.apart:.0e})"
        low, middle, high = min(self.rounds), median(self.rounds), max(self.rounds)
        if self.task in MEMORIES:
            return f"{low / MEGA:.0f} MB"
        digits = 0 if low >= 0.1 else 1 if low >= 0.01 else 2 if low >= 0.001 else 3
        return f"{low * 1e3:.{digits}f} / {middle * 1e3:.{digits}f} ms, {(high - low) / middle:.0%}"


@dataclass(frozen=True)
class Report:
    """A run of the benchmark."""

    conditions: Mapping[str, object]
    measurements: tuple[Measurement, ...]

    def write(self, path: Path) -> None:
        """All of it, every round too."""
        text = json.dumps(
            {"conditions": self.conditions, "measurements": [asdict(m) for m in self.measurements]}, indent=1
        )
        path.write_text(text + "\n", encoding="utf-8")


def read(paths: Sequence[Path]) -> Report:
    """Reports of several runs as one, under the conditions of the last."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    measurements = (
        Measurement(**{**m, "rounds": tuple(m["rounds"])}) for report in found for m in report["measurements"]
    )
    return Report(found[-1]["conditions"], tuple(measurements))


def conditions(threads: int) -> dict[str, object]:
    """The machine and what runs on it."""
    return {
        "machine": _processor(),
        "cores": os.cpu_count(),
        "load before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "threads": threads,
        "kernels of OpenBLAS": _blas_architecture(),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES if _known(name)},
    }


def _blas_architecture() -> str:
    """For which processor OpenBLAS took its kernels in this process: a variable of the environment may choose."""
    found = (library.get("architecture") for library in threadpool_info() if library["user_api"] == "blas")
    return next((name for name in found if name), "unknown")


def _known(name: str) -> bool:
    """Whether its version is written down; that of a checkout that is not installed is not."""
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def _processor() -> str:
    """The name of the processor where Linux tells it, otherwise its kind."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
