"""Slices of several axes, one after the other, are one.

Before:

    h = Slice(x, [1], [5], [2])        y = Slice(h, [2], [6], [3])

After:

    y = Slice(x, [1, 2], [5, 6], [2, 3], [1, 1])
"""

from __future__ import annotations

import numpy as np

from cnngraph.interop.onnx.reading.folding.pattern import Built, Found, Rule, united
from cnngraph.interop.onnx.reading.foreign import Foreign

PLACE = 8
INNER = "(Slice(x, S, E, A) | Slice(x, S, E, A, T))"


def _both(found: Found) -> Built | None:
    """Where each axis is cut once, and no other node reads what lies between."""
    inner, outer = (found.known[name].reshape(-1) for name in ("A", "B"))
    axes = np.concatenate([inner, outer])
    between = next(node for node in found.nodes if node is not found.root)
    if len({*axes.tolist()}) < axes.size or axes.min(initial=0) < 0 or found.readers.get(between.outputs[0]) != 1:
        return None
    pairs = (("S", "U"), ("E", "V"))
    bounds = [np.concatenate([found.known[name].reshape(-1) for name in pair]) for pair in pairs]
    steps = [
        found.known.get(name, np.ones(n, np.int64)).reshape(-1) for name, n in (("T", inner.size), ("W", outer.size))
    ]
    return found.made("Slice", found.values["x"], *bounds, axes, np.concatenate(steps))


RULES = (Rule([f"Slice({INNER}, U, V, B)", f"Slice({INNER}, U, V, B, W)"], _both),)


def unite(net: Foreign) -> Foreign:
    return united(net, RULES)
