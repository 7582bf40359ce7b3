"""Partitions as JSON: the schema holds, what is written reads back, edits are taken or refused in words."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from partition.random_graphs import SLOW, random_graph, random_training, slow_cluster

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.net import loads
from cnngraph.partition import partition_file
from cnngraph.partition.bound import lower_bound_seconds
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.partition.partition import Partition, assign
from cnngraph.partition.partition_file import load_partition, read_partition, write_partition
from cnngraph.partition.pose import pose
from cnngraph.partition.split import split

SCHEMA = json.loads(Path(partition_file.__file__).with_name("partition.schema.json").read_text(encoding="utf-8"))


def divided(seed: int = 3) -> Partition:
    return split((random_training if seed % 2 else random_graph)(seed).bind(batch=2), slow_cluster(3))


def edited(partition: Partition, **changes: Any) -> str:
    return json.dumps(json.loads(write_partition(partition)) | changes)


def refused(text: str, graph: Graph) -> str:
    with pytest.raises(CnnGraphError) as wrong:
        read_partition(text, graph, "p.json")
    assert {d.code for d in wrong.value.diagnostics} <= {"E0604", "E0601"}
    return str(wrong.value)


def moved(partition: Partition, node: str, to: str) -> str:
    table = json.loads(write_partition(partition))
    for stage in table["stages"]:
        stage["nodes"] = [n for n in stage["nodes"] if n != node] + [node] * (stage["device"] == to)
    return json.dumps(table)


# ---- what is written ----


@pytest.mark.parametrize("seed", range(4))
def test_the_schema_holds(seed: int) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="the extra `test` has it")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    partition = divided(seed)
    jsonschema.validate(json.loads(write_partition(partition, {"batch": 2})), SCHEMA)
    odd = Cluster(
        (Device("a", lacks=frozenset({"lrn"}), flops_by_kind={"pooling": 1e9}, launch_seconds=1e-6), Device("b")),
        (Link("a", "b", 1e9, 0.0),),
    )
    found = split(partition.graph, odd)
    jsonschema.validate(json.loads(write_partition(found)), SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(edited(partition, version=2)), SCHEMA)


def test_every_key_is_described() -> None:
    def check(part: dict[str, Any]) -> None:
        for inner in part.get("properties", {}).values():
            assert inner["description"].endswith((".", "]."))
            check(inner)
            check(inner.get("items", {}))

    check(SCHEMA)
    assert set(json.loads(write_partition(divided()))) == set(SCHEMA["properties"])


# ---- and back ----


@pytest.mark.parametrize("seed", range(6))
def test_what_is_written_reads_back(seed: int) -> None:
    partition = divided(seed)
    assert read_partition(write_partition(partition), partition.graph) == partition


def test_the_cluster_reads_back() -> None:
    odd = Cluster(
        (Device("a", lacks=frozenset({"lrn"}), flops_by_kind={"pooling": 1e9}, launch_seconds=1e-6), SLOW),
        (Link("a", "gpu", 1e9, 0.0), Link("gpu", "a", 2e9, 1e-5)),
        Link("any", "any", 3e9, 1e-3),
    )
    partition = split(random_graph(0).bind(batch=2), odd)
    assert read_partition(write_partition(partition), partition.graph).cluster == odd


def test_measured_seconds_are_given_again() -> None:
    graph = random_graph(0).bind(batch=2)
    measured = {node.name: 1e-3 for node in graph if node.inputs}
    partition = split(graph, slow_cluster(2), measured=measured)
    assert read_partition(write_partition(partition, measured=measured), graph, measured=measured) == partition


def test_another_batch_has_other_figures() -> None:
    partition = divided(0)
    larger = random_graph(0).bind(batch=8)
    found = read_partition(write_partition(partition), larger)
    assert found.device_of == partition.device_of
    assert found.bottleneck_seconds > partition.bottleneck_seconds


# ---- edited by hand ----


def chain() -> Graph:
    """image -> conv[1] -> relu[1] -> conv[2] -> relu[2] -> globalavgpool -> dense"""
    text = "net n(image: 3@16x16) = conv(8, 3x3) -> relu -> conv(8, 3x3) -> relu -> globalavgpool -> dense(5)"
    return loads(text).bound(batch=2)


def cut_behind(graph: Graph, last: str) -> Partition:
    """The nodes up to the last one on gpu0, the others on gpu1."""
    place = [node.name for node in graph].index(last)
    device_of = {node.name: f"gpu{int(i > place)}" for i, node in enumerate(graph)}
    cluster = slow_cluster(2)
    bound = lower_bound_seconds(pose(graph, cluster))
    return assign(graph, cluster, device_of, bound, proof="work over speed")


def test_a_node_that_is_moved_by_hand_has_moved_and_the_bound_still_holds() -> None:
    graph = chain()
    partition = cut_behind(graph, "relu[1]")
    found = read_partition(moved(partition, "relu[1]", "gpu1"), graph)
    assert found.device_of["relu[1]"] == "gpu1"
    assert found.lower_bound_seconds == partition.lower_bound_seconds
    assert found.proof == "work over speed"


def test_the_bound_of_another_problem_is_not_kept() -> None:
    partition = divided(0)
    cluster = json.loads(write_partition(partition))["cluster"]
    for device in cluster["device"]:
        device["flops_per_second"] *= 100
        device["bytes_per_second"] *= 100
    found = read_partition(edited(partition, cluster=cluster, lower_bound=1.0), partition.graph)
    assert found.lower_bound_seconds < partition.lower_bound_seconds
    assert found.proof == ""


def test_every_mistake_is_named() -> None:
    partition = divided(0)
    graph, table = partition.graph, json.loads(write_partition(partition))
    first = table["stages"][0]
    nodes = first["nodes"]
    text = refused(edited(partition, stages=[first | {"nodes": [*nodes[1:], "conv99"]}, *table["stages"][1:]]), graph)
    assert "has the node conv99, which does not exist" in text
    assert f"no stage has {nodes[0]}" in text
    text = refused(edited(partition, stages=[*table["stages"], {"device": "gpu9", "nodes": [nodes[0]]}]), graph)
    assert "names the device gpu9, which does not exist" in text
    assert f"the node {nodes[0]} is on gpu0 and on gpu9" in text
    assert "divides the network other" in refused(edited(partition, net="other"), graph)
    assert "did you mean `latency`" in refused(edited(partition, objective="latncy"), graph)
    assert '"contiguous" is "yes", not true or false' in refused(edited(partition, contiguous="yes"), graph)
    assert "a team has the device gpu7" in refused(edited(partition, teams=[["gpu0", "gpu7"]]), graph)
    assert "E0601" in refused(edited(partition, cluster={"device": []}), graph)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", '{"format": "cnngraph partition"}', '{"format": "cnngraph partition", "version": 9}'],
)
def test_what_is_no_partition(text: str) -> None:
    assert "p.json" in refused(text, random_graph(0).bind(batch=2))


@pytest.mark.parametrize(
    "value", [None, 3, "x", [], [3], {}, [[]], [{}], [{"device": 3, "nodes": 4}], [{"nodes": [[]]}], -1]
)
@pytest.mark.parametrize("key", ["net", "cluster", "teams", "stages", "lower_bound", "proof", "problem"])
def test_a_wrong_value_anywhere_is_refused_or_harmless(key: str, value: Any) -> None:
    partition = divided(0)
    with suppress(CnnGraphError):
        read_partition(edited(partition, **{key: value}), partition.graph)


def test_what_must_stay_together_and_memory() -> None:
    graph = chain()
    partition = cut_behind(graph, "relu[1]")
    assert "on gpu1, but they share a device" in refused(moved(partition, "conv[1].weight", "gpu1"), graph)
    assert "gpu0, gpu1 wait for each other" in refused(moved(partition, "globalavgpool", "gpu0"), graph)
    cluster = json.loads(write_partition(partition))["cluster"]
    cluster["device"][0]["memory_bytes"] = 100
    assert "gpu0 has 100 B, but its nodes need" in refused(edited(partition, cluster=cluster), graph)


def test_files(tmp_path: Path) -> None:
    partition = divided(0)
    file = tmp_path / "p.json"
    file.write_text(write_partition(partition), encoding="utf-8")
    assert load_partition(file, partition.graph) == partition
    with pytest.raises(CnnGraphError, match=r"E0604.*cannot be read"):
        load_partition(tmp_path / "none.json", partition.graph)
