"""The files: both forms of prototxt, every style of weights, phases, losses, data; and files that are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the oracle is written in PyTorch")

from interop.caffe.importing import TODAY, assert_agrees, imported, ran
from interop.caffe.printing import Layer, Style, Word, caffemodel, field_of, prototxt, text_of, varint
from interop.caffe.small import HEAD, SHAPES, layer, net, weights_of

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


LABELLED = """
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } data_param { source: "t" } }
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
  transform_param { crop_size: 6 mean_value: 1 mean_value: 2 mean_value: 3 scale: 0.5 mirror: false }
  data_param { source: "a" batch_size: 50 backend: LMDB } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 4
  weight_filler { type: "xavier" std: 0.1 } } param { lr_mult: 1 decay_mult: 0 } param { lr_mult: 2 } }
layer { name: "top-1" type: "Accuracy" bottom: "ip" bottom: "label" top: "top-1" accuracy_param { top_k: 1 } }
"""
LOSS = """
layer { name: "loss/loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss/loss" loss_weight: 0.3 }
"""


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


# ---- what is wrong ----

ONE = "convolution_param { num_output: 1 "
WRONG = {
    "E0801 empty": "",
    "E0801 solver": 'net: "a.prototxt" base_lr: 0.1',
    "E0801 field of the net": HEAD + layer("ReLU") + "layr { }",
    "E0801 no layer of the phase": HEAD + layer("ReLU", more="include { phase: TRAIN }"),
    "E0801 brace": HEAD + "layer { name: ",
    "E0801 list": "a: [1 2]",
    "E0801 colon": "name 3",
    "E0801 name": "3: 4",
    "E0801 text": 'name: "x',
    "E0801 minus": 'name: -"x"',
    "E0801 character": "a: 1 @",
    "E0801 whole": HEAD + layer("Convolution", more="convolution_param { num_output: 3.5 kernel_size: 1 }"),
    "E0801 negative": HEAD + layer("Convolution", more="convolution_param { num_output: -3 kernel_size: 1 }"),
    "E0801 large": HEAD + layer("Convolution", more="convolution_param { num_output: 99999999999 kernel_size: 1 }"),
    "E0801 infinite": HEAD + layer("ReLU", more="relu_param { negative_slope: 1e999 }"),
    "E0801 word": HEAD + layer("Pooling", more="pooling_param { pool: MEAN kernel_size: 1 }"),
    "E0801 flag": HEAD + layer("InnerProduct", more="inner_product_param { num_output: 1 bias_term: 2 }"),
    "E0801 twice": HEAD + layer("InnerProduct", more="inner_product_param { num_output: 1 num_output: 2 }"),
    "E0801 messages": HEAD + layer("InnerProduct", more="inner_product_param { } inner_product_param { }"),
    "E0801 no message": HEAD + layer("InnerProduct", more="inner_product_param: 3"),
    "E0801 no value": HEAD + layer("InnerProduct", more="inner_product_param { num_output { } }"),
    "E0801 quotes": HEAD + 'layer { type: ReLU bottom: "data" top: "x" }',
    "E0801 no type": HEAD + 'layer { name: "x" bottom: "data" top: "x" }',
    "E0801 unknown bottom": HEAD + layer("ReLU", "nothing"),
    "E0801 cycle": HEAD + layer("Eltwise", 'data" bottom: "m') + 'layer { type: "ReLU" bottom: "l" top: "m" }',
    "E0801 top twice": HEAD + layer("ReLU") + layer("TanH"),
    "E0801 shapes": 'input: "a" input: "b" input_shape { dim: 1 } input_shape { dim: 2 } input_dim: 3 ' + layer("ReLU"),
    "E0801 no size": 'input: "data" input_shape { dim: 1 }' + layer("ReLU"),
    "E0801 no result": HEAD + 'layer { type: "Silence" bottom: "data" }',
    "E0801 both forms": HEAD + layer("ReLU") + 'layers { type: RELU bottom: "data" top: "x" }',
    "E0801 form of 2013": HEAD + 'layers { layer { name: "x" type: "relu" } bottom: "data" top: "x" }',
    "E0802 type": HEAD + layer("Python"),
    "E0802 types": HEAD + layer("SPP") + layer("LSTM").replace('top: "l"', 'top: "k"'),
    "E0802 field": HEAD + layer("Convolution", more=ONE + "kernal_size: 3 kernel_size: 3 }"),
    "E0802 kernel": HEAD + layer("Convolution", more="convolution_param { num_output: 1 }"),
    "E0802 two kernels": HEAD + layer("Convolution", more=ONE + "kernel_size: 1 kernel_h: 1 }"),
    "E0802 window": HEAD + layer("Convolution", more="convolution_param { num_output: 1 kernel_size: 9 }"),
    "E0802 group": HEAD + layer("Convolution", more="convolution_param { num_output: 4 kernel_size: 1 group: 2 }"),
    "E0802 conv axis": HEAD + layer("Convolution", more="convolution_param { num_output: 1 kernel_size: 1 axis: 2 }"),
    "E0802 ip axis": HEAD + layer("InnerProduct", more="inner_product_param { num_output: 1 axis: 2 }"),
    "E0802 axis": HEAD + layer("Softmax", more="softmax_param { axis: 7 }"),
    "E0802 softmax": HEAD + layer("Softmax", more="softmax_param { axis: 2 }"),
    "E0802 stochastic": HEAD + layer("Pooling", more="pooling_param { pool: STOCHASTIC kernel_size: 1 }"),
    "E0802 empty window": HEAD + layer("Pooling", more="pooling_param { kernel_size: 1 stride: 4 }").replace("5", "6"),
    "E0802 pool pad": HEAD + layer("Pooling", more="pooling_param { kernel_size: 2 pad: 2 }"),
    "E0802 lrn": HEAD + layer("LRN", more="lrn_param { local_size: 4 }"),
    "E0802 lrn within": HEAD + layer("LRN", more="lrn_param { local_size: 4 norm_region: WITHIN_CHANNEL }"),
    "E0802 concat axis": HEAD + layer("Concat", 'data" bottom: "data', "concat_param { axis: 2 }"),
    "E0802 concat": HEAD
    + layer("Pooling", more="pooling_param { kernel_size: 2 }")
    + layer("Concat", 'data" bottom: "l').replace('top: "l"', 'top: "m"'),
    "E0802 coeff": HEAD + layer("Eltwise", 'data" bottom: "data', "eltwise_param { coeff: 1 }"),
    "E0802 slice": HEAD + layer("Slice", more="slice_param { slice_point: 1 slice_point: 2 }"),
    "E0802 slice of nothing": HEAD + layer("Slice", more='top: "m" slice_param { slice_point: 3 }'),
    "E0802 slice axis": HEAD + layer("Slice", more='top: "m" slice_param { axis: 2 }'),
    "E0802 tops": HEAD + layer("ReLU", more='top: "m"'),
    "E0802 bottoms": HEAD + layer("ReLU", 'data" bottom: "data'),
    "E0802 no bottom": HEAD + layer("Concat").replace('bottom: "data"', ""),
    "E0802 reshape": HEAD + layer("Reshape", more="reshape_param { shape { dim: 0 dim: 7 dim: -1 } }"),
    "E0802 reshape twice": HEAD + layer("Reshape", more="reshape_param { shape { dim: 0 dim: -1 dim: -1 } }"),
    "E0802 flatten": HEAD + layer("Flatten", more="flatten_param { axis: 2 }"),
    "E0802 permute": HEAD + layer("Permute", more="permute_param { order: 1 order: 0 }"),
    "E0802 input": HEAD.replace(": 5", ": 9999999").replace(": 6", ": 9999999") + layer("ReLU"),
    "E0802 input layer": 'layer { type: "Input" top: "data" input_param { shape { dim: [1, 9999999, 9999999] } } }'
    + layer("ReLU"),
    "E0802 order": HEAD
    + layer("Permute", more="permute_param { order: 0 order: 3 order: 1 order: 2 }")
    + layer("Flatten", "l").replace('top: "l"', 'top: "m"'),
    "E0802 crop": HEAD + layer("Crop", 'data" bottom: "data', "crop_param { axis: 0 }"),
    "E0802 base": HEAD + layer("Exp", more="exp_param { base: -2 }"),
    "E0802 swish": HEAD + layer("Swish", more="swish_param { beta: 2 }"),
    "E0802 argmax": HEAD + layer("ArgMax"),
    "E0802 scale": HEAD + layer("Scale", more="scale_param { num_axes: -1 }"),
    "E0802 memory": HEAD + layer("Convolution", more=ONE + "kernel_size: 1 pad: 999999999 }"),
    "E0802 data": 'layer { name: "d" type: "Data" top: "data" data_param { source: "x" } }' + layer("ReLU"),
    "E0802 hdf5": 'layer { name: "d" type: "HDF5Data" top: "data" }' + layer("ReLU"),
    "E0802 labels": LABELLED + LOSS + layer("ReLU", "label"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told(case: str, tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError) as caught:
        imported(tmp_path, WRONG[case])
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {case[:5]}, caught.value


def test_all_refusals_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    layers = [
        Layer("a", "SPP", ["data"], ["a"]),
        Layer("b", "ReLU", ["a"], ["b"]),
        Layer("c", "MVN", ["b"], ["c"]),
        Layer("d", "ReLU", ["data"], ["d"], {"relu_param": {"slope": 1}}),
    ]
    with pytest.raises(CnnGraphError) as caught:
        imported(tmp_path, prototxt(layers, SHAPES))
    told = [(d.primary.span.line, d.primary.span.column, d.message) for d in caught.value.diagnostics]
    assert told == [
        (17, 9, "layer a (SPP): this type of layer has no counterpart"),
        (29, 9, "layer c (MVN): this type of layer has no counterpart"),
        (39, 5, "layer d (ReLU): the field `slope` has no counterpart here"),
    ]


def test_weights_that_do_not_fit_are_told_at_once(tmp_path: Path) -> None:
    layers = net()
    layers[0].blobs = [np.ones((4, 3, 1, 1), np.float32)]
    layers[2].blobs = [np.ones((2, 7), np.float32), np.ones(2, np.float32)]
    with pytest.raises(CnnGraphError) as caught:
        imported(tmp_path, prototxt(layers, SHAPES), caffemodel(layers, TODAY))
    assert [(d.code, d.message.partition(": ")[2]) for d in caught.value.diagnostics] == [
        ("E0703", "blob 0 of layer ip has the shape (2, 7), not (2, 120)"),
        ("E0703", "layer c/1x1 lacks blob 1, of shape (4,)"),
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


DAMAGED = {
    "nothing": b"",
    "no layers": field_of(1, b"net"),
    "text": b'name: "net"',
    "length": field_of(100, field_of(7, field_of(5, b"\0" * 8)))[:-3],
    "huge length": varint(100 << 3 | 2) + varint(2**63),
    "endless number": b"\xff" * 30,
    "group": varint(100 << 3 | 3),
    "field 0": b"\0\0",
    "numbers": field_of(100, field_of(7, field_of(5, b"\0" * 7))),
    "negative shape": field_of(100, field_of(7, field_of(5, b"\0" * 4) + field_of(7, field_of(1, varint(-1))))),
    "large shape": field_of(100, field_of(7, field_of(7, field_of(1, varint(2**40) * 8)))),
    "axes": field_of(100, field_of(7, field_of(5, b"\0" * 4) + field_of(7, field_of(1, b"\1" * 40)))),
    "layer of a number": varint(100 << 3) + b"\5",
    "two of a name": field_of(100, field_of(7, b"")) * 2,
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_weights_are_refused(case: str, tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError, match="E0801"):
        imported(tmp_path, prototxt(net(), SHAPES), DAMAGED[case])


def test_weights_cut_off_anywhere_are_refused(tmp_path: Path) -> None:
    whole = weights_of(net())
    for end in [*range(0, 120, 7), len(whole) // 2, len(whole) - 1]:
        with pytest.raises(CnnGraphError, match=r"E0801|E0703"):
            imported(tmp_path, prototxt(net(), SHAPES), whole[:end])


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(CnnGraphError, match=r"E0801.*cannot be read"):
        read_caffe(tmp_path / "a.prototxt")
    (tmp_path / "a.prototxt").write_text(HEAD + layer("ReLU"))
    with pytest.raises(CnnGraphError, match=r"E0801.*cannot be read"):
        read_caffe(tmp_path / "a.prototxt", tmp_path)
