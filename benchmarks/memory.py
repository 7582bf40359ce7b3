"""Memory and processor seconds of a training step with and without `recompute`: `python -m benchmarks.memory --help`.

Bytes are counted by the liveness of the graph, and measured as all that NumPy allocates: the arena, and what kernels
take for a moment beside it. Both are told without the states, which are the same in both.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.networks import drawn
from cnngraph.cost.liveness import peak_bytes
from cnngraph.cost.model import batch_cost, total_value_bytes
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.ir.size import number
from cnngraph.net import load
from cnngraph.resources import resource
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

NETWORKS = ("resnet152", "densenet121", "vgg19", "transformer")
OPEN_SIZE = 64  # of a sequence
MEGA = 1e6


@dataclass(frozen=True)
class Step:
    """One training step: bytes of its states, its peak as predicted and measured, the part of its flops run again."""

    state_bytes: int
    predicted_bytes: int
    measured_bytes: int
    repeated: float
    seconds: float
    states: Mapping[str, Array]


def steps(name: str, batch: int, rounds: int) -> tuple[Step, Step]:
    """A network's step as it is, and with `recompute`."""
    net = load(resource("specs", "nets", f"{name}.cnn"))
    sizes = {"batch": batch, **{s: OPEN_SIZE for s in net.training.graph.symbols if s != "batch"}}
    plain, less = (net.bound(gradient=True, recompute=recompute, **sizes) for recompute in (False, True))
    states = initial_states(plain, seed=0)
    return measured(plain, states, batch, rounds), measured(less, states, batch, rounds)


def measured(graph: Graph, states: Mapping[str, Array], batch: int, rounds: int) -> Step:
    feeds = drawn(graph, batch)
    tracemalloc.start()  # NumPy tells it of every array
    runner = Runner(graph, states)
    runner.run(feeds)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    after_one = {name: value.copy() for name, value in runner.states.items()}
    seconds = []
    for _ in range(rounds):
        begun = time.process_time()
        runner.run(feeds)
        seconds.append(time.process_time() - begun)
    flops = {node.name: number(batch_cost(graph, node).flops) for node in graph}
    repeated = sum(flops[node.name] for node in graph if node.late) / sum(flops.values())
    return Step(total_value_bytes(graph.states), peak_bytes(graph), most, repeated, min(seconds), after_one)


def row(name: str, plain: Step, less: Step) -> str:
    if different := [key for key, value in plain.states.items() if not np.array_equal(value, less.states[key])]:
        raise SystemExit(f"{name}: {different[0]} has other bits with recompute")
    held = plain.state_bytes
    cells = [name, f"{held / MEGA:.0f}"]
    for attribute in ("predicted_bytes", "measured_bytes"):
        before, after = (getattr(step, attribute) - held for step in (plain, less))
        cells += [f"{before / MEGA:.0f}", f"{after / MEGA:.0f}", f"{before / after:.1f}"]
    cells += [f"{less.repeated:.0%}", f"{plain.seconds:.2f} s", f"{less.seconds:.2f} s"]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", default=[*NETWORKS], help=f"default: {' '.join(NETWORKS)}")
    parser.add_argument("--batch", type=int, default=8, help="samples in a step (default: 8)")
    parser.add_argument("--rounds", type=int, default=3, help="timed steps, of which the fastest counts (default: 3)")
    options = parser.parse_args()
    head = ["network", "states, MB", "predicted", "recompute", "times less", "measured", "recompute", "times less"]
    head += ["flops run again", "processor", "recompute"]
    print(f"| {' | '.join(head)} |\n| {' | '.join(['---'] * len(head))} |")
    for name in options.networks:
        print(row(name, *steps(name, options.batch, options.rounds)), flush=True)


if __name__ == "__main__":
    main()
