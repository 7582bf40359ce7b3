"""Pictures of partitions: devices as frames, cut values on the arrows, figures above."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from render.nets import Concat, Net, Tanh, conv_relu, lenet5, resnet, square, training
from render.test_dot import arrow, clusters, rows, titles

from cnngraph.cost.quantity import seconds_text
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.partition.device import Cluster, Device
from cnngraph.partition.partition import Partition, assign
from cnngraph.partition.split import split
from cnngraph.render.divided import READABLE, Divided
from cnngraph.render.dot import draw, to_svg


def cut_at(graph: Graph, *starts: str, cluster: Cluster | None = None) -> Partition:
    """gpu0 up to the first of `starts`, gpu1 from there on, and so on; a state stands with its layer."""
    place, device_of = 0, {}
    for node in graph:
        place += node.name in starts
        device_of[node.name] = place
    for node in graph.states:
        device_of[node.name] = device_of[graph.users[node.name][0].name]
    cluster = cluster or Cluster.uniform(len(starts) + 1)
    return assign(graph, cluster, {name: cluster.names[i] for name, i in device_of.items()}, 1e-6)


def line_of(source: str, name: str) -> str:
    """The line that draws a box."""
    return next(line for line in source.splitlines() if line.strip().startswith(f'"{name}" ['))


def source_of(partition: Partition, **options: object) -> str:
    return draw(partition.graph, partition=partition, **options).source  # type: ignore[arg-type]


def test_each_device_is_a_frame_and_the_arrow_between_them_says_what_crosses() -> None:
    source = source_of(cut_at(lenet5().bind(batch=8), "c3.conv"))
    assert clusters(source) == ["device0", "device1"]
    assert titles(source) == ["gpu0", "gpu1"]
    crossing = arrow(source, "device0.s2", "device1.c3.conv")
    assert 'label="  s2\\l  6@14x14, 37.6 kB\\l"' in crossing
    assert "penwidth=1.8" in crossing


def test_the_figures_stand_above() -> None:
    partition = cut_at(lenet5().bind(batch=8), "c3.conv")
    words = [text.text for text in ElementTree.fromstring(to_svg(partition.graph, partition=partition)).iter()]
    assert "lenet5 on 2 devices" in words
    assert any(word and word.startswith("busiest device ") and "lower bound 1 us" in word for word in words)
    assert {"device", "load", "compute", "communication", "memory", "gpu0", "gpu1"} <= set(words)
    assert any(word and word.endswith("of 16 GB") for word in words)


def test_boxes_of_a_device_have_one_colour_and_the_busiest_frame_a_thick_line() -> None:
    partition = cut_at(lenet5().bind(batch=8), "c3.conv")
    source = source_of(partition)
    first, second = (
        set(re.findall(r'BGCOLOR="(#\w+)"', line_of(source, f"device{i}.c{j}.conv"))) for i, j in ((0, 1), (1, 3))
    )
    assert len(first) == len(second) == 1
    assert first != second
    assert re.findall(r"bgcolor", source) == ["bgcolor"]
    frames = re.findall(r'\tcolor="#333333"[^\n]*\n\t\tmargin=\S+ penwidth=(\S+)', source)
    assert sorted(frames) == ["0.6", "1.2"]


def test_a_value_that_several_layers_of_a_device_read_travels_once() -> None:
    net = Net()
    x = net("tanh", Tanh(), net.input("image", 4, 8, 8))
    lanes = [conv_relu(net, f"conv_relu[{i}]", x, 4, square(1)) for i in (1, 2)]
    graph = net.finish("lanes", {"y": net("concat", Concat(), *lanes)}).bind(batch=1)
    source = source_of(cut_at(graph, "conv_relu[1].conv.weight"))
    first, second = (arrow(source, "device0.tanh", f"device1.conv_relu[{i}].conv") for i in (1, 2))
    assert "1.02 kB" in first
    assert "penwidth=1.8" in first
    assert "label" not in second
    assert "penwidth" not in second


def test_blocks_are_folded_in_each_device_and_say_their_seconds() -> None:
    partition = cut_at(resnet(3, 8).bind(batch=8), "conv3.bottleneck[5].conv_bn_relu[1].conv_bn.conv.weight")
    source = source_of(partition, depth=1)
    assert rows(source, "device0.conv3.bottleneck[2]")[:2] == ["bottleneck × 3", "512@28x28"]
    head, shape, seconds = rows(source, "device1.conv3.bottleneck[5]")
    assert (head, shape) == ("conv3: bottleneck × 4", "512@28x28")
    inside = [name for name in partition.stage("gpu1").nodes if name.startswith("conv3.")]
    assert seconds == seconds_text(sum(partition.seconds_of[name] for name in inside))


def test_a_large_network_is_drawn_small() -> None:
    partition = split(resnet(3, 8, 36, 3).bind(batch=8), Cluster.uniform(4))
    assert len(Divided(partition).picture(None, ()).root.boxes) <= READABLE


def test_a_block_can_be_expanded_wherever_it_stands() -> None:
    partition = split(resnet(3, 8, 36, 3).bind(batch=8), Cluster.uniform(4))
    source = source_of(partition, depth=0, expand=["conv5.bottleneck[2]"])
    assert "device3.conv5.bottleneck[2].add" in source
    with pytest.raises(CnnGraphError, match=r"E0101.*no block `conv9`"):
        source_of(partition, expand=["conv9"])


def test_a_training_step_has_the_gradients_of_each_device_in_its_frame() -> None:
    graph = training(lenet5()).bind(batch=8)
    device_of = {node.name: "gpu0" if any(w in node.name for w in ("c1", "s2", "image")) else "gpu1" for node in graph}
    source = source_of(assign(graph, Cluster.uniform(2), device_of))
    assert clusters(source) == ["device0", "gradient.device0", "device1", "gradient.device1"]
    backward = arrow(source, "gradient.device0.s2", "gradient.device1.c3.conv")
    assert "gradient.c3.conv.x" in backward
    assert "dir=back" in backward


def test_a_network_that_goes_back_and_forth_is_only_coloured() -> None:
    net = Net()
    x = net.input("image", 4, 8, 8)
    for name in ("one", "two", "three", "four"):
        x = net(name, Tanh(), x)
    graph = net.finish("zigzag", {"y": x}).bind(batch=1)
    device_of = {node.name: "a" if node.name in ("image", "one", "three") else "b" for node in graph}
    source = source_of(assign(graph, Cluster.named(["a", "b"]), device_of, contiguous=False))
    assert clusters(source) == []
    assert "penwidth=1.8" in arrow(source, "one", "two")


def test_odd_names_of_devices_are_escaped() -> None:
    odd = Cluster((Device("host<1>.gpu[0]"), Device('"b" & \\N')))
    partition = cut_at(lenet5().bind(batch=8), "c3.conv", cluster=odd)
    words = "".join(ElementTree.fromstring(to_svg(partition.graph, partition=partition)).itertext())
    assert "host<1>.gpu[0]" in words
    assert '"b" & ∖N' in words


def unequal_layers(count: int) -> Graph:
    """Blocks that grow, so that none is a copy of another: layer[1] -> layer[2] -> ..."""
    net = Net()
    x = net.input("image", 4, 8, 8)
    for i in range(1, count + 1):
        y = conv_relu(net, f"layer[{i}].conv_relu", x, 4, square(1))
        x = net(f"layer[{i}].concat", Concat(), x, y)
    return net.finish("growing", {"y": x}).bind(batch=1)


def test_blocks_that_are_no_copies_are_gathered_where_they_are_too_many() -> None:
    partition = cut_at(unequal_layers(50), "layer[21].conv_relu.conv.weight")
    source = source_of(partition)
    first, second = "device0.layer[1] to layer[20]", "device1.layer[21] to layer[50]"
    assert rows(source, first)[0] == "layer[1] to layer[20]"
    assert rows(source, second)[:2] == ["layer[21] to layer[50]", "204@8x8"]
    assert "layer[20].concat" in arrow(source, first, second)
    few = source_of(cut_at(unequal_layers(5), "layer[3].conv_relu.conv.weight"))
    assert " to layer" not in few


def test_a_block_in_which_values_cross_is_open_where_there_are_no_frames() -> None:
    graph = unequal_layers(50)
    device_of = {node.name: "b" if node.name.startswith(("layer[7].conv_relu", "layer[9].")) else "a" for node in graph}
    source = source_of(assign(graph, Cluster.named(["a", "b"]), device_of, contiguous=False))
    assert clusters(source) == ["layer[7]"]
    assert "layer[6].concat" in arrow(source, "layer[1] to layer[6]", "layer[7].conv_relu.conv")
    assert "penwidth=1.8" in arrow(source, "layer[8]", "layer[9]")
    assert rows(source, "layer[10] to layer[50]")[0] == "layer[10] to layer[50]"
