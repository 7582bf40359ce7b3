"""A small network, written in the language, and the digits that come with the package."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cnngraph.data.dataset import Dataset
from cnngraph.data.sources import load_data
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import TrainingSpec, training

NET = """cnn 1
net tiny(image: 1@8x8) {
  conv(8, 3x3, same) -> relu -> maxpool(2x2)
  flatten
  dropout(0.1)
  class: dense(10) -> softmax
}

train tiny {
  data:      digits(batch = 50, limit = 600)
  augment:   shift(1)
  loss:      cross_entropy(class, label)
  optimizer: sgd(lr = 0.1, momentum = 0.9)
  schedule:  cosine
  epochs:    3
  seed:      7
}
"""

MakeSpec = Callable[..., TrainingSpec]


@pytest.fixture(scope="session")
def make_spec() -> MakeSpec:
    """The small network with parts of its text replaced."""

    def make(**changes: str) -> TrainingSpec:
        lines = [
            next((f"  {key}: {text}" for key, text in changes.items() if line.startswith(f"  {key}:")), line)
            for line in NET.splitlines()
        ]
        return training(load_text("\n".join(lines)))

    return make


@pytest.fixture(scope="session")
def spec(make_spec: MakeSpec) -> TrainingSpec:
    return make_spec()


@pytest.fixture(scope="session")
def digits(spec: TrainingSpec) -> Dataset:
    assert spec.data is not None
    return load_data(spec.data, seed=spec.seed)
