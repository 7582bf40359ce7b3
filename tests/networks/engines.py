"""Twenty training steps of a network, on whatever engine: what each process does, and what one process finds.

`python engines.py NAME BATCH COUNT FOLDER` is one rank of an MPI job.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from cnngraph.interop.safetensors import load_weights, save_weights
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.net import load
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.passes.pipeline import TRAINING, run
from cnngraph.resources import resource
from cnngraph.runtime.engines.mpi import Messages
from cnngraph.runtime.engines.transport import Transport
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.runtime.settings import Settings
from cnngraph.runtime.share import Share
from cnngraph.train.initialisers import initial_states
from cnngraph.train.step import step_of, with_gradients

STEPS = 20
OPTIONS = PipelineOptions(2)
SIZES = {"H": 32, "W": 32, "T": 12, "S": 12}  # of networks that leave them open
SLOW, FAST = Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)


@dataclass(frozen=True)
class Job:
    """A network for so many devices, each of which writes what it found to the folder."""

    name: str
    batch: int
    count: int
    folder: str


def cluster(count: int) -> Cluster:
    return Cluster.uniform(count, SLOW, FAST)


def training_graph(name: str) -> Graph:
    spec = load(resource("specs", "nets", f"{name}.cnn")).training
    return with_gradients(step_of(spec, run(spec.graph, TRAINING)), spec.prediction)


def drawn_feeds(graph: Graph, batch: int, step: int) -> dict[str, Array]:
    feeds: dict[str, Array] = {}
    for place, node in enumerate(graph.inputs):
        sizes = {name: size for name, size in {**SIZES, "batch": batch}.items() if name in node.type.symbols}
        type_, numbers = node.type.bind(**sizes), rng(step, place)
        if node.name == "rate":
            feeds[node.name] = np.array(0.01 * 0.9**step, np.float32)  # random pictures teach nothing: small steps
        elif type_.vocabulary is not None:
            feeds[node.name] = numbers.integers(0, type_.vocabulary, type_.concrete)
        else:
            feeds[node.name] = numbers.normal(size=type_.concrete).astype(np.float32)
    return feeds


def trained(found: Pipeline, batch: int) -> dict[str, str]:
    """A text for the bits of all outputs of each step."""
    texts = {}
    for step in range(STEPS):
        outputs = found.run(drawn_feeds(found.graph, batch, step))
        bits = b"".join(name.encode() + value.tobytes() for name, value in sorted(outputs.items()))
        texts[f"step {step}"] = blake2b(bits).hexdigest()
    return texts


def work(job: Job, end: Transport) -> None:
    graph = training_graph(job.name)

    def first(names: Sequence[str]) -> Mapping[str, Array]:
        return initial_states(graph, 0, names=names)

    feeds = drawn_feeds(graph, job.batch, 0)
    share = Share(graph, first, feeds, cluster(job.count), OPTIONS, Settings(), end)
    texts = trained(share, job.batch)
    save_weights(Path(job.folder) / end.device, share.states, texts)


def in_one_process(job: Job) -> tuple[dict[str, Array], dict[str, str]]:
    """The states and the texts of a run on one device."""
    graph = training_graph(job.name)
    one = Pipeline(graph, initial_states(graph, 0), cluster(1), OPTIONS)
    texts = trained(one, job.batch)
    return one.states, texts


def gathered(job: Job) -> tuple[dict[str, Array], dict[str, str]]:
    """What the processes wrote: each state is in one, and all saw the same outputs."""
    states: dict[str, Array] = {}
    texts: dict[str, str] = {}
    for device in cluster(job.count).names:
        own, seen = load_weights(Path(job.folder) / device)
        assert not own.keys() & states.keys()
        assert own, f"{device} has work"
        assert texts in ({}, seen)
        states, texts = {**states, **own}, seen
    return states, texts


if __name__ == "__main__":
    given = Job(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    with Messages(cluster(given.count).names) as transport:
        work(given, transport)
