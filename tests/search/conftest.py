"""A small net whose trials take a fraction of a second."""

from __future__ import annotations

from pathlib import Path

import pytest

NET = """cnn 1
net tiny(image: 1@8x8, n = 4) {
  conv(n, 3x3, same) -> relu -> maxpool(2x2) -> flatten
  class: dense(10) -> softmax
}

train tiny {
  data:      digits(batch = 50, limit = 300)
  loss:      cross_entropy(class, label)
  optimizer: sgd(lr = 0.1, momentum = 0.9)
  schedule:  cosine
  epochs:    3
  seed:      7
}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.cnn"
    path.write_text(NET, encoding="utf-8")
    return path
