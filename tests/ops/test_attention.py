"""The operators of attention: together they are PyTorch's attention; and what each refuses."""

from __future__ import annotations

from math import cos, erfc, exp, pi, sin, sqrt

import numpy as np
import pytest

from cnngraph.ir.op import Array, Op, OpError, rng
from cnngraph.ir.registry import registry
from cnngraph.ir.size import symbol
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.ops.add_positions import waves
from cnngraph.ops.gelu import Gelu, normal_distribution

T = symbol("T")
SERIES = TensorType.of(4, (9,))


def op(word: str, *positional: object, **named: object) -> Op:
    return registry()[word](*positional, **named)


def attention(q: Array, k: Array, v: Array, heads: int, causal: bool) -> Array:
    """softmax(q k / sqrt(d)) v in each head, through the operators."""
    queries, keys, values = (op("split_heads", heads).apply([x])[0] for x in (q, k, v))
    (scores,) = op("dot").apply([queries, keys])
    scores = scores / sqrt(queries.shape[-1])
    if causal:
        (scores,) = op("causal").apply([scores])
    (weights,) = op("softmax").apply([scores])
    return op("join_heads").apply([op("mix").apply([weights, values])[0]])[0]


@pytest.mark.parametrize("causal", [False, True])
def test_together_they_are_the_attention_of_pytorch(causal: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    queries, others = 5, 5 if causal else 7
    q, k, v = (rng(i).normal(size=(2, n, 6)) for i, n in enumerate((queries, others, others)))
    theirs = [torch.from_numpy(x).unflatten(-1, (3, 2)).transpose(1, 2) for x in (q, k, v)]
    expected = torch.nn.functional.scaled_dot_product_attention(*theirs, is_causal=causal)
    found = attention(q, k, v, 3, causal)
    np.testing.assert_allclose(found, expected.transpose(1, 2).flatten(-2).numpy(), rtol=1e-12, atol=1e-12)


def test_no_position_sees_what_comes_after_it() -> None:
    x = np.asarray(rng(1).normal(size=(1, 6, 4)), np.float32)
    changed = x.copy()
    changed[:, 4:] += 100
    before, after = (attention(a, a, a, 2, causal=True) for a in (x, changed))
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert (before[:, 4:] != after[:, 4:]).any()


def test_waves_are_those_of_the_paper() -> None:
    table = waves(50, 7)
    for t in (0, 1, 17, 49):
        for i in range(7):
            angle = t / 10_000 ** (2 * (i // 2) / 7)
            assert table[t, i] == pytest.approx(sin(angle) if i % 2 == 0 else cos(angle), abs=1e-15)


def test_a_scalar_product_of_waves_depends_on_the_distance_alone() -> None:
    table = waves(40, 8)
    for distance in (1, 5):
        products = [table[t] @ table[t + distance] for t in range(30)]
        np.testing.assert_allclose(products, products[0], rtol=1e-12)


def test_gelu_in_float32_has_the_error_of_rounding() -> None:
    x = np.linspace(-10, 10, 40_001).astype(np.float32)
    exact = np.array([erfc(-float(a) * sqrt(0.5)) / 2 for a in x])
    assert np.abs(normal_distribution(x) - exact).max() < 6e-8
    slope = exact + x * np.array([exp(-float(a) ** 2 / 2) for a in x]) / sqrt(2 * pi)
    found = Gelu().vjp("x", np.ones_like(x), {"x": x}, {})
    np.testing.assert_allclose(found, slope, rtol=0, atol=3e-7)


def test_gelu_forms_are_near_each_other() -> None:
    x = np.linspace(-6, 6, 1001)
    difference = np.abs(Gelu().forward(x) - Gelu(tanh=True).forward(x)).max()
    assert 1e-4 < difference < 5e-4


def test_rows_of_a_table_add_up_their_gradients() -> None:
    dw = op("embed", 2).vjp("weight", np.ones((1, 3, 2)), {"x": np.array([[1, 0, 1]])}, {"weight": (3, 2)})
    np.testing.assert_array_equal(dw, [[1, 1], [2, 2], [0, 0]])


REFUSED = [
    ("embed", (4,), (SERIES,), "E0204", "embed needs ids such as ids(1000)@T, but receives 4@9"),
    ("embed", (0,), (TensorType.ids(5),), "E0108", "embed must have at least 1 feature, not 0"),
    ("position", (9,), (SERIES,), "E0204", "4@9 has the positions -9 to 8: there is no position 9"),
    ("position", (-10,), (SERIES,), "E0204", "4@9 has the positions -9 to 8: there is no position -10"),
    ("position", (2,), (TensorType.of(4, (T,)),), "E0204", "position 2 needs T to be 3 or more"),
    (
        "position", (0,), (TensorType.of(4, (3, 3)),), "E0202",
        "position needs a sequence such as 512@T, but receives 4@3x3",
    ),
    ("position", (0,), (TensorType.ids(4, (3,)),), "E0204", "position needs features, but receives ids(4)@3"),
    ("split_heads", (3,), (SERIES,), "E0204", "3 heads do not divide the 4 features of 4@9"),
    ("split_heads", (0,), (SERIES,), "E0108", "split_heads must make at least 1 head, not 0"),
    (
        "join_heads", (), (TensorType.of(4),), "E0202",
        "join_heads needs a grid such as 3@224x224, but receives the vector 4",
    ),
    (
        "dot", (), (SERIES, TensorType.of(5, (9,))), "E0204",
        "dot needs as many features in both inputs, but receives 4@9 and 5@9",
    ),
    (
        "dot", (), (TensorType.of(4, (2, 9)), SERIES), "E0204",
        "dot needs the same heads in both inputs, but receives 4@2x9 and 4@9",
    ),
    ("mix", (), (SERIES, SERIES), "E0204", "mix needs a weight for each value, but receives 4 of them (4@9) and 4@9"),
    ("causal", (), (SERIES,), "E0204", "causal needs as many scores as positions, but receives 4@9"),
    (
        "add_positions", (True,), (TensorType.of(4, (T,)),), "E0204",
        "learned positions are of a fixed number, but 4@T has an open one",
    ),
    (
        "add_positions", (), (TensorType.of(4, (3, 3)),), "E0202",
        "add_positions needs a sequence such as 512@T, but receives 4@3x3",
    ),
    ("layernorm", (0.0,), (SERIES,), "E0108", "the epsilon of layernorm must be above 0, not 0.0"),
    ("groupnorm", (3,), (SERIES,), "E0108", "3 groups do not divide the 4 channels of groupnorm"),
]


@pytest.mark.parametrize(("word", "arguments", "inputs", "code", "message"), REFUSED)
def test_refusals(
    word: str, arguments: tuple[object, ...], inputs: tuple[TensorType, ...], code: str, message: str
) -> None:
    with pytest.raises(OpError) as caught:
        op(word, *arguments).infer(*inputs)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_the_way_from_a_grid_to_a_sequence_is_shown() -> None:
    with pytest.raises(OpError) as caught:
        op("prepend_token").infer(TensorType.of(4, (3, 5)))
    assert caught.value.helps == ("`reshape(4@15)` makes a sequence of it",)


def test_the_way_from_ids_to_features_is_shown() -> None:
    for word in ("join_heads", "causal", "conv"):
        arguments = (3, Window((2,))) if word == "conv" else ()
        with pytest.raises(OpError) as caught:
            op(word, *arguments).infer(TensorType.ids(50, (9,)))
        assert caught.value.helps == ("`embed(n)` makes vectors of ids",)


def test_a_known_length_is_enough_for_a_position() -> None:
    assert op("position", 2).infer(TensorType.of(4, (symbol("T", at_least=3),))) == TensorType.of(4)


def test_open_lengths_stay_open() -> None:
    source, target = TensorType.of(6, (2, symbol("S"))), TensorType.of(6, (2, T))
    (scores,) = op("dot").output_types([target, source])
    assert str(scores) == "S@2xT"
    assert str(op("mix").output_types([scores, source])[0]) == "6@2xT"
    assert str(op("prepend_token").infer(TensorType.of(6, (T,)))) == "6@T+1"
