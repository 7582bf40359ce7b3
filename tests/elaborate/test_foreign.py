"""The words of other tools: every answer names something that there is, and a call means the same in our words."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate import foreign_names
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.foreign import FORMS, LAYERS, ORDERS, REMARKS, meant, parameter, plain, remark, value_text
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.scope import words_of_the_language
from cnngraph.ir.registry import registry
from cnngraph.resources import resource

WORDS = set(words_of_the_language().names)
FIELDS = {field.name for op in registry().values() for field in dataclasses.fields(op)}


def test_every_answer_is_a_word_of_the_language() -> None:
    assert set(LAYERS.values()) <= WORDS
    assert set(foreign_names.PARAMETERS) <= FIELDS
    for order in ORDERS.values():
        assert set(order.split()) <= FIELDS | {"-", "activation"}


def test_no_word_has_two_answers() -> None:
    words = Counter(word for line in foreign_names.LAYERS.values() for word in line.split())
    words.update(word for line in foreign_names.FORMS for word in line.split())
    assert [word for word, times in words.items() if times > 1] == []
    assert all(word == plain(word) for word in [*LAYERS, *FORMS, *REMARKS])
    assert set(LAYERS) & set(FORMS) == set()


def test_our_words_are_not_foreign() -> None:
    others = {word for word, ours in LAYERS.items() if word in map(plain, WORDS) and word != plain(ours)}
    assert others == {"linear"}  # of PyTorch: its `Linear` is mostly a `dense`
    assert meant("Linear", WORDS) == ("cnngraph calls this layer `dense`", "dense")


@pytest.mark.parametrize("text", FORMS.values())
def test_what_a_form_imports_is_there(text: str) -> None:
    for name, path in re.findall(r'import (\w+) from "std/([\w.]+)"', text):
        blocks = resource("specs", "blocks", path).read_text(encoding="utf-8")
        assert re.search(rf"^block {name}\(", blocks, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("Conv2D", "conv"), ("Convolution", "conv"), ("ConvTranspose", "upconv"), ("Conv2DTranspose", "upconv"),
        ("InnerProduct", "dense"), ("Gemm", "dense"), ("FC", "dense"), ("Dense", "dense"), ("Linear", "dense"),
        ("MaxPooling2D", "maxpool"), ("MaxPool", "maxpool"), ("AveragePool", "avgpool"), ("AvgPool2d", "avgpool"),
        ("GlobalAveragePooling2D", "globalavgpool"), ("AdaptiveAvgPool2d", "adaptive_avgpool"),
        ("BatchNormalization", "batchnorm"), ("BatchNorm2d", "batchnorm"), ("LayerNormalization", "layernorm"),
        ("LayerNorm", "layernorm"), ("GroupNorm", "groupnorm"), ("LRN", "lrn"), ("LocalResponseNorm", "lrn"),
        ("ReLU", "relu"), ("LeakyReLU", "leaky_relu"), ("PReLU", "prelu"), ("SiLU", "silu"), ("Swish", "silu"),
        ("GELU", "gelu"), ("Hardswish", "hard_swish"), ("ELU", "elu"), ("Softmax", "softmax"), ("Tanh", "tanh"),
        ("Sigmoid", "sigmoid"), ("Concatenate", "concat"), ("Concat", "concat"), ("Eltwise", "add"), ("Add", "add"),
        ("Multiply", "mul"), ("Dropout2d", "dropout"), ("SpatialDropout2D", "dropout"), ("Flatten", "flatten"),
        ("Embedding", "embed"), ("UpSampling2D", "upsample"), ("Upsample", "upsample"), ("Cropping2D", "crop"),
        ("CrossEntropyLoss", "cross_entropy"), ("SoftmaxWithLoss", "cross_entropy"), ("MSELoss", "mse"),
        ("BCELoss", "bce"), ("SmoothL1Loss", "smooth_l1"), ("L1Loss", "l1"), ("TripletMarginLoss", "triplet"),
        ("KLDivLoss", "kl_divergence"), ("MultiMarginLoss", "multiclass_hinge"), ("LogSoftmax", "log_softmax"),
        ("SGD", "sgd"), ("Adam", "adam"), ("AMSGrad", "adam"), ("Identity", "identity"),
    ],
)  # fmt: skip
def test_one_word_for_another(name: str, ours: str) -> None:
    found = meant(name, WORDS)
    assert found is not None
    assert found[1] == ours
    assert ours in found[0]


@pytest.mark.parametrize("name", ["LSTM", "ZeroPadding2D", "SeparableConv2D", "Permute", "Sequential", "Activation"])
def test_what_takes_more_than_a_word(name: str) -> None:
    found = meant(name, WORDS)
    assert found is not None
    assert found[1] is None


def test_what_is_nobodys_word() -> None:
    assert meant("frobnicate", WORDS) is None
    assert meant("InnerProduct", ["relu"]) is None  # the word that it would be is not in sight


@pytest.mark.parametrize(
    ("layer", "name", "ours"),
    [
        ("conv", "filters", "features"), ("conv", "out_channels", "features"), ("dense", "units", "features"),
        ("conv", "kernel_size", "window"), ("maxpool", "pool_size", "window"), ("conv", "strides", "stride"),
        ("conv", "padding", "pad"), ("conv", "dilation_rate", "dilation"), ("conv", "rate", "dilation"),
        ("conv", "use_bias", "bias"), ("conv", "group", "groups"), ("dropout", "p", "rate"),
        ("batchnorm", "eps", "epsilon"), ("sgd", "learning_rate", "lr"), ("leaky_relu", "alpha", "slope"),
        ("split_heads", "num_heads", "heads"), ("upsample", "size", "factor"), ("conv", "alpha", None),
    ],
)  # fmt: skip
def test_parameters(layer: str, name: str, ours: str | None) -> None:
    known = [field.name for field in dataclasses.fields(registry()[layer])]
    assert parameter(name, known) == ours


def test_remarks() -> None:
    assert remark("in_channels") == "leave it out: a layer sees the size of its input"
    assert remark("data_format") is not None
    assert remark("window") is None


@pytest.mark.parametrize(
    ("call", "ours"),
    [
        ("Conv2d(3, 64, 7, 2, 3)", "conv(64, 7x7/2, pad = 3)"),
        ("Conv2d(3, 64, (3, 5), stride = (2, 1))", "conv(64, 3x5, stride = (2, 1))"),
        ("Conv2d(in_channels = 3, out_channels = 8, kernel_size = 3, bias = False)", "conv(8, 3, bias = false)"),
        ("Conv2D(8, 3, 2, 'same')", None),  # a string with other marks does not parse
        ('Conv2D(8, (3, 3), 2, "same", activation = "relu")', "conv(8, 3x3/2, pad = same) -> relu"),
        ('Conv2D(8, 3, padding = "valid")', "conv(8, 3)"),
        ("Conv2D(filters = 8, kernel_size = 3, use_bias = False)", "conv(8, 3, bias = false)"),
        ('Dense(10, "softmax")', "dense(10) -> softmax"),
        ("Dense(10, activation = None)", "dense(10)"),
        ("MaxPool2d(3, 2, 1)", "maxpool(3x3/2, pad = 1)"),
        ("MaxPooling2D(pool_size = (2, 2), strides = 2)", "maxpool(2x2/2)"),
        ("AvgPool2d(2)", None),  # its name is all that changes
        ("AdaptiveAvgPool2d((7, 7))", "adaptive_avgpool(positions = (7, 7))"),
        ("AdaptiveMaxPool2d(output_size = 7)", "adaptive_maxpool(positions = 7)"),
        ("BatchNorm2d(64, eps = 0.001)", "batchnorm(epsilon = 0.001)"),
        ("ConvTranspose2d(64, 32, 2, stride = 2)", "upconv(32, 2x2/2)"),
        ("Linear(512, 10, bias = False)", "dense(10, bias = false)"),
        ("Conv2d(8, kernel_size = 3)", "conv(8, 3)"),
        ("Conv2D(filters = 8)", None),  # its window is not said
        ("Conv2D(8, 3, kernel_initializer = x)", None),
        ("Conv2D(8, 3, filters = 8)", None),
    ],
)
def test_a_call_in_our_words(call: str, ours: str | None) -> None:
    with pytest.raises(CnnGraphError) as caught:
        elaborate(load_text(f"net n(x: 3@32x32) {{\n  {call}\n}}"))
    found = caught.value.diagnostics[0]
    if ours is None:
        assert not any(help_.startswith("cnngraph writes") for help_ in found.helps)
    else:
        assert found.helps == (f"cnngraph writes this layer `{ours}`",)
        assert found.suggestion is not None
        assert found.suggestion.replacement == ours


@pytest.mark.parametrize(("call", "ours"), [("Linear(10)", "dense"), ("Conv2d(8, 3)", "conv")])
def test_a_call_that_leaves_out_what_a_layer_sees_keeps_its_arguments(call: str, ours: str) -> None:
    with pytest.raises(CnnGraphError) as caught:
        elaborate(load_text(f"net n(x: 3@32x32) = {call}"))
    suggestion = caught.value.diagnostics[0].suggestion
    assert suggestion is not None
    assert (suggestion.span.text, suggestion.replacement, suggestion.safe) == (call.partition("(")[0], ours, True)


def test_a_call_that_cannot_be_translated_is_not_changed_without_asking() -> None:
    with pytest.raises(CnnGraphError) as caught:
        elaborate(load_text("net n(x: 3@32x32) = Conv2d(3, 64, 3, output_padding = 1)"))
    suggestion = caught.value.diagnostics[0].suggestion
    assert suggestion is not None
    assert (suggestion.replacement, suggestion.safe) == ("conv", False)


def test_values() -> None:
    assert value_text("(2, 2)", "stride") == "2"
    assert value_text("(3,)", "window") == "3"
    assert value_text("(1, 2)", "pad") == "(1, 2)"
    assert value_text('"SAME"', "pad") == "same"
    assert value_text("n * 2", "features") == "n * 2"
