"""Nodes of older opsets in the form of the newest: arguments that were attributes become inputs, and so on.

Each entry of `CHANGES` says up to which opset a node was written otherwise. A change gives one or more nodes, each with
the numbers that it brings along. Meanings and folding rules see the newest form only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnngraph.interop.onnx.reading.foreign import ForeignNode
from cnngraph.interop.onnx.reading.fused import FUSED
from cnngraph.ir.op import Array

Known = Mapping[str, Array]
ANY = 1000  # no opset is this late
Made = tuple[ForeignNode, Known]
Change = Callable[[ForeignNode], Sequence[Made]]


def modern(node: ForeignNode, version: int) -> Sequence[Made]:
    """The node, or what stands for it in the newest opset, in order; each with the constants that it adds.

    >>> node = ForeignNode("Squeeze", ("x",), ("y",), {"axes": [2]})
    >>> [(squeeze, known)] = modern(node, 11)
    >>> squeeze.inputs, known
    (('x', 'y/axes'), {'y/axes': array([2])})
    """
    for last, change in CHANGES.get(node.operator, ()):
        if version <= last:
            return change(node)
    return [(node, {})]


def as_inputs(*names: str, kind: str = "int64") -> Change:
    """Attributes that became the inputs after those that the node has; one that is not given is left out."""

    def change(node: ForeignNode) -> Sequence[Made]:
        if not any(name in node.attributes for name in names):
            return [(node, {})]
        known = {
            f"{node.outputs[0]}/{name}": np.asarray(node.attributes[name], kind)
            for name in names
            if name in node.attributes
        }
        added = tuple(f"{node.outputs[0]}/{name}" if name in node.attributes else "" for name in names)
        attributes = {key: value for key, value in node.attributes.items() if key not in names}
        return [(replace(node, inputs=(*node.inputs, *added), attributes=attributes), known)]

    return change


def with_attributes(**added: object) -> Change:
    """Attributes that say what an old opset did without being told."""
    return lambda node: [(replace(node, attributes={**added, **node.attributes}), {})]


def _slice(node: ForeignNode) -> Sequence[Made]:
    return as_inputs("starts", "ends", "axes")(node)


def _pad(node: ForeignNode) -> Sequence[Made]:
    attributes = dict(node.attributes)
    if "paddings" in attributes:
        attributes["pads"] = attributes.pop("paddings")
    attributes.setdefault("value", 0.0)
    pads = f"{node.outputs[0]}/pads"
    value = f"{node.outputs[0]}/value"
    known = {pads: np.asarray(attributes.pop("pads"), "int64"), value: np.float32(attributes.pop("value"))}
    return [(replace(node, inputs=(node.inputs[0], pads, value), attributes=attributes), known)]  # type: ignore[list-item]


def _upsample(node: ForeignNode) -> Sequence[Made]:
    """Upsample is a Resize whose positions are divided by the factor, and rounded down."""
    attributes = dict(node.attributes)
    mode = {"bilinear": "linear"}.get(str(attributes.get("mode", "nearest")), str(attributes.get("mode", "nearest")))
    said = {"mode": mode, "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    inputs, known = node.inputs, {}
    if len(inputs) < 2:
        factors = attributes.get("scales") or _sides(attributes)
        name = f"{node.outputs[0]}/scales"
        inputs, known = (*inputs, name), {name: np.asarray(factors, np.float32)}
    resized = replace(node, operator="Resize", inputs=(inputs[0], "", inputs[1]), attributes=said)
    return [(resized, known)]


def _sides(attributes: Mapping[str, object]) -> list[object]:
    """The factors as the first opset had them: one for the height, one for the width."""
    return [1.0, 1.0, attributes.get("height_scale", 1.0), attributes.get("width_scale", 1.0)]


def _resize_10(node: ForeignNode) -> Sequence[Made]:
    said = {
        "mode": node.attributes.get("mode", "nearest"),
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    }
    return [(replace(node, inputs=(node.inputs[0], "", node.inputs[1]), attributes=said), {})]


def _softmax(node: ForeignNode) -> Sequence[Made]:
    """Up to opset 12 over all axes from `axis` on, as one: told by an attribute `flattened`."""
    axis = node.attributes.get("axis", 1)
    return [(replace(node, attributes={**node.attributes, "axis": axis, "flattened": 1}), {})]


def _group_norm(node: ForeignNode) -> Sequence[Made]:
    """Up to opset 20 a scale and a shift for each group."""
    return [(replace(node, attributes={**node.attributes, "of_groups": 1}), {})]


def _dropout(node: ForeignNode) -> Sequence[Made]:
    attributes = dict(node.attributes)
    attributes.pop("is_test", None)
    ratio = f"{node.outputs[0]}/ratio"
    known = {ratio: np.asarray(attributes.pop("ratio", 0.5), np.float32)}
    return [(replace(node, inputs=(node.inputs[0], ratio), attributes=attributes), known)]


def _reshape_1(node: ForeignNode) -> Sequence[Made]:
    return as_inputs("shape")(node)


def _batch_norm(node: ForeignNode) -> Sequence[Made]:
    """Up to opset 13 what is trained has further outputs; a forward pass has one."""
    attributes = {k: v for k, v in node.attributes.items() if k not in ("is_test", "consumed_inputs")}
    trains = len(node.outputs) > 1
    return [(replace(node, attributes={**attributes, "training_mode": int(trains)}), {})]


def _broadcast_6(node: ForeignNode) -> Sequence[Made]:
    """Up to opset 6 a second operand met the axes of the first from `axis` on, or the last ones."""
    attributes = {key: value for key, value in node.attributes.items() if key not in ("broadcast", "axis")}
    plain = replace(node, attributes=attributes)
    if not node.attributes.get("broadcast") or "axis" not in node.attributes:
        return [(plain, {})]
    aligned = f"{node.outputs[0]}/aligned"
    first = ForeignNode("cnngraph.Aligned", node.inputs, (aligned,), {"axis": node.attributes["axis"]})
    return [(first, {}), (replace(plain, inputs=(node.inputs[0], aligned)), {})]


def _until(*changes: tuple[int, Change]) -> Sequence[tuple[int, Change]]:
    return changes


REDUCE_18 = ("ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
             "ReduceLogSumExp", "ReduceSumSquare")  # fmt: skip
CHANGES: Mapping[str, Sequence[tuple[int, Change]]] = {
    **{operator: _until((ANY, change)) for operator, change in FUSED.items()},
    **dict.fromkeys(REDUCE_18, _until((17, as_inputs("axes")))),
    "ReduceSum": _until((12, as_inputs("axes"))),
    "Squeeze": _until((12, as_inputs("axes"))),
    "Unsqueeze": _until((12, as_inputs("axes"))),
    "Split": _until((12, as_inputs("split"))),
    "Slice": _until((9, _slice)),
    "Clip": _until((10, as_inputs("min", "max", kind="float32"))),
    "Pad": _until((10, _pad)),
    "TopK": _until((9, as_inputs("k"))),
    "Reshape": _until((4, _reshape_1)),
    "Upsample": _until((ANY, _upsample)),
    "Resize": _until((10, _resize_10)),
    "PRelu": _until((6, with_attributes(of_channels=1))),
    "Dropout": _until((11, _dropout)),
    "BatchNormalization": _until((13, _batch_norm)),
    "GroupNormalization": _until((20, _group_norm)),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax"), _until((12, _softmax))),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Pow", "And", "Or"), _until((6, _broadcast_6))),
}
