"""A whole search: the same whatever runs beside it, and whenever it was stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.safetensors import load_weights
from cnngraph.search.journal import NAME
from cnngraph.search.pool import Pool
from cnngraph.search.trial import Job
from cnngraph.search.tune import Plan, tune


def timeless(search):
    return [replace(row, seconds=0) for row in search.rows]


@pytest.fixture
def plan(tiny: Path) -> Plan:
    return Plan(tiny, {"lr": "log(1e-3, 1)", "n": (2, 4)}, trials=4, epochs=2)


def test_processes_change_nothing_and_a_search_goes_on(plan: Plan, tmp_path: Path) -> None:
    alone = tune(plan, tmp_path / "alone", jobs=1)
    beside = tune(plan, tmp_path / "beside", jobs=3)
    assert timeless(alone) == timeless(beside)
    assert sorted(path.name for path in (tmp_path / "beside").iterdir()) == ["best.safetensors", NAME]
    weights = [load_weights(tmp_path / name / "best.safetensors")[0] for name in ("alone", "beside")]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])

    journal = tmp_path / "alone" / NAME
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:3]) + lines[3][:20])  # killed in the middle of a line
    again = tune(plan, tmp_path / "alone")
    assert timeless(again) == timeless(alone)
    assert journal.read_text().startswith("".join(lines[:3]))
    more = tune(replace(plan, trials=5), tmp_path / "alone")
    assert len(more.rows) == 5
    assert {row.trial: row for row in timeless(more)}.items() >= {row.trial: row for row in timeless(alone)}.items()
    assert set(journal.read_text().splitlines(keepends=True)) >= set(lines[:3])


def test_halving_and_trials_that_fail(tiny: Path, tmp_path: Path) -> None:
    plan = Plan(tiny, {"lr": (0.02, 0.1, 1e30), "n": (2, -1)}, sampler="grid", halve=True, measure="loss")
    found = tune(plan, tmp_path / "search", jobs=2)
    assert len(found.rows) == 6
    assert [bool(row.problem) for row in found.rows] == [False] * 2 + [True] * 4
    assert [row.until for row in found.rows[:2]] == [3, 3]
    assert found.best is found.rows[0]
    assert found.rows[0].figures["loss"] <= found.rows[1].figures["loss"]
    assert "E0704: the loss is" in str(found)
    assert f"cnngraph train {tiny} --set lr=" in found.command
    assert len((tmp_path / "search" / NAME).read_text().splitlines()) == 1 + 6 + 2  # two of them went on


def test_what_no_trial_could_set_is_refused_before_any(plan: Plan, tmp_path: Path) -> None:
    for spaces, code in (({"lrr": "1,2"}, "E0107"), ({"lr": "log(0,1)"}, "E0108"), ({"epochs": "1,2"}, "E0106")):
        with pytest.raises(CnnGraphError, match=code):
            tune(replace(plan, spaces=spaces), tmp_path / "search")
    with pytest.raises(CnnGraphError, match="there are accuracy, loss"):
        tune(replace(plan, measure="acuracy"), tmp_path / "search")
    with pytest.raises(CnnGraphError, match="of different lengths"):
        tune(replace(plan, spaces={"epochs": "1,2"}, epochs=None, halve=True), tmp_path / "search")
    assert not (tmp_path / "search").exists()


def test_a_trial_that_takes_its_process_with_it(tiny: Path, tmp_path: Path) -> None:
    job = Job(str(tiny), None, {"limit": 100}, 100_000, 100_000, str(tmp_path / "long.safetensors"))
    short = replace(job, epochs=1, until=1, checkpoint=str(tmp_path / "short.safetensors"))
    with Pool(1, threads=1) as pool:

        def kill(figures) -> None:
            (worker,) = pool._workers
            worker._process.send_signal(signal.SIGKILL)

        ((_, lost),) = pool.run([("long", job)], kill)
        assert lost.problem.startswith("its process ended with signal 9")
        ((_, found),) = pool.run([("short", short)])
        assert (len(found.epochs), found.problem) == (1, "")


def test_tpe_is_the_same_whatever_runs_beside_it(plan: Plan, tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="Optuna is an extra")
    tpe = replace(plan, sampler="tpe", trials=9, epochs=1)
    found = tune(tpe, tmp_path / "one", jobs=1)
    assert timeless(found) == timeless(tune(tpe, tmp_path / "two", jobs=2))
    assert len(found.rows) == 9


def test_tpe_without_optuna(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnngraph.search.tpe.find_spec", lambda name: None)
    with pytest.raises(CnnGraphError, match=r"pip install 'cnngraph\[optuna\]'"):
        tune(replace(plan, sampler="tpe"), tmp_path / "search")


@pytest.mark.sweep
def test_a_search_that_is_killed_ends_as_if_it_had_not_been(plan: Plan, tmp_path: Path) -> None:
    whole = tune(plan, tmp_path / "whole", jobs=2)
    command = [sys.executable, "-m", "cnngraph", "tune", str(plan.file), "--set", "lr=log(1e-3, 1)", "--set", "n=2,4",
               "--trials", "4", "--epochs", "2", "--jobs", "2", "-o", str(tmp_path / "killed")]  # fmt: skip
    for seconds in (1.0, 1.5, 2.0, 2.5):
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])})
        time.sleep(seconds)
        process.kill()
        process.wait()
    assert timeless(tune(plan, tmp_path / "killed", jobs=2)) == timeless(whole)
