"""Accuracies over seeds, and seconds in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from statistics import mean, median

from benchmarks.accuracy.recipe import Feeds, Recipe
from benchmarks.accuracy.sides import LAYOUTS, Ours, Side, Theirs
from cnngraph.net import Net
from cnngraph.train.feeds import ahead

OURS, THEIRS = "cnngraph", "PyTorch"
REST_SECONDS = 0.005  # waiting threads of the side before stop spinning


@dataclass(frozen=True)
class Accuracies:
    """Errors of both sides on `count` test samples, for each seed, after the last of `epochs`."""

    name: str
    epochs: int
    seeds: tuple[int, ...]
    count: int
    errors: Mapping[str, tuple[int, ...]]

    @property
    def band(self) -> float:
        """Twice the deviation of the difference of two such means, if each prediction were a draw of its own."""
        part = mean(error for errors in self.errors.values() for error in errors) / self.count
        return 2 * sqrt(2 * part * (1 - part) / (self.count * len(self.seeds)))

    @property
    def apart(self) -> float:
        """Mean accuracy of ours less that of theirs."""
        return (mean(self.errors[THEIRS]) - mean(self.errors[OURS])) / self.count

    @property
    def equal(self) -> bool:
        return abs(self.apart) <= self.band

    def figures(self) -> dict[str, object]:
        """What goes into a file."""
        return {**asdict(self), "apart": self.apart, "band": self.band}

    def __str__(self) -> str:
        head = ["", *(f"seed {seed}" for seed in self.seeds), "median", "accuracy, mean"]
        rows = [
            [side, *map(str, errors), f"{median(errors):g}", f"{1 - mean(errors) / self.count:.2%}"]
            for side, errors in self.errors.items()
        ]
        verdict = "equal" if self.equal else "not equal"
        return "\n".join([
            f"{self.name}: errors of {self.count} after {self.epochs} epochs",
            *map(_row, [head, ["---"] * len(head), *rows]),
            f"apart: {self.apart:+.2%}; the band is {self.band:.2%}: {verdict}",
        ])  # fmt: skip


@dataclass(frozen=True)
class Speeds:
    """Seconds of turns of `steps` steps, for each side: of the steps alone, and with their data prepared meanwhile."""

    name: str
    steps: int
    threads: int
    alone: Mapping[str, tuple[float, ...]]
    fed: Mapping[str, tuple[float, ...]]

    def figures(self) -> dict[str, object]:
        """What goes into a file."""
        return asdict(self)

    def __str__(self) -> str:
        head = ["", "steps alone", "x PyTorch", "with their data", "x PyTorch"]
        rows = [
            [side, *(text for times in (self.alone, self.fed) for text in (_seconds(times[side]), ratio(times, side)))]
            for side in self.alone
        ]
        title = f"{self.name}: {self.steps} steps, {self.threads} threads; median, least to most; x: median of ratios"
        return "\n".join([title, *map(_row, [head, ["---"] * len(head), *rows])])


def ratio(times: Mapping[str, tuple[float, ...]], side: str) -> str:
    """Seconds of a side over those of the better PyTorch in the same round: the median, and the range.

    >>> ratio({"cnngraph": (2.0, 3.0), "PyTorch, contiguous": (4.0, 4.0)}, "cnngraph")
    '0.62 (0.50-0.75)'
    """
    best = min((name for name in times if name.startswith(THEIRS)), key=lambda name: median(times[name]))
    ratios = [own / other for own, other in zip(times[side], times[best], strict=True)]
    return f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def compared(
    net: Net, folder: Path | None, seeds: Sequence[int], epochs: int | None, threads: int, say: Callable[[str], None]
) -> Accuracies:
    """Both sides trained with each seed; they take the same batches in turn."""
    errors: dict[str, list[int]] = {OURS: [], THEIRS: []}
    for seed in seeds:
        recipe = Recipe.of(net, folder, seed, epochs)
        sides: dict[str, Side] = {OURS: Ours(recipe, threads), THEIRS: Theirs(recipe, threads, "channels_last")}
        for epoch in range(recipe.epochs):
            losses = dict.fromkeys(sides, 0.0)
            for feeds in recipe.epoch(epoch):
                for name, side in sides.items():
                    losses[name] += side.step(feeds) / len(recipe.indices(epoch))
            told = ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
            say(f"{recipe.spec.name}, seed {seed}: epoch {epoch + 1}/{recipe.epochs}, loss {told}")
        for name, side in sides.items():
            errors[name].append(side.errors())
        say(f"{recipe.spec.name}, seed {seed}: errors {({name: found[-1] for name, found in errors.items()})}")
    found = {name: tuple(counts) for name, counts in errors.items()}
    return Accuracies(recipe.spec.name, recipe.epochs, tuple(seeds), len(recipe.data.test), found)


def timed(net: Net, folder: Path | None, threads: int, rounds: int, steps: int) -> Speeds:
    """Turns of all sides in one process; the first turn of each is not counted."""
    recipe = Recipe.of(net, folder, seed=0)
    sides: dict[str, Side] = {OURS: Ours(recipe, threads)}
    sides |= {f"{THEIRS}, {layout}": Theirs(recipe, threads, layout) for layout in LAYOUTS}
    batches, prepare = recipe.indices(0)[:steps], recipe.preparation(0)
    prepared = list(recipe.rated(0, map(prepare, batches)))
    alone: dict[str, list[float]] = {name: [] for name in sides}
    fed: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds + 1):
        for name, side in sides.items():
            alone[name].append(_turn(side, iter(prepared)))
            fed[name].append(_turn(side, recipe.rated(0, ahead(prepare, batches))))
    found = [{name: tuple(seconds[1:]) for name, seconds in times.items()} for times in (alone, fed)]
    return Speeds(recipe.spec.name, steps, threads, *found)


def _turn(side: Side, batches: Iterator[Feeds]) -> float:
    time.sleep(REST_SECONDS)
    start = time.perf_counter()
    for feeds in batches:
        side.step(feeds)
    return time.perf_counter() - start


def _seconds(times: Sequence[float]) -> str:
    return f"{median(times):.3f} s ({min(times):.3f}-{max(times):.3f})"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
