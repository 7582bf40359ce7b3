"""A search for good settings: trials in processes side by side, written down one by one, so that it can go on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.ir.text import to_text
from cnngraph.net import Net
from cnngraph.search.journal import Journal, Row
from cnngraph.search.loading import load_set
from cnngraph.search.pool import Pool
from cnngraph.search.result import Search, goodness, ordered, sign
from cnngraph.search.rounds import Rounds, Task, drawn, grid, halving, whole
from cnngraph.search.spaces import Listed, Space, Value, read_space
from cnngraph.search.tpe import suggested
from cnngraph.search.trial import Job, Outcome
from cnngraph.train.metrics.known import metrics_of
from cnngraph.train.saving import best_path

OnRow: TypeAlias = Callable[[Row, int], None]
"""Told of each row, and of how many tasks its round has."""


@dataclass(frozen=True)
class Plan:
    """What a search is about.

    `spaces` are what is searched, as `--set` writes it or as spaces; all values are tried where `sampler` is "grid",
    else `trials` of them, drawn by the `seed` ("random") or where earlier ones were good ("tpe", by Optuna). With
    `halve` only the best third of the trials goes on, and of them the best third. The figure `measure` says how good a
    trial is: "loss" or a metric of the section, by default the first one. `validation` is the part of the images to
    learn from that judge instead.
    """

    file: Path
    spaces: Mapping[str, Space | str | Sequence[Value]]
    net: str | None = None
    sampler: str = "random"
    trials: int = 20
    halve: bool = False
    seed: int = 0
    epochs: int | None = None
    data: Path | None = None
    validation: float = 0.2
    measure: str | None = None

    def read(self) -> dict[str, Space]:
        """The spaces. Raises E0108."""
        return {name: _space(name, space) for name, space in self.spaces.items()}


def tune(
    plan: Plan, folder: Path, *, jobs: int = 1, threads: int = 1, on_row: OnRow = lambda row, tasks: None
) -> Search:
    """Make the trials of a plan, `jobs` at a time with so many `threads` each; no figure depends on either.

    `folder` keeps the rows and, while they are needed, the weights; a search that ended goes on from there. At the end
    the weights of the best trial stay, as `best.safetensors`. A trial that fails is a row that says so.

    Raises E0107 and E0108 for settings that no trial could have, E0108 where the folder holds another search.
    """
    run = _Run(plan, folder)
    with Pool(jobs, threads) as pool:
        run.all(pool, on_row)
    return run.result()


class _Run:
    """A search while it goes on."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder, self.spaces = plan, folder, plan.read()
        if plan.epochs is not None and "epochs" in self.spaces:
            raise error("E0106", "`epochs` is given twice", "leave out --epochs, or `epochs` in --set")
        if plan.halve and "epochs" in self.spaces:
            message = "trials of different lengths cannot be compared at the same epoch"
            raise error("E0108", message, "leave out --halving")
        base = load_set(plan.file, plan.net)
        self.check_names()
        self.name, self.epochs = base.name, plan.epochs or base.training.epochs
        known = [*metrics_of(base.training), "loss"]
        self.measure = plan.measure or known[0]
        if self.measure not in known:
            raise error("E0107", f"there is no figure `{self.measure}`", f"there are {', '.join(known)}")
        self.rounds = self.chosen_rounds()
        self.journal = Journal(folder, self.about(base))
        self.last: dict[int, Row] = {}

    def check_names(self) -> None:
        """Raises E0107 for what no trial can set; values that do not go together are a trial's own matter."""
        try:
            load_set(self.plan.file, self.plan.net, {name: space.at(0) for name, space in self.spaces.items()})
        except CnnGraphError as problem:
            if unknown := [found for found in problem.diagnostics if found.code == "E0107"]:
                raise CnnGraphError(unknown) from problem

    def about(self, base: Net) -> dict[str, object]:
        """What must be the same for a search to go on."""
        plan = self.plan
        text = plan.file.read_bytes() + to_text(base.training.graph).encode()
        spaces = {name: str(space) for name, space in self.spaces.items()}
        return {
            "net": self.name, "digest": hashlib.sha256(text).hexdigest(), "settings": spaces, "sampler": plan.sampler,
            "halving": plan.halve and plan.trials, "seed": plan.seed, "epochs": self.epochs,
            "validation": plan.validation, "measure": self.measure,
        }  # fmt: skip

    def chosen_rounds(self) -> Rounds:
        plan = self.plan
        if plan.sampler == "tpe":
            return suggested(self.spaces, plan.trials, plan.seed, self.epochs)
        settings = grid(self.spaces) if plan.sampler == "grid" else drawn(self.spaces, plan.trials, plan.seed)
        return (halving if plan.halve else whole)(settings, self.epochs)

    def all(self, pool: Pool, on_row: OnRow) -> None:
        tasks = next(self.rounds)
        while True:
            self.round(tasks, pool, on_row)
            try:
                tasks = self.rounds.send([goodness(self.last[task.trial], self.measure) for task in tasks])
            except StopIteration:
                return

    def round(self, tasks: Sequence[Task], pool: Pool, on_row: OnRow) -> None:
        """All tasks of a round, but those that were done before."""
        new = [task for task in tasks if (task.trial, task.until) not in self.journal.rows]
        for task in tasks:
            if task not in new:
                on_row(self.journal.rows[task.trial, task.until], len(tasks))
        for task, outcome in pool.run([(task, self.job(task)) for task in new]):
            row = self.row(task, outcome)
            self.journal.add(row)
            on_row(row, len(tasks))
        self.last |= {task.trial: self.journal.rows[task.trial, task.until] for task in tasks}

    def job(self, task: Task) -> Job:
        plan = self.plan
        length = self.epochs if plan.halve else task.until
        return Job(
            str(plan.file.absolute()), plan.net, task.settings, length, task.until,
            str(self.checkpoint(task.trial).absolute()), None if plan.data is None else str(plan.data), plan.seed,
            plan.validation,
        )  # fmt: skip

    def checkpoint(self, trial: int) -> Path:
        return self.folder / f"trial-{trial}.safetensors"

    def row(self, task: Task, outcome: Outcome) -> Row:
        """The best epoch of a task, and all the time that the trial took so far."""
        before = [row.seconds for row in self.journal.rows.values() if row.trial == task.trial]
        seconds = sum(figures.seconds for figures in outcome.epochs) + max(before, default=0.0)
        best = max(outcome.epochs, key=lambda epoch: sign(self.measure) * epoch.values[self.measure], default=None)
        problem = outcome.problem or ("" if best else "it has no epoch")
        if best is None:
            return Row(task.trial, task.settings, task.until, 0, {}, seconds, problem)
        return Row(task.trial, task.settings, task.until, best.epoch, best.values, seconds, problem)

    def result(self) -> Search:
        """All trials in order; of their weights those of the best one stay, of its best epoch."""
        plan = self.plan
        train = ["cnngraph", "train", str(plan.file)]
        train += ["--net", plan.net] if plan.net else []
        train += ["--epochs", str(plan.epochs)] if plan.epochs else []
        train += ["--data", str(plan.data)] if plan.data else []
        weights = self.folder / "best.safetensors"
        rows = ordered(self.last, self.measure, plan.halve)
        found = Search(rows, tuple(self.spaces), self.measure, self.epochs, tuple(train), weights, plan.halve)
        if found.best is not None and (kept := best_path(self.checkpoint(found.best.trial))).exists():
            kept.replace(weights)
        for left in self.folder.glob("trial-*.safetensors"):
            left.unlink()
        return found


def _space(name: str, space: Space | str | Sequence[Value]) -> Space:
    if isinstance(space, Space):
        return space
    return read_space(name, space) if isinstance(space, str) else Listed(tuple(space))
