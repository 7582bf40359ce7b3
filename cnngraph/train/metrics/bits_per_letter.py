"""How many bits a text takes for each letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.metrics.metric import Mean, require_classes


@dataclass(frozen=True)
class BitsPerLetter(Mean):
    """The bits that a code by these predictions takes for a letter; a perplexity is 2 to the power of it.

        bits = mean over n, t of -log2 prediction[n, t, label[n, t]]

    shapes: prediction c@positions (probabilities), label ids@positions.
    source: Shannon: A mathematical theory of communication, 1948, section 9.

    >>> metric = BitsPerLetter()
    >>> values = {"prediction": np.array([[[0.5, 0.5], [0.25, 0.75]]]), "label": np.array([[1, 0]])}
    >>> metric.figure(metric.add(metric.begin(), values))
    1.5
    """

    prediction: str = ""
    label: str = ""

    name = "bits_per_letter"
    higher_is_better = False

    def check(self, types: Mapping[str, TensorType]) -> None:
        require_classes(types)

    def each(self, values: Mapping[str, Array]) -> Array:
        p = np.take_along_axis(values["prediction"], values["label"][..., None], axis=-1).astype(np.float64)
        bits = -np.log2(np.maximum(p, np.finfo(np.float32).tiny))
        return np.asarray(bits.reshape(len(p), -1).mean(axis=1))
