"""Teams: devices that share a stage, each for microbatches of its own, and then add up their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.net import loads
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.passes.pipeline import TRAINING, run
from cnngraph.pipeline.schedule import Phase
from cnngraph.runtime.member import Member
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.train.initialisers import initial_states
from cnngraph.train.step import step_of, with_gradients

SLOW, FAST = Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)
BATCH = 8
NET = """
net chain(image: 2@12x10) {{
    first:  conv(6, 3x3, pad = 1) -> {normal}relu
    second: conv(6, 3x3, pad = 1) -> relu -> maxpool(2x2, stride = 2)
    last:   conv(7, 3x3) -> relu -> globalavgpool -> {chance}dense(4) -> softmax
}}
train {{ loss: cross_entropy(last, label); optimizer: adam(lr = 0.01); clip: norm(0.1); average: ema(decay = 0.9) }}
"""
PLAIN = NET.format(normal="", chance="")
TEAM = ("gpu0", "gpu1")


def graph_of(text: str = PLAIN) -> Graph:
    net = loads(text)
    return with_gradients(step_of(net.training, run(net.training.graph, TRAINING)), net.training.prediction)


def feeds_of(step: int, batch: int = BATCH) -> dict[str, Array]:
    numbers = np.random.default_rng(step)
    image = numbers.normal(size=(batch, 12, 10, 2)).astype(np.float32)
    return {"image": image, "label": numbers.integers(0, 4, batch), "rate": np.array(0.5**step, np.float32)}


def pipeline(graph: Graph, devices: int, **options: Any) -> Pipeline:
    cluster = Cluster.uniform(devices, SLOW, FAST)
    return Pipeline(graph, initial_states(graph, seed=0), cluster, PipelineOptions(**options))


def everything(team: tuple[str, ...] = TEAM) -> dict[str, Any]:
    return {"device_of": {"image": team[0]}, "teams": (team,)}


def middle(graph: Graph) -> dict[str, Any]:
    """gpu0, then a team of gpu1 and gpu2, then gpu3."""
    homes = {"first": "gpu0", "second": "gpu1", "last": "gpu3"}
    parts = {node.name: home for node in graph for part, home in homes.items() if node.name.split(".")[0] == part}
    return {"device_of": {"image": "gpu0", **parts, "label": "gpu3", "loss": "gpu3"}, "teams": (("gpu1", "gpu2"),)}


def members(found: Pipeline) -> list[Member]:
    return found._ready(feeds_of(0)).members  # type: ignore[attr-defined,no-any-return]


def different(found: Mapping[str, Array], expected: Mapping[str, Array]) -> list[str]:
    return [name for name in expected if not np.array_equal(found[name], expected[name])]


def compared(found: Pipeline, expected: Pipeline, steps: int = 3) -> None:
    """All outputs, and all states in the end, bit for bit; what the members of a team hold is equal after each step."""
    for step in range(steps):
        outputs, wanted = found.run(feeds_of(step)), expected.run(feeds_of(step))
        assert outputs.keys() == wanted.keys()
        assert different(outputs, wanted) == []
        assert_alike(found)
    assert different(found.states, expected.states) == []


def assert_alike(found: Pipeline) -> None:
    """Each member of a team has the values of the first one."""
    for member in members(found):
        for name, value in member.states.items():
            np.testing.assert_array_equal(value, found.states[name], err_msg=f"{name} on {member.device}")


@pytest.mark.parametrize("kind", ["fill-drain", "1f1b", "zero-bubble"])
def test_a_team_with_a_microbatch_each_gives_the_bits_of_one_device(kind: str) -> None:
    graph = graph_of()
    found = pipeline(graph, 2, microbatches=2, kind=kind, **everything())
    assert found.plan(feeds_of(0)).devices == TEAM
    compared(found, pipeline(graph, 1, microbatches=2, kind=kind))


@pytest.mark.parametrize("kind", ["fill-drain", "1f1b", "zero-bubble"])
def test_a_team_amid_a_chain_gives_the_bits_of_one_device(kind: str) -> None:
    graph = graph_of()
    found = pipeline(graph, 4, microbatches=2, kind=kind, **middle(graph))
    plan = found.plan(feeds_of(0))
    assert plan.stages == ("gpu0", "gpu1", "gpu3")
    assert plan.devices == ("gpu0", "gpu1", "gpu2", "gpu3")
    assert plan.update is not None
    compared(found, pipeline(graph, 1, microbatches=2, kind=kind))


def test_more_microbatches_than_members_differ_by_rounding_alone() -> None:
    graph = graph_of()
    found, expected = (
        pipeline(graph, 4, microbatches=4, **middle(graph)), pipeline(graph, 1, microbatches=4)
    )  # fmt: skip
    for step in range(2):
        outputs, wanted = found.run(feeds_of(step)), expected.run(feeds_of(step))
        np.testing.assert_allclose(outputs["last"], wanted["last"], rtol=1e-4)
        assert_alike(found)
    for name, value in expected.states.items():
        np.testing.assert_allclose(found.states[name], value, rtol=1e-3, atol=1e-5, err_msg=name)


def test_each_member_takes_its_own_microbatches_and_memory() -> None:
    graph = graph_of()
    found = pipeline(graph, 4, microbatches=4, **middle(graph))
    plan = found.plan(feeds_of(0))
    actions = {device: [str(a) for a in plan.schedule.actions[device] if a.phase is Phase.FORWARD] for device in TEAM}
    assert actions == {"gpu0": ["F0", "F1", "F2", "F3"], "gpu1": ["F0", "F2"]}
    assert plan.schedule.actions["gpu2"][-2].phase is Phase.REDUCE
    assert plan.peak_bytes["gpu1"] == plan.peak_bytes["gpu2"] > 0
    shared = [name for name in plan.states("gpu1") if not name.startswith("accumulated.")]
    held = {member.device: set(member.states) for member in members(found)}
    assert held["gpu1"] == held["gpu2"] == set(shared)


def test_members_agree_on_averages_and_on_chance() -> None:
    graph = graph_of(NET.format(normal="batchnorm -> ", chance="dropout(0.5) -> "))
    found = pipeline(graph, 2, microbatches=4, **everything())
    before = {name: value.copy() for name, value in found.states.items()}
    for step in range(3):
        found.run(feeds_of(step))
        assert_alike(found)
    assert {"first.batchnorm.mean", "first.batchnorm.variance"} & set(different(found.states, before))


def test_dropout_draws_the_numbers_of_one_device() -> None:
    graph = graph_of(NET.format(normal="", chance="dropout(0.5) -> "))
    compared(pipeline(graph, 2, microbatches=2, **everything()), pipeline(graph, 1, microbatches=2))


def test_a_batch_with_fewer_microbatches_than_members() -> None:
    graph = graph_of()
    found, expected = (
        pipeline(graph, 2, microbatches=2, **everything()), pipeline(graph, 1, microbatches=2)
    )  # fmt: skip
    for step, batch in enumerate((8, 5, 8)):
        feeds = feeds_of(step, batch)
        assert different(found.run(feeds), expected.run(feeds)) == []
    assert different(found.states, expected.states) == []


def test_states_can_be_taken_back() -> None:
    graph = graph_of()
    found = pipeline(graph, 2, microbatches=2, **everything())
    first = found.run(feeds_of(0))
    found.take(initial_states(graph, seed=0))
    assert_alike(found)
    assert different(found.run(feeds_of(0)), first) == []


def test_a_division_may_make_teams() -> None:
    graph = graph_of()
    found = pipeline(graph, 2, microbatches=2, replicate=True)
    compared(found, pipeline(graph, 1, microbatches=2))
