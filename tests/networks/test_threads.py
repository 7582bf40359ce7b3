"""The same bits for any number of threads: of the machine's libraries, of devices, of runs at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256

import numpy as np
import pytest
from networks.carried import carried
from threadpoolctl import threadpool_limits

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

BATCH, STEPS = 3, 2
SLOW, FAST = Device("cpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)
QUICK = ("lenet5", "gru_tagger", "grid_detector")
NETWORKS = [*QUICK, *(pytest.param(n, marks=pytest.mark.sweep) for n in ("resnet18", "googlenet", "seq2seq", "unet"))]
COUNTS = (1, 2, 3, 4)


@cache
def step_of(name: str) -> Graph:
    return carried(name).training_graph()


def feeds_of(graph: Graph, step: int) -> dict[str, Array]:
    feeds: dict[str, Array] = {}
    for place, node in enumerate(graph.inputs):
        type_, numbers = node.type.bind(batch=BATCH, H=16, W=16, T=5, S=6), rng(step, place)
        if node.name == "rate":
            feeds[node.name] = np.array(1.0, np.float32)
        elif type_.vocabulary is not None:
            feeds[node.name] = numbers.integers(0, type_.vocabulary, type_.concrete)
        else:
            feeds[node.name] = numbers.normal(size=type_.concrete).astype(np.float32)
    return feeds


def digest(name: str, devices: int = 1) -> str:
    """What some steps of training leave: every number of every result and state."""
    graph = step_of(name)
    cluster = Cluster.uniform(devices, SLOW, FAST) if devices > 1 else None
    runner = Runner(graph, initial_states(graph, seed=0), cluster)
    found = sha256()
    for step in range(STEPS):
        for values in (runner.run(feeds_of(graph, step)), runner.states):
            for key in sorted(values):
                found.update(key.encode() + np.ascontiguousarray(values[key]).tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("name", NETWORKS)
def test_neither_devices_nor_threads_of_blas_change_a_bit(name: str) -> None:
    expected = digest(name)
    for count in COUNTS:
        with threadpool_limits(count, user_api="blas"):
            assert digest(name, devices=count) == expected, f"{count} threads and devices"
            assert digest(name) == expected, f"{count} threads"


def test_runs_at_the_same_time_do_not_disturb_each_other() -> None:
    expected = [digest(name) for name in QUICK]
    with ThreadPoolExecutor(len(QUICK)) as pool:
        for _ in range(2):
            assert list(pool.map(digest, QUICK, (1, 2, 1))) == expected


@pytest.mark.parametrize(("threads", "seed"), [(1, "1"), pytest.param(2, "7", marks=pytest.mark.sweep)])
def test_another_process_gives_the_same_bits(threads: int, seed: str) -> None:
    """One that starts with fewer threads, and whose sets and tables have another order."""
    count = {name: str(threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    program = "from networks.test_threads import digest; print(digest('lenet5'))"
    places = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, **count, "PYTHONHASHSEED": seed, "PYTHONPATH": places}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.strip() == digest("lenet5")
