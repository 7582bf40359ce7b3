"""A recurrent layer that was written out step by step, as torch.export does with nn.RNN.

Before, with p = Add(MatMul(x, W), b):

    h0 = Tanh(Add(Add(MatMul(s, R), c), Squeeze(Slice(p, 0, 1))))
    h1 = Tanh(Add(Add(MatMul(h0, R), c), Squeeze(Slice(p, 1, 2))))
    y = Concat(h0, h1, axis=0)

After:

    r = RNN(Slice(x, 0, 2), W, R, [b, c], , s)    y = Squeeze(r, 1)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cnngraph.interop.onnx.reading.folding.pattern import Found, Matcher, without_unread
from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.ir.op import Array

PLACE = 7  # before products and their biases are united

SEEN = "Add(MatMul(h, R), C)"
PART = "Squeeze(Slice(p, FROM, TO, AXES), AXES)"
STEPS = {f"{word}(Add({SEEN}, {PART}))": word for word in ("Tanh", "Relu")}
SEQUENCE = "Add(MatMul(x, W), B)"


def unite(net: Foreign) -> Foreign:
    matcher = Matcher(net)
    constants: dict[str, Array] = dict(net.constants)
    nodes: list[ForeignNode] = []
    moved: dict[str, str] = {}
    for node in net.nodes:
        layer = _layer(node, matcher) if node.operator == "Concat" and len(node.inputs) > 1 else None
        if layer is None:
            nodes.append(replace(node, inputs=tuple(moved.get(name, name) for name in node.inputs)))
            continue
        made, known, last = layer.nodes(node)
        nodes += made
        constants.update(known)
        moved[node.inputs[-1]] = last
    return without_unread(replace(net, nodes=nodes, constants=constants)) if moved else net


@dataclass(frozen=True)
class _Layer:
    sequence: Found
    first: Found
    activation: str

    def nodes(self, concat: ForeignNode) -> tuple[list[ForeignNode], Mapping[str, Array], str]:
        """The layer, its sequence under the name of the concat, and the name of its last state (1, N, n)."""
        name = concat.outputs[0]
        w, b = (self.sequence.known[key] for key in "WB")
        r, c = (self.first.known[key] for key in "RC")
        known = {
            f"{name}/W": np.ascontiguousarray(w.T[None]),
            f"{name}/R": np.ascontiguousarray(r.T[None]),
            f"{name}/B": np.concatenate([b, c])[None],
            f"{name}/axis": np.array([1]),
            f"{name}/from": np.array([0]),
            f"{name}/to": np.array([len(concat.inputs)]),
        }
        part = (self.sequence.values["x"], f"{name}/from", f"{name}/to", f"{name}/from")
        steps = replace(concat, operator="Slice", inputs=part, outputs=(f"{name}/x",), attributes={})
        inputs = (f"{name}/x", f"{name}/W", f"{name}/R", f"{name}/B", "", self.first.values["h"])
        attributes = {"hidden_size": len(r), "activations": [self.activation]}
        layer = replace(
            concat, operator="RNN", inputs=inputs, outputs=(f"{name}/Y", f"{name}/last"), attributes=attributes
        )
        squeeze = replace(concat, operator="Squeeze", inputs=(f"{name}/Y", f"{name}/axis"), attributes={})
        return [steps, layer, squeeze], known, f"{name}/last"


def _layer(concat: ForeignNode, matcher: Matcher) -> _Layer | None:
    """All steps of one layer in their order, each of which goes on from the one before."""
    steps = [_step(name, matcher) for name in concat.inputs]
    found = [step for step, _ in steps if step is not None]
    words = {word for _, word in steps}
    if len(found) < len(steps) or len(words) > 1 or concat.attributes.get("axis") != 0:
        return None
    first = found[0]
    for place, (step, before) in enumerate(zip(found, ("", *concat.inputs), strict=False)):
        same = all(step.values[key] == first.values[key] for key in ("R", "C", "p"))
        bounds = [int(step.known[key].reshape(-1)[0]) for key in ("FROM", "TO")]
        at = bounds == [place, place + 1] and step.known["AXES"].tolist() == [0]
        if not same or not at or (place and step.values["h"] != before):
            return None
    sequence = matcher.maker.get(first.values["p"])
    whole = next(matcher.matches(sequence, SEQUENCE), None) if sequence is not None else None
    if (
        whole is None
        or any(whole.known[key].ndim != n for key, n in (("W", 2), ("B", 1)))
        or first.known["C"].ndim != 1
    ):
        return None
    return _Layer(whole, first, words.pop())


def _step(name: str, matcher: Matcher) -> tuple[Found | None, str]:
    node = matcher.maker.get(name)
    for text, word in STEPS.items():
        if node is not None and node.operator == word:
            return next(matcher.matches(node, text), None), word
    return None, ""
