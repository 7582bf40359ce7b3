"""A reduction of a reduction is one over the axes of both.

Before:

    w = ReduceMean(x, [3], keepdims=0)        y = ReduceMean(w, [2], keepdims=0)

After:

    y = ReduceMean(x, [2, 3], keepdims=0)
"""

from __future__ import annotations

from functools import partial

import numpy as np

from cnngraph.interop.onnx.reading.folding.pattern import Built, Found, Rule, united
from cnngraph.interop.onnx.reading.foreign import Foreign

PLACE = 9
OPERATORS = ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum")


def _both(keepdims: int, operator: str, found: Found) -> Built | None:
    inner, outer = (sorted(int(n) for n in found.known[name].reshape(-1)) for name in ("INNER", "OUTER"))
    if not inner or not outer or inner[0] < 0 or outer[0] < 0:
        return None  # counted from an end that is another one after the first
    rest = [axis for axis in range(outer[-1] + len(inner) + 1) if axis not in inner]
    axes = sorted({*inner, *(outer if keepdims else [rest[axis] for axis in outer])})
    return found.made(operator, found.values["x"], np.array(axes), keepdims=keepdims)


RULES = tuple(
    Rule([f"{o}({o}(x, INNER, keepdims={k}), OUTER, keepdims={k})"], partial(_both, k, o))
    for o in OPERATORS
    for k in (0, 1)
)


def unite(net: Foreign) -> Foreign:
    return united(net, RULES)
