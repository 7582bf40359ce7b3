"""First values of states: their spread, and that no state's numbers depend on another."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, Weight
from cnngraph.ir.types import TensorType
from cnngraph.train.initialisers import (
    INITIALISERS,
    Constant,
    He,
    Identity,
    Initialiser,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    fan_in,
    fan_out,
    initial_states,
    initialiser_of,
    name_hash,
)

SHAPE = (3, 3, 40, 70)


def graph(**states: Weight) -> Graph:
    builder = Builder()
    outputs = {name: builder.state(name, weight).ref for name, weight in states.items()}
    return builder.finish("net", outputs)


def weight(initial: str, shape: tuple[int, ...] = SHAPE, dtype: str = "float32") -> Weight:
    return Weight(TensorType(shape, dtype), initial)


def test_fans_count_the_window() -> None:
    assert (fan_in(SHAPE), fan_out(SHAPE)) == (3 * 3 * 40, 3 * 3 * 70)
    assert (fan_in((40, 70)), fan_out((40, 70))) == (40, 70)
    assert (fan_in((70,)), fan_out((70,))) == (1, 70)
    assert (fan_in(()), fan_out(())) == (1, 1)


@pytest.mark.parametrize(
    ("initial", "variance"),
    [("he", 2 / 360), ("lecun", 1 / 360), ("glorot", 2 / (360 + 630)), ("unit_rows", 1 / 70), ("normal", 0.02**2)],
    ids=str,
)
def test_values_have_mean_zero_and_the_stated_variance(initial: str, variance: float) -> None:
    values = initial_states(graph(w=weight(initial)), seed=1)["w"]
    deviation = np.sqrt(variance)
    assert values.mean() == pytest.approx(0, abs=5 * deviation / np.sqrt(values.size))
    assert values.var() == pytest.approx(variance, rel=0.02)


RULES: list[tuple[str, tuple[float, ...], float]] = [
    ("he_uniform", (), 2 / 360),
    ("lecun_uniform", (), 1 / 360),
    ("glorot_normal", (), 2 / (360 + 630)),
    ("normal", (0.3,), 0.09),
    ("uniform", (0.3,), 0.03),
    ("truncated_normal", (0.3,), 0.09 * 0.7737),  # of a normal one that is cut at two deviations
    ("orthogonal", (), 1 / 360),  # 70 columns of length 1 with 360 numbers each
    ("orthogonal", (2.0,), 4 / 360),
]


def drawn(initialiser: Initialiser, shape: tuple[int, ...] = SHAPE, seed: int = 1) -> Array:
    return initial_states(graph(w=weight("he", shape)), seed, initialiser)["w"]


@pytest.mark.parametrize(("name", "given", "variance"), RULES, ids=str)
def test_what_the_user_chooses_has_the_stated_variance(name: str, given: tuple[float, ...], variance: float) -> None:
    values = drawn(INITIALISERS[name](*given))
    assert values.mean() == pytest.approx(0, abs=5 * np.sqrt(variance / values.size))
    assert values.var() == pytest.approx(variance, rel=0.02)
    np.testing.assert_array_equal(values, drawn(INITIALISERS[name](*given)))
    assert (values != drawn(INITIALISERS[name](*given), seed=2)).any()


@pytest.mark.parametrize("name", ["he", "he_uniform", "lecun", "glorot", "glorot_normal", "unit_rows", "normal"])
def test_a_choice_by_name_is_what_an_operator_gets_by_name(name: str) -> None:
    own = initial_states(graph(w=weight(name)), seed=1)["w"]
    np.testing.assert_array_equal(drawn(INITIALISERS[name]()), own)


def test_limits_are_kept() -> None:
    assert np.abs(drawn(TruncatedNormal(0.3))).max() <= 0.6 * (1 + 1e-6)
    assert np.abs(drawn(Uniform(0.3))).max() <= 0.3 * (1 + 1e-6)
    assert np.abs(drawn(TruncatedNormal(0.3))).max() > 0.59


@pytest.mark.parametrize("shape", [(3, 3, 4, 10), (3, 3, 4, 50), (12, 12), (5, 9), (9, 5), (7,), (1, 1)], ids=str)
def test_orthogonal_columns_or_rows_stand_at_right_angles(shape: tuple[int, ...]) -> None:
    matrix = drawn(Orthogonal(2.0), shape).reshape(-1, shape[-1])
    product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_orthogonal_matrices_are_turned_every_way() -> None:
    signs = [np.sign(np.diagonal(drawn(Orthogonal(), (6, 6), seed))) for seed in range(200)]
    assert np.abs(np.mean(signs)) < 0.1  # QR without its signs gives mostly negative ones


def test_the_identity_changes_nothing() -> None:
    np.testing.assert_array_equal(drawn(Identity(), (4, 4)), np.eye(4))
    window = drawn(Identity(), (3, 5, 4, 4))
    np.testing.assert_array_equal(window[1, 2], np.eye(4))
    assert window.sum() == 4
    np.testing.assert_array_equal(drawn(Identity(), (3, 1, 6))[1], np.ones((1, 6)))  # a depthwise convolution
    np.testing.assert_array_equal(drawn(Identity(), (2, 4)), [[1, 0, 1, 0], [0, 1, 0, 1]])


def test_a_choice_concerns_random_numbers_only() -> None:
    fixed = Weight(TensorType((5, 6)), "he", trainable=False)
    constant = {"bias": weight("zeros", (70,)), "s": weight("0.25", (70,))}
    states = graph(w=weight("he"), table=weight("unit_rows"), f=fixed, **constant)
    plain, chosen = initial_states(states, 1), initial_states(states, 1, Constant(3))
    assert (chosen["w"] == 3).all()
    assert (chosen["table"] == 3).all()
    for name in ("bias", "s", "f"):
        np.testing.assert_array_equal(plain[name], chosen[name])


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("xavier", (), "there is no initialiser named xavier"),
        ("normal", (0,), "normal: deviation is above 0, not 0"),
        ("uniform", (-1,), "uniform: limit is above 0, not -1"),
        ("orthogonal", (float("nan"),), "orthogonal: gain is above 0, not nan"),
        ("constant", (), "constant needs value"),
    ],
)
def test_a_wrong_choice_is_refused(setting, name, given, message):  # type: ignore[no-untyped-def]
    with pytest.raises(CnnGraphError) as caught:
        initialiser_of(setting(name, *given))
    assert [d.message for d in caught.value.diagnostics] == [message]


def test_without_a_choice_there_is_none(setting):  # type: ignore[no-untyped-def]
    assert initialiser_of(None) is None
    assert initialiser_of(setting("he")) == He()
    assert initialiser_of(setting("normal", 0.1)) == Normal(0.1)


def test_glorot_stays_within_its_limit() -> None:
    values = initial_states(graph(w=weight("glorot")), seed=1)["w"]
    assert np.abs(values).max() <= np.sqrt(6 / (360 + 630)) * (1 + 1e-6)


def test_numbers_that_are_the_same_everywhere() -> None:
    values = initial_states(graph(a=weight("zeros", (2, 3)), b=weight("ones", (4,)), c=weight("zeros", ())), seed=1)
    assert (values["a"] == 0).all()
    assert (values["b"] == 1).all()
    assert values["c"].shape == ()
    assert (initial_states(graph(slope=weight("0.25", (5,))), seed=1)["slope"] == 0.25).all()


@pytest.mark.parametrize("initial", ["zeros", "ones", "1e-06", "he", "glorot", "lecun"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_have_the_type_of_their_state(initial: str, dtype: str) -> None:
    values = initial_states(graph(w=weight(initial, (5, 6), dtype)), seed=1)["w"]
    assert (values.shape, values.dtype) == ((5, 6), dtype)


def test_both_dtypes_begin_with_the_same_numbers() -> None:
    short, long = (initial_states(graph(w=weight("he", dtype=d)), seed=1)["w"] for d in ("float32", "float64"))
    np.testing.assert_array_equal(short, long)


def test_numbers_do_not_depend_on_other_states() -> None:
    alone = initial_states(graph(b=weight("he")), seed=4)["b"]
    among = initial_states(graph(a=weight("glorot"), b=weight("he"), c=weight("he")), seed=4)
    np.testing.assert_array_equal(alone, among["b"])
    assert (among["b"] != among["c"]).any()


def test_another_seed_gives_other_numbers() -> None:
    net = graph(w=weight("he"), r=Weight(TensorType((2,), "int64"), "key", trainable=False))
    one, two, negative = (initial_states(net, seed) for seed in (1, 2, -1))
    assert (one["w"] != two["w"]).all()
    assert len({int(values["r"][0]) for values in (one, two, negative)}) == 3


def test_a_key_belongs_to_its_name_and_begins_at_step_zero() -> None:
    random = Weight(TensorType((2,), "int64"), "key", trainable=False)
    values = initial_states(graph(a=random, b=random), seed=1)
    assert values["a"].dtype == np.int64
    assert values["a"][1] == values["b"][1] == 0
    assert values["a"][0] != values["b"][0]


def test_a_hash_is_the_same_in_every_process() -> None:
    code = "from cnngraph.train.initialisers import name_hash; print(name_hash('conv1.weight'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert name_hash("conv1.weight") == int(other) < 2**64


def test_an_unknown_initialiser_is_refused() -> None:
    with pytest.raises(CnnGraphError) as caught:
        initial_states(graph(w=weight("xavier")), seed=1)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("E0101", "w: no initialiser is named `xavier`")
    assert found.helps == (f"known are {', '.join(INITIALISERS)}, key, and any number",)
