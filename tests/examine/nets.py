"""Small nets and images for the tests of this folder."""

from __future__ import annotations

import numpy as np

import cnngraph
from cnngraph.data.dataset import Preprocessing
from cnngraph.ir.op import Array, rng

SMALL = """
net small(image: 2@9x10) {
  c1: conv(3, 3x3, same) -> tanh
  s2: avgpool(2x2, stride = 2, ceil = true)
  c3: conv(4, 3x3) -> tanh
  f4: flatten -> dense(6) -> tanh
  output: dense(3) -> softmax
}
"""
HOW = Preprocessing(9, 10, 2, 0, (0.4, 0.5), (0.2, 0.25))


def small(seed: int = 0) -> cnngraph.Net:
    """A net of two channels with weights that are larger than first ones: no slope is tiny."""
    net = cnngraph.loads(SMALL)
    values = net.runner().states
    net.states = {
        name: (rng(seed, i).standard_normal(value.shape) * (0.5 if value.ndim > 1 else 0.1)).astype(np.float32)
        for i, (name, value) in enumerate(values.items())
    }
    return net


def image(seed: int = 1, shape: tuple[int, ...] = (9, 10, 2)) -> Array:
    return rng(seed).standard_normal(shape).astype(np.float32)
