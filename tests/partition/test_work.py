"""Seconds of nodes on devices: estimated, measured, impossible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.net import loads
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.work import Measured, work_seconds
from cnngraph.passes.pipeline import EXECUTION, run

SLOW = Device("slow", 10**9, 1e3, 1e12, {"pooling": 1e2}, launch_seconds=1.0)
FAST = replace(SLOW, name="fast", flops_per_second=1e4)


def graph() -> Graph:
    text = "net n(x: 2@4x4) { c: conv(3, 3x3)\n p: maxpool(2x2)\n f: flatten }"
    return loads(text).graph.bind(batch=1)


def seconds_of(graph: Graph, cluster: Cluster, **measured: float) -> list[dict[str, float]]:
    table = work_seconds(graph, cluster, measured)
    return [{node.name: float(row[i]) for i, node in enumerate(graph)} for row in table]


def test_estimates_by_kind() -> None:
    slow, fast = seconds_of(graph(), Cluster((SLOW, FAST)))
    flops = 2 * (2 * 2 * 3) * (9 * 2)
    assert slow["c"] == pytest.approx(1 + flops / 1e3)
    assert fast["c"] == pytest.approx(1 + flops / 1e4)
    assert slow["p"] == fast["p"] == pytest.approx(1 + 3 * 4 / 1e2)
    assert slow["x"] == slow["c.weight"] == slow["f"] == 0, "what is fed, a weight and a view take no time"


def test_what_follows_from_fixed_states_is_computed_once() -> None:
    net = loads("net n(x: 2@4x4) { c: conv(3, 3x3)\n n: batchnorm }")
    lowered = run(net.graph, EXECUTION).bind(batch=1)
    assert any(node.op.name == "fold_norm" for node in lowered)
    taken = seconds_of(lowered, Cluster((SLOW,)))[0]
    assert [name for name in taken if taken[name] > 0] == ["n"]
    state, ref = lowered.states[0].name, lowered.outputs[next(iter(lowered.outputs))]
    again = seconds_of(replace(lowered, updates={state: ref}), Cluster((SLOW,)))[0]
    assert all(again[node.name] > 0 for node in lowered if node.op.name == "fold_norm")


def test_measured_seconds_replace_estimates_and_are_scaled() -> None:
    slow, fast = seconds_of(graph(), Cluster((SLOW, FAST)))
    slow2, fast2 = seconds_of(graph(), Cluster((SLOW, FAST)), c=3.0)
    assert slow2["c"] == 3
    assert fast2["c"] == pytest.approx(3 * fast["c"] / slow["c"])
    assert slow2["p"] == slow["p"]


def test_the_device_that_was_measured_is_named() -> None:
    place = [node.name for node in graph()].index("c")
    table = work_seconds(graph(), Cluster((SLOW, FAST)), Measured({"c": 3.0}, FAST))
    assert table[1, place] == 3
    assert table[0, place] > 3


def test_a_view_that_was_measured() -> None:
    assert seconds_of(graph(), Cluster((SLOW,)), f=0.5)[0]["f"] == 0.5


def test_what_a_device_lacks_takes_for_ever() -> None:
    table = work_seconds(graph(), Cluster((replace(SLOW, lacks=frozenset({"maxpool"})), FAST)), {"p": 1.0})
    place = [node.name for node in graph()].index("p")
    assert np.isinf(table[0, place])
    assert table[1, place] < np.inf
    assert np.isfinite(table).sum() == table.size - 1


def test_what_no_device_can_run_is_one_error() -> None:
    cluster = Cluster((replace(SLOW, lacks=frozenset({"maxpool", "lrn"})), replace(FAST, lacks=frozenset({"maxpool"}))))
    with pytest.raises(CnnGraphError) as caught:
        work_seconds(graph(), cluster)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("E0602", "no device of the cluster can run p: each lacks maxpool")


def test_a_placement_on_a_device_that_cannot() -> None:
    placed = graph()
    placed = replace(placed, nodes=tuple(replace(n, device="slow") if n.name == "p" else n for n in placed))
    cluster = Cluster((replace(SLOW, lacks=frozenset({"maxpool"})), FAST))
    with pytest.raises(CnnGraphError, match="p is placed on slow, which lacks maxpool") as caught:
        work_seconds(placed, cluster)
    assert [d.code for d in caught.value.diagnostics] == ["E0602"]
