from __future__ import annotations

import pytest
from passes.equality import differences

from cnngraph.ir.graph import Ref
from cnngraph.ir.text import from_text
from cnngraph.kernels.pointwise import knows
from cnngraph.ops.fused import Fused
from cnngraph.passes.fuse_epilogues import BEHIND, follows, fuse_epilogues

HEAD = """\
graph g
x: f32[batch, 5, 4] = input
v: f32[batch, 4] = input
w: f32[4, 4] = state(initial='he')
b: f32[4] = state(initial='zeros')
a: f32[batch, 5, 4] = linear(features=4) <- x, w, b
"""


def fused(text: str) -> dict[str, str]:
    """The operators of each fused node."""
    nodes = fuse_epilogues(from_text(HEAD + text)).nodes
    return {n.name: "+".join(op.name for op in (n.op.first, *n.op.then)) for n in nodes if isinstance(n.op, Fused)}


def test_a_chain_is_one_node() -> None:
    text = "s: f32[batch, 5, 4] = mul <- v, a\nt: f32[batch, 5, 4] = silu <- s\noutput t = t\n"
    assert fused(text) == {"t": "linear+mul+silu"}
    graph = from_text(HEAD + text)
    assert fuse_epilogues(graph)["t"].inputs == (Ref("x"), Ref("w"), Ref("b"), Ref("v"))
    assert differences(graph, [fuse_epilogues], batch=2)["t"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "r: f32[batch, 5, 4] = relu <- a\noutput r = r\noutput a = a\n",  # the product is an output
        "r: f32[batch, 5, 4] = relu <- a\nt: f32[batch, 5, 4] = tanh <- a\noutput r = r\noutput t = t\n",
        "r: f32[batch, 5, 4] = softmax <- a\noutput r = r\n",  # not pointwise
        "r: f32[batch, 5, 4] = gelu <- a\noutput r = r\n",  # pointwise, but not in place
        "r: f32[batch, 5, 4] = mul <- x, x, a\noutput r = r\n",  # another order of products
        "r: f32[batch, 5, 4] = mul <- a, a\noutput r = r\n",
    ],
)
def test_what_is_missed_elsewhere_or_is_no_epilogue_stays(text: str) -> None:
    assert fused(text) == {}


def test_a_chain_ends_where_a_value_is_an_output() -> None:
    text = "r: f32[batch, 5, 4] = relu <- a\nt: f32[batch, 5, 4] = tanh <- r\noutput r = r\noutput t = t\n"
    assert fused(text) == {"r": "linear+relu"}


def test_of_two_products_the_later_one_takes_the_sum() -> None:
    text = "c: f32[batch, 5, 4] = linear(features=4) <- a, w, b\nd: f32[batch, 5, 4] = linear(features=4) <- v5, w, b\n"
    v5 = "v5: f32[batch, 5, 4] = mul <- x, v\n"
    text = f"{v5}{text}s: f32[batch, 5, 4] = add <- c, d\noutput s = s\n"
    assert fused(text) == {"s": "linear+add"}
    graph = from_text(HEAD + text)
    assert fuse_epilogues(graph)["s"].inputs == (Ref("v5"), Ref("w"), Ref("b"), Ref("c"))
    assert differences(graph, [fuse_epilogues], batch=2)["s"] == 0


def test_a_chain_of_pointwise_operators_begins_with_a_value_like_its_own() -> None:
    text = "s: f32[batch, 5, 4] = mul <- v, x\nt: f32[batch, 5, 4] = silu <- s\noutput t = t\n"
    graph = from_text(HEAD + text)
    assert fused(text) == {"t": "mul+silu"}
    assert fuse_epilogues(graph)["t"].inputs == (Ref("x"), Ref("v"))
    assert differences(graph, [fuse_epilogues], batch=2)["t"] == 0


def test_nodes_of_two_devices_stay_apart() -> None:
    text = "r: f32[batch, 5, 4] = relu <- a on gpu0\nt: f32[batch, 5, 4] = tanh <- r on gpu1\noutput t = t\n"
    assert fused(text) == {"r": "linear+relu"}


def test_kernels_know_what_is_fused() -> None:
    known = [sample.op for cls in BEHIND for sample in cls.samples() if follows(sample.op)]
    assert {type(op) for op in known} == set(BEHIND)
    assert all(map(knows, known))
