"""Seconds of cnngraph beside those of its peers, on the same weights and data: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TypeAlias

import numpy as np

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.net import load
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

Values: TypeAlias = dict[str, Array]
Task: TypeAlias = Callable[[], Values]

BATCH_OF = {"lenet5": 128, "googlenet": 8, "resnet50": 8}
INFERRING, TRAINING_STEP = "inference", "training step"
WARM_UP = 2
TOLERANCE = 1e-3  # float32, of the largest number of each result


@dataclass(frozen=True)
class Measurement:
    """Seconds of one engine at one task, each round a single run."""

    network: str
    batch: int
    task: str
    engine: str
    seconds: tuple[float, ...]

    @property
    def cells(self) -> list[str]:
        """Minimum, median, and how far apart the fastest and the slowest round are."""
        low, middle, high = min(self.seconds), median(self.seconds), max(self.seconds)
        return [f"{low * 1e3:.2f} ms", f"{middle * 1e3:.2f} ms", f"{(high - low) / middle:.0%}"]


def tasks(name: str, batch: int, engines: Sequence[str]) -> dict[str, dict[str, Task]]:
    """task -> engine -> what to time."""
    net = load(resource("specs", "nets", f"{name}.cnn"))
    forward, loss, step = run(net.graph, INFERENCE), run(net.training.graph, TRAINING), net.training_graph()
    states = initial_states(step, seed=0)
    feeds = drawn(step, batch)
    fed = {node.name: feeds[node.name] for node in forward.inputs}
    found: dict[str, dict[str, Task]] = {INFERRING: {}, TRAINING_STEP: {}}
    if "cnngraph" in engines:
        ours, trainer = Runner(forward, states), Runner(step, states)
        found[INFERRING]["cnngraph"] = lambda: ours.run(fed)
        found[TRAINING_STEP]["cnngraph"] = lambda: trainer.run(feeds)
    if "PyTorch" in engines:
        from benchmarks.peers import pytorch

        found[INFERRING]["PyTorch"] = pytorch.inference(forward, states, fed)
        found[TRAINING_STEP]["PyTorch"] = pytorch.training(loss, states, feeds, net.training.optimizer)
    return found


def drawn(graph: Graph, batch: int) -> Values:
    feeds: Values = {"rate": np.array(1.0, np.float32)}
    for node in graph.inputs:
        type_ = node.type.bind(batch=batch)
        if type_.vocabulary is not None:
            feeds[node.name] = rng(1).integers(0, type_.vocabulary, type_.concrete)
        elif node.name not in feeds:
            feeds[node.name] = rng(2).normal(size=type_.concrete).astype(np.float32)
    return feeds


def require_equal(results: Mapping[str, Values], name: str) -> None:
    """Engines that give other numbers are not compared by their speed."""
    first, *others = results.values()
    for key, value in first.items():
        for other in others:
            apart = np.abs(value - other[key]).max() / np.abs(value).max()
            if not apart <= TOLERANCE:
                raise SystemExit(f"{name}: {key} of {' and '.join(results)} are {apart:.1e} apart")


def measure(name: str, batch: int, engines: Sequence[str], rounds: int) -> list[Measurement]:
    """All tasks of one network; the engines take turns, so that a slow minute of the machine meets all of them."""
    found = []
    for task, by_engine in tasks(name, batch, engines).items():
        for _ in range(WARM_UP):
            results = {engine: work() for engine, work in by_engine.items()}
        if task == INFERRING:  # steps drop out at random; their gradients are compared in the tests
            require_equal(results, name)
        taken: dict[str, list[float]] = {engine: [] for engine in by_engine}
        for _ in range(rounds):
            for engine, work in by_engine.items():
                start = time.perf_counter()
                work()
                taken[engine].append(time.perf_counter() - start)
        found += [Measurement(name, batch, task, engine, tuple(seconds)) for engine, seconds in taken.items()]
    return found


def markdown(found: Sequence[Measurement]) -> str:
    """One row for each engine at each task; the last column is its median as a multiple of the fastest one's."""
    head = ["network", "batch", "task", "engine", "minimum", "median", "spread", "times the fastest"]
    rows = [head, ["---"] * len(head)]
    for m in found:
        fastest = min(median(o.seconds) for o in found if (o.network, o.task) == (m.network, m.task))
        times = f"{median(m.seconds) / fastest:.2f}"
        rows.append([m.network, str(m.batch), m.task, m.engine, *m.cells, times])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    installed = ["cnngraph", *(["PyTorch"] if find_spec("torch") else [])]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("networks", nargs="*", default=[*BATCH_OF], help=f"default: {' '.join(BATCH_OF)}")
    parser.add_argument("--rounds", type=int, default=10, help="timed runs of each task (default: 10)")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch (default: 2)")
    parser.add_argument("--json", type=Path, help="also write all seconds to this file")
    options = parser.parse_args()
    if "PyTorch" in installed:
        import torch

        torch.set_num_threads(options.threads)
    conditions = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "threads of PyTorch": options.threads,
    }
    found = [m for name in options.networks for m in measure(name, BATCH_OF.get(name, 8), installed, options.rounds)]
    print(markdown(found))
    print("\n" + ", ".join(f"{key} {value}" for key, value in conditions.items()))
    if options.json:
        report = {**conditions, "measurements": [asdict(m) for m in found]}
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
