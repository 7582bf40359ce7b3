"""Models that PyTorch wrote come back in our operators and with its numbers, whichever exporter wrote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("torch", reason="needs the extra torch")
pytest.importorskip("onnxscript", reason="PyTorch's newer exporter needs onnxscript")

import torch
from interop.pytorch_corpus.exported import Model, program, traced, traced_as_it_is
from interop.pytorch_corpus.models import MODELS

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading import read_model
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.op import Array

OTHER_SIZES = {"batch": 3, "height": 40, "width": 24, "time": 4}
CLOSE = 1e-4

RECURRENT = "embed 1, scan 1, dense 1"
HEADS = "linear 4, split_heads 3, dot 1, scale 1, softmax 1, mix 1, join_heads 1"
RESNET = "conv 8, relu 7, maxpool 1, add 3, globalavgpool 1, dense 1"
EFFICIENT = "conv 4, silu 4, globalavgpool 2, dense 3, sigmoid 1, mul 1, add 1"
CONVNEXT = "conv 4, layernorm 5, linear 4, gelu 2, layer_scale 2, add 2, globalavgpool 1, dense 1"
UNET = "conv 11, relu 10, maxpool 2, upconv 1, upsample 1, concat 2, sigmoid 1"

EXPECTED: Mapping[str, str] = {
    "lenet": "conv 2, tanh 4, avgpool 2, flatten 1, dense 3",
    "alexnet": "conv 2, relu 3, maxpool 2, avgpool 1, flatten 1, dense 2",
    "local_norm": "conv 1, relu 1, lrn 1, maxpool 1",
    "vgg": "conv 4, relu 5, maxpool 2, flatten 1, dense 2",
    "resnet_basic": RESNET,
    "resnet_any_size": RESNET,
    "resnet_one_picture": RESNET,
    "resnet_bottleneck": "conv 12, relu 10, maxpool 1, add 3, globalavgpool 1, dense 1",
    "googlenet": "conv 7, relu 4, maxpool 2, concat 1, globalavgpool 1, dense 1",
    "densenet": "conv 8, relu 8, concat 3, avgpool 1, globalavgpool 1, dense 1, softmax 1",
    "c3d": "conv 2, relu 2, maxpool 2, flatten 1, dense 1",
    "padded": "conv 3, padding 2",
    "normalised": "conv 1, groupnorm 3, leaky_relu 1, elu 1",
    "pooled": "conv 1, globalavgpool 6, globalmaxpool 3, concat 1",
    "attentive_gate": "conv 2, globalavgpool 1, globalmaxpool 1, dense 4, relu 2, add 1, sigmoid 2, mul 2, reduce 2, "
    "concat 1, reshape 2, upsample 1",
    "speech_cnn": "conv 2, relu 1, maxpool 1, groupnorm 1, tanh 1, globalavgpool 1, dense 2, clip 1",
    "siamese": "conv 2, relu 2, maxpool 2, flatten 2, dense 2, scale 1, add 1, abs 1",
    "mobilenet_v2": "conv 7, clip 5, add 1, globalavgpool 1, dense 1",
    "mobilenet_v3": "conv 7, hard_swish 5, globalavgpool 2, dense 3, relu 1, hard_sigmoid 1, mul 1, add 1",
    "efficientnet": EFFICIENT,
    "efficientnet_any_size": EFFICIENT,
    "se_net": "conv 2, relu 2, globalavgpool 2, dense 3, sigmoid 1, mul 1, mish 1",
    "shufflenet": "conv 7, relu 5, part 4, concat 2, shuffle 2, globalavgpool 1, dense 1",
    "convnext": CONVNEXT,
    "convnext_any_size": CONVNEXT,
    "unet": UNET,
    "unet_any_size": UNET,
    "autoencoder": "conv 3, prelu 1, selu 1, flatten 1, dense 2, softplus 1, reshape 1, upsample 1, upconv 1, relu 1, "
    "sigmoid 1",
    "projected": "dense 1, leaky_relu 1, reshape 1, conv 2, pixel_shuffle 1, tanh 1",
    "dcgan_generator": "reshape 1, upconv 3, relu 2, tanh 1",
    "dcgan_discriminator": "conv 3, leaky_relu 2, sigmoid 1, flatten 1",
    "super_resolution": "conv 2, relu 1, upsample 2, add 1",
    "text_cnn": "embed 1, conv 3, relu 3, globalmaxpool 3, concat 1, dense 1",
    "rnn": f"{RECURRENT}, position 1",
    "lstm": f"{RECURRENT}, cut 1",
    "gru": f"{RECURRENT}, position 1",
    "lstm_two_layers": "embed 1, scan 2, cut 2, dense 1",
    "lstm_two_ways": "embed 1, scan 2, cut 2, concat 1, dense 1",
    "gru_two_layers_two_ways": "embed 1, scan 4, cut 2, concat 2, dense 1",
    "char_rnn": "scan 1, linear 1, log_softmax 1",
    "both_ways": "scan 2, cut 1, concat 1, linear 1",
    "seq2seq": "embed 2, scan 2, cut 3, linear 1",
    "attention": HEADS,
    "attention_of_any_length": HEADS,
    "attention_masked": f"{HEADS}, causal 1",
    "attention_by_function": HEADS,
    "attention_by_function_masked": f"{HEADS}, causal 1",
    "attention_by_module": HEADS,
    "attention_of_parts": HEADS,
    "vit": "conv 1, reshape 1, prepend_token 1, add_positions 1, layernorm 7, linear 18, split_heads 9, dot 3, "
    "scale 3, softmax 3, mix 3, join_heads 3, gelu 3, add 6, position 1, dense 1",
    "decoder": "linear 10, split_heads 6, dot 2, scale 2, causal 1, softmax 2, mix 2, join_heads 2, layernorm 3, "
    "relu 1, add 3",
    "mixer": "conv 1, layernorm 2, reshape 5, transpose 2, linear 4, gelu 2, add 2, globalavgpool 1, dense 1",
    "root_norm": "rmsnorm 1, linear 3, silu 1, mul 1, add 1",
    "language_model": "embed 1, add_positions 1, layernorm 2, linear 7, split_heads 3, dot 1, scale 1, causal 1, "
    "softmax 1, mix 1, join_heads 1, gelu 1, add 2",
    "transformer_encoder": "linear 13, layernorm 4, split_heads 6, dot 2, scale 2, softmax 2, mix 2, join_heads 2, "
    "gelu 2, add 4",
}
"""The operators of the language that each model is made of, but batch norms: some exporters fold them away."""

NORMS: Mapping[str, int] = {
    "vgg": 4, "resnet_basic": 8, "resnet_any_size": 8, "resnet_one_picture": 8, "resnet_bottleneck": 12, "densenet": 7,
    "c3d": 1, "speech_cnn": 2, "mobilenet_v2": 7, "mobilenet_v3": 7, "efficientnet": 4, "efficientnet_any_size": 4,
    "se_net": 1, "shufflenet": 7, "unet": 5, "unet_any_size": 5, "projected": 1, "dcgan_generator": 2,
    "dcgan_discriminator": 1,
}  # fmt: skip
"""How many batch norms a model has where the exporter folds none."""

QUICK = ("resnet_basic", "lstm_two_ways", "attention_by_module")
QUICK_PROGRAMS = ("shufflenet",)  # torch.export takes a second for each, and four for the first
LIKE_OTHERS = frozenset({
    "resnet_any_size", "resnet_bottleneck", "efficientnet", "convnext", "unet", "c3d", "vgg", "alexnet", "rnn", "gru",
    "dcgan_discriminator", "lstm_two_layers", "attention", "attention_by_function", "attention_masked", "local_norm",
    "transformer_encoder", "mobilenet_v2", "googlenet", "super_resolution", "speech_cnn", "gru_two_layers_two_ways",
})  # fmt: skip
"""Models of which the quick tests have others that are much the same."""


def swept(name: str, quick: bool) -> object:
    return name if quick else pytest.param(name, marks=pytest.mark.sweep)


def values_of(graph: Graph, leaves: Mapping[str, Array]) -> dict[Ref, Array]:
    """Every result of every node, by the plain meaning of the operators."""
    values: dict[Ref, Array] = {}
    for node in graph:
        results = (leaves[node.name],) if node.name in leaves else node.op.apply([values[r] for r in node.inputs])
        values |= {Ref(node.name, i): result for i, result in enumerate(results)}
    return values


def operators(graph: Graph) -> Counter[str]:
    return Counter(node.op.name for node in graph if node.inputs)


def written(text: str) -> Counter[str]:
    return Counter({name: int(count) for name, count in (entry.split() for entry in text.split(", "))})


def difference(found: Imported, model: Model) -> float:
    """The largest, of all outputs on an input of other open sizes, relative to the largest number there is."""
    inputs = model.example(OTHER_SIZES)
    with torch.no_grad():
        expected = model.module()(*inputs).numpy()
    given = {
        node.name: found.inputs[node.name].ours(value.numpy())
        for node, value in zip(found.graph.inputs, inputs, strict=True)
    }
    sizes = {
        str(size): n
        for node in found.graph.inputs
        for size, n in zip(node.type.shape, given[node.name].shape, strict=True)
        if not isinstance(size, int)
    }
    graph = found.graph.bind(**sizes)
    ((name, ref),) = graph.outputs.items()
    y = found.outputs[name].theirs(values_of(graph, {**found.states, **given})[ref])
    assert y.shape == expected.shape
    return float(np.abs(y - expected).max() / np.abs(expected).max())


def check(name: str, export: Callable[[Model], object]) -> Counter[str]:
    """The operators of the model as it comes back, once its numbers are found to be right."""
    found = read_model(export(MODELS[name]))  # type: ignore[arg-type]
    assert difference(found, MODELS[name]) < CLOSE
    assert set(found.states) == {node.name for node in found.graph.states}
    return operators(found.graph)


def test_all_models_are_expected() -> None:
    assert EXPECTED.keys() == MODELS.keys()
    assert NORMS.keys() <= MODELS.keys()


@pytest.mark.parametrize("name", [swept(n, n not in LIKE_OTHERS) for n in MODELS])
def test_traced(name: str) -> None:
    found = check(name, traced)
    found.pop("batchnorm", None)
    assert found == written(EXPECTED[name])


@pytest.mark.parametrize("name", [swept(n, n in QUICK) for n in MODELS])
def test_traced_as_it_is(name: str) -> None:
    found = check(name, traced_as_it_is)
    assert found == written(EXPECTED[name]) + Counter(batchnorm=NORMS.get(name, 0))


@pytest.mark.parametrize("name", [swept(n, n in QUICK_PROGRAMS) for n in MODELS])
def test_program(name: str) -> None:
    found = check(name, program)
    found.pop("batchnorm", None)
    assert found == written(EXPECTED[name])


@pytest.mark.sweep
@pytest.mark.parametrize("name", ["attention_by_function_masked", "attention_by_module", "language_model", "root_norm"])
def test_with_operators_of_opset_23(name: str) -> None:
    """In which attention and the norm without a mean are one node."""
    assert check(name, partial(program, opset=23)) == written(EXPECTED[name])
