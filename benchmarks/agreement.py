"""Whether engines compute the same: without that their seconds say nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cnngraph.ir.op import Array

TOLERANCE = {"inference": 1e-3, "training": 5e-2}
"""Of the length of all results together, float32. In a step, rounding may send a gradient through another ReLU."""


def apart(found: Mapping[str, Array], expected: Mapping[str, Array], before: Mapping[str, Array]) -> float:
    """How far results are apart, as a part of their length; of weights, how far their changes since `before` are.

        |found - expected| / |expected - before|        the larger one of that of the weights and that of the rest

    Infinite where a name, a shape or a number lacks.

    >>> apart({"y": np.array([3.0, 4.5])}, {"y": np.array([3.0, 4.0])}, {})
    0.1
    """
    if found.keys() != expected.keys() or any(found[name].shape != expected[name].shape for name in expected):
        return float("inf")
    weights = [name for name in expected if name in before]
    others = [name for name in expected if name not in before]
    parts = []
    for names in (weights, others):
        difference = sum(_square(found[name], expected[name]) for name in names)
        length = sum(_square(expected[name], before.get(name)) for name in names)
        parts.append(float(np.sqrt(difference / length)) if length else float(difference > 0))
    return max(parts) if np.isfinite(parts).all() else float("inf")


def _square(a: Array, b: Array | None) -> float:
    off = (a if b is None else a - b).astype(np.float64).ravel()
    return float(off @ off)
