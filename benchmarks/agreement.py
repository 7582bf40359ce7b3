"""Whether engines compute the same: without that their seconds say nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnngraph.ir.op import Array

ROUNDING = 4.0


@dataclass(frozen=True)
class Apart:
    """How far an engine is from the expected: in what it gives, and in what a step adds to the weights.

    Both are parts of the Euclidean length of all numbers together, infinite where a name, a shape or a number lacks.
    """

    results: float
    weights: float = 0.0

    @property
    def worst(self) -> float:
        return max(self.results, self.weights)


FLOAT32 = Apart(results=1e-3, weights=5e-2)  # rounding may send a gradient through another ReLU


def limits(seen: Sequence[Apart]) -> Apart:
    """What is still the same result, where `seen` is how far one trusted engine is from itself in another layout.

    Deep networks magnify the rounding of float32: the step of a new resnet152 differs by a seventh between the two
    layouts of PyTorch alone. Several times that is allowed, and `FLOAT32` always.

    >>> limits([Apart(1e-5, 0.1)])
    Apart(results=0.001, weights=0.4)
    """
    results = max([FLOAT32.results, *(ROUNDING * each.results for each in seen)])
    return Apart(results, max([FLOAT32.weights, *(ROUNDING * each.weights for each in seen)]))


def agrees(found: Apart, limit: Apart) -> bool:
    return found.results <= limit.results and found.weights <= limit.weights


def apart(found: Mapping[str, Array], expected: Mapping[str, Array], before: Mapping[str, Array]) -> Apart:
    """The distance of results. What `before` names is a weight, of which the change since then counts.

    >>> apart({"y": np.array([3.0, 4.5])}, {"y": np.array([3.0, 4.0])}, {}).results
    0.1
    """
    if found.keys() != expected.keys() or any(found[name].shape != expected[name].shape for name in expected):
        return Apart(float("inf"))
    parts = []
    for names in ([n for n in expected if n not in before], [n for n in expected if n in before]):
        difference = sum(_square(found[name], expected[name]) for name in names)
        length = sum(_square(expected[name], before.get(name)) for name in names)
        part = float(np.sqrt(difference / length)) if length else float(difference > 0)
        parts.append(part if np.isfinite(part) else float("inf"))
    return Apart(*parts)


def _square(a: Array, b: Array | None) -> float:
    off = (a if b is None else a - b).astype(np.float64).ravel()
    return float(off @ off)
