"""Kinds of work, read off what operators declare."""

from __future__ import annotations

import pytest

from cnngraph.ir.op import Op
from cnngraph.ir.registry import registry
from cnngraph.ir.types import TensorType
from cnngraph.net import loads
from cnngraph.ops.fused import Fused
from cnngraph.ops.gradient import Gradient
from cnngraph.ops.relu import Relu
from cnngraph.partition.kind import KINDS, kind_of, operator_names

LAYERS = {
    "conv(7, 3x3, pad=same)": "convolution",
    "conv(7, 3x3, stride=2)": "strided_convolution",
    "upconv(7, 2x2/2)": "strided_convolution",
    "conv(6, 3x3, groups=6)": "depthwise",
    "conv(6, 3x3, stride=2, groups=6)": "depthwise",
    "conv(7, 1x1)": "product",
    "conv(7, 1x1/2)": "product",
    "flatten -> dense(5)": "product",
    "maxpool(2x2)": "pooling",
    "globalavgpool": "reduction",
    "lrn(5)": "normalization",
    "softmax": "normalization",
    "batchnorm": "normalization",
    "relu": "pointwise",
    "gelu": "pointwise",
    "flatten": "view",
    "upsample(2)": "move",
}


def op_of(layer: str) -> tuple[Op, tuple[TensorType, ...], tuple[TensorType, ...]]:
    graph = loads(f"net n(x: 6@12x12) = {layer}").graph.bind(batch=3)
    node = graph[next(iter(graph.outputs.values())).node]
    return node.op, graph.input_types(node), node.types


@pytest.mark.parametrize("layer", LAYERS)
def test_kinds_of_layers(layer: str) -> None:
    assert kind_of(*op_of(layer)) == LAYERS[layer]


def test_the_first_layer_of_grey_images_is_not_depthwise() -> None:
    graph = loads("net n(x: 1@12x12) = conv(6, 5x5)").graph.bind(batch=2)
    node = graph[next(iter(graph.outputs.values())).node]
    assert kind_of(node.op, graph.input_types(node), node.types) == "convolution"


@pytest.mark.parametrize(
    ("layer", "wanted", "kind"),
    [
        ("conv(7, 3x3)", "x", "convolution"),
        ("conv(7, 3x3)", "weight", "convolution"),
        ("conv(7, 3x3)", "bias", "reduction"),
        ("relu", "x", "gradient"),
        ("maxpool(2x2)", "x", "gradient"),
        ("flatten", "x", "view"),
        ("upsample(2)", "x", "move"),
    ],
)
def test_gradients(layer: str, wanted: str, kind: str) -> None:
    op, inputs, outputs = op_of(layer)
    gradient = Gradient(op, (wanted,), inputs, outputs)
    assert kind_of(gradient, (outputs[0],), gradient.infer()) == kind
    assert operator_names(gradient) == {op.name}


def test_a_fused_operator_is_of_the_kind_of_its_first() -> None:
    conv, inputs, outputs = op_of("conv(7, 3x3)")
    fused = Fused(conv, (Relu(),), (len(inputs), 0))
    assert kind_of(fused, inputs, outputs) == "convolution"
    assert operator_names(fused) == {"conv", "relu"}


def test_every_operator_has_a_kind() -> None:
    for op_class in registry().values():
        for sample in op_class.samples():
            weights = (weight.type for weight in sample.op.weight_types(*sample.inputs).values())
            inputs = [t.bind(batch=sample.batch) for t in (*sample.inputs, *weights)]
            outputs = [t.bind(batch=sample.batch) for t in sample.op.output_types(sample.inputs)]
            assert kind_of(sample.op.bind({"batch": sample.batch}), inputs, outputs) in KINDS
