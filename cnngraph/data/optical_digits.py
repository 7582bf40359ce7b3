"""The 1,797 handwritten digits that come with the package: enough to train on with nothing else at hand.

source: Alpaydin, Kaynak: Optical Recognition of Handwritten Digits, UCI, 1998 (CC BY 4.0); see the folder `digits`.
"""

from __future__ import annotations

import gzip
from importlib.resources import files

import numpy as np

from cnngraph.data.dataset import Part, labelled
from cnngraph.data.picture import resized
from cnngraph.ir.op import rng

SIDE = 8
INK = 16  # the largest number of a pixel
TRAINING = 1500
SPLIT = 3  # the third part of the key: no other use of the seed has the same


def read_digits(size: int, seed: int) -> tuple[Part, Part]:
    """1,500 images to learn from and 297 to test with, drawn by `seed`; (N, size, size, 1) bytes, ink is 255.

    >>> train, test = read_digits(8, seed=0)
    >>> train.images.shape, test.images.shape, train.images.max()
    ((1500, 8, 8, 1), (297, 8, 8, 1), np.uint8(255))
    """
    packed = files("cnngraph.data").joinpath("digits", "digits.csv.gz").read_bytes()
    table = np.loadtxt(gzip.decompress(packed).decode().splitlines(), np.int64, delimiter=",")
    images = np.rint(table[:, :-1] * (255 / INK)).astype(np.uint8).reshape(-1, SIDE, SIDE, 1)
    if size != SIDE:
        images = np.stack([resized(image, size, size) for image in images])
    order = rng(seed, 0, SPLIT).permutation(len(table))
    whole = labelled(images, table[:, -1])
    return whole.chosen(order[:TRAINING]), whole.chosen(order[TRAINING:])
