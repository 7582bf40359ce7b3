"""Products of two values, attention, masks."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import Shape, agree, checked, computed, drawn, model, node, operators
from onnx.reference import ReferenceEvaluator

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.onnx.reading import read_model

HEADS: dict[str, Shape] = {"q": ["N", 3, 5, 4], "k": ["N", 3, 6, 4], "v": ["N", 3, 6, 4]}
FLAT: dict[str, Shape] = {"q": ["N", 5, 12], "k": ["N", 6, 12], "v": ["N", 6, 12]}


# ---- matrix products ----


def test_scores_and_weighted_sums() -> None:
    nodes = [
        node("Transpose", ["k"], ["t"], perm=[0, 1, 3, 2]), node("MatMul", ["q", "t"], ["s"]),
        node("Softmax", ["s"], ["w"], axis=-1), node("MatMul", ["w", "v"], ["y"]),
    ]  # fmt: skip
    assert operators(checked(nodes, HEADS)) == ["dot", "softmax", "mix"]


def test_a_product_of_what_is_laid_out_as_it_is() -> None:
    assert operators(checked([node("MatMul", ["a", "b"], ["y"])], {"a": ["N", 5, 4], "b": ["N", 4, 6]})) == ["mix"]


def test_a_known_matrix_on_either_side() -> None:
    x: dict[str, Shape] = {"x": ["N", 5, 4]}
    assert operators(checked([node("MatMul", ["x", "m"], ["y"])], x, weights={"m": drawn(4, 7)})) == [
        "linear(7, bias=false)"
    ]
    found = checked([node("MatMul", ["m", "x"], ["y"])], x, weights={"m": drawn(7, 5)})
    assert "linear(7, bias=false)" in operators(found)


EQUATIONS = {
    "bhtd,bhsd->bhts": ("dot", HEADS),
    "bhtd,bhsd->bhst": ("dot", HEADS),
    "btd,bsd->bts": ("dot", FLAT),
}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_equations_of_two_values(equation: str) -> None:
    word, inputs = EQUATIONS[equation]
    found = checked([node("Einsum", ["q", "k"], ["y"], equation=equation)], {name: inputs[name] for name in "qk"})
    assert operators(found) == [word]


def test_an_equation_of_weighted_sums() -> None:
    inputs: dict[str, Shape] = {"w": ["N", 3, 5, 6], "v": ["N", 3, 6, 4]}
    assert operators(checked([node("Einsum", ["w", "v"], ["y"], equation="bhts,bhsd->bhtd")], inputs)) == ["mix"]


@pytest.mark.parametrize(
    ("equation", "shape"), [("btc,cd->btd", (12, 7)), ("btc,chd->bhtd", (12, 3, 4)), ("dc,btc->btd", (7, 12))]
)
def test_equations_with_a_known_matrix(equation: str, shape: tuple[int, ...]) -> None:
    names = ["q", "m"] if equation.startswith("b") else ["m", "q"]
    found = checked([node("Einsum", names, ["y"], equation=equation)], {"q": FLAT["q"]}, weights={"m": drawn(*shape)})
    assert operators(found)[0].startswith("linear")


@pytest.mark.parametrize("equation", ["btc,cd->bd", "bii,cd->bd", "b...c,cd->b...d"])
def test_other_equations_are_told(equation: str) -> None:
    made = model([node("Einsum", ["x", "m"], ["y"], equation=equation)], {"x": ["N", 4, 4]}, weights={"m": drawn(4, 7)})
    with pytest.raises(CnnGraphError, match="Einsum"):
        read_model(made)


# ---- attention as one node, which ONNX Runtime takes in few forms only ----


def attended(
    inputs: dict[str, Shape], names: list[str], weights: dict[str, np.ndarray] | None = None, **attributes: object
) -> list[str]:
    """The operators, once the numbers are those of ONNX's own reference."""
    made = model([node("Attention", names, ["y"], **attributes)], inputs, weights=weights, opset=23)
    feeds = {
        name: drawn(*(2 if n == "N" else int(n) for n in shape), seed=i)
        for i, (name, shape) in enumerate(inputs.items())
    }  # type: ignore[arg-type]
    found = read_model(made)
    agree(computed(found, feeds), ReferenceEvaluator(made).run(None, feeds), 1e-4)
    return operators(found)


SAME: dict[str, Shape] = {"q": ["N", 3, 5, 4], "k": ["N", 3, 5, 4], "v": ["N", 3, 5, 4]}


def test_attention_of_heads() -> None:
    assert attended(HEADS, ["q", "k", "v"]) == ["dot", "scale(0.5)", "softmax", "mix"]


def test_attention_with_heads_side_by_side() -> None:
    maps = [node("MatMul", [name, "m"], [name * 2]) for name in "qkv"]
    heads = {"q_num_heads": 3, "kv_num_heads": 3, "scale": 0.25}
    made = model(
        [*maps, node("Attention", ["qq", "kk", "vv"], ["y"], **heads)], FLAT, weights={"m": drawn(12, 12)}, opset=23
    )
    feeds = {name: drawn(2, *map(int, shape[1:]), seed=i) for i, (name, shape) in enumerate(FLAT.items())}  # type: ignore[arg-type]
    found = read_model(made)
    agree(computed(found, feeds), ReferenceEvaluator(made).run(None, feeds), 1e-4)
    assert {"split_heads(3)", "dot", "scale(0.25)", "softmax", "mix"} <= set(operators(found))


def test_causal_attention() -> None:
    assert attended(SAME, ["q", "k", "v"], is_causal=1) == ["dot", "scale(0.5)", "causal", "softmax", "mix"]


def test_masks() -> None:
    seen = np.ones((5, 5), bool)
    assert "causal" in attended(SAME, ["q", "k", "v", "m"], {"m": np.tril(seen)})
    assert attended(SAME, ["q", "k", "v", "m"], {"m": seen}) == ["dot", "scale(0.5)", "softmax", "mix"]
    bias = attended(SAME, ["q", "k", "v", "m"], {"m": drawn(5, 5)})
    assert "add_positions(learned=true)" in bias
