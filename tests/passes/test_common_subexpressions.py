from __future__ import annotations

import pytest

from cnngraph.ir.text import from_text
from cnngraph.passes.common_subexpressions import common_subexpressions

RANDOM = "dropout(training=True) <- x, key"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("f32[batch, 4] = relu <- x", "f32[batch, 4] = tanh <- x"),
        ("f32[batch, 4] = relu <- x on gpu0", "f32[batch, 4] = relu <- x on gpu1"),
        ("f32[batch, 4] = relu <- x", "f32[batch, 4] = relu <- x late"),
        (f"f32[batch, 4], f32[batch, 4], i64[2] = {RANDOM}", f"f32[batch, 4], f32[batch, 4], i64[2] = {RANDOM}"),
    ],
    ids=["two operators", "two devices", "computed again", "chance"],
)
def test_these_stay(first: str, second: str) -> None:
    graph = from_text(f"""\
        graph g
        x: f32[batch, 4] = input
        key: i64[2] = state(initial='key', trainable=False)
        a: {first}
        b: {second}
        output a = a
        output b = b
    """)
    assert common_subexpressions(graph) is graph


def test_two_states_are_never_one() -> None:
    graph = from_text("""\
        graph g
        a: f32[4] = state(initial='zeros')
        b: f32[4] = state(initial='zeros')
        output a = a
        output b = b
    """)
    assert common_subexpressions(graph) is graph
