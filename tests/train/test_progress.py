"""What a user sees while a network trains."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from cnngraph.train.history import Epoch, Progress
from cnngraph.train.log import TestRow
from cnngraph.train.progress import ProgressReporter

STEP = Progress(1, 2, 3, 10, 0.5, 0.75, 1234.0, 75.0)
ROW = Epoch(1, 0.5, 0.75, 0.4, 0.8, 1.25)


def shown(terminal: bool, *all_progress: Progress) -> str:
    out = StringIO()
    with ProgressReporter(Console(file=out, force_terminal=terminal, width=120, color_system=None)) as report:
        for progress in all_progress:
            report(progress)
    return out.getvalue()


def test_elsewhere_each_epoch_is_one_plain_line():
    text = shown(False, STEP, Progress(1, 2, 10, 10, 0.5, 0.75, 1234.0, 75.0, ROW))
    assert text == "epoch 1/2  loss 0.5000  accuracy 75.00%  test loss 0.4000  test accuracy 80.00%  1.2 s\n"


def test_a_terminal_shows_the_step_the_speed_and_the_time_left():
    text = shown(True, STEP)
    for part in ("epoch 1/2", "3/10", "loss 0.5000", "accuracy 75.00%", "1,234 images/s", "1:15 left"):
        assert part in text


def test_without_classes_there_is_no_accuracy():
    row = Epoch(1, 0.5, None, 0.4, None, 1.25)
    text = shown(False, Progress(1, 2, 10, 10, 0.5, None, 1234.0, 75.0, row))
    assert text == "epoch 1/2  loss 0.5000  test loss 0.4000  1.2 s\n"


def test_metrics_and_the_losses_of_several_steps():
    row = replace(ROW, metrics={"accuracy": 0.8, "top_5": 0.9}, losses={"draw": 1.25, "judge": 2})
    text = shown(False, Progress(1, 2, 10, 10, 0.5, 0.75, 1234.0, 75.0, row))
    assert text == (
        "epoch 1/2  loss 0.5000  draw 1.2500  judge 2.0000  accuracy 75.00%  test loss 0.4000  test accuracy 80.00%  "
        "top_5 90.00%  1.2 s\n"
    )
    assert "draw 0.5000" in shown(True, replace(STEP, losses={"draw": 0.5}))


def test_a_part_for_validation_judges_epochs_and_the_test_comes_at_the_end():
    row = Epoch(1, 0.5, None, 0.4, None, 1.25, {"mean_absolute_error": 0.5})
    first = Progress(1, 2, 10, 10, 0.5, None, 1234.0, 75.0, row, part="validation")
    last = replace(STEP, tested=TestRow(0.25, None, {"mean_absolute_error": 0.125}))
    assert shown(False, first, last).splitlines() == [
        "epoch 1/2  loss 0.5000  validation loss 0.4000  mean_absolute_error 0.5000  1.2 s",
        "test loss 0.2500  mean_absolute_error 0.1250",
    ]
