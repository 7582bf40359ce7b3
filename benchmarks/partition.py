"""Divisions of published workloads beside what is known of them: `python -m benchmarks.partition --data FOLDER`.

FOLDER holds the JSON files of the program published with Tarnawski et al.: Efficient algorithms for device placement of
DNN graph operators, NeurIPS 2020: throughput/*.json, latency/*.json and human-experts/*.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cnngraph.partition.objective import objective_bound, objective_value
from cnngraph.partition.problem import Answer, Problem, lawful, loads
from cnngraph.partition.split import solve
from cnngraph.partition.workload import load_workload, posed, read_workload

HEAD = ("workload", "nodes", "edges", "expert", "linear DP", "contiguous", "bound", "by", "s", "optimum")
HEAD_ANY = ("any split", "bound", "by", "gap", "s", "best known", "above it")
HEAD_LATENCY = ("workload", "nodes", "edges", "latency", "bound", "gap", "s", "published greedy", "proved")


@dataclass(frozen=True)
class Anchor:
    """What is known of a workload: the contiguous optimum, from the published program, and the best of long runs."""

    contiguous: float
    any_split: float


ANCHORS = {
    "bert24_inference": Anchor(17.7899, 17.7147),
    "bert24_training": Anchor(41.7458, 39.7895),
    "gnmt_inference": Anchor(32.9107, 31.6873),
    "gnmt_training": Anchor(107.0044, 88.4622),
    "inceptionv3_inference": Anchor(51.5519, 51.3021),
    "inceptionv3_training": Anchor(122.7616, 117.494),
    "resnet50_inference": Anchor(33.7747, 33.4853),
    "resnet50_training": Anchor(78.6318, 76.6461),
}


LATENCIES: dict[str, tuple[object, object]] = {
    "bert24_inference": (100.219, 100.218),
    "gnmt_inference": (268.5, 225.651),
    "inceptionv3_inference": (2485.24, ""),
    "resnet50_inference": (4197.06, ""),
}
"""What the published greedy program reaches, and the optimum where long runs proved it."""


@dataclass(frozen=True)
class Found:
    """An answer, scored here and not by who gave it."""

    value: float
    bound: float
    proof: str
    seconds: float

    @property
    def gap(self) -> float:
        return self.value / self.bound - 1 if self.bound else float("inf")


def timed(problem: Problem, strategy: str, limit_seconds: float) -> Found:
    """The value of what the strategy answers, and how long it took."""
    begun = time.perf_counter()
    answer = solve(problem, strategy, limit_seconds)
    seconds = time.perf_counter() - begun
    return scored(problem, answer, seconds)


def scored(problem: Problem, answer: Answer, seconds: float) -> Found:
    if not lawful(problem, answer.device_of):
        raise RuntimeError(f"{problem.title}: the answer breaks a limit")
    bound, proof = objective_bound(problem), "work and packing"
    if answer.bound_seconds > bound:
        bound, proof = answer.bound_seconds, answer.proof.split(";")[0]
    return Found(objective_value(problem, answer.device_of), bound, proof, seconds)


def expert_value(workload: Path, experts: Path) -> float | None:
    """The busiest device of the division that a person made; that of inference also serves training, by colour."""
    names = (workload.stem, workload.stem.replace("training", "inference"))
    path = next((p for name in names if (p := experts / f"{name}_expert.json").exists()), None)
    if path is None:
        return None
    file, table = read_workload(workload), json.loads(path.read_text(encoding="utf-8"))
    machines = [*table["fpgas"], *table["cpus"]]
    machine_of = {node: d for d, machine in enumerate(machines) for node in machine["nodes"]}
    devices = len(table["fpgas"])
    problem = posed(replace(file, accelerators=devices, cpus=len(table["cpus"])), contiguous=False)
    colour_of = {operator.name: operator.id for operator in file.operators}
    group_of = dict(zip(problem.tasks, problem.group_of, strict=True))
    device_of = [-1] * len(problem.groups)
    for task, group in group_of.items():
        if colour_of[task] in machine_of:
            device_of[group] = machine_of[colour_of[task]]
    return float(loads(problem, device_of).max())


def throughput_row(path: Path, experts: Path, strategy: str, limits: tuple[float, float]) -> list[str]:
    """The cells of one workload: the best contiguous division and the best of any kind."""
    problem = load_workload(path)
    anchor = ANCHORS.get(path.stem, Anchor(float("nan"), float("nan")))
    expert = expert_value(path, experts)
    chain = timed(problem, "chain", limits[0])
    one = timed(problem, strategy, limits[0])
    other = timed(replace(problem, contiguous=False), strategy, limits[1])
    return [
        *size(problem), "" if expert is None else f"{expert:.3f}", f"{chain.value:.4f}",
        f"{one.value:.4f}", f"{one.bound:.4f}", one.proof, f"{one.seconds:.1f}", f"{anchor.contiguous:.4f}",
        f"{other.value:.4f}", f"{other.bound:.4f}", other.proof, f"{other.gap:.2%}", f"{other.seconds:.1f}",
        f"{anchor.any_split:.4f}", f"{other.value / anchor.any_split - 1:.2%}",
    ]  # fmt: skip


def latency_row(path: Path, strategy: str, limit_seconds: float) -> list[str]:
    """The cells of one workload: the time of one run."""
    problem = load_workload(path, "latency")
    found = timed(problem, strategy, limit_seconds)
    greedy, proved = LATENCIES.get(path.stem, ("", ""))
    return [
        *size(problem), f"{found.value:.3f}", f"{found.bound:.3f}", f"{found.gap:.2%}", f"{found.seconds:.1f}",
        str(greedy), str(proved),
    ]  # fmt: skip


def size(problem: Problem) -> list[str]:
    return [problem.title, str(len(problem.tasks)), str(sum(len(value.readers) for value in problem.values))]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns are as wide as their widest cell, so that it is also plain text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.partition", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with throughput/*.json and latency/*.json")
    parser.add_argument("--strategy", default="auto", help="default: auto")
    parser.add_argument("--limits", type=float, nargs=2, default=(10.0, 30.0), help="seconds: contiguous, any split")
    parser.add_argument("names", nargs="*", help="workloads; default: all")
    options = parser.parse_args()
    throughput: list[Sequence[str]] = [(*HEAD, *HEAD_ANY)]
    latency: list[Sequence[str]] = [HEAD_LATENCY]
    for kind in ("throughput", "latency"):
        for path in sorted((options.data / kind).glob("*.json")):
            if options.names and path.stem not in options.names:
                continue
            print(kind, path.stem, file=sys.stderr, flush=True)
            if kind == "throughput":
                experts = options.data / "human-experts"
                throughput.append(throughput_row(path, experts, options.strategy, tuple(options.limits)))
            else:
                latency.append(latency_row(path, options.strategy, options.limits[0]))
    print(markdown(throughput), markdown(latency), sep="\n\n")


if __name__ == "__main__":
    main()
