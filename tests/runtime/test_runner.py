"""Runners: feeds of any size, fetching a part, and executors that are kept."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from partition.random_graphs import random_feeds, random_graph, random_states, random_training, slow_cluster

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array, Weight
from cnngraph.ir.size import symbol
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.net import loads
from cnngraph.ops.add import Add
from cnngraph.ops.batchnorm import BatchNorm
from cnngraph.ops.conv import Conv
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.relu import Relu
from cnngraph.ops.shift import Shift
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.runner import KEPT_EXECUTORS, Runner


def images(H: object, W: object, channels: int = 2) -> Graph:
    builder = Builder()
    x = builder.add("image", Input(TensorType.of(channels, (H, W)))).ref
    x = builder.apply("conv", Conv(3, Window((3, 3)), 1), [x]).ref
    pooled = builder.add("pool", MaxPool(Window((2, 2), (2, 2))), [x]).ref
    side = builder.add("side", Relu(), [x]).ref
    return builder.finish("images", {"pooled": pooled, "side": side})


def test_sizes_come_from_the_feeds() -> None:
    graph = images(symbol("H", 2), symbol("W", 2))
    runner = Runner(graph, random_states(graph))
    for batch, height, width in ((1, 4, 6), (3, 8, 2)):
        outputs = runner.run({"image": np.ones((batch, height, width, 2), "f4")})
        assert outputs["pooled"].shape == (batch, height // 2, width // 2, 3)


def test_sizes_of_multiples_are_solved() -> None:
    graph = images(2 * symbol("H") + 1, 4)
    runner = Runner(graph, random_states(graph))
    assert runner.run({"image": np.ones((1, 7, 4, 2), "f4")})["side"].shape == (1, 7, 4, 3)
    with pytest.raises(CnnGraphError, match="E0"):
        runner.run({"image": np.ones((1, 6, 4, 2), "f4")})


def test_a_size_against_a_known_fact() -> None:
    graph = images(symbol("H", 2), 4)
    with pytest.raises(CnnGraphError, match=r"images cannot take batch = 1, H = 5: .*H % 2 == 0") as caught:
        Runner(graph, random_states(graph)).run({"image": np.ones((1, 5, 4, 2), "f4")})
    assert caught.value.diagnostics[0].code == "E0705"


def test_inputs_that_disagree() -> None:
    builder = Builder()
    a, b = (builder.add(name, Input(TensorType.of(3))).ref for name in "ab")
    graph = builder.finish("pair", {"y": builder.add("sum", Add(), [a, b]).ref})
    with pytest.raises(CnnGraphError, match=r"batch = 2 in `a`, but 3 in `b`"):
        Runner(graph, {}).run({"a": np.ones((2, 3), "f4"), "b": np.ones((3, 3), "f4")})


class Counting(Relu):
    """A relu that counts its runs by the first value it sees."""

    runs: Counter[str] = Counter()

    def forward(self, x: Array) -> Array:
        type(self).runs[str(x.shape)] += 1
        return super().forward(x)


def test_fetching_runs_only_what_leads_there() -> None:
    builder = Builder()
    a, b = (builder.add(name, Input(TensorType.of(size))).ref for name, size in (("a", 3), ("b", 5)))
    left = builder.add("left", Counting(), [a]).ref
    right = builder.add("right", Counting(), [b]).ref
    further = builder.add("further", Counting(), [right]).ref
    graph = builder.finish("parts", {"left": left, "right": further})
    runner = Runner(graph, {})
    feeds = {"a": np.ones((2, 3), "f4"), "b": np.ones((2, 5), "f4")}
    Counting.runs.clear()
    assert list(runner.run(feeds, ["left"])) == ["left"]
    assert Counting.runs == {"(1, 3)": 2}  # once for each tile
    assert list(runner.run({"b": feeds["b"]}, ["right"])) == ["right"]
    assert Counting.runs == {"(1, 3)": 2, "(1, 5)": 4}
    assert runner.executor(feeds, ["left"]).plan.run_count == 1
    assert runner.executor(feeds).plan.run_count == 3
    assert set(runner.run(feeds)) == {"left", "right"}


def test_any_node_can_be_fetched_and_no_state_changes() -> None:
    graph = random_training(0)
    runner = Runner(graph, random_states(graph))
    before = {name: value.copy() for name, value in runner.states.items()}
    feeds = random_feeds(graph, 2)
    assert runner.run(feeds, ["dense", "loss"])["dense"].shape == (2, 3)
    for name, value in before.items():
        np.testing.assert_array_equal(runner.states[name], value)
    runner.run(feeds)
    assert any((runner.states[name] != value).any() for name, value in before.items())


def test_what_cannot_be_fetched_or_fed() -> None:
    graph = random_training(0)
    runner = Runner(graph, random_states(graph))
    with pytest.raises(CnnGraphError, match="did you mean `dense`"):
        runner.run(random_feeds(graph), ["dens"])
    with pytest.raises(CnnGraphError, match="the input `target` is not fed"):
        runner.run({"image": random_feeds(graph)["image"], "rate": np.float32(1)})
    with pytest.raises(CnnGraphError, match=r"`image` has shape \(5, 6, 4\), but \(batch, 5, 6, 4\) is needed"):
        runner.run({**random_feeds(graph), "image": np.zeros((5, 6, 4), "f4")})


def test_states_are_copied_once_and_shared_by_all_sizes() -> None:
    graph = random_training(1)
    given = random_states(graph)
    kept = {name: value.copy() for name, value in given.items()}
    runner = Runner(graph, given)
    for batch in (2, 3, 2):
        runner.run(random_feeds(graph, batch))
    assert all((given[name] == kept[name]).all() for name in kept)
    assert runner.states["drop.random"].tolist() == [0, 3]
    two = runner.executor(random_feeds(graph, 2))
    assert two is runner.executor(random_feeds(graph, 2))
    assert two.states["dense.weight"] is runner.states["dense.weight"]


def folding(x: float) -> tuple[Graph, dict[str, Array]]:
    """A graph whose weights the passes fold, and its states, all of them `x`."""
    net = loads("net n(image: 2@6x6) = conv(3, 3x3) -> batchnorm -> relu -> globalavgpool")
    graph = run(net.graph, INFERENCE)
    return graph, {node.name: np.full(node.type.concrete, x, node.type.dtype) for node in graph.states}


def test_states_that_do_not_change_are_not_copied_before_others_are_taken() -> None:
    graph, given = folding(1.0)
    runner = Runner(graph, given)
    assert all(runner.states[name] is array for name, array in given.items())
    feeds = {"image": np.ones((4, 6, 6, 2), "f4")}
    before = runner.run(feeds)["output"]
    runner.take(folding(2.0)[1])
    assert all((array == 1).all() for array in given.values())
    assert (runner.run(feeds)["output"] == Runner(*folding(2.0)).run(feeds)["output"]).all()
    runner.take(given)
    assert (runner.run(feeds)["output"] == before).all()


def test_what_is_fetched_from_a_run_that_changes_states_knows_the_new_ones() -> None:
    graph = random_training(0)
    runner = Runner(graph, random_states(graph))
    feeds = random_feeds(graph, 4)
    runner.run(feeds, ["dense"])
    runner.run(feeds)
    fresh = Runner(graph, runner.states)
    assert (runner.run(feeds, ["dense"])["dense"] == fresh.run(feeds, ["dense"])["dense"]).all()


def test_executors_of_one_runner_share_their_arenas() -> None:
    graph = random_training(1)
    runner, other = (Runner(graph, random_states(graph)) for _ in range(2))
    for batch in (8, 3, 8, 5, 3):
        feeds = random_feeds(graph, batch)
        expected = Runner(graph, other.states).run(feeds)["loss"]
        other = Runner(graph, other.states)
        other.run(feeds)
        assert runner.run(feeds)["loss"] == expected
    arenas = [executor._memory.arenas["host"] for executor in runner._executors.values()]
    assert all(np.shares_memory(arenas[0], arena) for arena in arenas[1:])


def test_only_the_last_executors_are_kept() -> None:
    graph = random_graph(0)
    runner = Runner(graph, random_states(graph))
    first = runner.executor(random_feeds(graph, 1))
    for batch in range(2, KEPT_EXECUTORS + 2):
        runner.run(random_feeds(graph, batch))
    assert runner.executor(random_feeds(graph, 1)) is not first


def test_a_cluster_gives_the_same_bits() -> None:
    graph = random_training(2)
    runners = [Runner(graph, random_states(graph), cluster) for cluster in (None, slow_cluster(2), slow_cluster(3))]
    for step in range(2):
        losses = {runner.run(random_feeds(graph, 4, step))["loss"].tobytes() for runner in runners}
        assert len(losses) == 1
    assert len({runner.states["dense.weight"].tobytes() for runner in runners}) == 1
    assert len(runners[2].executor(random_feeds(graph, 4)).plan.devices) == 3


def test_an_input_can_be_an_output() -> None:
    builder = Builder()
    builder.add("x", Input(TensorType.of(3)))
    runner = Runner(builder.finish("through", {"y": Ref("x")}), {})
    assert runner.run({"x": np.ones((2, 3), "f4")})["y"].tolist() == [[1, 1, 1], [1, 1, 1]]


def test_two_runners_over_the_same_states_see_what_the_other_one_changed() -> None:
    def graph(name: str, read: str) -> Graph:
        """`name` += 1, and a batch norm whose scale is `read`: it is folded into the weights before it."""
        builder = Builder()
        x = builder.add("x", Input(TensorType.of(2, (3, 3)))).ref
        x = builder.apply("conv", Conv(2, Window((1, 1)), bias=False), [x]).ref
        for state, initial in (("v", "zeros"), ("w", "zeros"), ("zero", "zeros"), ("one", "ones")):
            builder.state(state, Weight(TensorType((2,)), initial))
        y = builder.add("y", BatchNorm(), [x, Ref(read), *map(Ref, ("zero", "zero", "one"))]).ref
        more = builder.add("more", Shift(1.0), [Ref(name)]).ref
        return builder.finish(name, {"y": y}, {name: more})

    first = {"v": np.zeros(2, "f4"), "w": np.zeros(2, "f4"), "zero": np.zeros(2, "f4"), "one": np.ones(2, "f4")}
    first["conv.weight"] = np.eye(2, dtype=np.float32)[None, None]
    one = Runner(graph("v", "w"), first)
    other = Runner(graph("w", "v"), first, beside=one)
    x = np.ones((1, 3, 3, 2), np.float32)
    for step in range(3):
        assert one.run({"x": x})["y"] == pytest.approx(np.full((1, 3, 3, 2), step), rel=1e-4)
        assert other.run({"x": x})["y"] == pytest.approx(np.full((1, 3, 3, 2), step + 1), rel=1e-4)
    assert all(one.states[name] is other.states[name] for name in first)
    arenas = [runner.executor({"x": x})._memory.arenas["host"] for runner in (one, other)]
    assert np.shares_memory(*arenas)
