"""What parameters are worth: convolutions beside dense layers of many sizes, accuracy against parameters.

    python -m benchmarks.efficiency --data DATA --images 10000 --epochs 5 --plot efficiency.png

Both are nets of `specs/nets/digits_cnn.cnn`, trained alike: the same optimizer, the same images (so many of MNIST, or
the digits that come with the package), no augmentation and no dropout. What is told is the accuracy on the test part
after the last epoch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

from cnngraph.data.dataset import Dataset
from cnngraph.data.stored.mnist import Mnist
from cnngraph.net import Net, load
from cnngraph.ops.sgd import Sgd
from cnngraph.render.chart import Chart, Series, lines
from cnngraph.resources import resource
from cnngraph.train.fit import fit

FILE = resource("specs", "nets", "digits_cnn.cnn")
SIZES: Mapping[str, tuple[Mapping[str, int], ...]] = {
    "digits_dense": tuple({"hidden": hidden} for hidden in (4, 8, 16, 42, 84, 168)),
    "digits_cnn": tuple(
        {"n1": n1, "n2": n2, "hidden": hidden, "drop": 0}
        for n1, n2, hidden in ((2, 4, 16), (4, 8, 24), (6, 12, 48), (10, 20, 84))
    ),
}
OPTIMIZER = Sgd(lr=0.01, momentum=0.9)


@dataclass(frozen=True)
class Point:
    """A net of one size: its parameters, and the accuracy on the test part for each seed."""

    net: str
    settings: str
    parameters: int
    accuracies: tuple[float, ...]

    @property
    def deviation(self) -> float:
        return stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0


def point(net: Net, settings: Mapping[str, int], data: Dataset, epochs: int | None, seeds: Sequence[int]) -> Point:
    """Train a net with each seed."""
    specs = [replace(net.training, seed=seed, augment=(), optimizer=OPTIMIZER) for seed in seeds]
    rows = [fit(spec, data, epochs=epochs).rows[-1] for spec in specs]
    words = ", ".join(f"{name} = {value}" for name, value in settings.items() if name != "drop")
    return Point(net.name, words, int(net.parameters), tuple(row.test_accuracy or 0.0 for row in rows))


def table(points: Sequence[Point]) -> str:
    """All points as Markdown."""
    head = ["| net | sizes | parameters | accuracy | deviation |", "| --- | --- | ---: | ---: | ---: |"]
    return "\n".join(head + [
        f"| {each.net} | {each.settings} | {each.parameters:,} | {mean(each.accuracies):.2%} | {each.deviation:.2%} |"
        for each in points
    ])  # fmt: skip


def chart(points: Sequence[Point]) -> Chart:
    """Accuracy against parameters, a line for each kind of net."""
    series = []
    for name in dict.fromkeys(each.net for each in points):
        own = sorted((each for each in points if each.net == name), key=lambda each: each.parameters)
        means = [mean(each.accuracies) for each in own]
        series.append(Series(name, [each.parameters for each in own], means, [each.deviation for each in own]))
    return lines(series, title="what parameters are worth", x="parameters", y="test accuracy", log_x=True, marks=True)


def main(words: Sequence[str] | None = None) -> int:
    """Train all sizes and print the table."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.efficiency", description=about)
    parser.add_argument("--data", type=Path, help="the folder where data sets are kept")
    parser.add_argument("--images", type=int, default=0, help="so many of MNIST; 0: the package's digits (default)")
    parser.add_argument("--epochs", type=int, help="instead of what the sections say")
    parser.add_argument("--seeds", type=int, default=2, help="so many runs of each size (default: 2)")
    parser.add_argument("--sizes", type=int, default=9, help="so many sizes of each net at most (default: all)")
    parser.add_argument("--plot", type=Path, help="draw the picture into this file")
    options = parser.parse_args(words)
    points = []
    for name, sizes in SIZES.items():
        for settings in sizes[: options.sizes]:
            net = load(FILE, name, **settings)
            data = Mnist(limit=options.images).load(options.data, 0) if options.images else net.data()
            points.append(point(net, settings, data, options.epochs, range(options.seeds)))
            print(points[-1], file=sys.stderr, flush=True)
    print(table(points))
    if options.plot:
        chart(points).write(options.plot)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
