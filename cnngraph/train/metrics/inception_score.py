"""How sure a classifier is of made pictures, and of how many kinds they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.features import classifier_of
from cnngraph.train.metrics.frechet import require_pictures
from cnngraph.train.metrics.metric import Metric, Sums


@dataclass(frozen=True)
class InceptionScore(Metric):
    """From 1 (the classifier cannot tell them, or takes all for one class) to the number of classes.

    As `score_of`, of the probabilities of a network that was trained here. Pictures as for `frechet`.

    shapes: fake c@HxW.  fields: classifier (a file of weights).
    errors: E0703 there is no such classifier.
    source: Salimans et al.: Improved techniques for training GANs, NIPS 2016, section 4 (there over Inception-v3).
    """

    fake: str
    classifier: str

    name = "inception_score"
    reads = ("fake",)
    unit = ""

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_pictures(self.classifier, *types.values())

    def begin(self) -> Sums:
        return ()

    def add(self, sums: Sums, values: Mapping[str, Array]) -> Sums:
        return *sums, classifier_of(self.classifier).read(values["fake"])[1]

    def figure(self, sums: Sums) -> float:
        return score_of(np.concatenate(sums))


def score_of(probabilities: Array) -> float:
    """exp(mean over n of sum over k of p[n, k] log(p[n, k] / q[k])) with q the mean of all p, which are (N, classes).

    >>> score_of(np.eye(3)), score_of(np.full((3, 3), 1 / 3)), score_of(np.eye(3)[[0, 0, 0]])
    (3.0, 1.0, 1.0)
    """
    tiny = np.finfo(np.float64).tiny
    p = probabilities.astype(np.float64)
    ratio = np.log(np.maximum(p, tiny)) - np.log(np.maximum(p.mean(axis=0), tiny))
    return float(np.exp((p * ratio).sum(axis=1).mean()).round(12))
