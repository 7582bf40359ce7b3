"""Networks in pipelines give the bits of one device with the same microbatches: outputs, accumulators and states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from cnngraph.autodiff.recompute import recompute
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.net import Net, load
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.plan.steps import Run
from cnngraph.resources import resource
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.train.initialisers import initial_states
from cnngraph.train.step import step_of, with_gradients

SLOW, FAST = Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)
QUICK, LONG = 2, 20  # steps


@dataclass(frozen=True)
class Case:
    """A network in a pipeline; sizes that a file leaves open have numbers here."""

    name: str
    devices: int = 2
    kind: str = "1f1b"
    microbatches: int = 2
    sizes: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    recompute: bool = False

    def __str__(self) -> str:
        return f"{self.name}-{self.devices}-{self.kind}{'-recompute' * self.recompute}"

    @property
    def batch(self) -> int:
        return 2 * self.microbatches if self.sizes else self.microbatches

    def net(self) -> Net:
        return load(resource("specs", "nets", f"{self.name}.cnn"), **self.settings)

    def graph(self) -> Graph:
        """The training step, which computes again what it does not keep where that is asked for."""
        net = self.net()
        step = with_gradients(step_of(net.training, run(net.training.graph, TRAINING)), net.training.prediction)
        own = {"batch": self.batch // self.microbatches, **self.sizes}
        changed = recompute(step, own) if self.recompute else step
        assert (changed is not step) == self.recompute
        return changed

    def pipeline(self, graph: Graph, devices: int) -> Pipeline:
        cluster = Cluster.uniform(devices, SLOW, FAST)
        return Pipeline(graph, initial_states(graph, seed=0), cluster, PipelineOptions(self.microbatches, self.kind))

    def feeds(self, graph: Graph, step: int = 0) -> dict[str, Array]:
        feeds: dict[str, Array] = {}
        for place, node in enumerate(graph.inputs):
            type_, numbers = node.type.bind(batch=self.batch, **self.sizes), rng(step, place)
            if node.name == "rate":
                feeds[node.name] = np.array(0.1 * 0.9**step, np.float32)  # many steps on noise stay finite
            elif type_.vocabulary is not None:
                feeds[node.name] = numbers.integers(0, type_.vocabulary, type_.concrete)
            else:
                feeds[node.name] = numbers.normal(size=type_.concrete).astype(np.float32)
        return feeds


SMALL, TEXT = {"H": 32, "W": 48}, {"T": 9}
SHORT = (
    Case("char_rnn", 2, "fill-drain", sizes=TEXT),
    Case("lstm_classifier", 2, "zero-bubble", sizes=TEXT),
    Case("squeezenet_1_1", 3, "1f1b"),
    Case("squeezenet_1_1", 2, "zero-bubble", recompute=True),
)
WHOLE = (
    *(Case("googlenet", devices, kind) for devices, kind in ((2, "1f1b"), (3, "zero-bubble"))),
    *(Case("resnet50", devices, kind) for devices, kind in ((2, "zero-bubble"), (3, "1f1b"))),
    *(Case("alexnet_two_gpus", 2, kind) for kind in ("fill-drain", "zero-bubble")),
    *(Case("unet", devices, kind, sizes=SMALL) for devices, kind in ((2, "1f1b"), (3, "fill-drain"))),
    Case("unet", 3, "zero-bubble", sizes=SMALL, recompute=True),
    Case("googlenet", 2, "1f1b", recompute=True),
    Case("char_rnn", 2, "1f1b", microbatches=4, sizes=TEXT),
)
SWEPT = [pytest.param(case, LONG, marks=pytest.mark.sweep, id=f"{case}-{LONG}") for case in (*SHORT, *WHOLE)]
CASES = [*(pytest.param(case, QUICK, id=str(case)) for case in SHORT), *SWEPT]
FORWARD = [
    *(pytest.param(case, id=str(case)) for case in SHORT if not case.recompute),
    *(pytest.param(case, id=str(case), marks=pytest.mark.sweep) for case in WHOLE if not case.recompute),
]


@pytest.mark.parametrize(("case", "steps"), CASES)
def test_training_in_a_pipeline_is_training_on_one_device(case: Case, steps: int) -> None:
    graph = case.graph()
    whole, divided = case.pipeline(graph, 1), case.pipeline(graph, case.devices)
    for step in range(steps):
        feeds = case.feeds(graph, step)
        same_bits(divided.run(feeds), whole.run(feeds))
        same_bits(gradients(divided, feeds), gradients(whole, feeds))
    same_bits(divided.states, whole.states)
    first = initial_states(graph, seed=0)
    assert any(not np.array_equal(whole.states[name], first[name]) for name in first if "random" not in name)
    assert all(np.isfinite(value).all() for value in whole.states.values())
    assert_all_work(divided, feeds, case.devices)


@pytest.mark.parametrize("case", FORWARD)
def test_prediction_in_a_pipeline_is_prediction_on_one_device(case: Case) -> None:
    graph = run(case.net().graph, INFERENCE)
    feeds = case.feeds(graph)
    same_bits(case.pipeline(graph, case.devices).run(feeds), case.pipeline(graph, 1).run(feeds))


def gradients(found: Pipeline, feeds: Mapping[str, Any]) -> dict[str, Array]:
    """What the last step added up, of all devices."""
    ready = found._ready(feeds)
    return {
        name: total
        for member in ready.members  # type: ignore[attr-defined]
        for name, total in member.totals.items()
    }


def assert_all_work(divided: Pipeline, feeds: Mapping[str, Any], count: int) -> None:
    steps = divided.plan(feeds).micro.steps
    assert len([device for device, own in steps.items() if any(isinstance(step, Run) for step in own)]) == count


def same_bits(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    assert found.keys() == expected.keys()
    assert expected
    assert [name for name in expected if found[name].tobytes() != expected[name].tobytes()] == []
