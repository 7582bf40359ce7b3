"""A ModelProto as `Foreign`: plain data in the form of the newest opset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from cnngraph.interop.onnx.reading.foreign import Fed, Foreign, ForeignNode
from cnngraph.interop.onnx.reading.versions import modern
from cnngraph.ir.op import Array

OWN = ("", "ai.onnx")
NEEDS = "cnngraph.needs"
SCOPES = "pkg.torch.onnx.name_scopes"
Reader = Callable[[TensorProto], Array]


def foreign(model: ModelProto, read: Reader) -> Foreign:
    """The graph of a model; `read` gives the numbers of a tensor."""
    versions = {o.domain: o.version for o in model.opset_import}
    version = max((versions[domain] for domain in OWN if domain in versions), default=1)
    found = _Conversion(version, read).graph(model.graph)
    if model.producer_name != "cnngraph":
        return found
    needs = [need for entry in model.metadata_props if entry.key == NEEDS for need in entry.value.split("; ")]
    return replace(found, ours=True, needs=needs)


class _Conversion:
    def __init__(self, version: int, read: Reader) -> None:
        self.version, self.read = version, read

    def graph(self, graph: GraphProto) -> Foreign:
        constants = {tensor.name: self.read(tensor) for tensor in graph.initializer}
        for sparse in graph.sparse_initializer:
            constants[sparse.values.name] = self._dense(sparse)
        initializers = frozenset(constants)
        nodes: list[ForeignNode] = []
        for node in graph.node:
            for made, known in modern(self._node(node), self.version):
                constants.update(known)
                nodes.append(made)
        inputs = [_fed(value) for value in graph.input if value.name not in initializers]
        return Foreign(graph.name, nodes, constants, inputs, [_fed(v) for v in graph.output], initializers)

    def _dense(self, sparse: Any) -> Array:
        values, places = self.read(sparse.values), self.read(sparse.indices)
        dense = np.zeros(tuple(sparse.dims), values.dtype)
        flat = places if places.ndim == 1 else np.ravel_multi_index(tuple(places.T), dense.shape)
        dense.reshape(-1)[flat] = values
        return dense

    def _node(self, node: NodeProto) -> ForeignNode:
        operator = node.op_type if node.domain in OWN else f"{node.domain}.{node.op_type}"
        attributes = {a.name: self._attribute(a) for a in node.attribute}
        outputs = list(node.output)
        while outputs and not outputs[-1]:
            outputs.pop()
        return ForeignNode(operator, tuple(node.input), tuple(outputs), attributes, node.name, _scope(node))

    def _attribute(self, attribute: AttributeProto) -> Any:
        if attribute.type == AttributeProto.GRAPH:
            return self.graph(attribute.g)
        if attribute.type == AttributeProto.TENSOR:
            return self.read(attribute.t)
        if attribute.type == AttributeProto.SPARSE_TENSOR:
            return self._dense(attribute.sparse_tensor)
        value = helper.get_attribute_value(attribute)
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        if attribute.type == AttributeProto.STRINGS:
            return [text.decode(errors="replace") for text in value]
        return list(value) if attribute.type in (AttributeProto.INTS, AttributeProto.FLOATS) else value


def _scope(node: NodeProto) -> tuple[str, ...]:
    """The path of modules that PyTorch's exporter writes beside a node: the last of them names the node itself."""
    texts = [entry.value for entry in node.metadata_props if entry.key == SCOPES]
    if not texts:
        return ()
    return tuple(part.strip(" '\"[]") for part in texts[0].split(","))


def _fed(value: ValueInfoProto) -> Fed:
    if value.type.WhichOneof("value") != "tensor_type":
        return Fed(value.name, value.type.WhichOneof("value") or "unknown")
    tensor = value.type.tensor_type
    kind = "unknown"
    if tensor.elem_type in helper.get_all_tensor_dtypes() and tensor.elem_type != TensorProto.STRING:
        kind = helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    if not tensor.HasField("shape"):
        return Fed(value.name, kind)
    return Fed(value.name, kind, tuple(_size(d) for d in tensor.shape.dim))


def _size(dim: Any) -> int | str | None:
    match dim.WhichOneof("value"):
        case "dim_value":
            return int(dim.dim_value) if dim.dim_value > 0 else None  # some write -1, or 0, for an open size
        case "dim_param":
            return str(dim.dim_param) or None
    return None


def defaults(operator: str) -> Mapping[str, Any]:
    """The defaults of an operator's attributes in the newest opset."""
    domain, _, name = operator.rpartition(".")
    try:
        schema = onnx.defs.get_schema(name, domain=domain)
    except onnx.defs.SchemaError:
        return {}
    found = {}
    for key, attribute in schema.attributes.items():
        value = helper.get_attribute_value(attribute.default_value) if attribute.default_value.name else None
        found[key] = [_text(entry) for entry in value] if isinstance(value, list) else _text(value)
    return found


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
