"""Which rows of a network become blocks, and what their parameters are."""

from __future__ import annotations

import pytest
from interop.readable.nameless import nameless, without_identities

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.interop.readable.grouping import groups
from cnngraph.interop.readable.hints import label_of
from cnngraph.interop.readable.readable import readable
from cnngraph.interop.readable.terms import Layer, Passage, Unit
from cnngraph.ir.types import TensorType


def blocks_of(text: str) -> list[str]:
    """The heads of the blocks of the readable file, and the lines of its net."""
    made = readable(without_identities(nameless(elaborate(load_text(text))))).text
    return [line for line in made.splitlines() if line.startswith(("block", "import", "  ")) and "check" not in line]


def head_of(text: str) -> str:
    return next(line for line in blocks_of(text) if line.startswith("block"))


def net(*rows: str, image: str = "8@32x32", before: str = "") -> str:
    return f"{before}\nnet n(x: {image}) {{\n{chr(10).join(rows)}\n}}"


def test_a_number_that_is_always_a_multiple_is_no_parameter() -> None:
    unit = "block u(c) { residual { conv(c, 1x1) -> tanh; conv(3*c, 3x3, same) -> tanh; conv(8, 1x1) }; relu }"
    assert head_of(net("u(4)", "u(6)", "u(10)", before=unit)) == "block bottleneck(c) {"


def test_numbers_that_follow_no_rule_are_parameters_each() -> None:
    unit = "block u(a, b) { residual { conv(a, 1x1) -> tanh; conv(b, 3x3, same) -> tanh; conv(8, 1x1) }; relu }"
    assert head_of(net("u(4, 5)", "u(6, 11)", "u(10, 7)", before=unit)) == "block bottleneck(c, cb) {"


def test_a_stride_is_1_by_default() -> None:
    unit = """
block u(c, stride = 1) {
  add { | conv(c, 3x3/stride, same) -> tanh -> conv(c, 3x3, same) | conv(c, 1x1/stride) }; tanh
}"""
    lines = blocks_of(net("u(4)", "u(6, stride = 2)", "u(10)", "u(10, stride = 2)", before=unit))
    assert lines[0] == "block basic(c, stride = 1) {"
    assert "basic(6, stride = 2)" in [line.split("  [")[0].strip() for line in lines]


def test_depthwise_layers_take_the_channels_that_come_in() -> None:
    unit = """
import conv_bn_relu from "std/conv.cnn"
block u(c, stride = 1) { conv_bn_relu(it.c, 3x3/stride, same, groups = it.c) -> conv_bn_relu(c, 1x1) }"""
    lines = blocks_of(net("u(12)", "u(16, 2)", "u(20)", "u(10)", "u(14, 2)", "u(11)", "u(13)", before=unit))
    assert lines[0] == 'import depthwise_separable from "std/mobile.cnn"'
    assert "depthwise_separable(16, stride = 2)" in [line.split("  [")[0].strip() for line in lines]


def test_a_projection_is_taken_from_those_that_have_one() -> None:
    unit = """
block u(c) { residual { conv(c, 3x3, same) -> tanh; conv(c, 3x3, same) -> tanh } project conv(c, 1x1); relu }"""
    lines = blocks_of(net("u(8)", "u(8)", "u(12)", "u(12)", "u(9)", before=unit))
    assert any("project conv(c, 1x1)" in line for line in lines)
    assert [line.split("  [")[0].strip() for line in lines[-3:]] == [
        "residual_unit(8) * 2",
        "residual_unit(12) * 2",
        "residual_unit(9)",
    ]


def test_values_from_elsewhere_are_tensors_of_a_block() -> None:
    unit = """
block u(x: tensor, t: tensor, c) { let m = t -> dense(c); x -> residual { tanh -> conv(c, 3x3, same) -> add(m)
  tanh -> conv(c, 3x3, same) } }"""
    rows = ["let t = m -> dense(5) -> tanh", "x -> tanh", *["it -> u(t, 8)"] * 5]
    text = net(*rows, image="8@9x9, m: 3", before=unit)
    assert head_of(text) == "block residual_unit(x: tensor, other: tensor) {"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("conv relu maxpool conv relu", ["conv relu maxpool", "conv relu"]),
        ("maxpool conv relu", ["maxpool conv relu"]),
        ("batchnorm relu conv batchnorm relu conv", ["batchnorm relu conv", "batchnorm relu conv"]),
        ("conv batchnorm relu globalavgpool dense", ["conv batchnorm relu globalavgpool", "dense"]),
    ],
)
def test_lines(words: str, lines: list[str]) -> None:
    weighs = ("conv", "dense", "batchnorm")
    units = [Layer(word, (), weighs=word in weighs) for word in words.split()]
    assert [" ".join(unit.word for unit in group if isinstance(unit, Layer)) for group in groups(units)] == lines


def named(*names: str) -> tuple[Unit, ...]:
    type_ = TensorType.of(4)
    return tuple(Layer("conv", (), weighs=True, passage=Passage(type_, type_, (name,))) for name in names)


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (["layer1.0.conv1", "layer1.0.bn1", "layer1.1.conv1"], "layer1"),
        (["inception_3a/1x1", "inception_3a/3x3_reduce", "inception_3a/output"], "inception_3a"),
        (["conv2_block1_1_conv", "conv2_block1_1_bn", "conv2_block2_1_conv"], "conv2"),
        (["features.0", "features.1"], ""),
        (["node_37", "node_38"], ""),
        (["Conv_0"], ""),
        (["i3a.conv[1]", "i3a.conv[2]"], "i3a"),
    ],
)
def test_labels(names: list[str], label: str) -> None:
    assert label_of(named(*names)) == label
