"""Nodes whose inputs are all known, computed by ONNX's own reference; bounded in numbers and in work."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import AttributeProto, GraphProto, NodeProto, defs, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from cnngraph.interop.onnx.reading.foreign import Foreign, ForeignNode
from cnngraph.ir.op import Array

LARGEST = 2**27  # numbers that a folded node may read or give
RANDOM = ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli")
SLOW = ("Conv", "ConvTranspose", "Scan", "Loop", "If", "LSTM", "GRU", "RNN", "Einsum", "MaxPool", "AveragePool")


def folded(net: Foreign) -> Foreign:
    """The graph without the nodes whose results are known, which become constants."""
    constants = dict(net.constants)
    nodes: list[ForeignNode] = []
    for node in net.nodes:
        found = result(node, [constants.get(name) for name in node.inputs])
        if found is None:
            nodes.append(node)
        else:
            constants.update(zip(node.outputs, found, strict=False))
    return replace(net, nodes=nodes, constants=constants)


def result(node: ForeignNode, inputs: Sequence[Array | None]) -> Sequence[Array] | None:
    """What a node gives if its inputs are known, and if the reference knows it; else None."""
    known = [array for name, array in zip(node.inputs, inputs, strict=True) if name]
    if any(array is None for array in known) or node.operator in (*RANDOM, *SLOW) or "." in node.operator:
        return None
    arrays = [array for array in known if array is not None]
    if sum(array.size for array in arrays) > LARGEST or _gives(node, arrays) > LARGEST:
        return None
    if node.operator == "Identity" and arrays:
        return arrays
    try:
        found = _computed(node, arrays)
    except Exception:  # the reference raises whatever NumPy does; then the node is read as any other
        return None
    if any(not isinstance(array, np.ndarray) or array.size > LARGEST for array in found):
        return None
    for array in found:
        array.setflags(write=False)
    return found


def _gives(node: ForeignNode, arrays: Sequence[Array]) -> int:
    """A bound of how many numbers a node gives, for those that can blow up."""
    match node.operator:
        case "ConstantOfShape" if arrays and arrays[0].ndim == 1:
            return _product(arrays[0])
        case "Expand" | "Tile" if len(arrays) == 2:
            grown = _product(arrays[1])
            return max(grown, 1) * (max(arrays[0].size, 1) if node.operator == "Tile" else 1)
        case "Range" if len(arrays) == 3 and all(array.size == 1 for array in arrays):
            start, stop, step = (float(array.reshape(())) for array in arrays)
            return int(abs(stop - start) / max(abs(step), 1e-9))
        case "OneHot" if len(arrays) == 3 and arrays[1].size == 1:
            return int(arrays[0].size * max(float(arrays[1].reshape(())), 0))
        case "EyeLike" | "Pad" | "Resize" | "CenterCropPad" | "Upsample":
            return 0 if all(array.size < 2**16 for array in arrays) and _small(arrays) else LARGEST + 1
        case "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Where" | "Equal" | "And" | "Or" | "Max" | "Min" | "Less":
            return _broadcast(arrays)
        case "MatMul" | "Gemm":
            return arrays[0].size * max(arrays[1].shape[-1:], default=1) if arrays[1].ndim else LARGEST + 1
    return 0


def _product(array: Array) -> int:
    total = 1
    for size in array.reshape(-1).tolist():
        total *= max(int(size), 1)
    return total


def _small(arrays: Sequence[Array]) -> bool:
    """Whether what they say of sizes is small."""
    return all(np.abs(array).max(initial=0) < 4096 for array in arrays[1:] if array.dtype.kind in "iuf")


def _broadcast(arrays: Sequence[Array]) -> int:
    try:
        return int(np.prod(np.broadcast_shapes(*(array.shape for array in arrays)), dtype=np.float64))
    except ValueError:
        return 0


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
