from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cnngraph.diagnostics import CnnGraphError
from cnngraph.train.curves import Run, curves, figures_of, place, read_runs
from cnngraph.train.log import EpochRow, Log, StepRow

PLACES = [(epoch, step) for epoch in (1, 2) for step in (5, 10)]
STEPS = tuple(StepRow(epoch, step, 1 / (epoch + step / 10), seconds=epoch * 9 + step) for epoch, step in PLACES)
EPOCHS = tuple(
    EpochRow(n, 10, 1 / n, 1.2 / n, 0.5, 0.6, {"f1": 0.4}, {"generate": 0.3}, epoch_seconds=3.0) for n in (1, 2, 3)
)
FULL = Run("full", Log({"net": "full", "steps": 10}, STEPS, EPOCHS))
EPOCHS_ONLY = Run("short", Log({"net": "short"}, (), (EpochRow(1, 0, 0.9, 0.8, epoch_seconds=3.0),)))


def test_a_row_has_its_place() -> None:
    assert [place(FULL.log, row, "epoch") for row in STEPS] == [0.5, 1, 1.5, 2]
    assert [place(FULL.log, row, "step") for row in (*STEPS, EPOCHS[2])] == [5, 10, 15, 20, 30]
    assert [place(FULL.log, row, "seconds") for row in STEPS[:2]] == [14, 19]
    assert place(EPOCHS_ONLY.log, EPOCHS_ONLY.log.epochs[0], "seconds") == 3.0


def test_what_can_be_drawn() -> None:
    assert figures_of([FULL]) == ("loss", "accuracy", "generate", "f1")
    assert figures_of([EPOCHS_ONLY]) == ("loss",)


def test_one_run_has_training_and_test_in_one_panel() -> None:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    chart = curves([FULL])
    assert [panel.title for panel in chart.panels] == ["loss", "accuracy", "generate", "f1"]
    assert ">training<" in chart.svg()
    assert ">test<" in chart.svg()


def test_several_runs_are_compared_by_panel() -> None:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    chart = curves([FULL, EPOCHS_ONLY], only=["loss"], log_y=True, along="step")
    assert [panel.title for panel in chart.panels] == ["training loss", "test loss"]
    assert ">full<" in chart.svg()
    assert ">short<" in chart.svg()


def test_what_no_run_has_is_told() -> None:
    with pytest.raises(CnnGraphError, match=r"no run has `recall`(?s:.*)loss, accuracy"):
        curves([FULL], only=["recall"])
    with pytest.raises(CnnGraphError, match="no epoch"):
        curves([Run("new", Log({}))])


def written(folder: Path, name: str, net: str) -> Path:
    path = folder / name
    lines = [
        f'{{"kind": "run", "format": 1, "net": "{net}", "steps": 4}}',
        '{"kind": "step", "epoch": 1, "step": 2, "loss": 2.0, "gradient_norm": 1.5}',
        '{"kind": "epoch", "epoch": 1, "step": 4, "loss": 1.0, "test_loss": 1.1, "metrics": {}}',
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_runs_are_named_by_net_or_file(tmp_path: Path) -> None:
    first, second = written(tmp_path, "a.jsonl", "left"), written(tmp_path, "b.jsonl", "right")
    again = written(tmp_path, "c.jsonl", "left")
    assert [run.name for run in read_runs([first, second])] == ["left", "right"]
    assert [run.name for run in read_runs([first, again])] == ["a", "c"]
    assert [run.name for run in read_runs([first, first])] == [str(first), str(first)]
    assert [run.name for run in read_runs([first, again], ["x", "y"])] == ["x", "y"]
    with pytest.raises(CnnGraphError, match="1 names for 2 runs"):
        read_runs([first, again], ["x"])


def test_the_command_writes_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="charts are drawn by matplotlib")
    from cnngraph.cli.main import cli

    run, target = written(tmp_path, "a.jsonl", "left"), tmp_path / "curves.png"
    result = CliRunner().invoke(cli, ["curves", str(run), "-o", str(target), "--name", "mine"], catch_exceptions=False)
    assert result.exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")
