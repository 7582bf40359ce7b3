"""Training on a screen: a bar that moves on a terminal, a line for each epoch. The only file that imports rich."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from cnngraph.train.history import Epoch, Progress


class ProgressReporter:
    """Shows each `Progress` that it is called with. Use it with `with`, so that the terminal is left as it was.

    >>> with ProgressReporter(Console(width=100, force_terminal=False)) as report:
    ...     report(Progress(1, 5, 24, 24, 0.31, 0.91, 5000.0, 1.2, Epoch(1, 0.31, 0.91, 0.25, 0.93, 0.3)))
    epoch 1/5  loss 0.3100  accuracy 91.00%  test loss 0.2500  test accuracy 93.00%  0.3 s
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._task: TaskID | None = None
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> ProgressReporter:
        self._bar.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        if progress.finished is not None:
            self._console.print(_line(progress.finished, progress.epochs), highlight=False, soft_wrap=True)
        if self._task is None:
            self._task = self._bar.add_task("", figures="")
        self._bar.update(
            self._task,
            description=f"epoch {progress.epoch}/{progress.epochs}",
            completed=progress.step,
            total=progress.steps,
            figures=_figures(progress),
        )


def _line(row: Epoch, epochs: int) -> str:
    parts = [f"epoch {row.number}/{epochs}", f"loss {row.loss:.4f}"]
    parts += [f"accuracy {row.accuracy:.2%}"] if row.accuracy is not None else []
    parts += [f"test loss {row.test_loss:.4f}"]
    parts += [f"test accuracy {row.test_accuracy:.2%}"] if row.test_accuracy is not None else []
    return "  ".join([*parts, f"{row.seconds:.1f} s"])


def _figures(progress: Progress) -> str:
    parts = [f"loss {progress.loss:.4f}"]
    parts += [f"accuracy {progress.accuracy:.2%}"] if progress.accuracy is not None else []
    parts += [f"{progress.images_per_second:,.0f} images/s", f"{_clock(progress.seconds_left)} left"]
    return "  ".join(parts)


def _clock(seconds: float) -> str:
    """
    >>> _clock(75.2)
    '1:15'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
