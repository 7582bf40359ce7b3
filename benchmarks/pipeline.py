"""Pipelines over two devices beside one worker, and beside what was predicted: seconds, ratios and bubbles.

    python -m benchmarks.pipeline googlenet --microbatches 4,8

Each device is a thread with one core. `one device` runs the same microbatches on one of them; `workers` share the tiles
of the whole batch instead (`Runner`). All take turns. The graph is divided by measured seconds of its nodes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.clock import alternating
from benchmarks.measurement import conditions
from benchmarks.networks import Choice, Values, drawn
from benchmarks.tasks import say
from cnngraph.net import Net, load
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.pipeline.timeline import Timeline
from cnngraph.resources import resource
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings

NETWORKS: Mapping[str, Choice] = {
    "lenet5": Choice(4096),
    "resnet18": Choice(16),
    "googlenet": Choice(32, {"heads": False}),
    "alexnet_two_gpus": Choice(32),
    "unet": Choice(8, sizes={"H": 96, "W": 96}),
}
CORE = Device("gpu", flops_per_second=110e9, bytes_per_second=10e9)  # names as in files that place nodes
COPY = Link("any", "any", bytes_per_second=5e9, latency_seconds=20e-6)
ONE, TWO = Cluster.uniform(1, replace(CORE, memory_bytes=10**12)), Cluster.uniform(2, CORE, COPY)
HEAD = (
    "network", "batch", "task", "M", "way", "min / median, spread", "throughput, x one device", "predicted, / median",
    "bubble (ideal)",
)  # fmt: skip
TRAINING, INFERENCE = ("fill-drain", "1f1b", "zero-bubble"), ("fill-drain",)


@dataclass(frozen=True)
class Row:
    """One way to run a batch: seconds of each round; of a pipeline also what was predicted and seen."""

    way: str
    rounds: tuple[float, ...]
    predicted: tuple[Timeline, ...] = ()
    seen: Timeline | None = None

    @property
    def spread(self) -> float:
        return (max(self.rounds) - min(self.rounds)) / median(self.rounds)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__.split("\n")[0])
    parser.add_argument("networks", nargs="*", default=[*NETWORKS], help=f"default: {' '.join(NETWORKS)}")
    parser.add_argument("--microbatches", default="4,8", help="default: 4,8")
    parser.add_argument("--tasks", default="training,inference", help="default: training,inference")
    parser.add_argument("--rounds", type=int, default=5, help="timed turns of each way (default: 5)")
    return parser.parse_args()


def main() -> None:
    options = parsed()
    print(f"| {' | '.join(HEAD)} |")
    print("| --- " * len(HEAD) + "|")
    for name in options.networks:
        for task in options.tasks.split(","):
            for count in map(int, options.microbatches.split(",")):
                for line in lines(name, task, count, options.rounds):
                    print(line, flush=True)
    print(", ".join(f"{key} {value}" for key, value in conditions(1).items()))


def lines(name: str, task: str, count: int, rounds: int) -> Iterator[str]:
    """The rows of one network at one task, as Markdown."""
    say(f"{name}: {task}, {count} microbatches")
    rows = measured(name, task == "training", count, rounds)
    least, usual = min(rows[0].rounds), median(rows[0].rounds)
    for row in rows:
        seconds = f"{min(row.rounds) * 1e3:.1f} / {median(row.rounds) * 1e3:.1f} ms, {row.spread:.0%}"
        ratio = f"{least / min(row.rounds):.2f} / {usual / median(row.rounds):.2f}"
        predicted = bubble = ""
        if row.predicted and row.seen:
            expected = median(each.step_seconds for each in row.predicted)
            predicted = f"{expected * 1e3:.1f} ms, {expected / median(row.rounds):.2f}"
            stages = len(row.seen.devices)
            bubble = f"{row.seen.bubble:.0%} ({(stages - 1) / (count + stages - 1):.0%})"
        cells = (name, str(NETWORKS[name].batch), task, str(count), row.way, seconds, ratio, predicted, bubble)
        yield f"| {' | '.join(cells)} |"


def measured(name: str, gradient: bool, count: int, rounds: int) -> list[Row]:
    """All ways to run a batch of a network, one device first. Predictions are made before and after the rounds."""
    choice = NETWORKS[name]
    net = load(resource("specs", "nets", f"{name}.cnn"), **choice.settings)
    one = net.pipeline(ONE, PipelineOptions(count), gradient)
    feeds = drawn(one.graph, choice.batch, choice.sizes)
    pipelines = dict(divided(net, feeds, gradient, count))
    works: dict[str, Callable[[], object]] = {"one device": lambda: one.run(feeds)}
    works |= {kind: _running(each, feeds) for kind, each in pipelines.items()}
    for workers in (1, 2):
        runner = Runner(one.graph, one.states, settings=Settings(workers=workers))
        works[f"{workers} worker{'s' * (workers > 1)}, tiles"] = _running(runner, feeds)
    for work in works.values():
        work()
    before = {kind: each.predicted(feeds) for kind, each in pipelines.items()}
    taken = alternating(works, rounds)
    after = {kind: each.predicted(feeds) for kind, each in pipelines.items()}
    seen = {kind: each.timed(feeds) for kind, each in pipelines.items()}
    told = {kind: (before[kind], after[kind]) for kind in pipelines}
    return [Row(way, seconds, told.get(way, ()), seen.get(way)) for way, seconds in taken.items()]


def divided(net: Net, feeds: Values, gradient: bool, count: int) -> Iterator[tuple[str, Pipeline]]:
    """A pipeline of each kind; the nodes are measured once for all."""
    options = PipelineOptions(count, measure=True)
    for kind in TRAINING if gradient else INFERENCE:
        found = net.pipeline(TWO, replace(options, kind=kind), gradient)
        found.run(feeds)
        options = replace(options, measured=found.options.measured)
        yield kind, found


def _running(way: Pipeline | Runner, feeds: Values) -> Callable[[], object]:
    return lambda: way.run(feeds)


if __name__ == "__main__":
    main()
