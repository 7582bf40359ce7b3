"""Operators that ONNX Runtime puts into models which it has optimised, in ONNX's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cnngraph.interop.onnx.reading.foreign import ForeignNode
from cnngraph.ir.op import Array

Made = tuple[ForeignNode, Mapping[str, Array]]
PARAMETERS = {"LeakyRelu": ("alpha",), "HardSigmoid": ("alpha", "beta"), "Elu": ("alpha",)}


def with_activation(node: ForeignNode) -> Sequence[Made]:
    """FusedConv and FusedGemm: the layer, a value that is added to it if there is one, an activation.

    >>> fused = ForeignNode("com.microsoft.FusedGemm", ("x", "w"), ("y",), {"activation": "Relu", "transB": 1})
    >>> [(node.operator, node.inputs, node.outputs) for node, _ in with_activation(fused)]
    [('Gemm', ('x', 'w'), ('y/layer',)), ('Relu', ('y/layer',), ('y',))]
    """
    (y,) = node.outputs
    kept = {key: value for key, value in node.attributes.items() if not key.startswith("activation")}
    layer = node.operator.rpartition("Fused")[2]
    inputs, added = (node.inputs[:3], node.inputs[3:]) if layer == "Conv" else (node.inputs, ())
    nodes = [replace(node, operator=layer, inputs=inputs, outputs=(f"{y}/layer",), attributes=kept)]
    if any(added):
        nodes.append(ForeignNode("Add", (f"{y}/layer", *added), (f"{y}/sum",)))
    kind, values = node.attributes.get("activation", "Identity"), _parameters(node)
    last = ForeignNode(kind, nodes[-1].outputs, (y,))
    known: dict[str, Array] = {}
    if kind == "Clip":
        known = {f"{y}/{word}": np.float32(value) for word, value in zip(("low", "high"), values, strict=False)}  # type: ignore[misc]
        last = replace(last, inputs=(*last.inputs, *known))
    elif kind in PARAMETERS:
        last = replace(last, attributes=dict(zip(PARAMETERS[kind], values, strict=False)))
    return [*((one, {}) for one in nodes), (last, known)]


def _parameters(node: ForeignNode) -> Sequence[Any]:
    """The numbers of the activation: listed, or one attribute each."""
    listed: Sequence[Any] = node.attributes.get("activation_params", ())
    single = [node.attributes.get(f"activation_{word}") for word in ("alpha", "beta", "gamma")]
    return listed or [value for value in single if value is not None]


def gelu(node: ForeignNode) -> Sequence[Made]:
    """Gelu, FastGelu, BiasGelu, of which the last two may add a bias before."""
    (y,) = node.outputs
    x, *bias = [name for name in node.inputs if name]
    attributes = {"approximate": "tanh"} if "Fast" in node.operator else {}
    if not bias:
        return [(replace(node, operator="Gelu", inputs=(x,), attributes=attributes), {})]
    added = ForeignNode("Add", (x, *bias), (f"{y}/sum",))
    return [(added, {}), (replace(node, operator="Gelu", inputs=added.outputs, attributes=attributes), {})]


def quick_gelu(node: ForeignNode) -> Sequence[Made]:
    """x * sigmoid(alpha * x)"""
    alpha = node.attributes.get("alpha", 1.702)
    return [(replace(node, operator="Swish", attributes={"alpha": alpha}), {})]


FUSED = {
    **dict.fromkeys(("com.microsoft.FusedConv", "com.microsoft.FusedGemm"), with_activation),
    **{f"com.microsoft.{kind}": gelu for kind in ("Gelu", "FastGelu", "BiasGelu")},
    "com.microsoft.QuickGelu": quick_gelu,
}
