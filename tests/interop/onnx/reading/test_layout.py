"""Layouts: reshapes and transposes of a foreign array that move nothing here, and what moves when a layer asks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")

from cnngraph.interop.onnx.reading.layout import Layout, quotient
from cnngraph.interop.onnx.reading.moves import moves
from cnngraph.ir.op import Array
from cnngraph.ir.size import symbol
from cnngraph.ir.types import BATCH

NUMBERS = {"batch": 5}
IMAGE = Layout.of((BATCH, 6, 8, 3), ((0,), (2,), (3,), (1,)))


def ours_of(layout: Layout, theirs: Array) -> Array:
    """The foreign array in our order, by the definition of a layout."""
    sizes = [5 if size == BATCH else int(str(size)) for size in layout.sizes]
    order = [f for axis in layout.theirs for f in axis]
    factors = theirs.reshape([sizes[f] for f in order]).transpose(np.argsort(order).tolist())
    shape = [int(np.prod([sizes[f] for f in group], dtype=int)) for group in layout.groups]
    return factors.reshape(shape)


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, list[int]]]:
    """Reshapes and transposes, one after the other, that leave the batch alone."""
    found, shape = [], [6, 8, 3]
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            order = draw(st.permutations(range(len(shape))))
            shape = [shape[i] for i in order]
            found.append(("transpose", [0, *(i + 1 for i in order)]))
        else:
            left, shape = int(np.prod(shape)), []
            while left > 1 and len(shape) < 4:
                size = draw(st.sampled_from([n for n in range(1, left + 1) if left % n == 0]))
                shape.append(size)
                left //= size
            shape.append(left)
            found.append(("reshape", [5, *shape]))
    return found


@settings(max_examples=150, deadline=None, derandomize=True)
@given(steps())
def test_a_chain_of_reshapes_and_transposes_only_changes_the_layout(chain: list[tuple[str, list[int]]]) -> None:
    layout = IMAGE
    theirs = np.arange(5 * 6 * 8 * 3).reshape(5, 6, 8, 3)
    own = ours_of(layout, theirs)
    for kind, numbers in chain:
        changed = layout.permuted(numbers) if kind == "transpose" else layout.reshaped(numbers, batch=5)
        if changed is None:
            return  # the factors do not fit: something has to move, which the tests of models show
        layout = changed
        theirs = theirs.transpose(numbers) if kind == "transpose" else theirs.reshape(numbers)
        assert [5 if n == BATCH else n for n in layout.shape] == list(theirs.shape)
        np.testing.assert_array_equal(ours_of(layout, theirs).reshape(own.shape), own)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.permutations([1, 2, 3, 4]), st.sets(st.integers(1, 3)), st.booleans())
def test_moves_give_the_axes_that_are_asked_for(order: list[int], cuts: set[int], is_unit: bool) -> None:
    layout = IMAGE.reshaped((BATCH, 2, 3, 8, 3))
    assert layout is not None
    ends = [0, *sorted(cuts), 4]
    groups = ((0,), *(tuple(order[a:b]) for a, b in pairwise(ends)), *(((),) if is_unit else ()))
    theirs = np.arange(5 * 6 * 8 * 3).reshape(5, 2, 3, 8, 3)
    x = ours_of(layout, theirs)
    for op in moves(layout, groups):
        x = np.asarray(op.forward(x))
    np.testing.assert_array_equal(x, ours_of(layout.rearranged(groups), theirs))


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (((0,), (1,), (2,), (3, 4)), []),
        (((0,), (1,), (2,), (4, 3)), ["shuffle(2)"]),
        (((0,), (2,), (1,), (3, 4)), ["transpose((1, 0))"]),
        (((0,), (3,), (1,), (2,), (4,)), ["split_heads(2)"]),
        (((0,), (1, 2, 3, 4)), ["flatten"]),
        (((0,), (1, 2), (3, 4)), ["reshape(6@24)"]),
        (((0,), (3, 4, 1, 2)), ["reshape(1@24x6)", "transpose((1, 0))", "flatten"]),
    ],
)
def test_moves_have_the_words_of_the_language(groups: tuple[tuple[int, ...], ...], words: list[str]) -> None:
    layout = Layout(((BATCH,), (8,), (3,), (2, 3)), ((0,), (3,), (4,), (1,), (2,)))
    assert [str(op) for op in moves(layout, groups)] == words


def test_heads_are_joined() -> None:
    layout = Layout(((BATCH,), (2,), (7,), (3,)), ((0,), (2,), (1, 3)))
    assert [str(op) for op in moves(layout, ((0,), (2,), (1, 3)))] == ["join_heads"]


# ---- reshapes ----


@pytest.mark.parametrize(
    ("shape", "theirs"),
    [
        ((BATCH, -1), ((0,), (3, 1, 2))),
        ((1, -1), ((0,), (3, 1, 2))),  # a batch of one in the file
        ((-1, 144), ((0,), (3, 1, 2))),
        ((1, 6, -1), ((0,), (3,), (1, 2))),
        ((1, 1, 6, 24), ((0,), (), (3,), (1, 2))),
        ((144,), ((0, 3, 1, 2),)),
    ],
)
def test_the_batch_of_a_file_is_ours(shape: tuple[int, ...], theirs: tuple[tuple[int, ...], ...]) -> None:
    found = IMAGE.reshaped(shape, batch=1)
    assert found is not None
    assert found.theirs == theirs


def test_a_batch_that_is_cut_is_no_layout() -> None:
    assert IMAGE.reshaped((2, 2, 6, 24), batch=4) is None


def test_factors_that_do_not_nest_are_no_layout() -> None:
    assert Layout.of((BATCH, 4, 6), ((0,), (1,), (2,))).reshaped((BATCH, 6, 4)) is None


def test_open_sizes_are_followed() -> None:
    h, w = symbol("H", 2), symbol("W")
    layout = Layout.of((BATCH, 6, h, w), ((0,), (2,), (3,), (1,)))
    flat = layout.reshaped((BATCH, 6, h * w))
    assert flat is not None
    assert flat.theirs == ((0,), (3,), (1, 2))
    cut = layout.reshaped((BATCH, 6, h // 2, 2, w))
    assert cut is not None
    assert cut.ours[1] == (h // 2, 2)


def test_quotients() -> None:
    h = symbol("H")
    assert quotient(h * 6, 4) is None
    assert quotient(h * h, h) == h
    assert quotient(12, 5) is None
    assert quotient(12, h) is None
