"""The figures of a run for TensorBoard. The only file that imports tensorboard, the extra `[tensorboard]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnngraph.diagnostics import error
from cnngraph.train.history import Progress


class BoardWriter:
    """Writes a scalar for each figure of each step and epoch; use it with `with`, and look with `tensorboard --logdir`.

    Figures of steps are under `step/`, counted by steps of the run; those of epochs under `epoch/`, counted by epochs.
    Raises E0603 where tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboard.summary import Writer
        except ImportError as problem:
            raise error("E0603", "TensorBoard is not installed", "pip install 'cnngraph[tensorboard]'") from problem
        self._writer: Any = Writer(str(folder))

    def __enter__(self) -> BoardWriter:
        return self

    def __exit__(self, *reason: object) -> None:
        self._writer.close()

    def __call__(self, now: Progress) -> None:
        if now.tested is not None:
            figures = {"loss": now.tested.loss, "accuracy": now.tested.accuracy, **now.tested.metrics}
            self._write("test", figures, now.epoch - 1)
        elif (row := now.finished) is not None:
            figures = {"loss": row.loss, "accuracy": row.accuracy, f"{now.part} loss": row.test_loss}
            figures |= {f"{now.part} {name}": figure for name, figure in row.metrics.items()} | dict(row.losses)
            self._write("epoch", {**figures, "images per second": now.images_per_second}, row.number)
        else:
            figures = {"loss": now.step_loss, "rate": now.rate, **now.losses}
            self._write("step", figures, (now.epoch - 1) * now.steps + now.step)

    def _write(self, group: str, figures: dict[str, float | None], place: int) -> None:
        for name, figure in figures.items():
            if figure is not None:
                self._writer.add_scalar(f"{group}/{name}", figure, place)
