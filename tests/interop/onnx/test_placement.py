"""Partitions in ONNX's words for several devices: in a model of all, and as a model of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra onnx writes what is tested here")

from cnngraph.diagnostics import CnnGraphError  # noqa: E402
from cnngraph.interop.model_files import bring  # noqa: E402
from cnngraph.interop.onnx.parts import parts_session  # noqa: E402
from cnngraph.interop.onnx.placement import IR_VERSION, order_of, place, placements  # noqa: E402
from cnngraph.interop.onnx.writing import to_model  # noqa: E402
from cnngraph.ir.graph import Graph  # noqa: E402
from cnngraph.net import Net, load, loads  # noqa: E402
from cnngraph.partition.device import parse_devices  # noqa: E402
from cnngraph.partition.partition import Partition, assign  # noqa: E402
from cnngraph.resources import resource  # noqa: E402

TEXT = """net two(image: 3@12x10) {
  stem: conv(4, 3x3, same) -> relu
  left: stem -> conv(5, 1x1)
  right: stem -> conv(5, 3x3, same) -> tanh
  class: left + right -> globalavgpool -> dense(7) -> softmax
  return class, right
}"""


@pytest.fixture
def net() -> Net:
    return loads(TEXT)


def in_three(net: Net, batch: int = 2, **sizes: int) -> Partition:
    """The nodes of a net in thirds, along their order."""
    graph = net.bound(batch, **sizes)
    return assign(graph, parse_devices("gpu0,gpu1,gpu2"), placed(graph, lambda i, count: 3 * i // count))


def placed(graph: Graph, number: Callable[[int, int], int]) -> dict[str, str]:
    """A device for each node that computes, by its place among so many, and for all that it is the first to read."""
    computing = [node.name for node in graph if node.inputs]
    place_of = {name: f"gpu{number(i, len(computing))}" for i, name in enumerate(computing)}
    return {node.name: place_of.get(node.name) or place_of[graph.users[node.name][0].name] for node in graph}


def test_a_model_says_which_device_runs_what(net: Net, tmp_path: Path) -> None:
    partition = in_three(net)
    files = net.export(tmp_path / "two.onnx", partition=partition).files
    model = onnx.load(files[0])
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version >= IR_VERSION
    (configuration,) = model.configuration
    assert (configuration.num_devices, list(configuration.device)) == (3, ["gpu0", "gpu1", "gpu2"])
    order = order_of(partition)
    for node in model.graph.node:
        (where,) = node.device_configurations
        assert where.configuration_id == configuration.name
        assert [spec.tensor_name for spec in where.sharding_spec] == list(node.output)
        assert {tuple(spec.device) for spec in where.sharding_spec} == {
            (list(configuration.device).index(order[where.pipeline_stage]),)
        }
    found = placements(model)
    for name, device in partition.device_of.items():
        if name in found:
            assert found[name] == device
    assert set(found.values()) == {"gpu0", "gpu1", "gpu2"}


def test_a_placement_comes_back(net: Net, tmp_path: Path) -> None:
    """Exported, imported as lines with `on gpu0`, and divided again as they say."""
    path = net.export(tmp_path / "two.onnx", partition=in_three(net)).files[0]
    back = loads(bring(path, placed=True).text)
    devices = {node.op.name: set() for node in back.graph if node.inputs}
    for node in back.graph:
        if node.inputs:
            devices[node.op.name].add(node.device)
    assert devices["softmax"] == {"gpu2"}
    assert devices["conv"] == {"gpu0", "gpu1"}
    divided = back.partition("gpu0,gpu1,gpu2", batch=2)
    assert divided.device_of[next(node.name for node in back.graph if node.op.name == "softmax")] == "gpu2"
    assert not any(node.device for node in loads(bring(path).text).graph)


def test_what_another_reader_makes_of_it(net: Net, tmp_path: Path) -> None:
    """onnx-ir binds each name of these fields to what it means, and tells what it cannot bind."""
    ir = pytest.importorskip("onnx_ir", reason="the oracle of this test")
    model = to_model(net.bound(2), {n.name: np.zeros(n.type.concrete, n.type.dtype) for n in net.graph.states})
    place(model, in_three(net))
    back = onnx.ModelProto.FromString(ir.to_proto(ir.from_proto(model)).SerializeToString())
    assert list(back.configuration) == list(model.configuration)
    for old, new in zip(model.graph.node, back.graph.node, strict=True):
        assert list(new.device_configurations) == list(old.device_configurations)


def test_a_team_holds_a_share_of_each_batch(net: Net) -> None:
    whole = in_three(net)
    team = assign(
        whole.graph, whole.cluster, {name: device.replace("2", "1") for name, device in whole.device_of.items()},
        teams=(("gpu1", "gpu2"),),
    )  # fmt: skip
    model = to_model(whole.graph, {n.name: np.zeros(n.type.concrete, n.type.dtype) for n in net.graph.states})
    place(model, team)
    specs = [spec for node in model.graph.node for where in node.device_configurations for spec in where.sharding_spec]
    assert {tuple(spec.device) for spec in specs} == {(0,), (1, 2)}
    shared = next(spec for spec in specs if len(spec.device) == 2)
    assert [(dim.axis, dim.simple_sharding[0].num_shards) for dim in shared.sharded_dim] == [(0, 2)]


def test_models_of_others_may_lack_names_or_name_too_much() -> None:
    model = onnx.ModelProto()
    assert placements(model) == {}
    model.configuration.add(name="a", num_devices=2)
    for i, output in enumerate(("x", "y", "z")):
        node = model.graph.node.add(op_type="Relu", output=[output], name=output)
        where = node.device_configurations.add(configuration_id="a")
        where.sharding_spec.add(tensor_name=output, device=[i])
    assert placements(model) == {"x": "device0", "y": "device1"}


@pytest.mark.parametrize(
    ("name", "sizes"),
    [("googlenet", {}), ("resnet18", {}), ("unet", {"H": 16, "W": 32}), ("lstm_classifier", {"T": 7})],
)
def test_parts_in_turn_give_what_the_whole_gives(name: str, sizes: dict[str, int], tmp_path: Path) -> None:
    runtime = pytest.importorskip("cnngraph.interop.onnx.runtime")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime runs what is tested here")
    from cnngraph.cli.run import feeds_of

    net = load(resource("specs", "nets", f"{name}.cnn"))
    partition = in_three(net, 2, **sizes)
    whole = net.export(tmp_path / "whole.onnx", partition=partition)
    parts = net.export(tmp_path / "parts", partition=partition).files
    assert len(parts) == 4
    ours = feeds_of(net.bound(2, **sizes), {}, 2, 0)
    feeds = {key: axes.theirs(ours[key]) for key, axes in whole.inputs.items()}
    expected = runtime.Session(whole.files[0])(feeds)
    found = parts_session(parts[-1])(feeds)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=0, atol=1e-6 * max(1.0, float(np.abs(value).max())))
    own = net(**ours)
    for key, value in (own if isinstance(own, dict) else {next(iter(expected)): own}).items():
        theirs = whole.outputs[key].ours(expected[key])
        np.testing.assert_allclose(theirs, value, rtol=0, atol=1e-4 * max(1.0, float(np.abs(value).max())))


def test_devices_that_wait_for_each_other_have_no_turn(net: Net, tmp_path: Path) -> None:
    graph = net.bound(2)
    knot = assign(graph, parse_devices("gpu0,gpu1"), placed(graph, lambda i, count: i % 2), contiguous=False)
    assert order_of(knot) == []
    with pytest.raises(CnnGraphError, match=r"E0803.*wait for each other"):
        net.export(tmp_path / "parts", partition=knot)
    model = onnx.load(net.export(tmp_path / "two.onnx", partition=knot).files[0])
    where = [where for node in model.graph.node for where in node.device_configurations]
    assert where
    assert not any(each.HasField("pipeline_stage") for each in where)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "another"}, {"version": 2}, {"parts": 1}, {"inputs": []}, {"outputs": ["nothing"]},
        {"parts": [{"file": "../x.onnx", "inputs": [], "outputs": []}]}, {"parts": [{"file": 1}]}, {"parts": [{}]},
    ],
)  # fmt: skip
def test_lists_that_are_wrong(change: dict[str, object], net: Net, tmp_path: Path) -> None:
    listed = net.export(tmp_path / "parts", partition=in_three(net)).files[-1]
    listed.write_text(json.dumps(json.loads(listed.read_text()) | change))
    with pytest.raises(CnnGraphError, match="E0801"):
        parts_session(listed)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_files_that_are_no_lists(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "parts.json").write_bytes(content)
    for path in (tmp_path / "parts.json", tmp_path, tmp_path / "nowhere.json"):
        with pytest.raises(CnnGraphError, match="E0801"):
            parts_session(path)
