from __future__ import annotations

import pytest
from passes.equality import differences

from cnngraph.ir.graph import Ref
from cnngraph.ir.text import from_text
from cnngraph.passes.fold_batchnorm import fold_batchnorm

PRODUCTS = {
    "conv(features=4, window=Window((3,)), groups=2)": ("3, 3, 3, 4", "6, 6"),
    "upconv(features=4, window=Window((2,), (2,)))": ("2, 2, 6, 4", "16, 16"),
    "linear(features=4)": ("6, 4", "8, 8"),
}


def text(op: str, weight: str, out: str, on: str = "") -> str:
    return f"""\
        graph g
        x: f32[batch, 8, 8, 6] = input
        c.weight: f32[{weight}] = state(initial='he') with c
        c.bias: f32[4] = state(initial='zeros') with c
        c: f32[batch, {out}, 4] = {op} <- x, c.weight, c.bias on gpu0
        n.scale: f32[4] = state(initial='ones') with n
        n.shift: f32[4] = state(initial='zeros') with n
        n.mean: f32[4] = state(initial='zeros', trainable=False) with n
        n.variance: f32[4] = state(initial='ones', trainable=False) with n
        n: f32[batch, {out}, 4] = batchnorm <- c, n.scale, n.shift, n.mean, n.variance{on}
        output y = n
    """


CONV = text("conv(features=4, window=Window((3,)))", "3, 3, 6, 4", "6, 6")


@pytest.mark.parametrize("op", PRODUCTS)
def test_products_of_all_kinds_take_it(op: str) -> None:
    graph = from_text(text(op, *PRODUCTS[op]))
    folded = fold_batchnorm(graph)
    assert [node.op.name for node in folded if node.inputs] == ["fold_norm", op.partition("(")[0]]
    assert folded["n"].device == "gpu0"
    assert differences(graph, [fold_batchnorm], batch=2)["y"] < 1e-5


@pytest.mark.parametrize("line", ["output c = c", "r: f32[batch, 6, 6, 4] = relu <- c\noutput r = r"])
def test_a_product_that_is_read_elsewhere_stays(line: str) -> None:
    graph = from_text(f"{CONV}\n{line}")
    folded = fold_batchnorm(graph)
    assert folded["c"] == graph["c"]
    assert folded["n"].op.name == "affine"
    assert folded["n"].inputs == (Ref("c"), Ref("n.line"), Ref("n.line", 1))


def test_a_product_on_another_device_stays() -> None:
    folded = fold_batchnorm(from_text(text("linear(features=4)", "6, 4", "8, 8", " on gpu1")))
    assert (folded["c"].device, folded["n"].device) == ("gpu0", "gpu1")


def test_a_shared_normalization_is_folded_into_each_product() -> None:
    again = """\
        c2: f32[batch, 6, 6, 4] = conv(features=4, window=Window((3,))) <- x, c.weight, c.bias
        m: f32[batch, 6, 6, 4] = batchnorm <- c2, n.scale, n.shift, n.mean, n.variance
        output z = m
    """
    graph = from_text(CONV + again)
    assert sum(node.op.name == "fold_norm" for node in fold_batchnorm(graph)) == 2
    assert max(differences(graph, [fold_batchnorm], batch=2).values()) < 1e-5
