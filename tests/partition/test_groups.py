"""What stays together, and the order of the chain."""

from __future__ import annotations

import pytest
from partition.random_graphs import random_training

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Weight
from cnngraph.ir.types import TensorType
from cnngraph.ops.add import Add
from cnngraph.ops.dense import Dense
from cnngraph.ops.relu import Relu
from cnngraph.partition.groups import Group, forward_nodes, ordered_groups, strongly_connected

VECTOR = TensorType.of(4)


def names(graph: Graph) -> list[str]:
    """Each group as the first of its nodes that is no input or state."""
    return [next((n for n in group.nodes if graph[n].inputs), group.nodes[0]) for group in ordered_groups(graph)]


def test_branches_stay_together_and_inputs_join_their_first_reader() -> None:
    builder = Builder()
    x = builder.add("x", Input(VECTOR)).ref
    root = builder.add("root", Relu(), [x]).ref
    left = builder.add("left1", Relu(), [root]).ref
    right = builder.add("right1", Relu(), [root]).ref
    left = builder.add("left2", Relu(), [left]).ref
    right = builder.add("right2", Relu(), [right]).ref
    total = builder.add("total", Add(), [left, right]).ref
    graph = builder.finish("diamond", {"y": total})
    assert names(graph) == ["root", "left1", "left2", "right1", "right2", "total"]
    assert ordered_groups(graph)[0] == Group(("x", "root"))


def test_a_layer_holds_its_states_gradients_and_updates() -> None:
    graph = random_training(0)
    groups = {node: group for group in ordered_groups(graph) for node in group.nodes}
    assert groups["dense"] is groups["dense.weight"]
    assert groups["dense"] is groups["gradient.dense.weight"]
    assert groups["dense"] is groups["update.dense.weight"]
    assert groups["dense"] is groups["update.dense.weight.velocity"]
    assert sum(len(group.nodes) for group in ordered_groups(graph)) == len(graph.nodes)


def test_the_forward_part_goes_forward() -> None:
    graph = random_training(2)
    place = {node: i for i, group in enumerate(ordered_groups(graph)) for node in group.nodes}
    forward = forward_nodes(graph)
    assert "dense" in forward
    assert not any(name.startswith(("gradient.", "update.")) for name in forward)
    for name in forward:
        assert all(place[ref.node] <= place[name] for ref in graph[name].inputs if ref.node in forward)


def shared(first: str | None = None, second: str | None = None) -> Graph:
    """Two layers with one weight, and a layer between them."""
    builder = Builder()
    x = builder.add("x", Input(VECTOR)).ref
    one = builder.apply("one", Dense(4), [x], device=first)
    weights = one.inputs[1:]
    between = builder.add("between", Relu(), [one.ref]).ref
    two = builder.add("two", Dense(4), [between, *weights], device=second)
    last = builder.add("last", Relu(), [two.ref]).ref
    return builder.finish("shared", {"y": last})


def test_a_shared_weight_ties_layers_and_what_lies_between_them() -> None:
    assert names(shared()) == ["one", "last"]


def test_pins_of_one_group_must_agree() -> None:
    assert ordered_groups(shared("gpu0", "gpu0"))[0].pin == "gpu0"
    with pytest.raises(CnnGraphError, match=r"one is placed on gpu0 and two on gpu1, but they must share") as caught:
        ordered_groups(shared("gpu0", "gpu1"))
    assert caught.value.diagnostics[0].code == "E0602"
    assert "one.weight" in str(caught.value)


def test_a_scalar_state_is_sent_and_ties_nothing() -> None:
    builder = Builder()
    counter = builder.state("counter", Weight(TensorType(()), "zeros")).ref
    a = builder.state("a", Weight(TensorType(()), "zeros")).ref
    first = builder.add("first", Add(), [counter, a]).ref
    second = builder.add("second", Add(), [counter, first]).ref
    following = builder.add("following", Add(), [counter, counter]).ref
    graph = builder.finish("counting", {"y": second}, {"counter": following})
    groups = [set(group.nodes) for group in ordered_groups(graph)]
    assert {"counter", "following"} in groups
    assert {"first"} in groups


def test_strongly_connected_components() -> None:
    after = {"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["e"], "e": ["d"]}
    found = strongly_connected("abcdef", after)
    assert sorted(sorted(part) for part in found) == [["a", "b", "c"], ["d", "e"], ["f"]]


def test_an_output_needs_no_reader() -> None:
    builder = Builder()
    builder.add("x", Input(VECTOR))
    assert ordered_groups(builder.finish("empty", {"y": Ref("x")})) == (Group(("x",)),)
