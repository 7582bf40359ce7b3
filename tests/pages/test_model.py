"""The model of the graph view: all of a network, each node once, and nothing that JSON does not know."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.net import Net, load, loads
from cnngraph.pages.model import GRAPH_SCRIPTS, graph_model
from cnngraph.pages.tree import MOST

SPECS = Path(__file__).parents[2] / "specs" / "nets"
NAMES = tuple(sorted(path.stem for path in SPECS.glob("*.cnn")))
LARGE = ("resnet152", "densenet121", "googlenet", "inception_v3")  # their training steps are drawn as well


@cache
def net(name: str) -> Net:
    return load(SPECS / f"{name}.cnn")


def items(inner: list[Any]) -> Iterator[Any]:
    for item in inner:
        yield item
        yield from items(item.get("items") or item.get("copies") or [])


def check(graph: Graph, model: Any) -> None:
    nodes, edges = model["nodes"], model["edges"]
    names = [node["id"] for node in nodes]
    drawn = [i for item in items(model["tree"]) for i in item.get("nodes", ())]
    assert sorted(drawn) == list(range(len(nodes))), "each node stands in one box"
    paths = [item["path"] for item in items(model["tree"]) if "path" in item]
    assert max(Counter(paths + names).values()) == 1, "an id is a node or a block"
    wanted = {
        (names.index(ref.node), names.index(name))
        for name in names
        for ref in graph[name].inputs
        if not isinstance(graph[ref.node].op, State) and ref.node in names
    }
    assert {(edge[0], edge[1]) for edge in edges} == wanted
    assert {edge[2] for edge in edges} <= {"flow", "skip", "gradient", "saved"}
    for node in nodes:
        if "place" in node:
            file, start, end, use = node["place"]
            assert model["files"][file]["text"][start:end] == graph[node["id"]].origin.span.text  # type: ignore[union-attr]
            assert -1 <= use < len(model["uses"])
    assert all(around < i for i, (around, *_) in enumerate(model["uses"]))


@pytest.mark.parametrize("name", NAMES)
def test_of_every_net_each_node_stands_in_the_tree_once_and_all_edges_are_those_of_the_graph(name: str) -> None:
    graph = net(name).graph
    check(graph, graph_model(graph))


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "seq2seq"])
def test_the_gradients_of_a_training_step_have_a_tree_of_their_own(name: str) -> None:
    graph = net(name).training_graph()
    model: Any = graph_model(graph)
    check(graph, model)
    (backward,) = (item for item in model["tree"] if item.get("path") == "gradient")
    inside = {i for item in items([backward]) for i in item.get("nodes", ())}
    assert inside == {i for i, node in enumerate(model["nodes"]) if node.get("backward")}
    layers = [model["nodes"][i].get("layer") for i in inside]
    assert sum(layer is None for layer in layers) < 3
    assert not any(model["nodes"][layer].get("backward") for layer in layers if layer is not None)


@pytest.mark.sweep
@pytest.mark.parametrize("name", NAMES)
def test_the_training_steps_of_all_nets(name: str) -> None:
    if net(name).program.train_sections:
        steps = net(name).training.steps
        net(name).step = steps[0].name if steps else None
        graph = net(name).training_graph()
        check(graph, graph_model(graph))


def test_the_same_graph_gives_the_same_bytes_and_they_are_json() -> None:
    first, second = (json.dumps(graph_model(load(SPECS / "resnet152.cnn").graph), allow_nan=False) for _ in range(2))
    assert first == second
    model = graph_model(net("resnet152").graph)
    assert json.loads(json.dumps(model))["tree"] == model["tree"]


@pytest.mark.parametrize(("name", "most"), [("resnet152", 140), ("densenet121", 120), ("googlenet", 50)])
def test_models_are_small(name: str, most: int) -> None:
    text = json.dumps(graph_model(net(name).graph), ensure_ascii=False, separators=(",", ":"))
    assert len(text.encode()) < most * 1000


def test_a_repeat_has_all_its_copies() -> None:
    found = items(graph_model(net("resnet152").graph)["tree"])  # type: ignore[arg-type]
    (repeat,) = (item for item in found if item.get("title") == "bottleneck × 35")
    assert repeat["path"] == "conv4.bottleneck[2] to bottleneck[36]"
    assert [copy["path"] for copy in repeat["copies"]] == [f"conv4.bottleneck[{i}]" for i in range(2, 37)]
    assert {len(list(items([copy]))) for copy in repeat["copies"]} == {6}


def test_a_chain_is_a_box_of_rows_and_a_repeated_chain_a_repeat_of_boxes() -> None:
    graph = loads("net n(x: 3@8x8) { repeat 4 { conv(3, 3x3, same) -> relu } -> globalavgpool }").graph
    tree: Any = graph_model(graph)["tree"]
    assert [item.get("title") for item in tree] == [None, "× 4", None]
    assert [copy["nodes"] for copy in tree[1]["copies"]] == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert tree[1]["copies"][2]["title"] == "conv[3] to relu[3]"


def test_nodes_on_different_devices_are_not_folded_together() -> None:
    graph = loads("net n(x: 3@8x8) { repeat 4 { conv(3, 3x3, same) -> relu } }").graph
    names = [node.name for node in graph if not isinstance(node.op, State)]
    facts = {name: {"device": "a" if i < 5 else "b", "seconds": 0.5} for i, name in enumerate(names)}
    model: Any = graph_model(graph, facts=facts)
    assert [len(item.get("copies", ())) for item in model["tree"]] == [0, 2, 2]
    assert model["nodes"][1]["facts"] == {"device": "a", "seconds": 0.5}


def test_a_block_of_very_many_items_is_divided_into_sections() -> None:
    lines = "".join(f"conv({3 + i % 7}, 3x3, same)\n" for i in range(300))
    model: Any = graph_model(loads(f"net n(x: 3@8x8) {{\n{lines}}}").graph)
    assert len(model["tree"]) <= MOST
    assert (model["tree"][1]["path"], model["tree"][1]["title"]) == ("part 2 of 18", "conv[16] to conv[32]")
    check(loads(f"net n(x: 3@8x8) {{\n{lines}}}").graph, model)


def test_figures_that_are_no_numbers_yet_are_texts() -> None:
    nodes: Any = graph_model(loads("net n(x: 3@HxW) = conv(4, 3x3) -> relu").graph)["nodes"]
    assert nodes[0]["shape"] == "3@HxW"
    assert isinstance(nodes[1]["madds"], str)
    assert nodes[1]["parameters"] == 3 * 9 * 4 + 4
    assert nodes[1]["field"] == "3x3"


def test_skips_are_told_from_the_way_on() -> None:
    model: Any = graph_model(loads("net n(x: 3@8x8) { residual { conv(3, 3x3, same) -> relu } }").graph)
    kinds = {(model["nodes"][a]["op"], model["nodes"][b]["op"]): kind for a, b, kind, *_ in model["edges"]}
    assert kinds["input", "add"] == "skip"
    assert kinds["relu", "add"] == "flow"


def test_all_scripts_of_the_view_are_there_and_share_no_name_with_others() -> None:
    import re

    assets = Path(__file__).parents[2] / "cnngraph" / "pages" / "assets"
    own = {assets / name for name in GRAPH_SCRIPTS}
    assert all(path.is_file() for path in own)
    declared = re.compile(r"^(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
    names = [name for path in (*own, assets / "base.js") for name in declared.findall(path.read_text())]
    assert len(names) == len(set(names))
    for path in set(assets.rglob("*.js")) - own - {assets / "base.js", assets / "graph/worker.js"}:
        assert not set(declared.findall(path.read_text())) & set(names), path


def test_neighbours_of_one_name_are_gathered_only_where_there_are_many() -> None:
    def titles(name: str) -> list[str]:
        return [item.get("title", "") for item in items(graph_model(net(name).graph)["tree"])]  # type: ignore[arg-type]

    assert "dense_layer[7] to dense_layer[18]" in titles("densenet121")
    assert not any(" to " in title for title in titles("resnet152"))
