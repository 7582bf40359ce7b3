"""Pipelines on threads: any number of devices, any schedule and teams give the bits of one device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from runtime.drawn_feeds import drawn_feeds

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.net import loads
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings
from cnngraph.train.initialisers import initial_states
from cnngraph.train.step import step_of, with_gradients

SLOW, FAST = Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)
BATCH = 8
NET = """
net skips(image: 2@12x10) {
    first:  conv(6, 3x3, pad = 1) -> batchnorm -> relu
    second: conv(6, 3x3, pad = 1) -> batchnorm -> relu
    third:  conv(6, 3x3, pad = 1) -> relu
    join:   concat(first, third) -> conv(5, 3x3) -> relu -> maxpool(2x2, stride = 2)
    last:   conv(7, 3x3) -> relu -> globalavgpool -> dropout(0.3) -> dense(4) -> softmax
}
train { loss: cross_entropy(last, label); optimizer: adam(lr = 0.01); clip: norm(1.0); average: ema(decay = 0.9) }
"""


def devices(count: int) -> Cluster:
    return Cluster.uniform(count, SLOW, FAST)


def training_graph(text: str = NET) -> Graph:
    net = loads(text)
    return step_of(net.training, run(net.training.graph, TRAINING))


def feeds_of(graph: Graph, step: int, batch: int = BATCH) -> dict[str, Array]:
    return drawn_feeds(graph, step, batch)


def different(found: Mapping[str, Array], expected: Mapping[str, Array]) -> list[str]:
    assert found.keys() == expected.keys()
    return [name for name in expected if not np.array_equal(found[name], expected[name])]


GRAPH = training_graph()
STATES = initial_states(GRAPH, seed=0)


def pipeline(count: int, **options: Any) -> Pipeline:
    return Pipeline(GRAPH, STATES, devices(count), PipelineOptions(**options))


def trained(found: Pipeline, steps: int = 3) -> list[dict[str, Array]]:
    return [found.run(feeds_of(GRAPH, step)) for step in range(steps)]


@pytest.fixture(scope="module")
def one() -> tuple[list[dict[str, Array]], dict[str, Array]]:
    found = pipeline(1)
    return trained(found), found.states


@pytest.mark.parametrize("kind", ["fill-drain", "1f1b", "zero-bubble"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_schedules_and_devices_give_the_bits_of_one(count: int, kind: str, one: Any) -> None:
    found = pipeline(count, kind=kind)
    assert len(found.plan(feeds_of(GRAPH, 0)).stages) == count
    outputs = trained(found)
    assert [different(a, b) for a, b in zip(outputs, one[0], strict=True)] == [[], [], []]
    assert different(found.states, one[1]) == []
    assert different(found.states, STATES)


def test_one_microbatch_is_the_step_itself() -> None:
    found, whole = pipeline(3, microbatches=1, kind="one-shot"), Runner(GRAPH, STATES)
    for step in range(2):
        feeds = feeds_of(GRAPH, step)
        outputs, expected = found.run(feeds), whole.run(feeds)
        assert outputs.keys() == {"last", "loss"}
        for name, value in outputs.items():
            np.testing.assert_array_equal(value, expected[name])
    assert different(found.states, whole.states) == []


PLAIN = """
net plain(image: 2@12x10) = conv(6, 3x3) -> relu -> conv(5, 3x3) -> relu -> globalavgpool -> dense(4) -> softmax
train { loss: cross_entropy(output, label); optimizer: sgd(lr = 0.1, momentum = 0.9) }
"""


def test_microbatches_without_batch_statistics_are_the_whole_batch_but_for_rounding() -> None:
    graph = training_graph(PLAIN)
    states = initial_states(graph, seed=1)
    found, whole = Pipeline(graph, states, devices(2), PipelineOptions(4)), Runner(graph, states)
    outputs, expected = found.run(feeds_of(graph, 0)), whole.run(feeds_of(graph, 0))
    np.testing.assert_allclose(outputs["loss"], expected["loss"], rtol=1e-6)
    np.testing.assert_allclose(outputs["output"], expected["output"], rtol=1e-6)
    for name, value in whole.states.items():
        np.testing.assert_allclose(found.states[name], value, rtol=1e-4, atol=1e-7, err_msg=name)


def test_forward() -> None:
    graph = run(loads(NET).graph, INFERENCE)
    states, feeds = initial_states(graph, seed=0), feeds_of(graph, 0)
    found = [Pipeline(graph, states, devices(count)).run(feeds) for count in (1, 2, 3)]
    assert [different(outputs, found[0]) for outputs in found[1:]] == [[], []]
    np.testing.assert_allclose(found[0]["last"], Runner(graph, states).run(feeds)["last"], rtol=1e-5)


def test_batches_of_other_sizes_go_on_with_the_same_states(one: Any) -> None:
    found, first = pipeline(3), pipeline(1)
    for step, batch in enumerate((8, 6, 8, 5)):
        feeds = feeds_of(GRAPH, step, batch)
        assert different(found.run(feeds), first.run(feeds)) == []
    assert different(found.states, first.states) == []


def test_what_follows_from_weights_moves_on_whatever_the_batch() -> None:
    text = """
    net wide(image: 16@16x16) =
        conv(16, 3x3, pad = 1) -> relu -> conv(16, 3x3) -> relu -> globalavgpool -> dense(4) -> softmax
    train { loss: cross_entropy(output, label); optimizer: sgd(lr = 0.1) }
    """
    graph = with_gradients(training_graph(text), "output")
    found, states = Pipeline(graph, initial_states(graph, seed=0), devices(2)), initial_states(graph, seed=0)
    assert any(found.plan(feeds_of(graph, 0)).micro.prologue.values())
    for step, batch in enumerate((8, 6, 8)):
        fresh, feeds = Pipeline(graph, states, devices(2)), feeds_of(graph, step, batch)
        assert different(found.run(feeds), fresh.run(feeds)) == []
        states = fresh.states


def test_states_can_be_taken_back(one: Any) -> None:
    found = pipeline(2)
    trained(found)
    found.take(STATES)
    assert [different(a, b) for a, b in zip(trained(found), one[0], strict=True)] == [[], [], []]


def test_each_device_holds_its_own_states_alone() -> None:
    plan = pipeline(3).plan(feeds_of(GRAPH, 0))
    homes = [set(plan.states(stage)) for stage in plan.stages]
    assert set().union(*homes) >= set(STATES)
    assert sum(map(len, homes)) == len(set().union(*homes))
    ready = pipeline(3)._ready(feeds_of(GRAPH, 0))
    for member in ready.members:
        assert set(member.states) == set(plan.states(member.stage)) & set(STATES)


def test_more_in_flight_takes_more_memory() -> None:
    feeds = feeds_of(GRAPH, 0)
    peaks = [pipeline(2, kind=kind).plan(feeds).peak_bytes["gpu0"] for kind in ("1f1b", "fill-drain")]
    assert peaks[0] < peaks[1]


@pytest.mark.parametrize("compiled", [False, True])
def test_where_too_much_would_be_in_flight_another_division_is_found(compiled: bool) -> None:
    feeds, settings, found = feeds_of(GRAPH, 0), Settings(compiled=compiled), 0
    refused: list[str] = []
    expected = Pipeline(GRAPH, STATES, devices(1), settings=settings).run(feeds)
    for count, kind in product((2, 3, 4), ("1f1b", "fill-drain")):
        free = Pipeline(GRAPH, STATES, devices(count), PipelineOptions(kind=kind), settings).plan(feeds)
        little = replace(SLOW, memory_bytes=max(free.peak_bytes.values()) - 1)
        other = Pipeline(GRAPH, STATES, Cluster.uniform(count, little, FAST), PipelineOptions(kind=kind), settings)
        try:
            plan = other.plan(feeds)
        except CnnGraphError as refusal:
            refused.append(str(refusal))
            continue
        found += 1
        assert max(plan.peak_bytes.values()) <= little.memory_bytes
        assert plan.partition.device_of != free.partition.device_of
        assert different(other.run(feeds), expected) == []
    assert found
    assert [text for text in refused if "in flight, but it has" not in text] == []


def test_what_fits_in_no_division_says_what_is_in_flight() -> None:
    little, options = replace(SLOW, memory_bytes=150_000), PipelineOptions(kind="fill-drain")
    with pytest.raises(CnnGraphError, match=r"gpu. needs .* with 4 microbatches in flight, but it has 150 kB"):
        Pipeline(GRAPH, STATES, Cluster.uniform(3, little, FAST), options).run(feeds_of(GRAPH, 0))


def test_a_failure_of_one_device_is_raised_and_the_next_step_runs(one: Any) -> None:
    found = pipeline(3)
    ready = found._ready(feeds_of(GRAPH, 0))
    member = ready.members[1]
    slot, broken = member._slots[0], [lambda: 1 / 0]
    kept = slot.phases[1]
    slot.phases[1] = broken
    with pytest.raises(ZeroDivisionError):
        found.run(feeds_of(GRAPH, 0))
    slot.phases[1] = kept
    found.take(STATES)
    assert different(found.run(feeds_of(GRAPH, 0)), one[0][0]) == []


def test_what_every_device_did_when() -> None:
    timeline = pipeline(2).timed(feeds_of(GRAPH, 0))
    assert timeline.devices == ("gpu0", "gpu1")
    for spans in timeline.spans.values():
        assert all(a.end_seconds <= b.start_seconds + 1e-9 for a, b in pairwise(spans))
    labels = [span.label for span in timeline.actions.spans["gpu1"]]
    assert [label for label in labels if label[0] != "W"][:4] == ["F0", "B0", "F1", "B1"]
    assert timeline.step_seconds > 0


def test_errors() -> None:
    with pytest.raises(CnnGraphError, match="E0705"):
        pipeline(2).run({"image": np.zeros((4, 12, 10, 2), np.float32)})
    with pytest.raises(CnnGraphError, match=r"no schedule is named `1f1c`"):
        pipeline(2, kind="1f1c").run(feeds_of(GRAPH, 0))
