"""Offsets: nothing that lives at one time overlaps, and little is wasted."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnngraph.plan.memory import ALIGNMENT_BYTES, aligned, offsets

LIVES = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 8), st.integers(1, 1000)).map(lambda t: (t[0], t[0] + t[1], t[2])),
    max_size=25,
)


def most_alive(lives: list[tuple[int, int, int]]) -> int:
    steps = {time for first, last, _ in lives for time in (first, last)}
    return max((sum(aligned(b) for f, e, b in lives if f <= now <= e) for now in steps), default=0)


@settings(max_examples=150, deadline=None)
@given(LIVES)
def test_no_two_live_buffers_overlap(lives: list[tuple[int, int, int]]) -> None:
    starts, total = offsets(lives)
    assert all(start % ALIGNMENT_BYTES == 0 for start in starts)
    assert all(start + bytes_ <= total for start, (_, _, bytes_) in zip(starts, lives, strict=True))
    for (a, (f, e, n)), (b, (g, h, m)) in combinations(list(zip(starts, lives, strict=True)), 2):
        apart_in_time = e < g or h < f
        assert apart_in_time or a + n <= b or b + m <= a
    assert most_alive(lives) <= total <= sum(aligned(b) for _, _, b in lives)


def test_a_chain_needs_its_two_largest_neighbours() -> None:
    lives = [(i, i + 1, size) for i, size in enumerate((64, 640, 128, 1280, 64))]
    assert offsets(lives)[1] == most_alive(lives)


def test_nothing_needs_nothing() -> None:
    assert offsets([]) == ([], 0)


@pytest.mark.parametrize("seed", range(5))
def test_waste_is_small_on_random_lives(seed: int) -> None:
    random = Random(seed)
    lives = [(t, t + random.randint(1, 10), 64 * random.randint(1, 50)) for t in range(200)]
    assert offsets(lives)[1] <= 1.25 * most_alive(lives)
