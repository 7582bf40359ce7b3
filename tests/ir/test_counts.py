"""Figures of LeNet-5 (LeCun et al. 1998) as papers print them, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cnngraph.ir.builder import Builder
from cnngraph.ir.counts import Field, cost_of, depth, multiply_adds, parameters, receptive_fields
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Op
from cnngraph.ir.size import symbol
from cnngraph.ir.text import from_text
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.avgpool import AvgPool
from cnngraph.ops.conv import Conv
from cnngraph.ops.dense import Dense
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.tanh import Tanh


def chain(image: TensorType, layers: Sequence[tuple[str, Op]]) -> Graph:
    builder = Builder()
    last = builder.add("image", Input(image))
    for name, op in layers:
        last = builder.apply(name, op, [last.ref])
    return builder.finish("chain", {"main": last.ref})


TRUNK: tuple[tuple[str, Op], ...] = (
    ("c1", Conv(6, Window((5, 5)), "same")),
    ("t1", Tanh()),
    ("s2", AvgPool(Window((2,), (2,)))),
    ("c3", Conv(16, Window((5, 5)))),
    ("t3", Tanh()),
    ("s4", AvgPool(Window((2,), (2,)))),
)
HEAD: tuple[tuple[str, Op], ...] = (
    ("flat", Flatten()),
    ("c5", Dense(120)),
    ("t5", Tanh()),
    ("head.f6", Dense(84)),
    ("t6", Tanh()),
    ("head.f7", Dense(10)),
)
LENET = chain(TensorType.of(1, (28, 28)), TRUNK + HEAD)


def test_parameters() -> None:
    assert parameters(LENET) == 61_706


@pytest.mark.parametrize(("within", "count"), [("c1", 156), ("c3", 2416), ("c5", 48_120), ("head", 11_014), ("c", 0)])
def test_parameters_of_a_part(within: str, count: int) -> None:
    assert parameters(LENET, within) == count


def test_only_trainable_states_are_parameters() -> None:
    graph = from_text(
        "graph g\na: f32[7] = state(initial='ones')\nb: f32[5] = state(initial='ones', trainable=False)\n"
    )
    assert parameters(graph) == 7


def test_depth_counts_layers_with_weights() -> None:
    assert depth(LENET) == 5


def test_depth_is_that_of_the_longest_branch() -> None:
    graph = from_text("""\
        graph branches
        x: f32[batch, 3] = input
        a.weight: f32[3, 3] = state(initial='he')
        a: f32[batch, 3] = dense(features=3, bias=False) <- x, a.weight
        b: f32[batch, 3] = dense(features=3, bias=False) <- a, a.weight
        y: f32[batch, 3] = add <- x, b
        short: f32[batch, 3] = relu <- x
        output y = y
        output short = short
    """)
    assert depth(graph) == 2
    assert parameters(graph) == 9


def test_multiply_adds_are_for_one_sample() -> None:
    each = {"c1": 28 * 28 * 6 * 25, "c3": 10 * 10 * 16 * 150, "c5": 48_000, "head.f6": 10_080, "head.f7": 840}
    for name, count in each.items():
        assert cost_of(LENET, LENET[name]).multiply_adds == count
        assert cost_of(LENET, LENET[name]).flops == 2 * count
    assert multiply_adds(LENET) == sum(each.values()) == 416_520


def test_receptive_fields() -> None:
    fields = receptive_fields(LENET)
    expected = {"image": (1, 1), "c1": (5, 1), "t1": (5, 1), "s2": (6, 2), "c3": (14, 2), "s4": (16, 4)}
    for name, (extent, step) in expected.items():
        assert fields[name] == Field((extent, extent), (step, step))
    assert str(fields["s4"]) == "16x16"
    assert fields["c5"] is None  # a dense layer sees the whole image
    assert "c1.weight" not in fields


def test_a_merge_sees_what_its_widest_branch_sees() -> None:
    builder = Builder()
    image = builder.add("image", Input(TensorType.of(4, (9, 9)))).ref
    wide = builder.apply("wide", Conv(4, Window((5, 3)), "same"), [image]).ref
    merged = from_text("graph g\na: f32[batch, 9, 9, 4] = input\nm: f32[batch, 9, 9, 4] = add <- a, a")["m"].op
    builder.add("m", merged, [image, wide])
    assert receptive_fields(builder.finish("g", {}))["m"] == Field((5, 3), (1, 1))


def test_figures_with_symbols_stay_symbols() -> None:
    h = symbol("H", multiple_of=4)
    graph = chain(TensorType.of(1, (h, h)), TRUNK)
    assert parameters(graph) == 156 + 2416
    assert cost_of(graph, graph["c1"]).multiply_adds == 150 * h * h
