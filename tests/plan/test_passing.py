"""What is made and read only before the first run shares memory, and is not kept."""

from __future__ import annotations

from itertools import pairwise

from plan.walk import walk

from cnngraph.net import Net, load
from cnngraph.passes.pipeline import EXECUTION, INFERENCE, run
from cnngraph.plan.memory import aligned
from cnngraph.plan.plan import Plan
from cnngraph.plan.schedule import Options, plan_for
from cnngraph.plan.steps import Prepare, Run
from cnngraph.resources import resource


def resnet() -> Plan:
    net: Net = load(resource("specs", "nets", "resnet18.cnn"))
    return plan_for(run(run(net.graph, INFERENCE), EXECUTION), Options(fixed_states=True), batch=2)


def test_folded_weights_that_are_prepared_are_not_kept() -> None:
    plan = resnet()
    passing = [buffer for buffer in plan.buffers if buffer.kind == "passing"]
    assert passing
    assert plan.arena_bytes["host"] < sum(aligned(buffer.bytes) for buffer in passing)
    walk(plan, workers=2)


def test_each_is_made_right_before_it_is_read() -> None:
    prologue = resnet().prologue["host"]
    behind = [(a, b) for a, b in pairwise(prologue) if isinstance(a, Run) and isinstance(b, Prepare)]
    assert any(a.outputs[0].buffer == b.source.buffer for a, b in behind)


def test_passing_values_that_live_together_lie_apart() -> None:
    passing = [buffer for buffer in resnet().buffers if buffer.kind == "passing"]
    for i, a in enumerate(passing):
        for b in passing[:i]:
            together = a.first <= b.last and b.first <= a.last
            assert not together or a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset
