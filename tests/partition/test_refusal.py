"""What is refused names the limit that binds, with numbers; what is proposed does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from partition.random_graphs import CHEAP, random_graph, random_training

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.net import Net, loads
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.explain import Question
from cnngraph.partition.partition import single
from cnngraph.partition.refusal import DoesNotFit
from cnngraph.partition.split import split
from cnngraph.partition.ways_out import answered

DEEP = """
net deep(image: 3@32x32) {
  (conv(16, 3x3, same) -> relu) * 12 -> globalavgpool
  output: dense(10) -> softmax
}
train deep { loss: cross_entropy(output, label); optimizer: sgd(lr = 0.1) }
"""


def net() -> Net:
    return loads(DEEP)


def cluster(count: int, memory_bytes: float) -> Cluster:
    return Cluster.uniform(count, Device("gpu", int(memory_bytes), 1e9, 1e9), CHEAP)


def refused(*arguments: object, **named: object) -> str:
    with pytest.raises(DoesNotFit) as caught:
        net().partition(*arguments, **named)  # type: ignore[arg-type]
    return str(caught.value)


def test_a_training_that_does_not_fit_says_all_that_would_do() -> None:
    whole = single(net().bound(64, gradient=True)).stages[0].peak_bytes
    text = refused(cluster(2, whole * 0.42), 64, True)
    assert re.search(r"deep training needs .* on the fullest device, gpu\d, with 2 devices; .* are there", text)
    found = re.search(r"help: (\d+) devices of .* would do, or (--recompute, or )?a batch of (\d+)", text)
    assert found is not None
    devices, again, batch = int(found[1]), found[2], int(found[3])
    net().partition(cluster(devices, whole * 0.42), 64, True)
    net().partition(cluster(2, whole * 0.42), batch, True)
    if again:
        net().partition(cluster(2, whole * 0.42), 64, True, recompute=True)


def test_one_device() -> None:
    whole = single(net().bound(8)).stages[0].peak_bytes
    text = refused(cluster(1, whole * 0.9), 8)
    assert "deep needs" in text
    assert "on the fullest" not in text
    assert re.search(r"help: \d+ devices of .* would do, or a batch of \d", text)


def test_a_layer_that_fits_nowhere() -> None:
    whole = single(net().bound(64, gradient=True)).stages[0].peak_bytes
    text = refused(cluster(8, whole / 100), 64, True)
    assert re.search(r"(conv|relu).* needs .* with its inputs and what must stay with it, but gpu0 has", text)
    assert "no number of such devices would do" in text


def test_devices_of_other_sizes_are_named() -> None:
    graph = random_training(1, layers=12).bind(batch=16)
    whole = single(graph).stages[0].peak_bytes
    small, large = (Device(name, int(whole * part), 1e9, 1e9) for name, part in (("small", 0.25), ("large", 0.45)))
    with pytest.raises(DoesNotFit, match=r"on the fullest device, (small|large), with 2 devices; it has"):
        split(graph, Cluster((small, large), default_link=CHEAP))


def alternating() -> Graph:
    return loads("net a(x: 2@8x8) = relu -> tanh -> relu -> tanh -> relu -> tanh").graph.bind(batch=2)


def test_no_order_of_stages() -> None:
    """relu here, tanh there: values go to and fro, and stages cannot stand one after the other."""
    devices = (Device("a", lacks=frozenset({"relu"})), Device("b", lacks=frozenset({"tanh"})))
    text = r"cannot be divided into stages .* a cannot run .*; b cannot run"
    with pytest.raises(CnnGraphError, match=text) as caught:
        split(alternating(), Cluster(devices))
    assert "--any-split" in str(caught.value)
    found = split(alternating(), Cluster(devices), contiguous=False)
    assert {stage.device.name for stage in found.stages} == {"a", "b"}


def test_placements_that_form_a_ring() -> None:
    graph = alternating()
    inner = [node.name for node in graph if node.inputs]
    where = {inner[0]: "gpu0", inner[2]: "gpu1", inner[4]: "gpu0"}
    placed = replace(graph, nodes=tuple(replace(n, device=where.get(n.name)) for n in graph))
    with pytest.raises(CnnGraphError, match=r"is placed on gpu0.*is placed on gpu1"):
        split(placed, Cluster.uniform(2), contiguous=True)
    assert len(split(placed, Cluster.uniform(2)).stages) == 2


def test_no_time_is_no_error() -> None:
    found = split(random_graph(3, layers=20).bind(batch=2), cluster(4, 1e9), time_limit_seconds=1e-6)
    assert found.bottleneck_seconds > 0
    assert "the search ended after" in found.proof


def test_what_is_asked_again_is_the_same_question() -> None:
    graph_of = net().bound
    question = Question(graph_of, cluster(2, 1e9), 4)
    assert answered(question).device_of == question.answer().device_of
