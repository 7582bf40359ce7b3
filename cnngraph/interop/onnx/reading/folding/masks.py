"""Masks that are computed from the length of a sequence, tokens before it, and values spread for nothing.

Before:

    m = Trilu(Expand(1, [T, T]))    a = Where(Equal(m, 0), -inf, 0)    y = Add(scores, a)
    t = Expand(token, [N, 1, 1])    y = Concat(t, x, axis=1)
    e = Expand(gate, Shape(x))      y = Mul(x, e)

After:

    y = cnngraph.Causal(scores)
    y = cnngraph.PrependToken(x, token)
    y = Mul(x, gate)
"""

from __future__ import annotations

import numpy as np

from cnngraph.interop.onnx.reading.folding.pattern import Built, Found, Rule, united
from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.interop.onnx.reading.meaning.attention import FAR_BELOW, is_causal

PLACE = 40

LOWER = "Trilu(Expand(1, s) | ConstantOfShape(s), upper=0)"
HIDDEN = f"(Equal({LOWER}, 0) | Not(Cast({LOWER})) | Not({LOWER}))"
SEEN = f"(Cast({LOWER}) | {LOWER})"


def _causal(found: Found) -> Built | None:
    is_far = (found.known["FAR"] < FAR_BELOW).all()
    if found.is_known("x") or not is_far or not all(map(_fills_ones, found.nodes)):
        return None
    return found.made("cnngraph.Causal", found.values["x"])


def _fills_ones(node: ForeignNode) -> bool:
    """Whether the number is 1 with which a node fills a shape, if it does that."""
    value = node.attributes.get("value")
    return node.operator != "ConstantOfShape" or (value is not None and bool(np.all(value == 1)))


def _known_mask(found: Found) -> Built | None:
    return found.made("cnngraph.Causal", found.values["x"]) if is_causal(found.known["MASK"]) else None


def _token(found: Found) -> Built | None:
    token, axis = found.known["TOKEN"], found.root.attributes.get("axis")
    is_token = axis == 1 and 1 <= token.ndim <= 3 and token.size == token.shape[-1]
    if not is_token:
        return None
    return found.made("cnngraph.PrependToken", found.values["x"], token.reshape(-1), found.values["s"])


def _known_token(found: Found) -> Built | None:
    """The same vector for each sample of a batch that the file fixes."""
    tokens = found.known["TOKENS"]
    same = tokens.ndim == 3 and tokens.shape[1] == 1 and len(tokens) and (tokens == tokens[:1]).all()
    if not same or found.root.attributes.get("axis") != 1 or found.is_known("x"):
        return None
    return found.made("cnngraph.PrependToken", found.values["x"], tokens[0, 0], np.array(tokens.shape))


def _spread(found: Found) -> Built:
    return found.made(found.root.operator, found.values["x"], found.values["gate"])


RULES = (
    Rule([f"Add(x, Where({HIDDEN}, FAR, 0))", f"Add(x, Where({SEEN}, 0, FAR))", f"Where({HIDDEN}, FAR, x)",
          f"Where({SEEN}, x, FAR)"], _causal),
    Rule(["Add(x, MASK)"], _known_mask),
    Rule(["Concat(Expand(TOKEN, s), x)"], _token),
    Rule(["Concat(TOKENS, x)"], _known_token),
    Rule([f"{operator}(x, Expand(gate, Shape(x)))" for operator in ("Mul", "Add")], _spread),
)  # fmt: skip


def unite(net: Foreign) -> Foreign:
    return united(net, RULES)
