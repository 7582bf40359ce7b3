"""What a user sees while a network trains."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from cnngraph.train.history import Epoch, Progress
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
