"""The pictures of windows say what the operators do: which output changes with which input, and how many there are."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import cnngraph
from cnngraph.ir.op import Op
from cnngraph.ir.registry import registry
from cnngraph.ir.window import Window
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.conv import Conv
from cnngraph.ops.maxpool import MaxPool
from cnngraph.ops.upconv import UpConv
from cnngraph.reference.window import Picture, picture, pictures

WINDOWED = ("avgpool", "conv", "gaussianpool", "l2pool", "maxpool", "medianpool", "minpool", "sumpool", "upconv")
OPS: list[tuple[Op, int]] = [
    (Conv(1, Window((3,)), 1, stride=2), 7),
    (Conv(1, Window((2,)), ((2, 1),), stride=3), 11),
    (Conv(1, Window((3,)), "same", dilation=3), 8),
    (Conv(1, Window((1,)), stride=2), 5),
    (MaxPool(Window((3,)), stride=2, ceil=True), 6),
    (AvgPool(Window((2,))), 5),
    (UpConv(1, Window((3,)), 1, stride=2), 4),
    (UpConv(1, Window((2,)), stride=3, output_padding=1), 3),
    (UpConv(1, Window((3,)), "same", dilation=2), 4),
]


def columns(row: str) -> str:
    return row[11:].ljust(200)


def drawn(shown: Picture, transposed: bool) -> set[tuple[int, int]]:
    """(input, output) for each mark of a picture; in a transposed one the windows lie on the output."""
    ends = {row.split()[0]: columns(row) for row in shown.rows if not row.startswith("window")}
    padded = ends["output" if transposed else "input"]
    windows = [columns(row) for row in shown.rows if row.startswith("window")]
    places = [at for at, sign in enumerate(padded) if sign.isdigit()]
    pairs = {(i, o) for o, row in enumerate(windows) for i, at in enumerate(places) if row[at] == "#"}
    return {(o, i) for i, o in pairs} if transposed else pairs


def reached(op: Op, positions: int) -> set[tuple[int, int]]:
    """(input, output) where the output changes with the input."""
    arrays: list[Any] = [np.ones((1, positions, 2))]
    types = op.weight_types(registry()["identity"]().infer(_type(positions)))
    arrays += [np.ones(weight.type.concrete) for weight in types.values()]
    before = op.apply(arrays)[0]
    pairs = set()
    for i in range(positions):
        moved = arrays[0].copy()
        moved[0, i] += 1000
        after = op.apply([moved, *arrays[1:]])[0]
        pairs |= {(i, int(o)) for o in np.flatnonzero(np.any(after != before, axis=(0, 2)))}
    return pairs


def _type(positions: int) -> Any:
    return cnngraph.loads(f"net n(x: 2@{positions}) = relu").graph.inputs[0].type


@pytest.mark.parametrize(("op", "positions"), OPS, ids=lambda value: str(value))
def test_the_marks_are_what_the_operator_reads(op: Op, positions: int) -> None:
    assert drawn(picture(op, positions), isinstance(op, UpConv)) == reached(op, positions)


@pytest.mark.parametrize("name", WINDOWED)
def test_the_count_is_that_of_the_layer(name: str) -> None:
    shown = list(pictures(registry()[name]))
    assert len(shown) == (3 if name in ("avgpool", "l2pool", "maxpool") else 2)
    for each in shown:
        positions = 6 if "ceil = true" in each.layer else 7
        result = cnngraph.loads(f"net n(x: 2@{positions}) = {each.layer}").graph
        (ref,) = result.outputs.values()
        assert re.fullmatch(rf".* = {result.type_of(ref).positions[0]}", each.formulas[-1])


def test_only_windows_are_drawn() -> None:
    assert {name for name, op in registry().items() if list(pictures(op))} == set(WINDOWED)
