"""Nodes whose inputs are all known, computed by ONNX's own reference; bounded in numbers and in work.

Only operators of the lists below are computed: none of them loops in Python over what it is given, reads texts or draws
random numbers. Any other node is read by its meaning, or refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from onnx import AttributeProto, GraphProto, NodeProto, defs, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.ir.op import Array

LARGEST = 2**27  # numbers that a folded node may read or give
MOST = 2**29  # numbers that all folded nodes of a graph give together
RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")
MEETING = frozenset((
    "Add", "And", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual",
    "Less", "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "Pow", "PRelu", "Sub", "Sum", "Where", "Xor",
))  # fmt: skip
"""Operators whose result has the shape under which their inputs meet."""

BOUNDED = frozenset((
    "Abs", "Acos", "Asin", "Atan", "BatchNormalization", "BitwiseNot", "Cast", "CastLike", "Ceil", "Celu", "Clip",
    "Concat", "Constant", "Cos", "CumSum", "DepthToSpace", "DequantizeLinear", "Elu", "Erf", "Exp", "EyeLike",
    "Flatten", "Floor", "GatherElements", "Gelu", "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN",
    "LayerNormalization", "LeakyRelu", "Log", "LogSoftmax", "Mish", "Neg", "Not", "QuantizeLinear", "Reciprocal",
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "Round", "ScatterElements", "ScatterND", "Selu", "Shape",
    "Sigmoid", "Sign", "Sin", "Size", "Slice", "Softmax", "Softplus", "Softsign", "SpaceToDepth", "Split", "Sqrt",
    "Squeeze", "Swish", "Tan", "Tanh", "TopK", "Transpose", "Trilu", "Unsqueeze",
))  # fmt: skip
"""Operators that give no more numbers than they read, or not many more."""

GROWING = frozenset((
    "ArgMax", "ArgMin", "ConstantOfShape", "Expand", "Gather", "GatherND", "Gemm", "MatMul", "NonZero", "OneHot", "Pad",
    "Range", "Tile",
))  # fmt: skip
"""Operators that may give many more: `_gives` bounds them."""


def folded(net: Foreign) -> Foreign:
    """The graph without the nodes whose results are known, which become constants."""
    constants = dict(net.constants)
    nodes: list[ForeignNode] = []
    total = 0
    for node in net.nodes:
        found = result(node, [constants.get(name) for name in node.inputs]) if total < MOST else None
        if found is None:
            nodes.append(node)
        else:
            total += sum(array.size for array in found) if node.operator != "Identity" else 0
            constants.update(zip(node.outputs, found, strict=False))
    return replace(net, nodes=nodes, constants=constants)


def result(node: ForeignNode, inputs: Sequence[Array | None]) -> Sequence[Array] | None:
    """What a node gives if its inputs are known, and if it is one of those that are computed; else None."""
    known = [array for name, array in zip(node.inputs, inputs, strict=True) if name]
    arrays = [array for array in known if array is not None and array.dtype != object]
    if len(arrays) < len(known) or node.operator not in MEETING | BOUNDED | GROWING:
        return None
    if node.operator == "Identity" and arrays:
        return arrays
    try:
        if sum(array.size for array in arrays) > LARGEST or _gives(node, arrays) > LARGEST:
            return None
        found = _computed(node, arrays)
    except Exception:  # the reference raises whatever NumPy does; then the node is read as any other
        return None
    if any(not isinstance(array, np.ndarray) or array.size > LARGEST for array in found):
        return None
    for array in found:
        array.setflags(write=False)
    return found


def _gives(node: ForeignNode, arrays: Sequence[Array]) -> float:
    """A bound of how many numbers a node gives; may raise where its inputs are not those of its operator."""
    if node.operator in MEETING:
        return _number(np.broadcast_shapes(*(array.shape for array in arrays)))
    if node.operator not in GROWING:
        return 0
    first, *others = arrays
    match node.operator:
        case "ConstantOfShape":
            return _number(first)
        case "Expand":
            return _number(np.broadcast_shapes(first.shape, tuple(map(int, others[0]))))
        case "Tile":
            return first.size * _number(others[0])
        case "Range":
            start, stop, step = (float(array.reshape(())) for array in arrays)
            return abs(stop - start) / abs(step)
        case "OneHot":
            return first.size * max(float(others[0].reshape(())), 0)
        case "Pad":
            return _number([n + 2 * float(np.abs(others[0]).max(initial=0)) for n in first.shape])
        case "Gather" | "GatherND":
            return others[0].size * first.size / max(min(first.shape, default=1), 1)
        case "MatMul" | "Gemm":
            return first.size * max(others[0].shape, default=1)
    return first.size * max(first.ndim, 1)


def _number(shape: Sequence[float] | Array) -> float:
    return float(prod(max(float(size), 1.0) for size in np.asarray(shape).reshape(-1).tolist()))


def _computed(node: ForeignNode, arrays: Sequence[Array]) -> Sequence[Array]:
    given = [name for name in node.inputs if name]
    unique = {name: f"i{i}" for i, name in enumerate(dict.fromkeys(given))}
    inputs = [unique[name] if name else "" for name in node.inputs]
    outputs = [f"o{i}" for i in range(len(node.outputs))]
    attributes = {key: _attribute(value) for key, value in node.attributes.items()}
    made: NodeProto = helper.make_node(node.operator, inputs, outputs, **attributes)
    feeds = {unique[name]: array for name, array in zip(given, arrays, strict=True)}
    kinds = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in feeds.items()}
    values = [helper.make_tensor_value_info(name, kinds[name], array.shape) for name, array in feeds.items()]
    results = [helper.make_tensor_value_info(name, AttributeProto.UNDEFINED, None) for name in outputs]
    graph: GraphProto = helper.make_graph([made], "known", values, results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", defs.onnx_opset_version())])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found: Any = ReferenceEvaluator(model).run(None, feeds)
    return [np.array(array) for array in found]


def _attribute(value: Any) -> Any:
    return numpy_helper.from_array(np.asarray(value)) if isinstance(value, np.ndarray | np.generic) else value
