"""Plans: order of steps, messages, updates, memory; checked by walking through the steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import combinations

import pytest
from partition.random_graphs import random_graph, random_training, slow_cluster
from plan.walk import walk

from cnngraph.cost.liveness import peak_bytes
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Weight
from cnngraph.ir.types import TensorType
from cnngraph.kernels.kernel import PLAIN, Kernel, Task
from cnngraph.ops.relu import Relu
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.partition import assign
from cnngraph.partition.split import split
from cnngraph.plan.choice import Choice
from cnngraph.plan.memory import ALIGNMENT_BYTES
from cnngraph.plan.plan import Plan
from cnngraph.plan.schedule import Options, plan_for, schedule
from cnngraph.plan.steps import Copy, Receive, Run, Send, View, reads, writes


def plans() -> list[Plan]:
    graphs = [random_graph(0), random_graph(3, layers=10), random_training(1), random_training(2, layers=9)]
    return [schedule(split(g.bind(batch=3), slow_cluster(k))) for g in graphs for k in (1, 2, 3)]


@pytest.mark.parametrize("plan", plans(), ids=lambda plan: f"{plan.name} on {len(plan.devices)}")
def test_every_step_reads_what_is_there(plan: Plan) -> None:
    walk(plan, workers=1)


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("batch", [1, 2, 5, 8])
def test_tiles_keep_apart(batch: int, workers: int) -> None:
    for graph in (random_graph(0), random_graph(3, layers=10), random_training(1), random_training(2, layers=9)):
        walk(plan_for(graph, batch=batch), workers)


@pytest.mark.parametrize("plan", plans(), ids=lambda plan: f"{plan.name} on {len(plan.devices)}")
def test_no_two_live_buffers_share_bytes(plan: Plan) -> None:
    for device in plan.devices:
        own = [b for b in plan.buffers if b.device == device and b.kind == "arena"]
        assert all(b.offset + b.bytes <= plan.arena_bytes[device] and b.offset % ALIGNMENT_BYTES == 0 for b in own)
        for a, b in combinations(own, 2):
            together = a.first <= b.last and b.first <= a.last
            assert not together or a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset


class Plainly(Choice):
    """Only kernels without memory of their own."""

    def able(self, task: Task) -> Sequence[Kernel]:
        return (PLAIN,)


def test_peak_is_that_of_the_lifetimes_but_for_gaps_and_alignment() -> None:
    for graph in (random_graph(3, layers=10).bind(batch=16), random_training(2, layers=9).bind(batch=16)):
        plan = plan_for(graph, Options(choice=Plainly()))
        alive = peak_bytes(graph)
        assert alive <= plan.peak_bytes["host"] <= 1.1 * alive + ALIGNMENT_BYTES * len(plan.buffers)


def test_a_value_is_sent_once_to_each_device_that_reads_it() -> None:
    plan = schedule(split(random_training(2, layers=9).bind(batch=3), slow_cluster(3)))
    steps = [step for device in plan.devices for step in plan.steps[device]]
    sends = [(s.value, s.target) for s in steps if isinstance(s, Send)]
    receives = [s for s in steps if isinstance(s, Receive)]
    assert len(sends) == len(set(sends)) == len(receives) > 0
    assert plan.transit_bytes == sum(plan.buffers[s.target.buffer].bytes for s in receives)


def test_optimizers_write_straight_into_the_states() -> None:
    graph = random_training(1).bind(batch=2)
    plan = plan_for(graph)
    [step] = [s for s in plan.steps["host"] if isinstance(s, Run) and s.node == "update.dense.weight"]
    assert [plan.buffers[v.buffer].value.node for v in step.outputs] == ["dense.weight", "update.dense.weight.velocity"]
    assert [plan.buffers[v.buffer].kind for v in step.outputs] == ["state", "state"]


VECTOR = TensorType((3,))


def swap() -> Graph:
    """Two states change places; the old value of one is an output; a third stays as it is, a fourth takes a feed."""
    builder = Builder()
    a, b, c = (builder.state(name, Weight(VECTOR, "zeros")).ref for name in "abc")
    builder.state("d", Weight(VECTOR, "zeros"))
    fed = builder.add("fed", Input(VECTOR)).ref
    return builder.finish("swap", {"old": a, "fed": fed}, {"a": b, "b": a, "c": c, "d": fed})


def test_states_that_change_places_are_kept_first() -> None:
    plan = plan_for(swap())
    copies = [s for s in plan.steps["host"] if isinstance(s, Copy)]
    shown = [(str(plan.buffers[s.source.buffer].value), plan.buffers[s.target.buffer].kind) for s in copies]
    assert shown == [("a", "arena"), ("b", "arena"), ("b", "state"), ("a", "state"), ("fed", "state")]
    assert plan.outputs["old"] == copies[0].target
    assert plan.peak_bytes["host"] == 7 * ALIGNMENT_BYTES


def test_nodes_that_lead_nowhere_are_left_out() -> None:
    builder = Builder()
    x = builder.add("x", Input(VECTOR)).ref
    used = builder.add("used", Relu(), [x]).ref
    builder.add("unused", Relu(), [x])
    plan = plan_for(builder.finish("dead", {"y": used}))
    assert (plan.run_count, plan.step_count) == (1, 1)


def test_a_plan_prints_and_is_plain_data() -> None:
    plan = schedule(split(random_graph(0).bind(batch=3), slow_cluster(2)))
    table = str(plan)
    assert table.splitlines()[0].split()[:4] == ["device", "stage", "job", "does"]
    assert "conv(4, 3x3" in table
    assert "send to gpu1" in table
    assert "receive from gpu0" in table
    assert f"{plan.step_count} steps; peak gpu0" in table
    data = plan.to_json()
    assert json.loads(json.dumps(data)) == data
    steps = [step for stages in data["stages"].values() for stage in stages for job in stage for step in job]
    assert len(steps) == plan.step_count
    assert {step["step"] for step in steps} >= {"run", "send", "receive"}
    assert json.loads(json.dumps(plan_for(swap()).to_json()))["stages"]["host"][0][0][0]["step"] == "copy"


def test_an_arena_larger_than_the_memory_is_refused() -> None:
    graph = random_graph(0).bind(batch=3)
    small = Device("gpu", plan_for(graph).peak_bytes["host"] - 1)
    partition = assign(graph, Cluster((small,)), dict.fromkeys(graph.by_name, "gpu"), 0)
    with pytest.raises(CnnGraphError, match=r"the buffers of gpu need .*, but it has") as caught:
        schedule(partition)
    assert caught.value.diagnostics[0].code == "E0602"


def test_writes_and_reads_of_each_kind() -> None:
    value, views = Ref("v"), [View(i) for i in range(7)]
    task = Task(Relu(), (VECTOR,), (VECTOR,))
    steps = [
        Run("n", task, PLAIN, (views[1],), (views[2],)),
        Copy(views[3], views[4]),
        Send(value, views[5], "gpu1", 0),
        Receive(value, views[6], "gpu0", 0),
    ]
    assert [([v.buffer for v in reads(step)], [v.buffer for v in writes(step)]) for step in steps] == [
        ([1], [2]),
        ([3], [4]),
        ([5], []),
        ([], [6]),
    ]
