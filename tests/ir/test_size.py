"""Sizes are compared with plain numbers over random bindings: the normal form may never change a value."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnngraph.ir.size import Dim, SizeError, bind, exact_quotient, lower_bound, number, symbol, symbols

H = symbol("H", multiple_of=4)
T = symbol("T", at_least=5)
W = symbol("W")

Values = dict[str, int]
Pair = tuple[Dim, Callable[[Values], int]]  # a size, and the same computation on numbers

bindings = st.builds(
    lambda h, t, w: {"H": 4 * h, "T": t, "W": w}, st.integers(1, 40), st.integers(5, 90), st.integers(1, 90)
)


def _leaf(size: Dim) -> Pair:
    return size, (lambda v: v[str(size)]) if not isinstance(size, int) else (lambda v: size)


def _grown(pairs: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return st.one_of(
        st.builds(lambda a, b: (a[0] + b[0], lambda v: a[1](v) + b[1](v)), pairs, pairs),
        st.builds(lambda a, b: (a[0] - b[0], lambda v: a[1](v) - b[1](v)), pairs, pairs),
        st.builds(lambda a, b: (a[0] * b[0], lambda v: a[1](v) * b[1](v)), pairs, pairs),
        st.builds(lambda a, d: (a[0] // d, lambda v: a[1](v) // d), pairs, st.integers(1, 9)),
        st.builds(lambda a, d: (a[0] % d, lambda v: a[1](v) % d), pairs, st.integers(1, 9)),
    )


leaves = st.one_of(st.sampled_from([H, T, W]), st.integers(-7, 7)).map(_leaf)
pairs = st.recursive(leaves, _grown, max_leaves=6)


@given(pairs, bindings)
@settings(max_examples=300, deadline=None)
def test_a_size_has_the_value_of_the_same_computation_on_numbers(pair: Pair, values: Values) -> None:
    size, computed = pair
    assert bind(size, values) == computed(values)


@given(pairs, bindings)
@settings(max_examples=150, deadline=None)
def test_binding_one_symbol_after_the_other_is_binding_all(pair: Pair, values: Values) -> None:
    size, computed = pair
    for name, value in values.items():
        size = bind(size, {name: value})
    assert size == computed(values)


@given(pairs, pairs, bindings)
@settings(max_examples=150, deadline=None)
def test_equal_normal_forms_have_equal_values(a: Pair, b: Pair, values: Values) -> None:
    assert a[0] + b[0] == b[0] + a[0]
    assert a[0] * b[0] == b[0] * a[0]
    assert a[0] + b[0] - b[0] == a[0]
    if a[0] == b[0]:
        assert a[1](values) == b[1](values)
        assert hash(a[0]) == hash(b[0])


@given(pairs, st.integers(1, 9), st.integers(1, 9), st.integers(-5, 5))
@settings(max_examples=150, deadline=None)
def test_floor_laws_hold_as_normal_forms(pair: Pair, m: int, n: int, k: int) -> None:
    a = pair[0]
    assert (a + k * m) // m == a // m + k
    assert (m * a) // m == a
    assert (m * n * a) // n == m * a
    assert a - a % m == m * (a // m)


@given(st.sampled_from([H, T, W]), st.integers(-9, 9), st.integers(1, 9), st.integers(1, 9))
def test_a_floor_of_a_floor_is_one_floor(size: Dim, k: int, m: int, n: int) -> None:
    assert ((size + k) // m) // n == (size + k) // (m * n)


@given(pairs, bindings)
@settings(max_examples=150, deadline=None)
def test_no_value_lies_below_the_lower_bound(pair: Pair, values: Values) -> None:
    low = lower_bound(pair[0])
    assert low is None or low <= pair[1](values)


@given(pairs, st.integers(1, 9), bindings)
@settings(max_examples=150, deadline=None)
def test_an_exact_quotient_is_exact_for_all_values(pair: Pair, divisor: int, values: Values) -> None:
    quotient = exact_quotient(pair[0], divisor)
    if quotient is not None:
        assert bind(quotient, values) * divisor == pair[1](values)


def test_a_known_divisor_leaves_no_floor() -> None:
    assert 2 * (H // 2) == H
    assert (H + 3) // 4 == H // 4  # 4 divides H, so 3 more never reach the next multiple
    assert 2 * (W // 2) != W


def test_the_halving_and_doubling_of_a_u_net() -> None:
    down = (H + 2 - 3) // 2 + 1
    assert down == H // 2
    assert str(down) == "H/2"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (H + 1, "H+1"),
        (2 * W - 3, "2*W-3"),
        (1 - W, "-W+1"),
        ((W + 3) // 2, "floor((W+1)/2)+1"),
        (W // 2, "floor(W/2)"),
        (W * W * 3, "3*W*W"),
        (H * 3 // 2, "3*H/2"),
    ],
)
def test_text(size: Dim, text: str) -> None:
    assert str(size) == text


def test_facts_are_checked_when_a_symbol_is_bound() -> None:
    with pytest.raises(SizeError, match="H = 6, but H % 4 == 0"):
        bind(H + 1, {"H": 6})
    with pytest.raises(SizeError, match="T = 4, but T >= 5"):
        bind(T, {"T": 4})


def test_symbols_are_named_once_in_order() -> None:
    assert [s.name for s in symbols((W * T + H) // 3 + W)] == ["H", "T", "W"]


def test_a_size_with_a_symbol_is_no_number() -> None:
    assert number(H - H + 3) == 3
    with pytest.raises(SizeError, match="bind H, W"):
        number(H * W)


@pytest.mark.parametrize("divisor", [0, -2])
def test_a_divisor_is_positive(divisor: int) -> None:
    with pytest.raises(SizeError, match="cannot be divided"):
        H // divisor
