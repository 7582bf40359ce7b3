"""Writes the log of a run (`train.log`) while it trains: call it with each `Progress`."""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from io import FileIO
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from cnngraph.data.dataset import Dataset
from cnngraph.diagnostics import error
from cnngraph.elaborate.training import Setting, TrainingSpec
from cnngraph.interop.whole_file import replace_whole
from cnngraph.ir.op import Op
from cnngraph.runtime.measured import machine_text
from cnngraph.train.feeds import batch_size
from cnngraph.train.history import Progress
from cnngraph.train.log import FORMAT, EpochRow, StepRow, complete_rows, read_log

if sys.platform != "win32":
    import resource

ROWS_AN_EPOCH = 20  # of steps, by default

Moment: TypeAlias = tuple[float, float, int]


def description(spec: TrainingSpec, data: Dataset, epochs: int, file: Path | None = None) -> dict[str, Any]:
    """The first line: what is trained, how, with what, and where.

    {"net", "file", "file_hash" (SHA-256 of its text), "seed", "batch", "epochs", "steps" (of an epoch), "samples" (by
    part), "settings" (of the train section, as texts), "versions", "machine", "begun" (UTC)}
    """
    batch = batch_size(spec) * spec.accumulate
    return {
        "kind": "run",
        "format": FORMAT,
        "net": spec.name,
        "file": file.name if file else "",
        "file_hash": sha256(file.read_bytes()).hexdigest() if file else "",
        "seed": spec.seed,
        "batch": batch,
        "epochs": epochs,
        "steps": -(-len(data.train) // batch),
        "samples": {name: len(part) for name, part in data.parts.items()},
        "settings": {f.name: text for f in fields(spec) if (text := _shown(getattr(spec, f.name)))},
        "versions": {"cnngraph": _version(), "numpy": np.__version__, "python": platform.python_version()},
        "machine": f"{machine_text()}, {platform.platform()}",
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
    }


class LogWriter:
    """Appends a row for each group of `every` steps and for each epoch; use it with `with`.

    `run` is the first line. A log that is there is the beginning of this one: at the first call all rows after the
    state that the run goes on from are taken out. Raises E0704 where the log cannot be written.
    """

    def __init__(self, path: Path, run: Mapping[str, Any], every: int | None = None) -> None:
        self._path, self._run = path, dict(run)
        self._every = every or max(1, int(run.get("steps", 1)) // ROWS_AN_EPOCH)
        self._file: FileIO | None = None  # without a buffer: each row is written at once
        self._begun, self._before = perf_counter(), 0.0
        self._losses: list[float] = []  # of the steps since the last row

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, *reason: object) -> None:
        if self._file is not None:
            self._file.close()

    def __call__(self, progress: Progress) -> None:
        try:
            if self._file is None:
                self._open(_moment(progress))
            self._note(progress)
        except OSError as problem:
            message = f"{self._path}: the log cannot be written: {problem.strerror}"
            raise error("E0704", message, "the run is saved: make room, and go on with --resume") from problem

    def _open(self, moment: Moment) -> None:
        """Keep what was logged before the moment that comes, and go on behind it."""
        if self._path.exists() and not self._path.is_file():  # a pipe, or a terminal
            self._file = FileIO(self._path, "w")
            self._write(self._run)
            return
        rows = [row for row in _rows_there(self._path) if _moment_of(row) < moment]
        first = next((row for row in rows if row["kind"] == "run"), self._run) if len(rows) > 1 else self._run
        self._before = max((float(row.get("seconds", 0)) for row in rows), default=0.0)
        begun = first.get("begun", self._run["begun"])
        kept = [{**self._run, "begun": begun}, *(row for row in rows if row["kind"] != "run")]
        replace_whole(self._path, lambda file: file.write("".join(map(_line, kept)).encode()))
        self._file = FileIO(self._path, "a")

    def _note(self, now: Progress) -> None:
        seconds = round(self._before + perf_counter() - self._begun, 3)
        if now.tested is not None:
            self._write({"kind": "test", **asdict(now.tested)})
        elif (row := now.finished) is not None:
            self._write({"kind": "epoch", **asdict(EpochRow(
                row.number, now.steps, row.loss, row.test_loss, row.accuracy, row.test_accuracy, row.metrics,
                row.losses, now.part, now.best, now.rate, round(now.images_per_second, 1), seconds,
                round(row.seconds, 3), memory_bytes(),
            ))})  # fmt: skip
        else:
            self._losses.append(now.step_loss)
            if now.step % self._every == 0 or now.step == now.steps:
                mean = sum(self._losses) / len(self._losses)
                self._losses = []
                self._write({"kind": "step", **asdict(StepRow(
                    now.epoch, now.step, mean, now.rate, round(now.images_per_second, 1), seconds, now.losses,
                    now.accuracy, now.gradient_norm, memory_bytes(),
                ))})  # fmt: skip

    def _write(self, row: Mapping[str, Any]) -> None:
        assert self._file is not None
        line = _line(row).encode()
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def memory_bytes() -> int | None:
    """The most memory that this process held so far; None where the system does not say."""
    if sys.platform == "win32":
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _moment(progress: Progress) -> Moment:
    """What a call tells of, in the order of a run: steps, the test after an epoch, the test at the end."""
    if progress.tested is not None:
        return (inf, 0, 2)
    return (progress.epoch, progress.step, 0 if progress.finished is None else 1)


def _moment_of(row: Mapping[str, Any]) -> Moment:
    """The same of a row; the first line is before all."""
    if row["kind"] in ("step", "epoch"):
        return (row["epoch"], row["step"], ("step", "epoch").index(row["kind"]))
    return (inf, 0, 2) if row["kind"] == "test" else (0, 0, 0)


def _rows_there(path: Path) -> list[dict[str, Any]]:
    """The rows of a log that is there. Raises E0701 where it is something else: that is not overwritten."""
    if not path.is_file() or not path.stat().st_size:
        return []
    read_log(path)
    return complete_rows(path.read_text(encoding="utf-8"))


def _line(row: Mapping[str, Any]) -> str:
    """What nobody measured is left out."""
    return json.dumps({key: value for key, value in row.items() if value not in (None, {})}) + "\n"


def _shown(value: object) -> object:
    """A setting of a train section as a person would write it; nothing where it says nothing."""
    if isinstance(value, Setting):
        named = (f"{name} = {_text(item)}" for name, item in value.named.items())
        given = ", ".join([*map(_text, value.positional), *named])
        return f"{value.name}({given})" if given else value.name
    if isinstance(value, tuple) and value and all(isinstance(item, Setting) for item in value):
        return " -> ".join(str(_shown(item)) for item in value)
    if isinstance(value, Op):
        return str(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _version() -> str:
    """That of the package; a folder that was not installed has none."""
    try:
        return version("cnngraph")
    except PackageNotFoundError:
        return ""


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else str(value)
