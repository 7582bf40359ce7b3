from __future__ import annotations

import numpy as np
import pytest
from passes.equality import values

from cnngraph.ir.text import from_text
from cnngraph.passes.pool_before_relu import pool_before_relu


def text(activation: str, pool: str, more: str = "") -> str:
    return f"""\
        graph g
        x: f32[batch, 5, 5, 4] = input
        r: f32[batch, 5, 5, 4] = {activation} <- x
        p: f32[batch, {pool}] = {pool_op(pool)} <- r
        {more}
        output p = p
    """


def pool_op(result: str) -> str:
    ops = {
        "3, 3, 4": "maxpool(window=Window((3,), (2,)), pad=1)",
        "4": "globalmaxpool",
        "5, 5, 4": "maxpool(window=Window((3,), (1,)), pad=1)",
        "2, 2, 4": "avgpool(window=Window((2,)))",
    }
    return ops[result]


@pytest.mark.parametrize("activation", ["relu", "clip(low=-0.5, high=0.5)", "leaky_relu(slope=0.3)"])
@pytest.mark.parametrize("pool", ["3, 3, 4", "4"])
def test_no_bit_changes(activation: str, pool: str) -> None:
    graph = from_text(text(activation, pool))
    after = pool_before_relu(graph)
    assert [node.op.name for node in after][1:] == [pool_op(pool).partition("(")[0], activation.partition("(")[0]]
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 4)).astype(np.float32)
    x[0, 2, 2, 0], x[1, 0, 0, 1], x[1, 4, 4, 2] = np.nan, np.inf, -np.inf
    found = [values(g.bind(batch=2), {"x": x})["p"] for g in (graph, after)]
    assert np.array_equal(*found, equal_nan=True)


@pytest.mark.parametrize(
    ("activation", "pool", "more"),
    [
        ("relu", "3, 3, 4", "output r = r"),
        ("relu", "3, 3, 4", "t: f32[batch, 5, 5, 4] = tanh <- r\n        output t = t"),
        ("relu", "5, 5, 4", ""),
        ("relu", "2, 2, 4", ""),
        ("silu", "3, 3, 4", ""),
    ],
    ids=["an output", "read elsewhere", "as many values", "an average", "a curve that falls"],
)
def test_the_rest_stays(activation: str, pool: str, more: str) -> None:
    graph = from_text(text(activation, pool, more))
    assert pool_before_relu(graph) is graph
