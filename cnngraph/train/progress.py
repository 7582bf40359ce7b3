"""Training on a screen: a bar that moves on a terminal, a line for each epoch. The only file that imports rich."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from cnngraph.train.history import Progress
from cnngraph.train.metrics.known import figure_text


class ProgressReporter:
    """Shows each `Progress` that it is called with. Use it with `with`, so that the terminal is left as it was.

    >>> from cnngraph.train.history import Epoch
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
        for line in _lines(progress):
            self._console.print(line, highlight=False, soft_wrap=True)
        if progress.tested is not None:
            return
        if self._task is None:
            self._task = self._bar.add_task("", figures="")
        self._bar.update(
            self._task,
            description=f"epoch {progress.epoch}/{progress.epochs}",
            completed=progress.step,
            total=progress.steps,
            figures=_figures(progress),
        )


def _lines(progress: Progress) -> list[str]:
    """What stays on the screen: a line for an epoch, one for the test at the end."""
    if (test := progress.tested) is not None:
        return ["  ".join([f"test loss {test.loss:.4f}", *_tested("test", test.accuracy, test.metrics)])]
    if (row := progress.finished) is None:
        return []
    parts = [f"epoch {row.number}/{progress.epochs}", f"loss {row.loss:.4f}", *_named(row.losses)]
    parts += [*_share("accuracy", row.accuracy), f"{progress.part} loss {row.test_loss:.4f}"]
    parts += [*_tested(progress.part, row.test_accuracy, row.metrics), f"{row.seconds:.1f} s"]
    return ["  ".join(parts)]


def _figures(progress: Progress) -> str:
    parts = [f"loss {progress.loss:.4f}", *_named(progress.losses), *_share("accuracy", progress.accuracy)]
    parts += [f"{progress.images_per_second:,.0f} images/s", f"{_clock(progress.seconds_left)} left"]
    return "  ".join(parts)


def _named(losses: Mapping[str, float]) -> list[str]:
    return [f"{name} {loss:.4f}" for name, loss in losses.items()]


def _share(name: str, share: float | None) -> list[str]:
    return [] if share is None else [f"{name} {share:.2%}"]


def _tested(part: str, accuracy: float | None, metrics: Mapping[str, float]) -> list[str]:
    """The accuracy, and the metrics that are another figure."""
    told = {name: figure for name, figure in metrics.items() if accuracy is None or name != "accuracy"}
    return [*_share(f"{part} accuracy", accuracy), *(f"{name} {figure_text(name, told[name])}" for name in told)]


def _clock(seconds: float) -> str:
    """
    >>> _clock(75.2)
    '1:15'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
