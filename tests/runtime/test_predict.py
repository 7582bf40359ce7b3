"""Predicted steps of pipelines: programs of plans, and what devices take when they never wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from cnngraph.ir.op import Array
from cnngraph.net import loads
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.pipeline.program import Compute, Receive, Send, Transport, instant
from cnngraph.pipeline.schedule import Phase
from cnngraph.pipeline.timeline import Timeline
from cnngraph.plan.steps import Run, Step
from cnngraph.plan.steps import Send as Sends
from cnngraph.runtime.engines.transport import Channels
from cnngraph.runtime.member import Member
from cnngraph.runtime.pipeline import Pipeline
from cnngraph.runtime.pipelining import PipelineOptions, PipelinePlan
from cnngraph.runtime.predict import by_cluster, by_kernels, links_of, predicted, program_of
from cnngraph.runtime.replay import channel_transport, replayed
from cnngraph.runtime.threads import this_machine

NET = """
net chain(image: 3@12x10) {
    first:  conv(6, 3x3, pad = 1) -> batchnorm -> relu
    second: conv(6, 3x3, pad = 1) -> relu -> maxpool(2x2, stride = 2)
    last:   conv(7, 3x3) -> relu -> globalavgpool -> dense(4) -> softmax
}
train { loss: cross_entropy(last, label); optimizer: sgd(lr = 0.1, momentum = 0.9); clip: norm(1.0) }
"""
CLUSTER = Cluster.uniform(2, Device("gpu", flops_per_second=1e9, bytes_per_second=1e9), Link("any", "any", 1e12, 1e-9))


def pipeline(microbatches: int = 4, kind: str = "1f1b", gradient: bool = True) -> Pipeline:
    return loads(NET).pipeline(CLUSTER, PipelineOptions(microbatches, kind), gradient)


def feeds_of(found: Pipeline) -> dict[str, Array]:
    numbers = np.random.default_rng(0)
    feeds: dict[str, Array] = {"image": numbers.normal(size=(8, 12, 10, 3)).astype(np.float32)}
    if "label" in [node.name for node in found.graph.inputs]:
        feeds |= {"label": numbers.integers(0, 4, 8), "rate": np.array(1.0, np.float32)}
    return feeds


def one_second(device: str, plan: object, step: Step) -> float:
    return 1.0 if isinstance(step, Run) else 0.0


def messages(plan: PipelinePlan) -> list[Sends]:
    plans = [plan.micro, *([plan.update] if plan.update else [])]
    return [step for each in plans for steps in each.steps.values() for step in steps if isinstance(step, Sends)]


def test_a_program_has_the_messages_of_the_plan() -> None:
    found = pipeline()
    plan = found.plan(feeds_of(found))
    items = [item for phases in program_of(plan, one_second).values() for own in phases.values() for item in own]
    sent = {item.tag: item for item in items if isinstance(item, Send)}
    assert len(sent) == len(messages(plan)) > 3  # activations, gradients, and the norm of the gradients
    assert sorted(sent) == sorted(item.tag for item in items if isinstance(item, Receive))
    assert sorted(str(step.value) for step in messages(plan)) == sorted(item.name for item in sent.values())


def test_bytes_of_messages_are_those_that_travel() -> None:
    found = pipeline()
    feeds = feeds_of(found)
    plan = found.plan(feeds)
    seen: dict[int, int] = {}

    class Counting(Channels):
        def claim(self, source: str, target: str, tag: int, value: Array) -> Array | None:
            seen[tag] = value.nbytes
            return super().claim(source, target, tag, value)

    ready = found._ready(feeds)
    channels = Counting()
    for member in ready.members:  # type: ignore[attr-defined]
        member.transport = channels.end(member.device)
    found.run(feeds)
    items = [item for phases in program_of(plan, one_second).values() for own in phases.values() for item in own]
    assert seen == {item.tag: item.bytes for item in items if isinstance(item, Send)}


def test_each_step_counts_once_for_each_microbatch() -> None:
    found = pipeline(kind="fill-drain")
    plan = found.plan(feeds_of(found))
    timeline = predicted(plan, one_second, Transport(instant, capacity=plan.capacity))
    assert plan.update is not None
    for device in plan.devices:
        runs = [sum(isinstance(step, Run) for step in each.steps[device]) for each in (plan.micro, plan.update)]
        assert timeline.busy_seconds[device] == 4 * runs[0] + runs[1]


def test_models_of_seconds() -> None:
    found = pipeline()
    plan = found.plan(feeds_of(found))
    slow = Cluster.uniform(2, Device("gpu", flops_per_second=1e8, bytes_per_second=1e8), CLUSTER.default_link)
    steps = [predicted(plan, by_cluster(each), links_of(each, plan.capacity)).step_seconds for each in (CLUSTER, slow)]
    assert steps[1] == pytest.approx(10 * steps[0], rel=1e-3)
    kernels = predicted(plan, by_kernels(this_machine()), links_of(CLUSTER, plan.capacity))
    assert 0 < kernels.step_seconds < steps[0]


@pytest.mark.parametrize("kind", ["fill-drain", "1f1b", "zero-bubble"])
def test_a_measured_prediction_does_what_the_step_does(kind: str) -> None:
    found = pipeline(kind=kind)
    feeds = feeds_of(found)
    before = {name: value.copy() for name, value in found.states.items()}
    prediction, measured = found.predicted(feeds), found.timed(feeds)
    assert list(prediction.spans) == list(measured.spans)
    for device in prediction.devices:
        assert labels(prediction, device) == labels(measured, device)
    once = pipeline(kind=kind)
    once.run(feeds)
    assert different(once.states, found.states) == []  # the prediction left the states alone
    assert different(before, found.states)


def labels(timeline: Timeline, device: str) -> list[str]:
    return [span.label for span in timeline.actions.spans[device]]


def test_forward_pipelines_are_predicted() -> None:
    found = pipeline(gradient=False)
    feeds = feeds_of(found)
    timeline = found.predicted(feeds)
    assert labels(timeline, "gpu1") == ["F0", "F1", "F2", "F3"]


def test_replaying_one_microbatch_computes_the_same() -> None:
    found = pipeline(1, "one-shot")
    feeds = feeds_of(found)
    ready = found._ready(feeds)
    members: list[Member] = ready.members  # type: ignore[attr-defined]
    taken: list[dict[str, Array]] = []

    def step() -> None:
        ready.run(feeds)
        taken.extend({name: values[0] for name, values in member.results.items()} for member in members)

    program = replayed(found.plan(feeds), members, step, feeds)
    for member, expected in zip(members, taken, strict=True):
        assert different({name: values[0] for name, values in member.results.items()}, expected) == []
    assert {*program["gpu0"]} >= {Phase.FORWARD, Phase.BACKWARD, Phase.UPDATE}
    for phases in program.values():
        for items in phases.values():
            assert all(item.seconds > 0 for item in items if isinstance(item, Compute))
    transport = channel_transport(program, 1)
    sizes = [item.bytes for items in program["gpu0"].values() for item in items if isinstance(item, Send)]
    assert transport.occupies
    assert all(transport.seconds("gpu0", "gpu1", size) > 0 for size in sizes)


def test_a_division_by_measured_seconds() -> None:
    usual = pipeline()
    found = loads(NET).pipeline(CLUSTER, replace(usual.options, measure=True), gradient=True)
    feeds = feeds_of(found)
    outputs = found.run(feeds)
    assert different(outputs, usual.run(feeds)) == []
    seconds, plan = found.options.measured, found.plan(feeds)
    assert seconds is not None
    runs = {step.node for steps in plan.micro.steps.values() for step in steps if isinstance(step, Run)}
    assert runs <= seconds.keys()
    assert min(seconds.values()) > 0
    assert sum(stage.compute_seconds for stage in plan.partition.stages) == pytest.approx(sum(seconds.values()))
    weights = [name for name in seconds if name in plan.micro.states]
    assert weights  # they have their share of the update


def different(found: Mapping[str, Array], expected: Mapping[str, Array]) -> list[str]:
    assert found.keys() == expected.keys()
    return [name for name in expected if not np.array_equal(found[name], expected[name])]
