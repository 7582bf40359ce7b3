"""Parts that chance divides: of each class alike, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnngraph.data.dataset import Part
from cnngraph.data.division import FOR_CHOICES, FOR_TESTS, divided
from cnngraph.diagnostics import CnnGraphError


def samples(labels):
    return Part({"label": np.array(labels, np.int64), "number": np.arange(len(labels))})


@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=5).filter(lambda counts: sum(counts) > 3),
    share=st.floats(0.2, 0.8), seed=st.integers(0, 2**40),
)  # fmt: skip
def test_each_sample_is_in_one_part_and_each_class_in_both_as_its_share_says(counts, share, seed):
    part = samples(np.repeat(np.arange(len(counts)), counts))
    left, taken = divided(part, share, seed, FOR_TESTS)
    numbers = np.concatenate([left.columns["number"], taken.columns["number"]])
    assert sorted(numbers.tolist()) == list(range(len(part)))
    assert len(taken) == round(share * len(part))
    for label, count in enumerate(counts):
        assert abs((taken.labels == label).sum() - share * count) <= 1.5


def test_seed_and_use_say_which_and_in_which_order():
    part = samples([0, 1] * 50)
    chosen = {
        (seed, use): divided(part, 0.3, seed, use)[1].columns["number"].tolist()
        for seed in (0, 1)
        for use in (FOR_TESTS, FOR_CHOICES)
    }
    assert len({tuple(numbers) for numbers in chosen.values()}) == 4
    assert chosen[0, FOR_TESTS] == divided(part, 0.3, 0, FOR_TESTS)[1].columns["number"].tolist()
    assert all(numbers != sorted(numbers) for numbers in chosen.values())


def test_samples_without_classes_are_divided_too():
    left, taken = divided(Part({"text": np.arange(10)}), 0.2, 0, FOR_TESTS)
    assert (len(left), len(taken)) == (8, 2)


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_no_part_is_empty(share):
    with pytest.raises(CnnGraphError, match="one part is empty"):
        divided(samples([0, 1, 0, 1]), share, 0, FOR_TESTS)
