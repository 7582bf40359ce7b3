from __future__ import annotations

import pytest
from passes.equality import differences

from cnngraph.ir.text import from_text
from cnngraph.passes.merge_siblings import merge_siblings

HEAD = """\
graph g
x: f32[batch, 7, 7, 3] = input
v: f32[1, 1, 3, 4] = state(initial='he')
w: f32[1, 1, 3, 2] = state(initial='he')
u: f32[3, 3, 3, 2] = state(initial='he')
"""
TWO = """\
a: f32[batch, 7, 7, 4] = conv(features=4, window=Window((1,)), bias=False) <- x, v
b: f32[batch, 7, 7, 2] = conv(features=2, window=Window((1,)), bias=False) <- x, w
"""
OUT = "output a = a\noutput b = b\n"


def test_three_of_one_geometry_and_one_of_another() -> None:
    more = """\
        c: f32[batch, 7, 7, 2] = conv(features=2, window=Window((3,)), pad=1, bias=False) <- x, u
        d: f32[batch, 7, 7, 2] = conv(features=2, window=Window((3,)), pad='same', bias=False) <- x, u
        output c = c
        output d = d
    """
    graph = from_text(HEAD + TWO + more + OUT)
    merged = merge_siblings(graph)
    assert [node.op.name for node in merged if node.inputs].count("conv") == 2
    assert [node.op.name for node in merged if node.inputs].count("part") == 4
    assert max(differences(graph, [merge_siblings], batch=2).values()) < 1e-6


@pytest.mark.parametrize(
    "text",
    [
        f"{TWO}{OUT}update v = v2\n".replace("output a", "v2: f32[1, 1, 3, 4] = scale(factor=0.5) <- v\noutput a"),
        f"{TWO}c: f32[batch, 7, 7, 6] = concat <- a, b\noutput c = c\n",
        f"{TWO}r: f32[batch, 7, 7, 4] = relu <- a\ns: f32[batch, 7, 7, 2] = tanh <- b\noutput r = r\noutput s = s\n",
        f"{TWO}r: f32[batch, 7, 7, 4] = relu <- a\noutput r = r\noutput b = b\n",
        f"{TWO.replace('x, v', 'x, v on gpu0').replace('x, w', 'x, w on gpu1')}{OUT}",
    ],
    ids=["trained", "in a concat", "two activations", "one activation", "two devices"],
)
def test_those_that_gain_nothing_stay(text: str) -> None:
    graph = from_text(HEAD + text)
    assert merge_siblings(graph) is graph


def test_queries_keys_and_values_are_one_product() -> None:
    text = """\
        graph g
        x: f32[batch, 5, 4] = input
        p: f32[4, 3] = state(initial='he')
        q: f32[4, 3] = state(initial='he')
        a: f32[batch, 5, 3] = linear(features=3, bias=False) <- x, p
        b: f32[batch, 5, 3] = linear(features=3, bias=False) <- x, q
        s: f32[batch, 5, 3] = softmax <- a
        t: f32[batch, 5, 3] = softmax <- b
        output s = s
        output t = t
    """
    graph = from_text(text)
    assert merge_siblings(graph)["a.joined"].type.channels == 6
    assert max(differences(graph, [merge_siblings], batch=2).values()) < 1e-6
