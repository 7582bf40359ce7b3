"""Drawn inputs: their kinds, and that nothing but the seed, the epoch and the step decides on the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from cnngraph.data.dataset import Dataset, Part
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import TrainingSpec, training
from cnngraph.ir.op import Array
from cnngraph.train.evaluate import evaluate
from cnngraph.train.fit import fit
from cnngraph.train.noise import TESTS, noise_of

TEXT = """cnn 1
net cleaner(image: 1@HxW, extra: 2@HxW/2, level: ids(7), z: 3) where H % 2 == 0, W % 2 == 0 {
  let more = extra -> upsample(2)
  let known = level -> embed(4)
  let moved = concat(known, z) -> dense(1)
  let told = add(image, moved) -> concat(more)
  told -> conv(1, 3x3, same)
}
train cleaner {
  noise: normal(extra, 0.5) -> integers(level) -> uniform(z, low = 2, high = 3)
  loss: mse(output, image)
  optimizer: adam(lr = 0.01)
  epochs: 2
  batch: 16
  seed: SEED
}
"""


def spec(seed: int = 1) -> TrainingSpec:
    return training(load_text(TEXT.replace("SEED", str(seed))))


def drawn(epoch: int, step: int, seed: int = 1, batch: int = 64) -> dict[str, Array]:
    return noise_of(spec(seed)).values({"image": np.zeros((batch, 6, 8, 1), np.float32)}, epoch, step)


def test_each_input_gets_numbers_of_its_kind_in_its_shape() -> None:
    values = drawn(0, 0)
    assert {name: (array.shape, array.dtype.name) for name, array in values.items()} == {
        "extra": ((64, 3, 4, 2), "float32"), "level": ((64,), "int64"), "z": ((64, 3), "float32"),
    }  # fmt: skip
    assert values["extra"].mean() == pytest.approx(0, abs=0.05)
    assert values["extra"].std() == pytest.approx(0.5, abs=0.03)
    assert set(values["level"]) == set(range(7))
    assert 2 <= values["z"].min() < 2.1 < 2.9 < values["z"].max() < 3


def test_the_same_moment_gives_the_same_numbers_and_another_one_others() -> None:
    moments = [(0, 0, 1), (0, 1, 1), (1, 0, 1), (0, 0, 2), (TESTS, 0, 1), (TESTS, 1, 1)]
    for name in ("extra", "level", "z"):
        assert np.array_equal(drawn(3, 4)[name], drawn(3, 4)[name])
        assert len({drawn(*moment)[name].tobytes() for moment in moments}) == len(moments)


def test_a_net_with_drawn_inputs_learns_and_is_tested_the_same_each_time() -> None:
    part = Part({"image": np.random.default_rng(0).random((48, 6, 8, 1), np.float32)})
    data = Dataset(part, part)
    history = fit(spec(), data)
    assert history.rows[1].test_loss < history.rows[0].test_loss
    first, second = (evaluate(spec(), data, history.states).loss for _ in range(2))
    assert first == second == history.rows[1].test_loss
    assert fit(spec(), data).rows == history.rows
