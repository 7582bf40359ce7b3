"""Waves that are computed for as many positions as a sequence has, and added to it.

Before:

    t = Range(0, T, 1)    a = t[:, None] * rates + phases    y = Add(x, Sin(a))

After:

    y = cnngraph.AddPositions(x)
"""

from __future__ import annotations

import numpy as np

from cnngraph.interop.onnx.reading.folding.pattern import Built, Found, Rule, united
from cnngraph.interop.onnx.reading.foreign import Foreign
from cnngraph.ops.add_positions import waves

PLACE = 41
ANGLES = "Add(Mul(Unsqueeze(Cast(Range(0, Squeeze(Shape(x, start=1, end=2)), 1)), 1), RATES), PHASES)"
FAR = np.array([[1.0], [7.0], [100.0]])  # positions by which the waves are told


def _waves(found: Found) -> Built | None:
    rates, phases = found.known["RATES"], found.known["PHASES"]
    if rates.ndim != 1 or rates.shape != phases.shape:
        return None
    expected = waves(101, rates.size)[FAR[:, 0].astype(int)]
    is_ours = np.allclose(np.sin(FAR * rates + phases), expected, atol=1e-4)
    return found.made("cnngraph.AddPositions", found.values["x"]) if is_ours else None


RULES = (Rule([f"Add(x, Cast(Sin({ANGLES})))", f"Add(x, Sin({ANGLES}))"], _waves),)


def unite(net: Foreign) -> Foreign:
    return united(net, RULES)
