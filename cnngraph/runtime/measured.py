"""What kernels took on this machine, remembered in the user's cache folder from one process to the next.

    {"format": 1, "machines": {"<processor, cores, NumPy, BLAS>": {"<operator and types>": {"<kernel>": seconds}}}}

A file that is damaged, or cannot be written, costs a warning and new measurements, never a result.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import Task

CACHE_VARIABLE = "CNNGRAPH_CACHE"
FILE, FORMAT = "kernels.json", 1

Seconds: TypeAlias = dict[str, dict[str, float]]
"""Seconds of each kernel, for each task in words."""


def cache_file() -> Path:
    """Where measurements are kept: in CNNGRAPH_CACHE, else in `cnngraph` of the user's cache folder."""
    if given := os.environ.get(CACHE_VARIABLE):
        return Path(given) / FILE
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "cnngraph" / FILE


def remembered(path: Path, machine: str) -> Seconds:
    """What is known of a machine; nothing, and a warning, where the file makes no sense."""
    try:
        found = _checked(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as reason:
        warnings.warn(f"{path} cannot be read and is measured anew: {reason}", stacklevel=2)
        return {}
    return found.get(machine, {})


def remember(path: Path, machine: str, seconds: Seconds) -> None:
    """Add to what is known of a machine. The file is replaced in one step: no reader finds half of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a damaged file was told of when it was read
        machines = {machine: remembered(path, machine)} if not path.exists() else _all(path)
    known = machines.setdefault(machine, {})
    for task, times in seconds.items():
        known[task] = {**known.get(task, {}), **times}
    try:
        _replace(path, json.dumps({"format": FORMAT, "machines": machines}, indent=1))
    except OSError as reason:
        warnings.warn(f"measurements cannot be kept in {path}: {reason}", stacklevel=2)


def task_text(task: Task) -> str:
    """A task in words, one line: the same for the same operator and types, in every process."""
    types = (", ".join(map(_type_text, some)) for some in (task.inputs, task.outputs))
    return f"{task.op!r}: {' -> '.join(types)}"


@cache
def machine_text() -> str:
    """What the time of a kernel depends on, beside the task."""
    built: Any = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {})
    library = f"{blas.get('name', 'no')} {blas.get('version', '')}".strip()
    return f"{_processor()}, {os.cpu_count()} cores, NumPy {np.__version__}, {library} BLAS"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _type_text(type_: TensorType) -> str:
    ids = f" ids({type_.vocabulary})" if type_.vocabulary is not None else ""
    return f"{type_.dtype}{list(type_.concrete)}{ids}"


def _all(path: Path) -> dict[str, Seconds]:
    try:
        return _checked(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _checked(content: Any) -> dict[str, Seconds]:
    """The machines of a file, all of whose parts are what they should be. Raises ValueError."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"it is not of format {FORMAT}")
    machines: Any = content.get("machines")
    if not _tables(machines) or not all(_tables(tasks) for tasks in machines.values()):
        raise ValueError("its parts are not tables")
    for times in (times for tasks in machines.values() for times in tasks.values()):
        if not all(isinstance(taken, int | float) for taken in times.values()):
            raise ValueError("its times are not numbers")
    return dict(machines)


def _tables(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(part, Mapping) for part in value.values())


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
