"""Each layer of Caffe, and ways in which layers meet, against a small Caffe of our own in PyTorch."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the oracle is written in PyTorch")

from interop.caffe.importing import TODAY, Shapes, assert_agrees, imported  # noqa: E402
from interop.caffe.printing import Layer, Message, Word, caffemodel, prototxt  # noqa: E402

from cnngraph.ops.add import Add  # noqa: E402

IMAGE = {"data": (2, 6, 7, 9)}
ODD = {"data": (2, 3, 7, 5)}
VECTOR = {"data": (2, 6)}


def layer(
    type_: str, parameters: str = "", name: str = "", bottoms: str = "data", tops: str = "", **fields: object
) -> Layer:
    """A layer of that type, with its fields in the message `parameters`."""
    own: Message = {parameters: fields} if parameters and fields else {}
    name = name or type_.lower()
    return Layer(name, type_, bottoms.split(), tops.split() or [name], own)


def conv(bottoms: str = "data", name: str = "conv", tops: str = "", **fields: object) -> Layer:
    return layer("Convolution", "convolution_param", name, bottoms, tops, **fields)


def dense(bottoms: str, name: str = "ip", **fields: object) -> Layer:
    return layer("InnerProduct", "inner_product_param", name, bottoms, **fields)


def pool(bottoms: str = "data", name: str = "pool", **fields: object) -> Layer:
    return layer("Pooling", "pooling_param", name, bottoms, **fields)


def flat(bottoms: str = "data") -> Layer:
    return layer("Flatten", name="flat", bottoms=bottoms)


AVE, MAX = Word("AVE"), Word("MAX")
SMALL = {"num_output": 4, "kernel_size": 1}

ONE_LAYER: dict[str, tuple[Layer, Shapes]] = {
    "conv": (conv(num_output=4, kernel_size=3), IMAGE),
    "conv pad stride": (conv(num_output=4, kernel_size=3, pad=1, stride=2), IMAGE),
    "conv h w": (conv(num_output=4, kernel_h=3, kernel_w=2, pad_h=1, pad_w=0, stride_h=1, stride_w=2), IMAGE),
    "conv twice": (conv(num_output=4, kernel_size=[3, 2], pad=[0, 1], stride=[2, 1], dilation=[1, 2]), IMAGE),
    "conv group": (conv(num_output=4, kernel_size=3, group=2, bias_term=False), IMAGE),
    "conv depthwise": (conv(num_output=6, kernel_size=3, group=6), IMAGE),
    "conv dilation": (conv(num_output=4, kernel_size=3, dilation=2, pad=2), IMAGE),
    "deconv": (layer("Deconvolution", "convolution_param", num_output=4, kernel_size=3, stride=2, pad=1), IMAGE),
    "deconv group": (
        layer("Deconvolution", "convolution_param", num_output=4, kernel_size=4, stride=2, group=2, bias_term=False),
        IMAGE,
    ),
    "deconv dilation": (
        layer("Deconvolution", "convolution_param", num_output=4, kernel_size=3, stride=2, pad=1, dilation=2),
        IMAGE,
    ),
    "max": (pool(kernel_size=2, stride=2), IMAGE),
    "max ceil": (pool(kernel_size=3, stride=2, pool=MAX), {"data": (2, 3, 8, 6)}),
    "max exact": (pool(kernel_size=3, stride=2), ODD),
    "max clipped": (pool(kernel_size=2, stride=2, pad=1), {"data": (2, 3, 7, 6)}),
    "max pad": (pool(kernel_size=3, stride=2, pad=1), {"data": (2, 3, 8, 7)}),
    "max floor": (pool(kernel_size=3, stride=2, round_mode=Word("FLOOR")), {"data": (2, 3, 8, 6)}),
    "max h w": (pool(kernel_h=3, kernel_w=2, stride_h=1, stride_w=3, pad_h=1, pad_w=0), {"data": (2, 3, 8, 7)}),
    "ave": (pool(kernel_size=2, stride=2, pool=AVE), IMAGE),
    "ave ceil": (pool(kernel_size=3, stride=2, pool=AVE), {"data": (2, 3, 8, 6)}),
    "ave pad": (pool(kernel_size=3, stride=2, pad=1, pool=AVE), {"data": (2, 3, 8, 7)}),
    "ave pad 2": (pool(kernel_size=5, stride=3, pad=2, pool=AVE), {"data": (2, 3, 9, 7)}),
    "ave clipped": (pool(kernel_size=2, stride=2, pad=1, pool=AVE), {"data": (2, 3, 7, 6)}),
    "ave whole": (pool(kernel_h=7, kernel_w=9, stride=1, pool=AVE), IMAGE),
    "global max": (pool(global_pooling=True), IMAGE),
    "global ave": (pool(global_pooling=True, pool=AVE), IMAGE),
    "ip of an image": (dense("data", num_output=4), IMAGE),
    "ip of a vector": (dense("data", num_output=4, bias_term=False), VECTOR),
    "ip transpose": (dense("data", num_output=4, transpose=True), IMAGE),
    "ip of three dimensions": (dense("data", num_output=4), {"data": (2, 3, 4, 2, 5)}),
    "lrn": (layer("LRN", "lrn_param", local_size=3, alpha=0.7, beta=0.6, k=1.5), IMAGE),
    "lrn defaults": (layer("LRN"), IMAGE),
    "lrn wider than the channels": (layer("LRN", "lrn_param", local_size=9, alpha=0.7), IMAGE),
    "lrn within": (layer("LRN", "lrn_param", local_size=3, alpha=0.7, norm_region=Word("WITHIN_CHANNEL")), IMAGE),
    "batch norm": (layer("BatchNorm", "batch_norm_param", eps=1e-3), IMAGE),
    "batch norm of a vector": (layer("BatchNorm"), VECTOR),
    "scale": (layer("Scale"), IMAGE),
    "scale bias": (layer("Scale", "scale_param", bias_term=True), IMAGE),
    "scale bias of a vector": (layer("Scale", "scale_param", bias_term=True), VECTOR),
    "bias": (layer("Bias"), IMAGE),
    "bias of a vector": (layer("Bias"), VECTOR),
    "prelu": (layer("PReLU"), IMAGE),
    "prelu shared": (layer("PReLU", "prelu_param", channel_shared=True), IMAGE),
    "shuffle": (layer("ShuffleChannel", "shuffle_channel_param", group=3), IMAGE),
    "relu": (layer("ReLU"), IMAGE),
    "leaky relu": (layer("ReLU", "relu_param", negative_slope=0.2), IMAGE),
    "relu6": (layer("ReLU6"), IMAGE),
    "clip": (layer("Clip", "clip_param", min=-0.5, max=1.5), IMAGE),
    "elu": (layer("ELU", "elu_param", alpha=0.7), IMAGE),
    "sigmoid": (layer("Sigmoid"), IMAGE),
    "swish": (layer("Swish"), IMAGE),
    "tanh": (layer("TanH"), IMAGE),
    "abs": (layer("AbsVal"), IMAGE),
    "bnll": (layer("BNLL"), IMAGE),
    "power": (layer("Power", "power_param", power=2.0, scale=0.5, shift=-1.0), IMAGE),
    "line": (layer("Power", "power_param", scale=0.5, shift=-1.0), IMAGE),
    "exp": (layer("Exp", "exp_param", scale=0.5, shift=1.0), IMAGE),
    "exp of base 2": (layer("Exp", "exp_param", base=2.0), IMAGE),
    "log": (layer("Log", "log_param", scale=0.5, shift=3.0), IMAGE),
    "log of base 10": (layer("Log", "log_param", base=10.0, shift=3.0), IMAGE),
    "dropout": (layer("Dropout", "dropout_param", dropout_ratio=0.3), IMAGE),
    "softmax": (layer("Softmax"), VECTOR),
    "softmax of an image": (layer("Softmax", "softmax_param", axis=-3), IMAGE),
    "argmax": (layer("ArgMax"), VECTOR),
    "flatten": (flat(), IMAGE),
    "reshape to a row": (layer("Reshape", "reshape_param", shape={"dim": [0, -1]}), IMAGE),
    "reshape": (layer("Reshape", "reshape_param", shape={"dim": [0, 7, -1, 3]}), IMAGE),
    "reshape of a vector": (layer("Reshape", "reshape_param", shape={"dim": [0, 3, 1, 2]}), VECTOR),
    "reshape of one channel": (layer("Reshape", "reshape_param", shape={"dim": [0, 1, 2, 3]}), VECTOR),
    "reshape some axes": (layer("Reshape", "reshape_param", shape={"dim": [-1, 3]}, axis=1, num_axes=2), IMAGE),
    "reshape the last axes": (layer("Reshape", "reshape_param", shape={"dim": [9, 7]}, axis=-3), IMAGE),
    "reshape with a batch": (layer("Reshape", "reshape_param", shape={"dim": [2, -1]}), IMAGE),
    "upsample": (layer("Upsample", "upsample_param", scale=2), IMAGE),
}


@pytest.mark.parametrize("case", ONE_LAYER)
def test_a_layer(case: str, tmp_path: Path) -> None:
    one, shapes = ONE_LAYER[case]
    assert_agrees(tmp_path, [one], shapes)


NETS: dict[str, tuple[list[Layer], Shapes]] = {
    "in place": (
        [conv(num_output=4, kernel_size=1, tops="a"), layer("ReLU", bottoms="a", tops="a"), dense("a", num_output=3)],
        IMAGE,
    ),
    "in place beside": (
        [
            conv(**SMALL, tops="a"),
            pool("a", kernel_size=2),
            layer("ReLU", bottoms="a", tops="a"),
            conv("a", "more", **SMALL),
        ],
        IMAGE,
    ),
    "norm and scale": (
        [
            conv(**SMALL, bias_term=False, tops="a"),
            layer("BatchNorm", bottoms="a", tops="a"),
            layer("Scale", "scale_param", bottoms="a", tops="a", bias_term=True),
            layer("ReLU", bottoms="a", tops="a"),
        ],
        IMAGE,
    ),
    "norm and scale without bias": ([layer("BatchNorm", tops="b"), layer("Scale", bottoms="b")], IMAGE),
    "norm that others read": (
        [layer("BatchNorm", tops="b"), layer("Scale", "scale_param", bottoms="b", bias_term=True), flat("b")],
        IMAGE,
    ),
    "norm of a row": ([flat(), layer("BatchNorm", bottoms="flat", tops="b"), layer("Scale", bottoms="b")], IMAGE),
    "scale by a blob": (
        [
            pool(global_pooling=True, pool=AVE),
            conv("pool", "fc", num_output=6, kernel_size=1),
            layer("Sigmoid", bottoms="fc", tops="fc"),
            layer("Reshape", "reshape_param", "r", "fc", shape={"dim": [0, -1]}),
            layer("Scale", "scale_param", "out", "data r", axis=0),
        ],
        IMAGE,
    ),
    "scale by a dense": ([dense("data", num_output=6), layer("Scale", "scale_param", "out", "data ip", axis=0)], IMAGE),
    "bias by a blob": (
        [conv(num_output=6, kernel_size=1), layer("Bias", "bias_param", "out", "data conv", axis=0)],
        IMAGE,
    ),
    "axpy": (
        [
            pool(global_pooling=True),
            conv(num_output=6, kernel_size=1),
            layer("Axpy", name="out", bottoms="pool data conv"),
        ],
        IMAGE,
    ),
    "reshape to a point": (
        [layer("Reshape", "reshape_param", tops="r", shape={"dim": [0, 0, 1, 1]}), conv("r", **SMALL)],
        VECTOR,
    ),
    "permute": ([layer("Permute", "permute_param", tops="p", order=[0, 2, 3, 1]), layer("ReLU", bottoms="p")], IMAGE),
    "conv of a point": ([pool(global_pooling=True), conv("pool", num_output=3, kernel_size=1, pad=1)], IMAGE),
    "conv of a dense": (
        [
            dense("data", num_output=8),
            layer("Reshape", "reshape_param", "r", "ip", shape={"dim": [0, 2, 2, 2]}),
            conv("r", num_output=3, kernel_size=2),
        ],
        IMAGE,
    ),
    "dense of a row": ([flat(), layer("ReLU", bottoms="flat", tops="flat"), dense("flat", num_output=3)], IMAGE),
    "dense after dense": (
        [dense("data", num_output=5), layer("TanH", bottoms="ip"), dense("tanh", "b", num_output=2)],
        IMAGE,
    ),
    "dense of permuted": (
        [layer("Permute", "permute_param", order=[0, 2, 3, 1]), flat("permute"), dense("flat", num_output=3)],
        IMAGE,
    ),
    "dense of another order": (
        [layer("Permute", "permute_param", order=[0, 3, 1, 2]), dense("permute", num_output=3)],
        IMAGE,
    ),
    "dense of a pool": ([pool(kernel_h=7, kernel_w=9, pool=AVE), dense("pool", num_output=3)], IMAGE),
    "prelu of a row": ([flat(), layer("PReLU", bottoms="flat")], IMAGE),
    "slice of a row": ([flat(), layer("Slice", bottoms="flat", tops="a b")], IMAGE),
    "concat of rows": (
        [
            flat(),
            dense("data", num_output=4),
            layer("Concat", bottoms="flat ip", tops="c"),
            dense("c", "out", num_output=3),
        ],
        IMAGE,
    ),
    "concat": ([conv(**SMALL), layer("Concat", "concat_param", bottoms="conv data conv", concat_dim=1)], IMAGE),
    "concat of a point": (
        [pool(global_pooling=True), pool(name="b", kernel_h=7, kernel_w=9), layer("Concat", bottoms="pool b")],
        IMAGE,
    ),
    "concat of one": ([layer("Concat", bottoms="data", tops="c"), conv("c", **SMALL)], IMAGE),
    "eltwise": (
        [conv(num_output=6, kernel_size=1), layer("Eltwise", "eltwise_param", bottoms="conv data", coeff=[1.0, -0.5])],
        IMAGE,
    ),
    "eltwise prod": (
        [
            conv(num_output=6, kernel_size=1),
            layer("Eltwise", "eltwise_param", bottoms="conv data", operation=Word("PROD")),
        ],
        IMAGE,
    ),
    "eltwise max": (
        [
            conv(num_output=6, kernel_size=1),
            layer("Eltwise", "eltwise_param", bottoms="conv data", operation=Word("MAX")),
        ],
        IMAGE,
    ),
    "eltwise of rows": ([flat(), layer("Eltwise", bottoms="flat flat")], IMAGE),
    "slice": ([layer("Slice", "slice_param", tops="a b c", slice_point=[1, 3]), conv("b", **SMALL)], IMAGE),
    "slice in equal parts": ([layer("Slice", "slice_param", tops="a b c", slice_dim=1)], IMAGE),
    "split": ([layer("Split", tops="a b"), conv("a", **SMALL), layer("ReLU", bottoms="b")], IMAGE),
    "crop": (
        [conv(num_output=2, kernel_size=3), layer("Crop", "crop_param", bottoms="data conv", offset=[1, 2])],
        IMAGE,
    ),
    "crop of one offset": (
        [conv(num_output=2, kernel_size=3), layer("Crop", "crop_param", bottoms="data conv", offset=[2], axis=-2)],
        IMAGE,
    ),
    "crop of one axis": (
        [
            conv(num_output=2, kernel_h=1, kernel_w=4),
            layer("Crop", "crop_param", bottoms="data conv", offset=[2], axis=3),
        ],
        IMAGE,
    ),
    "crop without need": ([conv(**SMALL), layer("Crop", bottoms="data conv"), conv("crop", "more", **SMALL)], IMAGE),
    "silence": ([layer("Slice", tops="a b"), Layer("quiet", "Silence", ["b"], []), conv("a", **SMALL)], IMAGE),
    "two inputs": ([layer("Eltwise", bottoms="x y")], {"x": (2, 3, 4, 5), "y": (2, 3, 4, 5)}),
    "two outputs": ([conv(**SMALL), dense("conv", num_output=2), layer("ReLU", bottoms="conv")], IMAGE),
    "deconv and crop": (
        [
            pool(kernel_size=2, stride=2),
            conv("pool", "score", num_output=3, kernel_size=1),
            layer("Deconvolution", "convolution_param", "up", "score", num_output=3, kernel_size=4, stride=2, group=3),
            layer("Crop", "crop_param", "out", "up data", axis=2, offset=[0]),
        ],
        IMAGE,
    ),
}


@pytest.mark.parametrize("case", NETS)
def test_layers_that_meet(case: str, tmp_path: Path) -> None:
    layers, shapes = NETS[case]
    assert_agrees(tmp_path, layers, shapes)


def test_a_scale_is_folded_into_its_norm(tmp_path: Path) -> None:
    found = assert_agrees(tmp_path, *NETS["norm and scale"])
    assert [node.op.name for node in found.graph if node.op.name != "state"] == ["input", "conv", "batchnorm", "relu"]
    assert not any(isinstance(node.op, Add) for node in found.graph)


def test_a_norm_that_has_seen_nothing_has_moments_of_zero(tmp_path: Path) -> None:
    norm = layer("BatchNorm")
    norm.blobs = [torch.ones(6).numpy(), torch.ones(6).numpy(), torch.zeros(1).numpy()]
    assert_agrees(tmp_path, [norm], IMAGE)


def test_bilinear_weights_that_the_file_lacks_are_those_of_caffe(tmp_path: Path) -> None:
    """Upsampling a constant gives that constant, but at the edges; the filler is as in FCN."""
    fields = {"num_output": 2, "kernel_size": 4, "stride": 2, "pad": 1, "group": 2, "bias_term": False}
    up = layer("Deconvolution", "convolution_param", **fields, weight_filler={"type": "bilinear"})
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])
    up.blobs = [torch.outer(row, row).expand(2, 1, 4, 4).numpy()]
    layers, shapes = [up, conv("deconvolution", **SMALL)], {"data": (1, 2, 3, 3)}
    complete = assert_agrees(tmp_path, layers, shapes)
    up.blobs = []
    found = imported(tmp_path, prototxt(layers, shapes), caffemodel(layers, TODAY))
    assert (found.states["deconvolution.weight"] == complete.states["deconvolution.weight"]).all()
