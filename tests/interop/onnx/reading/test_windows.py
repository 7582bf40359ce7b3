"""Convolutions and pools."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import checked, drawn, model, node, operators

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.reading import read_model

IMAGE = {"x": ["N", 4, 9, 11]}


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, "conv(6, 3x3)"),
        ({"pads": [1, 1, 1, 1]}, "conv(6, 3x3, pad=same)"),
        ({"pads": [2, 2, 2, 2]}, "conv(6, 3x3, pad=2)"),
        ({"pads": [1, 0, 2, 0], "strides": [2, 2]}, "conv(6, 3x3/2, pad=((1, 2), 0))"),
        ({"strides": [2, 1], "dilations": [1, 2]}, "conv(6, 3x3/(2, 1), dilation=(1, 2))"),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 3]}, "conv(6, 3x3/(2, 3), pad=(1, (0, 1)))"),
        ({"auto_pad": "SAME_LOWER", "strides": [2, 3]}, "conv(6, 3x3/(2, 3), pad=(1, (1, 0)))"),
        ({"auto_pad": "VALID"}, "conv(6, 3x3)"),
    ],
)
def test_conv(attributes: dict[str, Any], words: str) -> None:
    weights = {"w": drawn(6, 4, 3, 3), "b": drawn(6)}
    found = checked([node("Conv", ["x", "w", "b"], ["y"], **attributes)], IMAGE, weights=weights)
    assert operators(found) == [words]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_conv_in_any_number_of_dimensions(rank: int) -> None:
    shape, window = ["N", 4, 7, 8, 9][: rank + 2], (3, 2, 1)[:rank]
    found = checked([node("Conv", ["x", "w"], ["y"], group=2)], {"x": shape}, weights={"w": drawn(6, 2, *window)})
    assert [n.op.name for n in found.graph] == ["input", "state", "conv"]


def test_conv_of_open_positions() -> None:
    found = checked(
        [node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER")],
        {"x": [None, 4, "height", "width"]},
        weights={"w": drawn(6, 4, 3, 3)},
        sizes={"height": 7, "width": 8},
    )
    assert found.graph.symbols == ("batch", "H", "W")


def test_a_padding_that_an_open_size_decides_is_refused() -> None:
    made = model(
        [node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER", strides=[3, 3])],
        {"x": [1, 4, "h", "w"]},
        weights={"w": drawn(6, 4, 5, 5)},
    )
    with pytest.raises(CnnGraphError, match=r"E0802.*Conv `y`: its padding depends on the open size"):
        read_model(made)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, "upconv(6, 4x3)"),
        ({"strides": [2, 2], "pads": [1, 1, 1, 1]}, "upconv(6, 4x3/2, pad=1)"),
        ({"strides": [2, 3], "output_padding": [1, 2]}, "upconv(6, 4x3/(2, 3), output_padding=(1, 2))"),
        ({"strides": [2, 2], "auto_pad": "SAME_UPPER"}, "upconv(6, 4x3/2, pad=(1, (0, 1)))"),
        ({"strides": [2, 2], "output_shape": [20, 23]}, "upconv(6, 4x3/2, output_padding=0)"),
        ({"strides": [2, 2], "output_shape": [19, 22]}, "upconv(6, 4x3/2, pad=((1, 0), (1, 0)))"),
        ({"dilations": [2, 1]}, "upconv(6, 4x3, dilation=(2, 1))"),
    ],
)
def test_conv_transpose(attributes: dict[str, Any], words: str) -> None:
    weights = {"w": drawn(4, 6, 4, 3), "b": drawn(6)}
    found = checked([node("ConvTranspose", ["x", "w", "b"], ["y"], **attributes)], IMAGE, weights=weights)
    assert operators(found) == [words.replace(", output_padding=0", "")]


def test_conv_transpose_in_groups() -> None:
    made = model([node("ConvTranspose", ["x", "w"], ["y"], group=2)], IMAGE, weights={"w": drawn(4, 3, 2, 3)})
    found = read_model(made)
    assert operators(found) == ["upconv(6, 2x3, bias=false, groups=2)"]
    weight = found.states["convtranspose.weight"]
    np.testing.assert_array_equal(weight[..., 0, 4], drawn(4, 3, 2, 3)[2, 1])  # the first channel of the second group


@pytest.mark.parametrize(
    ("kind", "attributes", "words"),
    [
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}, "maxpool(2x2)"),
        ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}, "maxpool(3x3/2, pad=same)"),
        ("MaxPool", {"kernel_shape": [3, 2]}, "maxpool(3x2/1)"),
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, "maxpool(2x2, ceil=true)"),
        ("AveragePool", {"kernel_shape": [2, 3], "strides": [2, 3]}, "avgpool(2x3)"),
        ("AveragePool", {"kernel_shape": [3, 3], "pads": [1] * 4}, "avgpool(3x3/1, pad=same, count_padding=false)"),
        ("AveragePool", {"kernel_shape": [3, 3], "pads": [1] * 4, "count_include_pad": 1}, "avgpool(3x3/1, pad=same)"),
        ("LpPool", {"kernel_shape": [3, 3], "strides": [2, 2]}, "l2pool(3x3/2)"),
        ("GlobalAveragePool", {}, "globalavgpool"),
        ("GlobalMaxPool", {}, "globalmaxpool"),
    ],
)
def test_pools(kind: str, attributes: dict[str, Any], words: str) -> None:
    assert operators(checked([node(kind, ["x"], ["y"], **attributes)], IMAGE)) == [words]


def test_lp_pools_of_absolute_values() -> None:
    found = checked([node("LpPool", ["x"], ["y"], kernel_shape=[3, 3], p=1)], IMAGE)
    assert operators(found) == ["abs", "sumpool(3x3/1)"]


@pytest.mark.parametrize("p", [1, 2])
def test_global_lp_pools(p: int) -> None:
    checked([node("GlobalLpPool", ["x"], ["y"], p=p)], IMAGE, opset=18)


def test_the_places_of_the_largest_values_are_refused_where_they_are_read() -> None:
    nodes = [node("MaxPool", ["x"], ["a", "i"], kernel_shape=[2, 2]), node("Relu", ["a"], ["y"])]
    assert read_model(model(nodes, IMAGE)).graph.outputs
    with pytest.raises(CnnGraphError, match="MaxPool `a`: its result `i` has no counterpart"):
        read_model(model(nodes, IMAGE, ["y", "i"]))


def test_images_with_the_channels_last_are_not_moved() -> None:
    found = checked(
        [
            node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
            node("Conv", ["a", "w"], ["b"]),
            node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2]),
            node("Transpose", ["c"], ["y"], perm=[0, 2, 3, 1]),
        ],
        {"x": ["N", 9, 11, 4]},
        weights={"w": drawn(6, 4, 3, 3)},
    )
    assert operators(found) == ["conv(6, 3x3, bias=false)", "maxpool(2x2/1)"]
