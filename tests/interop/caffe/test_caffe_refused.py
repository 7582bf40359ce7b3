"""Files that are wrong: each is told with its place, and nothing is half-imported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the oracle is written in PyTorch")

from interop.caffe.importing import TODAY, imported
from interop.caffe.printing import Layer, caffemodel, field_of, prototxt, varint
from interop.caffe.small import HEAD, LABELLED, LOSS, SHAPES, layer, net, weights_of

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.caffe import read_caffe

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
