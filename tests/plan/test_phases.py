"""Phases of a step: no phase reads a later one, plans do not mix them, and what crosses has a place of its own."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from cnngraph.autodiff.microbatches import halves
from cnngraph.autodiff.recompute import recompute
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.net import load, loads
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.partition.split import split
from cnngraph.passes.pipeline import EXECUTION, TRAINING, run
from cnngraph.plan.batch import Batch
from cnngraph.plan.phases import BACKWARD, FORWARD, WEIGHTS, phases_of, remember_states
from cnngraph.plan.plan import Plan
from cnngraph.plan.schedule import Options, schedule
from cnngraph.plan.steps import PLACED, Run, reads, writes
from cnngraph.resources import resource
from cnngraph.train.step import step_of

SLOW, FAST = Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9)
DROPS = """
net n(image: 2@6x6) = conv(3, 3x3, pad = 1) -> relu -> dropout(0.5) -> conv(4, 3x3, pad = 1) -> relu
    -> dropout(0.5) -> conv(4, 3x3) -> relu -> conv(5, 3x3) -> relu -> flatten -> dense(4) -> softmax
"""


def micro(text: str = "", name: str = "", again: bool = False) -> Graph:
    net = load(resource("specs", "nets", f"{name}.cnn")) if name else loads(text)
    step = step_of(net.training, run(net.training.graph, TRAINING))
    step = recompute(step, {"batch": 4}) if again else step
    return run(halves(step, 2).micro, EXECUTION)


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "googlenet"])
@pytest.mark.parametrize("apart", [False, True])
def test_no_phase_reads_a_later_one(name: str, apart: bool) -> None:
    graph = micro(name=name)
    phase = phases_of(graph, apart)
    assert all(phase[ref.node] <= phase[node.name] for node in graph for ref in node.inputs)
    counts = Counter(phase.values())
    assert counts[FORWARD] > 0
    assert counts[BACKWARD] > 0
    assert (counts[WEIGHTS] > 0) == apart
    assert all(phase[ref.node] == FORWARD for ref in graph.outputs.values())


def test_weight_gradients_apart_are_of_their_own_layer() -> None:
    graph = micro(name="lenet5")
    apart = {name for name, phase in phases_of(graph, apart=True).items() if phase == WEIGHTS}
    assert {"gradient.c3.conv.weight", "accumulate.c3.conv.weight", "gradient.c3.conv.bias"} <= apart
    assert "gradient.c3.conv.x" not in apart
    assert "gradient.c3.tanh.x" not in apart


def test_a_counter_is_remembered_for_what_is_computed_again() -> None:
    graph = micro(DROPS, again=True)
    phase = phases_of(graph)
    counters = {state for state, ref in graph.updates.items() if phase[ref.node] == FORWARD}
    late = [n.name for n in graph if phase[n.name] > FORWARD and {r.node for r in n.inputs} & counters]
    assert late, "a dropout is run again"
    found = remember_states(graph)
    phase = phases_of(found)
    for node in found:
        assert phase[node.name] == FORWARD or not {ref.node for ref in node.inputs} & counters, node.name
    assert remember_states(found) is found


def phased_plan(name: str, count: int, apart: bool = False) -> Plan:
    batch = Batch(micro(name=name), {"batch": 4})
    cluster = Cluster.uniform(count, SLOW, FAST)
    return schedule(
        split(batch.bound, cluster), batch, Options(fixed_states=True, phases=phases_of(batch.bound, apart))
    )


@pytest.mark.parametrize(("name", "count"), [("lenet5", 1), ("lenet5", 2), ("resnet18", 3)])
@pytest.mark.parametrize("apart", [False, True])
def test_stages_do_not_mix_phases_and_what_crosses_is_kept(name: str, count: int, apart: bool) -> None:
    plan = phased_plan(name, count, apart)
    phase = phases_of(Batch(micro(name=name), {"batch": 4}).bound, apart)
    for device, stages in plan.stages.items():
        phases = plan.phases[device]
        assert len(phases) == len(stages)
        assert all(a <= b for a, b in pairwise(phases))
        touched: dict[int, set[int]] = {}
        for stage, own in zip(stages, phases, strict=True):
            for step in (step for job in stage for step in job):
                assert not isinstance(step, Run) or phase[step.node] == own
                for view in (*reads(step), *writes(step)):
                    touched.setdefault(view.buffer, set()).add(own)
        shown = {view.buffer for view in plan.outputs.values()}
        for index, found in touched.items():
            buffer = plan.buffers[index]
            if buffer.kind in PLACED:
                assert (buffer.kind == "stash") == (len(found) > 1 or index in shown), buffer
        stash = [b for b in plan.buffers if b.kind == "stash" and b.device == device]
        assert max((b.offset + b.bytes for b in stash), default=0) <= plan.stash_bytes.get(device, 0)


def test_without_phases_nothing_is_kept_apart() -> None:
    batch = Batch(micro(name="lenet5"), {"batch": 4})
    plan = schedule(split(batch.bound, Cluster.uniform(1, SLOW, FAST)), batch)
    assert plan.phases == {}
    assert plan.stash_bytes == {}
    assert not any(buffer.kind == "stash" for buffer in plan.buffers)


def test_leaves_are_forward() -> None:
    graph = micro(name="lenet5")
    phase = phases_of(graph, apart=True)
    assert all(phase[n.name] == FORWARD for n in graph if isinstance(n.op, Input | State))
    assert Ref("loss") not in graph.outputs.values() or phase["loss"] == FORWARD
