"""The memory of a run: nothing is allocated once it runs, and its peak is the one that was printed."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.net import load, loads
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.resources import resource
from cnngraph.runtime.planning import planned
from cnngraph.runtime.settings import Settings
from cnngraph.runtime.worker import Executor
from cnngraph.train.initialisers import initial_states

ITERATOR_BYTES = 300_000
"""What NumPy takes for a moment to walk through arrays whose numbers lie apart: up to 8192 of each, for each worker."""

LAYERS = """cnn 1
net layers(image: 3@32x32) {
  conv(16, 3x3, same) -> batchnorm -> relu
  conv(16, 3x3, same) -> batchnorm -> relu -> maxpool(2x2)
  conv(32, 3x3, same) -> batchnorm -> relu -> conv(32, 3x3, same) -> batchnorm -> relu
  output: globalavgpool -> dense(10) -> softmax
}

train layers {
  loss:      cross_entropy(output, label)
  optimizer: sgd(lr = 0.1, momentum = 0.9)
}
"""


def feeds_of(graph: Graph, batch: int) -> dict[str, Array]:
    numbers = np.random.default_rng(0)
    types = {node.name: node.type.bind(batch=batch) for node in graph.inputs}
    return {
        name: numbers.integers(0, t.vocabulary, t.concrete)
        if t.vocabulary is not None
        else numbers.random(t.concrete, np.float32)
        for name, t in types.items()
    }


def graph_of(name: str, training: bool) -> Graph:
    net = loads(LAYERS) if name == "layers" else load(resource("specs", "nets", f"{name}.cnn"))
    return net.training_graph() if training else run(net.graph, INFERENCE)


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize("name", ["lenet5", "layers"])
def test_a_run_allocates_nothing(name: str, training: bool) -> None:
    graph = graph_of(name, training)
    found = planned(graph, {"batch": 64}, settings=Settings(2))
    executor = Executor(found.plan, initial_states(graph, seed=0), found.workers)
    feeds = feeds_of(graph, 64)
    for _ in range(2):
        executor.run(feeds)
    tracemalloc.start()
    outputs = sum(value.nbytes for value in executor.run(feeds).values())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.total_bytes > 8 * ITERATOR_BYTES or name == "lenet5"
    assert most <= outputs + ITERATOR_BYTES


PEAK = """
import sys
import numpy as np
from runtime.test_memory import feeds_of, graph_of
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings
from cnngraph.runtime.planning import planned
from cnngraph.train.initialisers import initial_states

def resident(entry):
    lines = open("/proc/self/status").read().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(entry))

graph, batch = graph_of(sys.argv[1], sys.argv[2] == "training"), int(sys.argv[3])
how = Settings(2, compiled=False)  # a compiler takes memory of its own
plan = planned(graph, {"batch": batch}, settings=how)
feeds = feeds_of(graph, batch)
np.ones((64, 64), "f4") @ np.ones((64, 64), "f4")
before = resident("VmRSS")
runner = Runner(graph, initial_states(graph, 0), settings=how)
executor = runner.executor(feeds)
open("/proc/self/clear_refs", "w").write("5")
for _ in range(2):
    runner.run(feeds)
print(plan.total_bytes, resident("VmHWM") - before)
"""
BESIDE_BYTES = 40e6  # what describes the plan, in Python, and the workspace of the matrix products


TASKS = [("resnet18", "inference", 32), pytest.param("resnet18", "training", 8, marks=pytest.mark.sweep)]


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell the peak of a process")
@pytest.mark.parametrize(("name", "task", "batch"), TASKS)
def test_the_peak_is_the_one_that_is_printed(name: str, task: str, batch: int) -> None:
    tests = str(Path(__file__).parents[1])
    program = f"import sys; sys.path.insert(0, {tests!r})\n{PEAK}"
    done = subprocess.run(
        [sys.executable, "-c", program, name, task, str(batch)], capture_output=True, text=True, check=True
    )
    printed, used = map(int, done.stdout.split())
    assert 0.9 * printed <= used <= 1.1 * printed + BESIDE_BYTES
