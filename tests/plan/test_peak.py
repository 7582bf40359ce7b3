"""The peak of a plan by what it is for, in words; and what lives when it is reached."""

from __future__ import annotations

from partition.random_graphs import random_graph, random_training, slow_cluster

from cnngraph.net import loads
from cnngraph.partition.split import split
from cnngraph.plan.peak import Peak, largest_at_peak, peak_text, peaks
from cnngraph.plan.schedule import Options, plan_for, schedule


def test_the_parts_are_those_of_the_plan() -> None:
    for graph in (random_graph(0), random_training(1)):
        plan = plan_for(graph, batch=5)
        for workers in (1, 2, 3):
            found = peaks(plan, workers)["host"]
            assert found.total == plan.peak_with(workers)["host"]
            assert found.workers * found.worker == workers * plan.worker_bytes["host"]


def test_each_device_has_its_own() -> None:
    plan = schedule(split(random_graph(3, layers=10).bind(batch=3), slow_cluster(2)))
    assert {device: peak.total for device, peak in peaks(plan).items()} == plan.peak_bytes
    assert peak_text(plan).startswith("gpu0 ")
    assert "; gpu1 " in peak_text(plan)


def test_in_words() -> None:
    assert str(Peak()) == "0 B"
    assert str(Peak(weights=2_000, inputs=500)) == "2.5 kB (weights 2 kB, inputs 500 B)"


def test_the_step_at_the_peak_and_what_lives_there() -> None:
    net = loads("net n(image: 1@8x8) {\n  narrow: conv(1, 3x3)\n  wide: conv(64, 3x3)\n  last: globalavgpool\n}")
    step, values = largest_at_peak(plan_for(net.graph.bind(batch=8), Options()), "host")
    assert step
    assert any(text.startswith("wide") for text in values)
