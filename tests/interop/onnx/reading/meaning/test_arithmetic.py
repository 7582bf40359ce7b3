"""Values that meet, choices, repetitions, reductions and sizes of images, against ONNX Runtime; what they become."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="models of ONNX are read")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is the oracle of these tests")

from interop.onnx.reading.models import checked, drawn, model, node, operators

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.reading import read_model

IMAGE = {"x": ("N", 4, 6, 8)}
OPEN = {"x": ("N", 4, "H", "W")}
GRID = (6, 8)


def conv(name: str = "x", result: str = "c") -> list[Any]:
    return [node("Conv", [name, "k"], [result])]


KERNEL = {"k": drawn(4, 4, 1, 1)}


@pytest.mark.parametrize(
    ("nodes", "weights", "became"),
    [
        ([node("Mul", ["x", "a"], ["y"])], {"a": np.float32(2)}, ["scale(2.0)"]),
        ([node("Sub", ["a", "x"], ["y"])], {"a": np.float32(2)}, ["scale(-1.0)", "shift(2.0)"]),
        ([node("Div", ["a", "x"], ["y"])], {"a": np.float32(2)}, ["power(-1.0)", "scale(2.0)"]),
        ([node("Pow", ["x", "a"], ["y"])], {"a": np.float32(2)}, ["power(2.0)"]),
        ([node("Max", ["x", "a"], ["y"])], {"a": np.float32(0)}, ["relu"]),
        ([node("Mul", ["x", "a"], ["y"])], {"a": drawn(4, 1, 1)}, ["layer_scale"]),
        ([node("Add", ["x", "a"], ["y"])], {"a": drawn(4, 1, 1)}, ["learned(4)", "add"]),
        ([node("Add", ["x", "a"], ["y"])], {"a": drawn(1, *GRID)}, ["add_positions(learned=true)"]),
        ([node("Max", ["x", "a"], ["y"])], {"a": drawn(4, 1, 1)}, ["learned(4@6x8)", "max"]),
        ([node("Div", ["a", "x"], ["y"])], {"a": drawn(4, *GRID)}, ["learned(4@6x8)", "div"]),
        ([node("Add", ["x", "x"], ["a"]), node("Mul", ["a", "x"], ["y"])], {}, ["add", "mul"]),
    ],
)  # fmt: skip
def test_with_known_numbers(nodes: list[Any], weights: dict[str, Any], became: list[str]) -> None:
    all_nodes = [node("Tanh", ["x"], ["c"]), *nodes]
    for one in nodes:
        one.input[:] = ["c" if name == "x" else name for name in one.input]
    found = checked(all_nodes, IMAGE, weights=weights)
    assert operators(found)[1:] == became


@pytest.mark.parametrize("operator", ["Add", "Mul", "Div", "Max"])
def test_a_value_for_each_channel(operator: str) -> None:
    nodes = [node("GlobalAveragePool", ["x"], ["g"]), node("Sigmoid", ["g"], ["s"]), node(operator, ["x", "s"], ["y"])]
    assert checked(nodes, IMAGE)
    if operator != "Max":
        assert operators(checked(nodes, OPEN, sizes={"H": 5, "W": 7}))[-1] == operator.lower()


def test_a_map_for_all_channels_is_repeated() -> None:
    nodes = [node("Conv", ["x", "k"], ["m"]), node("Sigmoid", ["m"], ["s"]), node("Mul", ["x", "s"], ["y"])]
    found = operators(checked(nodes, IMAGE, weights={"k": drawn(1, 4, 1, 1)}))
    assert [text.partition("(")[0] for text in found][-4:] == ["reshape", "upsample", "reshape", "mul"]


def test_a_map_of_open_size_is_not_repeated() -> None:
    nodes = [node("Conv", ["x", "k"], ["m"]), node("Mul", ["x", "m"], ["y"])]
    with pytest.raises(CnnGraphError, match="repeated along an open axis"):
        read_model(model(nodes, OPEN, weights={"k": drawn(1, 4, 1, 1)}))


def test_rows_meet_columns() -> None:
    nodes = [
        node("ReduceMean", ["x", "h"], ["a"], keepdims=1), node("ReduceMean", ["x", "w"], ["b"], keepdims=1),
        node("Add", ["a", "b"], ["y"]),
    ]  # fmt: skip
    checked(nodes, IMAGE, weights={"h": np.array([2]), "w": np.array([3])})


@pytest.mark.parametrize("operator", ["Less", "Greater", "LessOrEqual", "GreaterOrEqual"])
def test_choices(operator: str) -> None:
    nodes = [node(operator, ["x", "a"], ["m"]), node("Exp", ["x"], ["e"]), node("Where", ["m", "x", "e"], ["y"])]
    found = operators(checked(nodes, IMAGE, weights={"a": np.float32(0.25)}))
    assert found[-1] == "select"


def test_what_is_not_chosen_may_be_infinite() -> None:
    nodes = [node("Log", ["x"], ["l"]), node("Greater", ["x", "a"], ["m"]), node("Where", ["m", "l", "x"], ["y"])]
    with np.errstate(invalid="ignore"):
        checked(nodes, IMAGE, weights={"a": np.float32(0)})


@pytest.mark.parametrize("axes", [[1], [2, 3], [3], [1, 2, 3], [1, 3]])
@pytest.mark.parametrize("operator", ["ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp", "ReduceProd"])
def test_reductions(operator: str, axes: list[int]) -> None:
    nodes = [*conv(), node(operator, ["c", "a"], ["y"], keepdims=len(axes) % 2)]
    image = {"x": ("N", 4, 3, 5)}
    checked(nodes, image, weights={**KERNEL, "a": np.array(axes)}, opset=20, tolerance=1e-4)


def test_all_positions_are_a_pool() -> None:
    nodes = [*conv(), node("ReduceMean", ["c", "a"], ["y"], keepdims=0)]
    found = checked(nodes, OPEN, weights={**KERNEL, "a": np.array([2, 3])}, sizes={"H": 5, "W": 7})
    assert operators(found)[1:] == ["globalavgpool"]


def test_what_is_predicted() -> None:
    nodes = [*conv(), node("ArgMax", ["c"], ["i"], axis=1, keepdims=0), node("Gather", ["t", "i"], ["y"])]
    found = checked(nodes, IMAGE, weights={**KERNEL, "t": drawn(4, 2)})
    assert [text.partition("(")[0] for text in operators(found)][-2:] == ["argmax", "embed"]


@pytest.mark.parametrize(
    ("attributes", "inputs", "became"),
    [
        ({"mode": "linear"}, {"f": np.float32([1, 1, 2, 3])}, 'upsample((2, 3), mode=linear)'),
        ({"mode": "linear", "coordinate_transformation_mode": "align_corners"}, {"s": np.array([2, 4, 9, 5])},
         "resize((9, 5), corners=true)"),
        ({"mode": "linear"}, {"f": np.float32([1, 1, 1.5, 1.25])}, "resize((9, 10))"),
        ({"mode": "cubic"}, {"s": np.array([2, 4, 9, 10])}, "resize((9, 10), mode=cubic)"),
        ({"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
         {"f": np.float32([1, 1, 1.5, 1.25])}, "resize((9, 10), mode=nearest)"),
        ({"mode": "linear", "antialias": 1}, {"s": np.array([2, 4, 4, 5])}, "linear(5, bias=false)"),
    ],
)  # fmt: skip
def test_images_of_another_size(attributes: dict[str, Any], inputs: dict[str, Any], became: str) -> None:
    names = ["c", "", "f"] if "f" in inputs else ["c", "", "", "s"]
    image = {"x": (2, 4, 6, 8)}
    nodes = [*conv(), node("Resize", names, ["y"], **attributes)]
    assert became in operators(checked(nodes, image, weights={**KERNEL, **inputs}))


def test_values_are_repeated() -> None:
    nodes = [*conv(), node("Tile", ["c", "r"], ["t"]), node("Expand", ["t", "s"], ["y"])]
    weights = {**KERNEL, "r": np.array([1, 2, 1, 3]), "s": np.array([1, 1, 8, 6, 24])}
    image = {"x": (1, 4, 6, 8)}
    checked(nodes, image, weights=weights)
