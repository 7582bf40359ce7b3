"""Explanations: what the busiest device does, and trials that are divisions of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from partition.random_graphs import CHEAP, SLOW, random_graph, slow_cluster

from cnngraph.net import load
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.partition.explain import (
    Explanation,
    Question,
    explain,
    layers,
    with_another,
    with_faster,
    with_faster_links,
)
from cnngraph.partition.split import split
from cnngraph.partition.work import Measured
from cnngraph.resources import resource


def question(cluster: Cluster, batch: int = 2, **how: Any) -> Question:
    graph = random_graph(0, layers=8)
    return Question(lambda batch, recompute: graph.bind(batch=batch), cluster, batch, how=how)


def explained(asked: Question) -> Explanation:
    return explain(asked, asked.answer())


def trial(explanation: Explanation, words: str) -> float:
    found = next(trial for trial in explanation.trials if words in trial.change)
    assert found.value is not None, found.note
    return found.value


# ---- what the device does ----


def test_parts_of_the_load_are_named_with_their_shares() -> None:
    found = explained(question(slow_cluster(3)))
    stage = found.stage
    assert stage.load_seconds == found.partition.bottleneck_seconds
    assert sum(each.seconds for each in found.layers) <= stage.compute_seconds * 1.000001
    assert [each.seconds for each in found.layers] == sorted((each.seconds for each in found.layers), reverse=True)
    assert sum(each.seconds for each in found.values) == pytest.approx(stage.communication_seconds)
    assert all(each.share == pytest.approx(each.seconds / stage.load_seconds) for each in found.values)


def test_layers_are_blocks_and_deeper_where_one_has_nearly_all() -> None:
    graph = load(resource("specs", "nets", "resnet152.cnn")).bound(batch=8)
    partition = split(graph, Cluster.uniform(4))
    outer = {name for stage in partition.stages for name in (each.what for each in layers(stage))}
    assert {"conv2", "conv3"} <= outer
    inside = next(stage for stage in partition.stages if {n.split(".")[0] for n in stage.nodes} == {"conv4"})
    assert all(each.what.startswith("conv4.bottleneck[") for each in layers(inside))


def test_gradients_count_for_their_layers() -> None:
    graph = load(resource("specs", "nets", "lenet5.cnn")).bound(batch=8, gradient=True)
    (stage,) = split(graph, Cluster((SLOW,))).stages
    assert {each.what for each in layers(stage)} <= {"c1", "s2", "c3", "s4", "c5", "f6", "output", "loss"}


# ---- what would help ----


def test_each_trial_is_a_division_of_its_own() -> None:
    asked = question(slow_cluster(2))
    found = explained(asked)
    faster = replace(asked, cluster=with_faster_links(asked.cluster)).answer()
    assert trial(found, "links twice as fast") == faster.bottleneck_seconds / 2
    more = replace(asked, cluster=with_another(asked.cluster, found.stage.device)).answer()
    assert trial(found, "one more device") == more.bottleneck_seconds / 2
    assert trial(found, "a batch of 4") == replace(asked, batch=4).answer().bottleneck_seconds / 4
    assert found.helpful[0].value == min(each.value for each in found.trials if each.value is not None)


def test_where_links_are_slow_faster_ones_help() -> None:
    slow_links = Cluster.uniform(2, SLOW, replace(CHEAP, bytes_per_second=3e8, latency_seconds=0.0))
    found = explained(question(slow_links))
    assert found.values
    assert trial(found, "links twice") < found.value


def test_more_memory_and_running_again_are_tried_where_memory_is_full() -> None:
    net = load(resource("specs", "nets", "lenet5.cnn"))
    roomy = split(net.bound(16, gradient=True), Cluster.uniform(2))
    peak = max(stage.peak_bytes for stage in roomy.stages)
    tight = Cluster.uniform(2, Device("gpu", memory_bytes=int(peak * 1.05)))
    asked = Question(lambda batch, again: net.bound(batch, True, again), tight, 16, gradient=True)
    found = explained(asked)
    changes = [each.change for each in found.trials]
    assert "twice the memory" in changes
    assert any("--recompute" in change for change in changes)
    assert not any("memory" in each.change for each in explained(replace(asked, cluster=Cluster.uniform(2))).trials)


def test_what_is_not_possible_says_why() -> None:
    graph = random_graph(0).bind(batch=2)
    small = slow_cluster(2)
    peak = max(stage.peak_bytes for stage in split(graph, small).stages)
    tight = Cluster.uniform(2, replace(SLOW, memory_bytes=peak + 100), CHEAP)
    asked = Question(lambda batch, again: random_graph(0).bind(batch=batch), tight, 2)
    (larger,) = (each for each in explained(asked).trials if each.change == "a batch of 4")
    assert larger.value is None
    assert "does not fit" in larger.note or "needs" in larger.note


def test_no_time_no_trials() -> None:
    asked = question(slow_cluster(2))
    found = explain(asked, asked.answer(), seconds=0.0)
    assert {each.note for each in found.trials} == {"the time was over"}
    assert found.layers


def test_measured_seconds_follow_the_device_that_is_made_faster() -> None:
    graph = random_graph(0, layers=8)
    seconds = {node.name: 1e-3 for node in graph if node.inputs}
    cluster = slow_cluster(2)
    measured = Measured(seconds, cluster.devices[0])
    asked = Question(lambda batch, again: graph.bind(batch=batch), cluster, 2, measured_of=lambda graph: measured)
    found = explained(asked)
    assert trial(found, "all devices twice as fast") == pytest.approx(found.value / 2, rel=0.05)


# ---- changed clusters ----


def test_a_twin_has_the_links_of_its_device() -> None:
    cluster = Cluster((Device("a"), Device("ab")), (Link("a", "ab", 5.0), Link("ab", "a", 6.0)))
    more = with_another(cluster, cluster["a"])
    assert more.names == ("a", "ab", "abb")
    assert more["abb"] == replace(cluster["a"], name="abb")
    assert (more.link("abb", "ab").bytes_per_second, more.link("ab", "abb").bytes_per_second) == (5.0, 6.0)
    assert more.link("a", "abb") == cluster.default_link


def test_faster_devices_and_links() -> None:
    device = Device("a", flops_by_kind={"pooling": 3.0}, launch_seconds=1.0)
    cluster = Cluster((device, Device("b")), (Link("a", "b", 5.0, 2.0),))
    faster = with_faster(cluster, ("a",))
    assert faster["b"] == cluster["b"]
    assert (faster["a"].flops_per_second, faster["a"].bytes_per_second) == (20e12, 1000e9)
    assert (faster["a"].flops_by_kind["pooling"], faster["a"].launch_seconds) == (6.0, 0.5)
    assert with_faster_links(cluster).link("a", "b") == Link("a", "b", 10.0, 1.0)
    assert with_faster_links(cluster).default_link.bytes_per_second == 24e9


def test_of_memory_the_fullest_device_is_explained() -> None:
    found = explained(question(slow_cluster(3), objective="memory"))
    assert found.stage.peak_bytes == max(stage.peak_bytes for stage in found.partition.stages)
    assert found.value == found.partition.goal
    changes = [each.change for each in found.trials]
    assert "twice the memory" in changes
    assert not any("fast" in change for change in changes)


def test_of_one_run_no_batch_is_tried() -> None:
    found = explained(question(slow_cluster(2), objective="latency"))
    assert found.value == found.partition.goal
    assert not any("batch" in each.change for each in found.trials)
    assert "links twice as fast" in [each.change for each in found.trials] or not found.partition.cuts
