"""What fits at each kind of place, in texts that mostly do not parse yet."""

from __future__ import annotations

import pytest
from editor.texts import marked

from cnngraph.editor.completion import Completion, completed_from, completions

HEAD = 'cnn 1\nimport conv_bn from "std/conv.cnn"\nblock part(n, make: layer, pad = 0) = conv(n, 3x3, pad) -> make\n'
NET = f"{HEAD}net n(x: 1@HxW, k = 3) {{\n  a: conv(3, 3x3)\n  let b = relu\n  shared s = part(3, relu)\n"


def offered(text: str) -> list[Completion]:
    return completions(*marked(text))


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("^", "net block import train about", "conv"),
        (f"{HEAD}^", "net block", "part"),
        (f"{NET}  ^\n}}", "let shared return check residual conv part conv_bn s a b k x H", "sgd cross_entropy net"),
        (f"{NET}  ^", "let conv part a b", "net"),
        (f"{NET}  a -> ^\n}}", "residual concat conv part s", "let return"),
        (f"{NET}  concat {{\n    | ^\n    | relu\n  }}\n}}", "let conv part a b", "net"),
        (f"{NET}  residual {{ relu }} ^\n}}", "project", "let"),
        (f"{NET}  conv(^\n}}", "features window pad bias groups k a conv", "let net"),
        (f"{NET}  conv(4, 3x3, ^\n}}", "pad bias groups", "features window"),
        (f"{NET}  conv(4, pad = 1, ^)\n}}", "window bias", "features pad"),
        (f"{NET}  part(4, ^)\n}}", "make pad relu conv", "n"),
        (f"{NET}  conv(4, 3x3, pad = ^)\n}}", "same full k", "let"),
        (f"{NET}  relu [3@^]\n}}", "H W k", "conv let"),
        (f"{NET}  relu on gpu0\n  check ^\n}}", "params depth macs a b s", "let"),
        (f"{NET}  conv(it.^\n}}", "c h w shape", "conv a"),
        (f"{NET}  # ^\n}}", "", "conv a"),
        (f'{NET}  relu on "^\n}}', "", "conv a"),
        ("block b(x: ^", "tensor int layer list", "conv"),
        ("block b(x, ^", "", "conv tensor"),
        ('import ^ from "std/conv.cnn"', "conv_bn conv_relu", "conv"),
        ('import conv_bn, ^ from "std/conv.cnn"', "conv_relu", "conv"),
        ("import conv_bn ^", "from", "conv"),
        ('import conv_bn from "^"', "std/conv.cnn std/resnet.cnn lenet5.cnn", "conv"),
        ('import conv_bn from "std/^', "std/conv.cnn std/resnet.cnn", "conv"),
        (f"{NET}}}\ntrain n {{ ^ }}", "loss optimizer data", "conv"),
        (f"{NET}}}\ntrain n {{\n  seed: 3\n  ^\n}}", "loss optimizer data", "seed conv"),
        (f"{NET}}}\ntrain n {{\n  optimizer: ^\n}}", "sgd adam", "conv loss mse"),
        (f"{NET}}}\ntrain n {{\n  optimizer: sgd(^)\n}}", "lr momentum", "conv"),
        (f"{NET}}}\ntrain n {{\n  loss: ^\n}}", "cross_entropy mse a b", "conv sgd"),
        (f"{NET}}}\ntrain n {{\n  augment: shift(2) -> ^\n}}", "mirror rotate", "conv sgd"),
        (f"{NET}}}\ntrain n {{\n  schedule: ^\n}}", "step cosine", "conv sgd"),
        (f"{NET}}}\ntrain n {{\n  init: ^\n}}", "he orthogonal", "conv sgd"),
        (f"{NET}}}\ntrain n {{\n  clip: ^\n}}", "norm value", "conv sgd"),
        (f"{NET}}}\ntrain n {{\n  average: ^\n}}", "ema", "conv sgd"),
        (f"{NET}}}\ntrain n {{\n  decay: ^\n}}", "all matrices", "conv sgd"),
        (f"{NET}}}\ntrain n {{\n  data: ^\n}}", "digits", "conv sgd"),
        (f"{NET}}}\ntrain n {{\n  noise: ^\n}}", "normal uniform integers x", "conv sgd a"),
        (f"{NET}}}\ntrain n {{\n  metrics: ^\n}}", "accuracy mean_iou a", "conv sgd s"),
        (f"{NET}}}\ntrain n {{\n  stop: ^\n}}", "early", "conv sgd a"),
        (f"{NET}}}\ntrain n {{\n  class_weights: ^\n}}", "balanced", "conv sgd a"),
        (f"{NET}}}\ntrain n {{\n  freeze: ^\n}}", "a s", "conv sgd x"),
        (f"{NET}}}\ntrain n {{\n  slow: times(^\n}}", "a s", "conv sgd x"),
        (f"{NET}}}\ntrain n {{\n  step one {{\n    ^", "update loss optimizer", "data conv epochs"),
        (f"{NET}}}\ntrain n {{\n  step one {{\n    loss: mse(a, x)\n    ^", "update optimizer", "loss data conv"),
        (f"{NET}}}\ntrain n {{\n  step one {{\n    update: ^", "a s", "conv sgd x"),
        (f"{NET}}}\ntrain n {{\n  step one {{\n    update: s\n  }}\n  ^", "epochs step", "update conv"),
        (f"{NET}}}\nabout {{ ^ }}", "", "conv loss"),
    ],
)
def test_what_fits_is_offered(text: str, present: str, absent: str) -> None:
    labels = {completion.label for completion in offered(text)}
    assert set(present.split()) - labels == set()
    assert set(absent.split()) & labels == set()
    assert present or not labels


def test_nothing_is_offered_twice() -> None:
    labels = [completion.label for completion in offered(f"{NET}  ^\n}}")]
    assert len(labels) == len(set(labels))


def test_a_name_is_not_offered_before_it_has_a_value() -> None:
    text = "cnn 1\nnet n(x: 1@8x8) {\n  ^\n  later: relu\n}"
    assert "later" not in {completion.label for completion in offered(text)}


@pytest.mark.parametrize(
    ("text", "replaced"),
    [("net n(x: 1@8x8) { con^", "con"), ("net n(x: 1@8x8) { ^", ""), ('import a from "std/co^', "std/co"), ("a.^", "")],
)
def test_what_is_typed_is_replaced(text: str, replaced: str) -> None:
    found, offset = marked(text)
    assert found.text[completed_from(found, offset) : offset] == replaced


def test_layers_and_blocks_are_documented() -> None:
    found = {completion.label: completion for completion in offered(f"{NET}  a -> ^\n}}")}
    assert "conv(features, window" in found["conv"].documentation
    assert "Since 2015: convolution without bias" in found["conv_bn"].documentation
