"""The files: both forms of prototxt, every style of weights, phases, losses, data, names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the oracle is written in PyTorch")

from interop.caffe.importing import TODAY, assert_agrees, imported, ran
from interop.caffe.printing import Layer, Style, Word, caffemodel, prototxt, text_of
from interop.caffe.small import HEAD, LABELLED, LOSS, SHAPES, layer, net, weights_of

from cnngraph.diagnostics import CnnGraphError, Source
from cnngraph.interop.caffe import read_caffe
from cnngraph.interop.caffe.network import NEW_TYPES
from cnngraph.interop.caffe.prototxt import Message, Scalar, parse
from cnngraph.interop.readable.readable import readable

# ---- both forms, all styles ----


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("double", [True, False])
@pytest.mark.parametrize("old", [True, False])
def test_weights_of_any_style(packed: bool, double: bool, old: bool, tmp_path: Path) -> None:
    assert_agrees(tmp_path, net(), SHAPES, style=Style(old, packed, double, four_sizes=old))


def test_the_old_form(tmp_path: Path) -> None:
    types = {new: old for old, new in NEW_TYPES.items()}
    layers = [{**one.message(), "type": Word(types[one.type]), "blobs_lr": [1, 2]} for one in net()]
    message = {"name": "old", "input": "data", "input_dim": list(SHAPES["data"]), "layers": layers}
    found = assert_agrees(tmp_path, net(), SHAPES, "\n".join(text_of(message)), Style(True, True, False, True))
    assert [node.name for node in found.graph if "." not in node.name] == ["data", "relu", "ip_flatten", "ip"]
    assert "c.conv_1x1" in found.graph


def test_a_type_by_its_number_and_a_shape_for_the_net(tmp_path: Path) -> None:
    text = 'input: "data" input_shape { dim: [2, 3, 6, 5] } layers { name: "r" type: 18 bottom: "data" top: "r" }'
    assert_agrees(tmp_path, [Layer("r", "ReLU", ["data"], ["r"])], SHAPES, text)


def test_every_way_to_write_a_field() -> None:
    text = """# a comment
    a: 1, b: -2.5e3; c <d: "x\\ty" 'z'> e { } f: [true, -inf, 0x1F] g: [{h: 1}, {h: 2}] i: {j: MAX};"""
    message = parse(Source("a", text))

    def plain(message: Message) -> list[object]:
        return [(f.name, f.value.text if isinstance(f.value, Scalar) else plain(f.value)) for f in message.fields]

    assert plain(message) == [
        ("a", "1"),
        ("b", "-2.5e3"),
        ("c", [("d", "x\tyz")]),
        ("e", []),
        ("f", "true"),
        ("f", "-inf"),
        ("f", "0x1F"),
        ("g", [("h", "1")]),
        ("g", [("h", "2")]),
        ("i", [("j", "MAX")]),
    ]


def test_an_encoding_that_is_not_utf_8_in_a_comment_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "a.prototxt").write_bytes(b"# \xe9\xff\n" + (HEAD + layer("ReLU")).encode())
    assert "l" in read_caffe(tmp_path / "a.prototxt").graph


# ---- which layers take part ----

PHASES = {
    "include { phase: TEST }": True,
    "include { phase: TRAIN }": False,
    "include { phase: TRAIN } include { phase: TEST }": True,
    "exclude { phase: TEST }": False,
    "exclude { phase: TRAIN }": True,
    "include { phase: 1 }": True,
    'include { stage: "deploy" }': False,
    'include { not_stage: "deploy" }': True,
    'exclude { phase: TEST stage: "deploy" }': True,
    "include { min_level: 1 }": False,
    "include { min_level: -1 max_level: 0 }": True,
    "include { max_level: -1 }": False,
    "phase: TRAIN": True,
    "include { }": True,
}


@pytest.mark.parametrize("rule", PHASES)
def test_layers_of_other_phases_are_left_out(rule: str, tmp_path: Path) -> None:
    text = HEAD + layer("ReLU", more=rule).replace('"l"', '"maybe"') + layer("TanH")
    found = imported(tmp_path, text)
    assert ("maybe" in found.graph) == PHASES[rule]


def test_the_state_of_the_net_has_stages_and_a_level(tmp_path: Path) -> None:
    state = 'state { phase: TEST level: 2 stage: "a" stage: "b" }'
    rules = {'stage: "a"': True, 'stage: "c"': False, 'not_stage: "b"': False, "min_level: 3": False, "": True}
    for rule, is_met in rules.items():
        first = layer("ReLU", more=f"include {{ {rule} }}").replace('"l"', '"maybe"')
        assert ("maybe" in imported(tmp_path, HEAD + state + first + layer("TanH")).graph) == is_met


def test_a_network_as_it_is_trained(tmp_path: Path) -> None:
    found = imported(tmp_path, LABELLED + LOSS)
    assert [node.op.name for node in found.graph if node.op.name != "state"] == ["input", "flatten", "dense", "softmax"]
    assert list(found.outputs) == ["prob_prob"]
    assert str(found.graph["data"].type) == "3@6x6"
    assert list(found.notes) == [
        "left out, as they only train or measure: top-1",
        "loss/loss is a softmax, without its loss",
        "data gives images of 3 channels: the file does not say how many",
        "what data does to images before is left to the data: minus 1, 2, 3, times 0.5",
    ]


@pytest.mark.parametrize(
    ("end", "operator", "output"),
    [
        (LOSS.replace(' top: "loss/loss"', ""), "softmax", "prob_prob"),
        (LOSS + 'layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" }', "softmax", "prob"),
        (LOSS.replace('top: "loss/loss"', 'top: "loss" top: "p"'), "softmax", "prob"),
        (LOSS + layer("Eltwise", 'loss/loss" bottom: "loss/loss'), "softmax", "prob_prob"),
        (LOSS + layer("Silence", "top-1").replace('top: "l"', ""), "softmax", "prob_prob"),
        (LOSS.replace("SoftmaxWithLoss", "SigmoidCrossEntropyLoss"), "sigmoid", "prob_prob"),
        (LOSS.replace("SoftmaxWithLoss", "EuclideanLoss"), "dense", "ip"),
        (LOSS.replace("SoftmaxWithLoss", "HingeLoss"), "dense", "ip"),
    ],
)
def test_what_is_left_of_a_loss(end: str, operator: str, output: str, tmp_path: Path) -> None:
    found = imported(tmp_path, LABELLED + end)
    assert list(found.outputs) == [output]
    assert found.graph[found.graph.outputs[output].node].op.name == operator


@pytest.mark.parametrize(
    ("data", "type_"),
    [
        ('type: "Input" input_param { shape { dim: 1 dim: 2 dim: 4 dim: 5 } }', "2@4x5"),
        ('type: "DummyData" dummy_data_param { shape { dim: 1 dim: 2 dim: 4 dim: 5 } }', "2@4x5"),
        ('type: "DummyData" dummy_data_param { num: 1 channels: 2 height: 4 width: 5 }', "2@4x5"),
        ('type: "MemoryData" memory_data_param { batch_size: 1 channels: 2 height: 4 width: 5 }', "2@4x5"),
        ('type: "ImageData" image_data_param { new_height: 4 new_width: 5 is_color: false }', "1@4x5"),
        ('type: "ImageData" image_data_param { new_height: 9 new_width: 9 crop_size: 5 }', "3@5x5"),
        ('type: "Data" transform_param { crop_size: 4 force_gray: true }', "1@4x4"),
        ('type: "WindowData" window_data_param { crop_size: 7 mean_file: "m" }', "3@7x7"),
    ],
)
def test_how_large_an_image_is(data: str, type_: str, tmp_path: Path) -> None:
    found = imported(tmp_path, f'layer {{ name: "d" top: "data" {data} }}' + layer("ReLU"))
    assert str(found.graph.inputs[0].type) == type_


def test_sizes_that_the_file_does_not_say_are_asked_for(tmp_path: Path) -> None:
    data = 'layer { name: "d" type: "%s" top: "%s" }'
    ends = layer("ReLU") + layer("TanH", "x").replace('"l"', '"t"')
    text = data % ("Data", "data") + data % ("HDF5Data", "x") + ends
    found = imported(tmp_path, text, None, (1, 3, 28, 30), (5, 7))
    assert {node.name: str(node.type) for node in found.graph.inputs} == {"data": "3@28x30", "x": "7"}
    for shapes in ((), ((1, 3, 28, 30),), ((1,), (1, 2))):
        with pytest.raises(CnnGraphError, match=r"E0802.*nothing in the file says"):
            imported(tmp_path, text, None, *shapes)
    with pytest.raises(CnnGraphError, match=r"E0801.*1 shapes are too many"):
        imported(tmp_path, HEAD + layer("ReLU"), None, (1, 2))


def test_weights_under_one_name_are_shared(tmp_path: Path) -> None:
    tower = """layer {{ name: "ip{0}" type: "InnerProduct" bottom: "{1}" top: "ip{0}"
      inner_product_param {{ num_output: 3 }} param {{ name: "w" lr_mult: 1 }} param {{ name: "b" }} }}"""
    text = 'input: "x" input: "y" input_shape { dim: 1 dim: 4 }' + tower.format(1, "x") + tower.format(2, "y")
    weights = [np.arange(12, dtype=np.float32).reshape(3, 4), np.ones(3, np.float32)]
    first = Layer("ip1", "InnerProduct", [], [], blobs=weights)
    found = imported(tmp_path, text, caffemodel([first], TODAY))
    assert sorted(found.states) == ["ip1.bias", "ip1.weight"]
    y = ran(found, {"x": np.ones((1, 4), np.float32), "y": np.ones((1, 4), np.float32)})
    np.testing.assert_array_equal(y["ip1"], y["ip2"])


def test_names_become_paths(tmp_path: Path) -> None:
    names = ["a/3x3", "a/3x3_reduce", "1x1", "b-c d", "", "concat", "a/3x3"]
    layers = [Layer(name, "ReLU", ["data"], [f"t{i}"]) for i, name in enumerate(names)]
    found = imported(tmp_path, prototxt(layers, SHAPES, "My Net"))
    assert found.graph.name == "my_net"
    assert [node.name for node in found.graph][1:] == [
        "a.relu_3x3",
        "a.relu_3x3_reduce",
        "relu_1x1",
        "b_c_d",
        "ReLU",
        "concat",
        "a.relu_3x3_2",
    ]


def test_the_net_its_inputs_and_results_have_words_of_their_own(tmp_path: Path) -> None:
    layers = [
        Layer("a", "ReLU", ["data"], ["data"]),
        Layer("b", "TanH", ["in put"], ["softmax"]),
        Layer("c", "TanH", ["relu"], ["prob"]),
    ]
    found = imported(tmp_path, prototxt(layers, {"data": (1, 2), "in put": (1, 2), "relu": (1, 2)}, "Prob"))
    assert found.graph.name == "prob"
    assert [node.name for node in found.graph.inputs] == ["data", "in_put", "relu_input"]
    assert list(found.outputs) == list(found.graph.outputs) == ["data_result", "softmax_result", "prob_result"]
    assert readable(found.graph).states == {}


def test_a_layer_may_be_called_as_a_weight_of_another(tmp_path: Path) -> None:
    layers = [
        Layer("n/scale", "ReLU", ["data"], ["a"]),
        Layer("n", "BatchNorm", ["a"], ["a"]),
        Layer("s", "Scale", ["a"], ["a"]),
        Layer("n/shift", "ReLU", ["a"], ["b"]),
    ]
    assert_agrees(tmp_path, layers, SHAPES)


def test_weights_of_other_layers_are_noted(tmp_path: Path) -> None:
    more = Layer("aux", "InnerProduct", [], [], blobs=[np.ones((1, 2), np.float32)])
    content = weights_of(net()) + caffemodel([more], TODAY)
    found = imported(tmp_path, prototxt(net(), SHAPES), content)
    assert found.notes == ("a.caffemodel has weights of layers that the network does not have: aux",)
    with pytest.raises(CnnGraphError, match="there are no weights for layer c/1x1"):
        imported(tmp_path, prototxt(net(), SHAPES), caffemodel([more], TODAY))
