"""Runs without microbatches take what the division says: its busiest device, its run, its memory."""

from __future__ import annotations

from itertools import pairwise

import pytest

import cnngraph
from cnngraph.pages.partition.held import held_in_a_run
from cnngraph.pages.partition.origins import phases_of_graph
from cnngraph.pages.partition.runs import (
    one_run,
    several_runs,
    shares_of_answer,
    shares_of_partition,
)
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.objective import objective_value
from cnngraph.partition.partition import Partition
from cnngraph.partition.pose import pose
from cnngraph.partition.problem import Answer, loads
from cnngraph.partition.split import split

NET = """
net wide(image: 3@32x32) {
  conv(32, 3x3, same) -> relu -> maxpool(2x2) -> conv(64, 3x3, same) -> relu
  conv(128, 3x3, same) -> relu -> globalavgpool -> dense(10)
  output: softmax
}
train { loss: cross_entropy(output, label); optimizer: sgd(lr = 0.1) }
"""

SLOW = Cluster.uniform(3, Device("gpu", flops_per_second=1e11, bytes_per_second=5e9))  # links cost little then


def divided(gradient: bool = False, **how: object) -> Partition:
    net = cnngraph.loads(NET)
    return split(net.bound(16, gradient, False), SLOW, **how)  # type: ignore[arg-type]


def test_in_the_long_run_a_run_takes_as_long_as_the_busiest_device() -> None:
    found = divided()
    assert len(found.stages) > 1
    shares = shares_of_partition(found, phases_of_graph(found.graph).__getitem__)
    assert [share.seconds for share in shares.values()] == pytest.approx([s.load_seconds for s in found.stages])
    timeline, told = several_runs(shares)
    last = {m: max(s.end_seconds for spans in timeline.spans.values() for s in spans if s.microbatch == m)
            for m in range(4)}  # fmt: skip
    assert last[3] - last[2] == pytest.approx(found.bottleneck_seconds)
    assert "pipeline is full" in told
    assert sum(timeline.critical_seconds.values()) == pytest.approx(timeline.step_seconds)
    for spans in timeline.spans.values():  # none overlaps another
        assert all(a.end_seconds <= b.start_seconds + 1e-12 for a, b in pairwise(spans))


def test_a_training_step_is_shown_by_periods() -> None:
    found = divided(gradient=True)
    timeline, told = several_runs(shares_of_partition(found, phases_of_graph(found.graph).__getitem__))
    assert "ring" in told
    assert timeline.step_seconds == pytest.approx(3 * found.bottleneck_seconds, rel=0.2)
    phases = {str(span.phase) for spans in timeline.spans.values() for span in spans}
    assert phases >= {"F", "B", "U"}


@pytest.mark.parametrize("gradient", [False, True])
def test_one_run_takes_its_makespan_and_what_it_holds_is_what_the_table_says(gradient: bool) -> None:
    found = divided(gradient, objective="latency")
    problem = pose(found.graph, found.cluster, "latency")
    device_of = [found.cluster.names.index(found.device_of[group]) for group in problem.groups]
    timeline, messages = one_run(problem, device_of, phases_of_graph(found.graph).__getitem__)
    assert timeline.step_seconds == pytest.approx(objective_value(problem, device_of)) == pytest.approx(found.goal)
    assert {(m.name, m.source) for m in messages} == {(cut.value.node, cut.source) for cut in found.cuts}
    assert all(m.end_seconds > m.start_seconds >= 0 for m in messages)
    held = held_in_a_run(found, timeline)
    assert {name: each.peak_bytes for name, each in held.items()} == {s.device.name: s.peak_bytes for s in found.stages}
    assert timeline.critical_path[-1].end_seconds == timeline.step_seconds


def test_shares_of_a_problem_are_its_loads() -> None:
    found = divided()
    problem = pose(found.graph, found.cluster)
    answer = Answer(tuple(found.cluster.names.index(found.device_of[group]) for group in problem.groups))
    shares = shares_of_answer(problem, answer, phases_of_graph(found.graph).__getitem__)
    load = loads(problem, answer.device_of)
    assert [share.seconds for share in shares.values()] == pytest.approx([x for x in load if x])


def test_teams_divide_what_they_do() -> None:
    found = divided(True, replicate=True)
    shares = shares_of_partition(found, phases_of_graph(found.graph).__getitem__)
    assert found.teams
    assert [share.seconds for share in shares.values()] == pytest.approx([s.load_seconds for s in found.stages])
