"""Normalizations that were written out come back as one node.

Before:

    m = ReduceMean(x, [-1])    d = Sub(x, m)    v = ReduceMean(Pow(d, 2), [-1])
    s = Sqrt(Add(v, 1e-5))     n = Div(d, s)    y = Add(Mul(n, scale), shift)

After:

    y = cnngraph.LayerNorm(x, scale, shift)

This node may be along any axis. That its weights stand on the same axis can be told only once the rank is known: they
say how many axes are behind them. So it is with a shape that a value is brought back to: the node has it as an input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from cnngraph.interop.onnx.reading.folding.pattern import Built, Found, Rule, united
from cnngraph.interop.onnx.reading.foreign import Foreign
from cnngraph.ir.op import Array

PLACE = 20
SMALL = 1e-5  # an epsilon of a length that does not matter

SQUARE = "(Pow({0}, 2) | Mul({0}, {0}))"
CENTRED = "Sub(x, ReduceMean(x, AXES, keepdims=1))"
VARIANCE = f"Add(ReduceMean({SQUARE.format('d')}, AXES, keepdims=1), EPS)"
MEAN_SQUARE = f"Add(ReduceMean({SQUARE.format('x')}, AXES, keepdims=1), EPS)"
NORMED = "InstanceNormalization(Reshape(x, PARTS), ONES, ZEROS)"
ROOT = "ReduceL2(x, AXES, keepdims=1)"
LENGTH = f"(Clip({ROOT}, E) | Clip({ROOT}, E, TOP) | Max({ROOT}, E) | {ROOT})"


def over_root(value: str, square: str) -> list[str]:
    """The value divided by the root of the square."""
    return [f"Div({value}, Sqrt({square}) | Pow({square}, 0.5))",
            f"Mul({value}, Reciprocal(Sqrt({square})) | Div(1, Sqrt({square})) | Pow({square}, -0.5))"]  # fmt: skip


def _plain(operator: str, found: Found) -> Built | None:
    """Without weights, over one axis."""
    axes, epsilon = found.known["AXES"].reshape(-1), found.known["EPS"]
    if axes.size != 1 or epsilon.size != 1:
        return None
    return found.made(operator, found.values["x"], axis=int(axes[0]), epsilon=float(epsilon.reshape(())))


def _group_norm(found: Found) -> Built | None:
    """PyTorch's form: (N, groups, rest), normed, and back to the shape that it was; without weights."""
    parts, ones, zeros = (found.known[name] for name in ("PARTS", "ONES", "ZEROS"))
    if parts.size != 3 or parts.reshape(-1)[1] != ones.size or (ones != 1).any() or zeros.any():
        return None
    epsilon = found.attribute("InstanceNormalization", "epsilon")
    return found.made("cnngraph.GroupNorm", found.values["x"], found.values["s"], groups=ones.size, epsilon=epsilon)


def _length(found: Found) -> Built | None:
    axes, epsilon = found.known["AXES"].reshape(-1), found.known.get("E")
    if axes.size != 1 or (epsilon is not None and epsilon.max(initial=0) > SMALL):
        return None
    if "s" not in found.values:
        return found.made("LpNormalization", found.values["x"], axis=int(axes[0]), p=2)
    return found.made("cnngraph.Length", found.values["x"], found.values["s"], axis=int(axes[0]))


# ---- weights ----


def _weighted(operator: str, found: Found) -> Built | None:
    """The norm with a scale for each feature, or with the shift that follows it."""
    norm = found.node(operator)
    given = found.known["W"]
    behind = _axes_behind(given)
    if behind is None or norm.attributes.get("behind", behind) != behind:
        return None
    return found.made(operator, *norm.inputs, given.reshape(-1), **{**norm.attributes, "behind": behind})


def _axes_behind(array: Array) -> int | None:
    """How many axes follow the only one that has a size; None where none has, or several."""
    wide = [i for i, n in enumerate(array.shape) if n != 1]
    return array.ndim - 1 - wide[0] if len(wide) == 1 else None


def _with_weights(operator: str, inputs: str = "x") -> Iterator[Rule]:
    build: Callable[[Found], Built | None] = partial(_weighted, operator)
    yield Rule([f"Mul({operator}({inputs}), W)"], build)
    yield Rule([f"Add({operator}({inputs}, SCALE), W)"], build)


RULES = (
    Rule(
        [way.replace("Sub", "d := Sub", 1) for way in over_root(CENTRED, VARIANCE)],
        partial(_plain, "cnngraph.LayerNorm"),
    ),
    Rule(over_root("x", MEAN_SQUARE), partial(_plain, "cnngraph.RmsNorm")),
    Rule([f"Reshape({NORMED}, s)"], _group_norm),
    Rule([f"Div(x, {LENGTH} | Expand({LENGTH}, s))"], _length),
    *_with_weights("cnngraph.LayerNorm"),
    *_with_weights("cnngraph.GroupNorm", "x, s"),
    Rule(["Mul(cnngraph.RmsNorm(x), W)"], partial(_weighted, "cnngraph.RmsNorm")),
)


def unite(net: Foreign) -> Foreign:
    return united(net, RULES)
