"""How far made pictures are from real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.diagnostics import error
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.features import classifier_of
from cnngraph.train.metrics.metric import Metric, Sums


@dataclass(frozen=True)
class Frechet(Metric):
    """The Frechet distance between what a classifier sees in made pictures and what it sees in real ones.

    As `frechet_distance`, of the features before the last layer of a network that was trained here. Both kinds of
    pictures have numbers from 0 to 1 (data with `normalize = false`), and the size that the classifier was trained on.
    The distance is biased by the number of pictures: compare figures over as many.

    shapes: fake and image c@HxW.  fields: classifier (a file of weights).
    errors: E0703 there is no such classifier.
    source: Heusel et al.: GANs trained by a two time-scale update rule, NIPS 2017, section 2 (there over Inception-v3).
    """

    fake: str
    image: str
    classifier: str

    name = "frechet"
    reads = ("fake", "image")
    higher_is_better = False
    unit = ""

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_pictures(self.classifier, *types.values())

    def begin(self) -> Sums:
        return ()

    def add(self, sums: Sums, values: Mapping[str, Array]) -> Sums:
        classifier = classifier_of(self.classifier)
        return *sums, tuple(classifier.read(values[name])[0] for name in self.reads)

    def figure(self, sums: Sums) -> float:
        made, real = (np.concatenate(parts) for parts in zip(*sums, strict=True))
        return frechet_distance(made, real)


def require_pictures(classifier: str, *types: TensorType) -> None:
    """Raise ValueError unless the classifier reads pictures of these types, E0703 where it is none."""
    shapes = classifier_of(classifier).shapes
    for found in types:
        if found.shape[1:] not in shapes:
            *positions, channels = shapes[0]
            expected = TensorType.of(channels, positions)
            raise ValueError(f"the classifier {classifier} was trained on {expected}, not on {found}")


def frechet_distance(first: Array, second: Array) -> float:
    """The distance of two normal distributions with the means and covariances of two sets of vectors (N, F), squared.

        |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2))

    The trace of the root is the sum of the roots of the eigenvalues of R C2 R, where R R = C1. Raises E0705 for fewer
    than two vectors, which have no covariance.

    >>> frechet_distance(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]]))
    9.0
    >>> float(round(frechet_distance(np.array([[0.0], [2.0]]), np.array([[-1.0], [3.0]])), 6))
    2.0
    """
    if min(len(first), len(second)) < 2:
        raise error("E0705", "a Frechet distance takes two pictures or more of each kind")
    means = first.mean(axis=0), second.mean(axis=0)
    covariances = [np.atleast_2d(np.cov(features, rowvar=False)) for features in (first, second)]
    values, vectors = np.linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ covariances[1] @ root), 0)).sum()
    apart = np.square(means[0] - means[1]).sum()
    return max(float(apart + np.trace(covariances[0] + covariances[1]) - 2 * shared), 0.0)
