"""Order of execution and bytes alive."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from partition.random_graphs import random_graph, random_training

from cnngraph.cost.liveness import Liveness, execution_order, last_reads, peak_bytes, straight_updates
from cnngraph.cost.model import value_bytes
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Weight
from cnngraph.ir.text import from_text
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import Add
from cnngraph.ops.relu import Relu

SCALARS = TensorType((10,))  # 40 bytes


def chain_of_relus(count: int) -> Graph:
    builder = Builder()
    value = builder.add("x", Input(SCALARS)).ref
    for i in range(count):
        value = builder.add(f"relu{i}", Relu(), [value]).ref
    return builder.finish("chain", {"y": value})


def test_peak_of_a_chain_is_two_values_and_the_input() -> None:
    assert [peak_bytes(chain_of_relus(n)) for n in (1, 2, 5)] == [80, 120, 120]


def test_a_skip_stays_alive() -> None:
    builder = Builder()
    x = builder.add("x", Input(SCALARS)).ref
    first = builder.add("first", Relu(), [x]).ref
    second = builder.add("second", Relu(), [first]).ref
    third = builder.add("third", Relu(), [second]).ref
    total = builder.add("total", Add(), [first, third]).ref
    assert peak_bytes(builder.finish("skip", {"y": total})) == 40 + 3 * 40


def test_a_part_that_receives_holds_what_it_received() -> None:
    liveness = Liveness(chain_of_relus(4))
    assert liveness.peak_bytes(liveness.members(["relu2", "relu3"])) == 80
    assert liveness.peak_bytes(liveness.members(["x", "relu0"])) == 80
    assert liveness.peak_bytes(liveness.members([])) == 0


@pytest.mark.parametrize("seed", range(6))
def test_order_is_topological_and_complete(seed: int) -> None:
    graph = random_training(seed).bind(batch=2)
    order = execution_order(graph)
    position = {node.name: i for i, node in enumerate(order)}
    assert sorted(position) == sorted(graph.by_name)
    assert all(position[ref.node] < position[node.name] for node in graph for ref in node.inputs)


@pytest.mark.parametrize("seed", range(4))
def test_updates_run_after_the_readers_of_their_state_and_over_it(seed: int) -> None:
    graph = random_training(seed).bind(batch=2)
    weights = {ref: state for state, ref in graph.updates.items() if ref.node.startswith("update.")}
    assert weights.items() <= straight_updates(graph).items()
    position = {node.name: i for i, node in enumerate(execution_order(graph))}
    assert all(last_reads(graph)[state] == position[ref.node] for ref, state in weights.items())


def test_updates_that_read_each_others_states_are_ordered() -> None:
    builder = Builder()
    states = [builder.state(name, Weight(SCALARS, "zeros")).ref for name in "ab"]
    sums = [builder.add(f"next_{name}", Add(), states).ref for name in "ab"]
    graph = builder.finish("both", {}, {"a": sums[0], "b": sums[1]})
    assert len(execution_order(graph)) == 4
    assert straight_updates(graph) == {Ref("next_b"): "b"}  # `a` is still read when its next value is made


@pytest.mark.parametrize("seed", range(5))
def test_peak_equals_a_count_step_by_step(seed: int) -> None:
    graph = random_training(seed, layers=4).bind(batch=3)
    assert peak_bytes(graph) == slow_peak(graph)


def slow_peak(graph: Graph) -> int:
    """The same, by the definition: at each step, all values that are made and still needed."""
    order = list(execution_order(graph))
    position = {node.name: i for i, node in enumerate(order)}
    straight = straight_updates(graph)
    end = {Ref(node.name, k): position[node.name] for node in order for k in range(len(node.types))}
    for node in order:
        end.update({ref: max(end[ref], position[node.name]) for ref in node.inputs})
    for state, ref in graph.updates.items():
        end[ref] = max(end[ref], last_reads(graph)[state])
    end.update((ref, len(order)) for ref in graph.outputs.values())
    leaves = sum(sum(value_bytes(n)) for n in order if isinstance(n.op, Input | State))
    alive = [
        sum(
            value_bytes(graph[ref.node])[ref.index]
            for ref, last in end.items()
            if position[ref.node] <= now <= last and ref not in straight
            if not isinstance(graph[ref.node].op, Input | State)
        )
        for now in range(len(order) + 1)
    ]
    return leaves + max(alive)


@pytest.mark.parametrize("seed", range(5))
def test_a_larger_part_never_needs_less(seed: int) -> None:
    graph = random_training(seed, layers=4).bind(batch=3)
    liveness, random = Liveness(graph), Random(seed)
    part = np.zeros(len(graph.nodes), bool)
    peaks = []
    for index in random.sample(range(len(part)), len(part)):
        part[index] = True
        peaks.append(liveness.peak_bytes(part))
    assert peaks == sorted(peaks)


def test_a_graph_without_updates_keeps_its_order() -> None:
    graph = random_graph(3)
    computed = [n.name for n in graph if not isinstance(n.op, Input | State)]
    assert [n.name for n in execution_order(graph) if not isinstance(n.op, Input | State)] == computed


def test_a_late_node_runs_right_before_the_first_of_its_readers() -> None:
    text = "graph g\nx: f32[10] = input\na: f32[10] = relu <- x\n"
    text += "again.a: f32[10] = relu <- x late\nagain.b: f32[10] = relu <- again.a late\n"
    text += "c: f32[10] = relu <- a\nd: f32[10] = add <- c, again.b\ne: f32[10] = add <- d, again.a\noutput e = e\n"
    assert [node.name for node in execution_order(from_text(text))] == ["x", "a", "c", "again.a", "again.b", "d", "e"]
