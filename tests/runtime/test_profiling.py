"""What nodes take, told by executors that say it themselves; and a real run of LeNet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from cnngraph.cli.run import feeds_of
from cnngraph.net import load
from cnngraph.partition.device import Device
from cnngraph.partition.profile import read_profile
from cnngraph.resources import resource
from cnngraph.runtime.profiling import node_seconds
from cnngraph.runtime.worker import Timing


class Told:
    """An executor whose steps take what they are told, a run after the other."""

    def __init__(self, *runs: Mapping[str, float]) -> None:
        self.runs = list(runs)

    def run(self, feeds: Mapping[str, Any]) -> None:
        assert feeds == {"x": 1}

    def timed(self, feeds: Mapping[str, Any]) -> list[Timing]:
        taken = self.runs.pop(0)
        return [Timing(name, "op", "kernel", 0, 0, seconds, 0.0, 0.0) for name, seconds in taken.items()]


def clock_of(seconds: float) -> Any:
    now = [0.0]

    def clock() -> float:
        now[0] += seconds
        return now[0]

    return clock


def test_steps_of_a_node_and_what_belongs_to_none() -> None:
    told = Told({"a": 1.0, "b": 2.0, "": 1.0}, {"a": 1.0, "b": 2.0, "": 9.0})
    run_seconds, seconds = node_seconds([told], {"x": 1}, 2, clock_of(6.0))
    assert run_seconds == 6
    assert seconds == {"a": pytest.approx(2.0), "b": pytest.approx(4.0)}, "in proportion, so that all is one run"


def test_a_disturbed_round_does_not_count() -> None:
    told = Told(*({"a": 1.0, "b": each} for each in (1.0, 50.0, 1.0, 1.0)))
    assert node_seconds([told], {"x": 1}, 4, clock_of(2.0))[1]["b"] == 1


def test_the_mean_over_workers() -> None:
    workers = [Told({"a": 1.0, "b": 1.0}), Told({"a": 3.0, "b": 1.0})]
    run_seconds, seconds = node_seconds(workers, {"x": 1}, 1, lambda: 0.0)
    assert (run_seconds, seconds) == (0, {"a": 0, "b": 0})
    workers = [Told({"a": 1.0, "b": 1.0}), Told({"a": 3.0, "b": 1.0})]
    ratio = node_seconds(workers, {"x": 1}, 1, clock_of(1.0))[1]
    assert ratio["a"] / ratio["b"] == pytest.approx(2.0)


def test_a_failing_worker_is_heard_of() -> None:
    class Failing(Told):
        def run(self, feeds: Mapping[str, Any]) -> None:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        node_seconds([Failing()], {"x": 1})


@pytest.mark.parametrize("gradient", [False, True])
def test_lenet(gradient: bool) -> None:
    net = load(resource("specs", "nets", "lenet5.cnn"))
    feeds = feeds_of(net.training.graph if gradient else net.graph, {}, 4, 0)
    net(np.zeros((1, 32, 32, 1), np.float32))
    before = {name: np.array(value) for name, value in net.states.items()}
    found = net.profile(feeds, Device("cpu", launch_seconds=1e-6), gradient, workers=2, rounds=2)
    assert found.inputs["image"] == (4, 32, 32, 1)
    assert found.run_seconds > 0
    assert sum(e.measured_seconds for e in found.executed) == pytest.approx(found.run_seconds)
    assert sum(found.nodes.values()) == pytest.approx(found.run_seconds)
    assert found.estimated_seconds > 0
    assert {e.kind for e in found.executed} >= {"convolution", "pooling", "product"}
    seconds = found.measured(net.bound(4, gradient))
    assert sum(seconds.values()) == pytest.approx(found.run_seconds)
    assert seconds["c1.conv"] > 0
    assert read_profile(json.loads(found.to_json())) == found
    assert before
    assert all(np.array_equal(value, net.states[name]) for name, value in before.items()), "weights stay as they were"
