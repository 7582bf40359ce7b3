"""Seconds of executed nodes over the nodes of the file."""

from __future__ import annotations

import pytest

from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.net import load, loads
from cnngraph.partition.spread import spread
from cnngraph.passes.pipeline import EXECUTION, INFERENCE, run
from cnngraph.resources import resource


def names(graph: Graph) -> list[str]:
    return [node.name for node in graph if not isinstance(node.op, Input | State)]


def test_a_fused_node_is_shared_in_proportion() -> None:
    graph = loads("net n(x: 2@6x6) { c: conv(3, 3x3)\n b: batchnorm\n r: relu\n p: avgpool(2x2) }").graph
    executed = run(graph, EXECUTION)
    assert not {"c", "b"} & set(names(executed)), "they are fused, and folded"
    taken = dict.fromkeys(names(executed), 0.0)
    last = [name for name in names(executed) if "folded" not in name]
    taken |= {last[0]: 10.0, last[-1]: 5.0}
    found = spread(taken, executed, graph, {"c": 6.0, "b": 1.0, "r": 1.0, "p": 2.0})
    assert sum(found.values()) == pytest.approx(15)
    assert found["c"] == pytest.approx(6 * found["b"])
    assert found["c"] >= 6


def test_without_weights_it_is_shared_equally() -> None:
    graph = loads("net n(x: 2@6x6) { c: conv(3, 3x3)\n r: relu }").graph
    executed = run(graph, EXECUTION)
    assert spread({"r": 3.0}, executed, graph, {"c": 0.0, "r": 0.0}) == {"c": 1.5, "r": 1.5}


def test_what_belongs_to_no_node_is_everyones() -> None:
    graph = loads("net n(x: 2@6x6) { c: conv(3, 3x3)\n p: maxpool(2x2) }").graph
    found = spread({"c": 1.0, "gone": 3.0}, graph, graph, {"c": 1.0, "p": 2.0})
    assert found == {"c": pytest.approx(2.0), "p": pytest.approx(2.0)}


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "densenet121"])
@pytest.mark.parametrize("gradient", [False, True])
def test_nothing_is_lost(name: str, gradient: bool) -> None:
    net = load(resource("specs", "nets", f"{name}.cnn"))
    graph = net.training_graph() if gradient else run(net.graph, INFERENCE)
    executed = run(graph, EXECUTION)
    taken = {each: 1.0 + place % 7 for place, each in enumerate(names(executed))}
    found = spread(taken, executed, graph, dict.fromkeys(names(graph), 1.0))
    assert list(found) == names(graph)
    assert min(found.values()) >= 0
    assert sum(found.values()) == pytest.approx(sum(taken.values()))
    kept = [each for each in taken if each in found]
    assert len(kept) > len(taken) / 2
    assert all(found[each] > 0 for each in kept)
