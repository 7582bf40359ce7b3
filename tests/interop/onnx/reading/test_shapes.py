"""Reshapes, transposes and sizes; slices, margins, parts and joins; dense layers behind them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import checked, drawn, model, node, operators

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.imported import Axes
from cnngraph.interop.onnx.reading import read_model

IMAGE = {"x": ["N", 4, 6, 10]}


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


# ---- in front of a dense layer ----


def test_a_flatten_permutes_the_weight_and_not_the_data() -> None:
    nodes = [node("Relu", ["x"], ["a"]), node("Flatten", ["a"], ["b"], name="flat"), node("MatMul", ["b", "m"], ["y"])]
    found = checked(nodes, IMAGE, weights={"m": drawn(240, 7)})
    assert operators(found) == ["relu", "flatten", "dense(7, bias=false)"]
    assert "flat" in found.graph


@pytest.mark.parametrize("shape", [(0, -1), (-1, 240), (1, 240), (1, -1)])
def test_so_does_a_reshape(shape: tuple[int, ...]) -> None:
    batch = 1 if 1 in shape else "N"
    found = checked(
        [node("Reshape", ["x", "s"], ["a"]), node("Gemm", ["a", "m", "c"], ["y"], transB=1, alpha=0.5, beta=2.0)],
        {"x": [batch, 4, 6, 10]},
        weights={"s": ints(*shape), "m": drawn(7, 240), "c": drawn(7)},
    )
    assert operators(found) == ["flatten", "dense(7)"]


def test_a_dense_layer_at_each_position_is_linear() -> None:
    found = checked(
        [node("Transpose", ["x"], ["a"], perm=[0, 2, 3, 1]), node("MatMul", ["a", "m"], ["y"])],
        IMAGE,
        weights={"m": drawn(4, 7)},
    )
    assert operators(found) == ["linear(7, bias=false)"]


def test_positions_may_be_joined_to_the_batch_for_a_while() -> None:
    found = checked(
        [
            node("Reshape", ["x", "s"], ["a"]),
            node("Gemm", ["a", "m", "c"], ["b"]),
            node("Reshape", ["b", "t"], ["y"]),
        ],
        {"x": ["N", 5, 4]},
        weights={"s": ints(-1, 4), "m": drawn(4, 7), "c": drawn(7), "t": ints(-1, 5, 7)},
    )
    assert operators(found) == ["linear(7)"]
    assert found.outputs["y"] == Axes((0, 1, 2), 3)


def test_one_matrix_in_two_places_is_one_state() -> None:
    nodes = [
        node("Gemm", ["x", "m"], ["a"], name="first"),
        node("Relu", ["a"], ["b"]),
        node("Gemm", ["b", "m"], ["y"], name="second"),
    ]
    found = checked(nodes, {"x": ["N", 5]}, weights={"m": drawn(5, 5)})
    assert list(found.states) == ["first.weight"]


# ---- exporters' ways with sizes ----


def test_a_reshape_to_what_was_computed_of_sizes() -> None:
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Unsqueeze", ["n", "first"], ["n1"]),
        node("Slice", ["s", "two", "four"], ["p"]),
        node("Concat", ["n1", "groups", "p"], ["t"], axis=0),
        node("Reshape", ["x", "t"], ["a"]),
        node("Transpose", ["a"], ["b"], perm=[0, 2, 1, 3, 4]),
        node("Reshape", ["b", "s"], ["y"]),
    ]
    found = checked(
        nodes,
        {"x": ["N", 6, "H", "W"]},
        weights={
            "zero": np.array(0), "first": ints(0), "two": ints(2), "four": ints(4), "groups": ints(2, 3),
        },
        sizes={"H": 5, "W": 7},
    )  # fmt: skip
    assert operators(found) == ["shuffle(2)"]


def test_half_of_an_open_size() -> None:
    nodes = [
        node("Shape", ["x"], ["s"], start=2),
        node("Cast", ["s"], ["f"], to=1),
        node("Mul", ["f", "half"], ["g"]),
        node("Floor", ["g"], ["h"]),
        node("Cast", ["h"], ["i"], to=7),
        node("Slice", ["x", "zeros", "i", "axes"], ["y"]),
    ]
    weights = {"half": np.float32(0.5), "zeros": ints(0, 0), "axes": ints(2, 3)}
    made = model(nodes, {"x": ["N", 4, "H", "W"]}, weights=weights)
    with pytest.raises(CnnGraphError, match=r"Slice `y`: the place H/2 of H|Slice `y`: the place floor"):
        read_model(made)


def test_sizes_of_fixed_images_are_numbers() -> None:
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "last"], ["n"]),
        node("Div", ["n", "two"], ["h"]),
        node("Concat", ["front", "h", "twice"], ["t"], axis=0),
        node("Reshape", ["x", "t"], ["y"]),
    ]
    weights = {"last": ints(3), "two": ints(2), "front": ints(0, 4, 6), "twice": ints(2)}
    assert operators(checked(nodes, IMAGE, weights=weights)) == ["reshape(4@6x5x2)"]


# ---- parts and joins ----


def test_parts_and_joins_along_any_axis() -> None:
    for axis in (1, 2, 3):
        nodes = [
            node("MaxPool", ["x"], ["m"], kernel_shape=[1, 1]),
            node("Split", ["m"], ["a", "b"], axis=axis, num_outputs=2),
            node("Relu", ["a"], ["c"]),
            node("Concat", ["b", "c"], ["d"], axis=axis),
            node("MaxPool", ["d"], ["y"], kernel_shape=[1, 1]),
        ]
        found = checked(nodes, IMAGE)
        assert ("transpose" in {n.op.name for n in found.graph}) == (axis != 1)


def test_a_split_into_other_sizes() -> None:
    nodes = [node("Split", ["x", "s"], ["y", "z"], axis=1)]
    found = checked(nodes, IMAGE, ["y", "z"], weights={"s": ints(1, 3)})
    assert operators(found) == ["part(0, (1, 3))", "part(1, (1, 3))"]


@pytest.mark.parametrize(
    ("starts", "ends", "axes", "steps", "words"),
    [
        ((1, 1), (5, 9), (2, 3), (1, 1), ["crop(1)"]),
        ((1, 2), (-1, -2), (2, 3), (1, 1), ["crop((1, 2))"]),
        ((0,), (2**62,), (2,), (2,), ["slice(step=(2, 1))"]),
        ((-1,), (2**62,), (3,), (1,), ["slice((0, -1))"]),
        ((1,), (3,), (1,), (1,), ["part(1, (1, 2, 1))"]),
        ((2,), (4,), (1,), (1,), ["part(1, 2)"]),
        ((0,), (100,), (1,), (1,), []),
    ],
)
def test_slices(
    starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...], steps: tuple[int, ...], words: list[str]
) -> None:
    weights = {"a": ints(*starts), "b": ints(*ends), "c": ints(*axes), "d": ints(*steps)}
    nodes = [node("Relu", ["x"], ["r"]), node("Slice", ["r", "a", "b", "c", "d"], ["y"])]
    found = operators(checked(nodes, IMAGE, weights=weights))
    assert [word.replace("start=", "").replace("stop=", "") for word in found[1:]] == words


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_margins(mode: str) -> None:
    weights = {"p": ints(0, 0, 1, 2, 0, 0, 3, 2)}
    found = checked([node("Pad", ["x", "p"], ["y"], mode=mode)], IMAGE, weights=weights)
    assert [n.op.name for n in found.graph] == ["input", "padding"]


def test_a_margin_of_channels_and_one_that_takes_away() -> None:
    checked([node("Pad", ["x", "p"], ["y"])], IMAGE, weights={"p": ints(0, 1, 0, 0, 0, 2, 0, 0)})
    found = checked([node("Pad", ["x", "p"], ["y"])], IMAGE, weights={"p": ints(0, 0, -1, 0, 0, 0, -1, 2)})
    assert [n.op.name for n in found.graph][1:] == ["crop", "padding"]


def test_a_margin_of_ones() -> None:
    weights = {"p": ints(0, 0, 1, 1, 0, 0, 1, 1), "v": np.float32(1.5)}
    checked([node("Pad", ["x", "p", "v"], ["y"])], IMAGE, weights=weights)


@pytest.mark.parametrize("mode", ["CRD", "DCR"])
def test_depth_to_space(mode: str) -> None:
    checked([node("DepthToSpace", ["x"], ["y"], blocksize=2, mode=mode)], {"x": ["N", 12, 5, 3]})


def test_space_to_depth() -> None:
    nodes = [node("SpaceToDepth", ["x"], ["a"], blocksize=2), node("Conv", ["a", "w"], ["y"])]
    checked(nodes, IMAGE, weights={"w": drawn(5, 16, 1, 1)})


# ---- axes of inputs ----


def test_a_model_without_a_batch_runs_as_one_sample() -> None:
    nodes = [
        node("Unsqueeze", ["x", "zero"], ["a"]),
        node("Conv", ["a", "w"], ["b"]),
        node("Squeeze", ["b", "zero"], ["y"]),
    ]
    found = checked(nodes, {"x": [4, 6, 10]}, weights={"w": drawn(5, 4, 3, 3), "zero": ints(0)})
    assert found.inputs["x"] == Axes((3, 1, 2), 4)
    assert any("one sample" in note for note in found.notes)


def test_a_fixed_batch_is_free_now() -> None:
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Reshape", ["a", "s"], ["b"]),
        node("Gemm", ["b", "m"], ["y"]),
    ]
    weights = {"w": drawn(5, 4, 3, 3), "s": ints(2, 160), "m": drawn(160, 3)}
    found = checked(nodes, {"x": [2, 4, 6, 10]}, weights=weights)
    assert str(found.graph["x"].type) == "4@6x10"
    assert "the file has a batch of 2; here it is free" in found.notes


def test_the_batch_may_come_second() -> None:
    nodes = [node("Transpose", ["x"], ["a"], perm=[1, 2, 0]), node("Conv", ["a", "w"], ["y"])]
    found = checked(nodes, {"x": ["T", "batch", 4]}, weights={"w": drawn(5, 4, 3)}, sizes={"T": 7})
    assert found.inputs["x"] == Axes((1, 0, 2), 3)
    assert operators(found) == ["conv(5, 3, bias=false)"]


def test_an_image_of_one_channel_without_an_axis_for_it() -> None:
    nodes = [node("Unsqueeze", ["x", "one"], ["a"]), node("Conv", ["a", "w"], ["y"])]
    found = checked(nodes, {"x": ["N", 6, 10]}, weights={"w": drawn(5, 1, 3, 3), "one": ints(1)})
    assert operators(found)[-1] == "conv(5, 3x3, bias=false)"


def test_a_branch_that_is_known() -> None:
    inner = model([node("Relu", ["x"], ["p"])], IMAGE, ["p"]).graph
    other = model([node("Tanh", ["x"], ["q"])], IMAGE, ["q"]).graph
    for graph in (inner, other):
        del graph.input[:]
    nodes = [
        node("Shape", ["x"], ["s"], start=1, end=2),
        node("Equal", ["s", "four"], ["c"]),
        node("Squeeze", ["c"], ["d"]),
        node("If", ["d"], ["y"], then_branch=inner, else_branch=other),
    ]
    assert operators(checked(nodes, IMAGE, weights={"four": ints(4)})) == ["relu"]
