"""First values of states: their spread, and that no state's numbers depend on another."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Weight
from cnngraph.ir.types import TensorType
from cnngraph.train.initialisers import fan_in, fan_out, initial_states, name_hash

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
    [("he", 2 / 360), ("lecun", 1 / 360), ("glorot", 2 / (360 + 630)), ("unit_rows", 1 / 70), ("small", 0.02**2)],
    ids=str,
)
def test_values_have_mean_zero_and_the_stated_variance(initial: str, variance: float) -> None:
    values = initial_states(graph(w=weight(initial)), seed=1)["w"]
    deviation = np.sqrt(variance)
    assert values.mean() == pytest.approx(0, abs=5 * deviation / np.sqrt(values.size))
    assert values.var() == pytest.approx(variance, rel=0.02)


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
    assert found.helps == ("known are zeros, ones, he, glorot, lecun, unit_rows, small, key, and any number",)
