"""Splitting whole graphs: limits, placements, errors, and time."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pytest
from partition.random_graphs import CHEAP, random_graph, random_training, slow_cluster

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.add import Add
from cnngraph.ops.concat import Concat
from cnngraph.ops.conv import Conv
from cnngraph.ops.relu import Relu
from cnngraph.partition.device import Cluster, Device, Link
from cnngraph.partition.partition import Cut, assign, single
from cnngraph.partition.pose import pose
from cnngraph.partition.refusal import DoesNotFit, divisible
from cnngraph.partition.split import split


def placed(graph: Graph, devices: dict[str, str]) -> Graph:
    return replace(graph, nodes=tuple(replace(n, device=devices.get(n.name, n.device)) for n in graph))


def towers(batch: int = 4) -> Graph:
    """Two towers on two devices that exchange in the middle, as in the AlexNet of 2012, and a free end."""
    builder = Builder()
    image = builder.add("image", Input(TensorType.of(3, (8, 8)))).ref
    ends = [image, image]
    for i in range(4):
        both = [builder.add(f"meet{i}{t}", Concat(), ends, device=f"gpu{t}").ref for t in (0, 1)] if i == 2 else ends
        ends = [
            builder.apply(f"conv{i}{t}", Conv(6, Window((3, 3)), 1), [x], device=f"gpu{t}").ref
            for t, x in enumerate(both)
        ]
    x = builder.add("join", Concat(), ends).ref
    x = builder.apply("free", Conv(5, Window((3, 3))), [x]).ref
    return builder.finish("towers", {"y": builder.add("end", Relu(), [x]).ref}).bind(batch=batch)


def test_towers_stay_where_the_file_places_them() -> None:
    partition = split(towers(), slow_cluster(2))
    for i in range(4):
        assert [partition.device_of[f"conv{i}{t}"] for t in (0, 1)] == ["gpu0", "gpu1"]
        assert partition.device_of[f"conv{i}1.weight"] == "gpu1"
    crossing = {str(cut.value): cut.targets for cut in partition.cuts}
    assert crossing["conv10"] == ("gpu1",)
    assert crossing["conv11"][0] == "gpu0"
    assert partition.gap < 1


def test_a_last_layer_on_the_first_device_does_not_pull_all_there() -> None:
    graph = placed(random_graph(4, layers=10).bind(batch=8), {"last": "gpu0"})
    partition = split(graph, slow_cluster(3))
    assert partition.device_of["last"] == "gpu0"
    assert len(partition.stages) == 3


def test_placements_along_the_chain_keep_the_chain() -> None:
    graph = random_graph(5, layers=8).bind(batch=8)
    names = [n.name for n in graph if n.inputs]
    partition = split(placed(graph, {names[0]: "gpu0", names[-1]: "gpu2"}), slow_cluster(3))
    order = [partition.device_of[name] for name in names]
    assert order[0] == "gpu0"
    assert order[-1] == "gpu2"


def test_a_device_that_the_cluster_lacks() -> None:
    graph = placed(random_graph(0).bind(batch=1), {"last": "gpu9"})
    with pytest.raises(CnnGraphError, match=r"last is placed on `gpu9`, but the cluster has gpu0, gpu1") as caught:
        split(graph, slow_cluster(2))
    assert caught.value.diagnostics[0].code == "E0601"


def test_symbols_and_strategies() -> None:
    with pytest.raises(CnnGraphError, match="E0109"):
        split(random_graph(0), slow_cluster(2))
    with pytest.raises(CnnGraphError, match=r"did you mean `chain`"):
        split(random_graph(0).bind(batch=1), slow_cluster(2), strategy="chian")


def test_a_layer_that_fits_nowhere_says_the_numbers() -> None:
    graph = random_graph(1, layers=10).bind(batch=64)
    whole = single(graph).stages[0].peak_bytes
    little = Cluster.uniform(2, Device("gpu", int(whole * 0.45), 1e9, 1e9), CHEAP)
    with pytest.raises(CnnGraphError, match=r"add1 needs 92.2 kB with its inputs .*, but gpu0 has 70.2 kB") as caught:
        split(graph, little)
    assert "no number of such devices would do" in str(caught.value)


def test_what_needs_more_devices_says_how_many() -> None:
    graph = random_training(1, layers=12).bind(batch=16)
    whole = single(graph).stages[0].peak_bytes
    device = Device("gpu", int(whole * 0.4), 1e9, 1e9)
    text = r"training training needs .* on the fullest device, gpu1, with 2 devices; .* are there"
    with pytest.raises(DoesNotFit, match=text) as caught:
        split(graph, Cluster.uniform(2, device, CHEAP))
    count = int(caught.value.diagnostics[0].helps[0].split()[0])
    assert count > 2
    assert len(split(graph, Cluster.uniform(count, device, CHEAP)).stages) == count
    assert not divisible(pose(graph, Cluster.uniform(count - 1, device, CHEAP)))


def test_placements_that_do_not_fit() -> None:
    graph = towers(batch=64)
    whole = single(graph).stages[0].peak_bytes
    cluster = Cluster((Device("gpu0", whole // 10, 1e9, 1e9), Device("gpu1", whole, 1e9, 1e9)))
    with pytest.raises(CnnGraphError, match=r"gpu0 has .*, but what the file places there need") as caught:
        split(graph, cluster)
    assert caught.value.diagnostics[0].code == "E0602"


def test_the_parts_add_up() -> None:
    graph = random_training(3).bind(batch=4)
    partition = split(graph, slow_cluster(3))
    assert sorted(n for stage in partition.stages for n in stage.nodes) == sorted(graph.by_name)
    assert sum(s.state_bytes for s in partition.stages) == sum(n.type.bytes for n in graph.states)
    assert partition.bottleneck_seconds == max(s.load_seconds for s in partition.stages)
    assert partition.stage("gpu0").device.name == "gpu0"
    table = str(partition)
    assert table.splitlines()[0].split() == ["device", "nodes", "compute", "transfer", "load", "states", "peak"]
    assert f"gap {partition.gap:.1%}" in table


def test_a_value_is_charged_once_for_each_receiving_device() -> None:
    builder = Builder()
    x = builder.add("x", Input(TensorType.of(5))).ref
    root = builder.add("root", Relu(), [x]).ref
    readers = [builder.add(f"reader{i}", Relu(), [root]).ref for i in range(4)]
    total = builder.add("total", Add(), readers).ref
    graph = builder.finish("fan", {"y": total}).bind(batch=2)
    where = {"x": 0, "root": 0, "reader0": 1, "reader1": 1, "reader2": 2, "reader3": 2, "total": 2}
    link = Link("any", "any", bytes_per_second=40, latency_seconds=1)
    cluster = Cluster(tuple(Device(f"d{i}") for i in range(3)), default_link=link)
    placed_graph = placed(graph, {name: f"d{d}" for name, d in where.items()})
    partition = assign(placed_graph, cluster, {name: f"d{d}" for name, d in where.items()}, 0)
    assert partition.cuts[0] == Cut(root, "d0", ("d1", "d2"), 40)
    seconds = [stage.communication_seconds for stage in partition.stages]
    assert seconds == [2.0, 2.0 + 4.0, 2.0 + 4.0]  # one sending; then one receiving each, and two values of reader0, 1


def test_single_ignores_placements() -> None:
    partition = single(towers())
    assert [stage.device.name for stage in partition.stages] == ["host"]
    assert partition.cuts == ()
    assert partition.gap == 0


def test_a_stage_ring_is_refused() -> None:
    graph = random_graph(1, layers=4).bind(batch=1)
    names = [n.name for n in graph]
    outer = dict.fromkeys(names, "gpu0")
    middle = next(n.name for n in graph if n.inputs and graph.users[n.name] and n.inputs[0].node != "image")
    ring = {**outer, **{n: "gpu1" for n in names if n == middle or n.startswith(f"{middle}.")}}
    with pytest.raises(AssertionError, match="wait for each other"):
        assign(graph, slow_cluster(2), ring, 0)


def test_a_graph_of_thousands_of_nodes_is_quick() -> None:
    graph = random_training(1, layers=300).bind(batch=2)
    assert len(graph.nodes) > 1500
    start = perf_counter()
    split(graph, slow_cluster(4))
    assert perf_counter() - start < 3


def test_ref_of_an_input_as_output() -> None:
    builder = Builder()
    builder.add("x", Input(TensorType.of(5)))
    graph = builder.finish("through", {"y": Ref("x")}).bind(batch=1)
    assert split(graph, slow_cluster(2)).bottleneck_seconds == 0
