"""The log of a run: JSON lines, one object a line, written while it trains (`cnngraph train --log run.jsonl`).

The first line says what is trained; then come rows of steps and of epochs, in order; a run that was tested once at its
end, because epochs are judged by a part split off for validation, has one more line:

    {"kind": "run", "format": 1, "net": "lenet5", "seed": 7, "batch": 64, "epochs": 20, "steps": 938, ...}
    {"kind": "step", "epoch": 1, "step": 47, "loss": 1.93, "rate": 1.0, "seconds": 0.8, ...}
    {"kind": "epoch", "epoch": 1, "step": 938, "loss": 0.31, "test_loss": 0.12, "metrics": {"accuracy": 0.962}, ...}
    {"kind": "test", "loss": 0.11, "metrics": {"accuracy": 0.965}}

`epoch` counts from 1; `step` counts the steps of that epoch that are done. Losses are means over images: those of a
step row over the steps since the row before, those of an epoch row over the epoch. `rate` is the factor of the schedule
at that step. `seconds` are those of the run so far, tests included; a run that goes on counts on. An epoch row says in
`epoch_seconds` what the epoch took. `memory_bytes` is the most that the process held so far. A figure that nobody
measured is missing.

A run that goes on appends: what was written after the state that it goes on from is taken out first, so that no row
is there twice. A line that was cut off, at the end of the log of a run that was killed, is not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cnngraph.diagnostics import error
from cnngraph.train.rows import row_of

FORMAT = 1
MAX_BYTES = 500_000_000


@dataclass(frozen=True)
class StepRow:
    """Where a run is after a step, with the mean loss since the row before. `losses` are the named losses of its steps,
    where a batch has several (`discriminate`, `generate`); `gradient_norm` is the length of all gradients of the step
    alone, before it was limited, where the section limits it.
    """

    epoch: int
    step: int
    loss: float
    rate: float = 1.0
    images_per_second: float = 0.0
    seconds: float = 0.0
    losses: Mapping[str, float] = field(default_factory=dict)
    accuracy: float | None = None
    gradient_norm: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True)
class EpochRow:
    """An epoch that is done. `test_loss`, `test_accuracy` and `metrics` are those of the part in `part`: "test", or
    "validation" where a part was split off for it. `best` says whether no epoch before was better.
    """

    epoch: int
    step: int
    loss: float
    test_loss: float
    accuracy: float | None = None
    test_accuracy: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    part: str = "test"
    best: bool = False
    rate: float = 1.0
    images_per_second: float = 0.0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    memory_bytes: int | None = None


@dataclass(frozen=True)
class TestRow:
    """The test part at the end of a run that was judged by a validation part."""

    __test__ = False  # for pytest: no class of tests

    loss: float
    accuracy: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """A log that was read: `run` is the first line as it is (see `log_writer.description`)."""

    run: Mapping[str, Any]
    steps: tuple[StepRow, ...] = ()
    epochs: tuple[EpochRow, ...] = ()
    test: TestRow | None = None

    @property
    def net(self) -> str:
        return str(self.run.get("net", ""))

    @cached_property
    def epoch_steps(self) -> int:
        """The steps of an epoch: as the first line says, else as the epochs have."""
        told = self.run.get("steps")
        return told if isinstance(told, int) else max((row.step for row in self.epochs), default=0)


def read_log(path: Path) -> Log:
    """The log of a run; or the figures of its epochs, from what `cnngraph train --history` wrote.

    Raises E0701 where the file is missing, neither of both, or larger than 500 MB.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "run.jsonl"
    ...     first = '{"kind": "run", "format": 1, "net": "tiny"}'
    ...     step = '{"kind": "step", "epoch": 1, "step": 2, "loss": 0.5}'
    ...     _ = path.write_text("\\n".join([first, step, '{"kind": "ep']))
    ...     log = read_log(path)
    >>> log.net, log.steps[0].loss
    ('tiny', 0.5)
    """
    text = _text_of(path)
    try:
        if (history := _history(text)) is not None:
            return history
        return _log(complete_rows(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise error("E0701", f"{path}: this is no log of a run, or it is damaged: {problem}") from problem


def complete_rows(text: str) -> list[dict[str, Any]]:
    """The objects of all lines that have an end. Raises ValueError where one is wrong."""
    lines = text.split("\n")[:-1]
    rows = [json.loads(line) for line in lines if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a line is no object")
    return rows


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error("E0701", f"{path}: a log has at most {MAX_BYTES:,} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise error("E0701", f"{path}: the log cannot be read: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise error("E0701", f"{path}: this is no log of a run: it is no text") from problem


def _log(rows: list[dict[str, Any]]) -> Log:
    run, *others = rows or [{}]
    if run.get("kind") != "run":
        raise ValueError("its first line does not say what was trained")
    if run.get("format") != FORMAT:
        raise ValueError(f"its format is {run.get('format')}, and this version reads {FORMAT}")
    tests = [row_of(TestRow, row) for row in others if row["kind"] == "test"]
    return Log(
        run,
        tuple(row_of(StepRow, row) for row in others if row["kind"] == "step"),
        tuple(row_of(EpochRow, row) for row in others if row["kind"] == "epoch"),
        tests[-1] if tests else None,
    )


def _history(text: str) -> Log | None:
    """From the JSON of a history, which is one object over several lines; None where it is something else."""
    if not text.startswith("{\n"):
        return None
    read = json.loads(text)
    rows = tuple(row_of(EpochRow, {**row, "epoch": row["number"], "step": 0, "epoch_seconds": row["seconds"]})
                 for row in read["rows"])  # fmt: skip
    test = read.get("test")
    tested = row_of(TestRow, test) if test else None
    return Log({"net": read.get("net", ""), "epochs": read["epochs"]}, (), rows, tested)
