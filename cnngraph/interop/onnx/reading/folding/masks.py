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

from cnngraph.interop.onnx.reading.folding.pattern import Built, Found, Rule, united
from cnngraph.interop.onnx.reading.foreign import Foreign
from cnngraph.interop.onnx.reading.meaning.attention import FAR_BELOW, is_causal

PLACE = 40

LOWER = "Trilu(Expand(1, s) | ConstantOfShape(s), upper=0)"
HIDDEN = f"(Equal({LOWER}, 0) | Not(Cast({LOWER})) | Not({LOWER}))"
SEEN = f"(Cast({LOWER}) | {LOWER})"


def _causal(found: Found) -> Built | None:
    far = found.known["FAR"]
    ones = [node for node in found.nodes if node.operator == "ConstantOfShape"]
    known = all((node.attributes.get("value") == 1).all() for node in ones if "value" in node.attributes)
    if (
        found.is_known("x")
        or (far > FAR_BELOW).any()
        or not known
        or any("value" not in node.attributes for node in ones)
    ):
        return None
    return found.made("cnngraph.Causal", found.values["x"])


def _known_mask(found: Found) -> Built | None:
    return found.made("cnngraph.Causal", found.values["x"]) if is_causal(found.known["MASK"]) else None


def _token(found: Found) -> Built | None:
    token, axis = found.known["TOKEN"], found.root.attributes.get("axis")
    is_token = axis == 1 and token.ndim == 3 and token.shape[:2] == (1, 1)
    return found.made("cnngraph.PrependToken", found.values["x"], token.reshape(-1)) if is_token else None


def _spread(found: Found) -> Built:
    return found.made(found.root.operator, found.values["x"], found.values["gate"])


RULES = (
    Rule([f"Add(x, Where({HIDDEN}, FAR, 0))", f"Add(x, Where({SEEN}, 0, FAR))", f"Where({HIDDEN}, FAR, x)",
          f"Where({SEEN}, x, FAR)"], _causal),
    Rule(["Add(x, MASK)"], _known_mask),
    Rule(["Concat(Expand(TOKEN, s), x)"], _token),
    Rule([f"{operator}(x, Expand(gate, Shape(x)))" for operator in ("Mul", "Add")], _spread),
)  # fmt: skip


def unite(net: Foreign) -> Foreign:
    return united(net, RULES)
