"""Model files that nobody vouches for: limits, damage, order, functions. Everything wrong is E0801.

A model passes through here before anything else looks at it. What is bounded: the bytes of the file, the nodes with
those of all functions once they are inlined, how deep graphs lie in one another, and the numbers (`tensors.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, checker, defs, inliner

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.interop.onnx.reading.sizes import understood
from cnngraph.interop.onnx.reading.tables import meanings
from cnngraph.interop.onnx.reading.tensors import Refuse
from cnngraph.interop.onnx.reading.texts import require_texts

LARGEST_FILE = 2 * 1024**3  # bytes; protobuf itself takes no more, larger weights lie beside the file
MOST_NODES = 200_000
MOST_DEPTH = 24  # graphs inside of graphs
UNKNOWN_OPERATOR = "No Op registered"


def load(path: Path) -> ModelProto:
    """The model of a file, checked, functions inlined. Raises E0801."""
    file = str(path)
    try:
        if not path.is_file():
            raise unreadable(file, "there is no such file")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise unreadable(file, f"it has {size:,} bytes, and the limit is {LARGEST_FILE:,}")
        content = path.read_bytes()
    except OSError as problem:
        raise unreadable(file, problem.strerror or str(problem)) from problem
    try:
        model = ModelProto.FromString(content)
    except DecodeError as problem:
        raise unreadable(file, "it is no ONNX file, or it is damaged") from problem
    return checked(model, file)


def checked(model: ModelProto, file: str) -> ModelProto:
    """The model in order and with its functions inlined, once it is found to be sound. Raises E0801."""

    def refuse(why: str) -> CnnGraphError:
        return unreadable(file, why)

    if not model.graph.output:
        raise refuse("it has no graph that gives anything")
    _require_size(model, refuse)
    require_texts(model, refuse)
    _require_version(model, refuse)
    model = _in_order(model, refuse)
    _check(model, refuse)
    return _inlined(model, refuse)


def unreadable(file: str, why: str) -> CnnGraphError:
    return error("E0801", f"{file} cannot be read: {why}")


# ---- size ----


def _require_size(model: ModelProto, refuse: Refuse) -> None:
    """Bound the nodes, those of functions as often as they are used."""
    functions = {(f.domain, f.name): f for f in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size_of(nodes: Iterable[NodeProto], within: tuple[tuple[str, str], ...]) -> int:
        total = 0
        for node in _all(nodes, refuse):
            key = (node.domain, node.op_type)
            if key in within:
                raise refuse(f"the function {node.op_type} uses itself")
            if key in functions and key not in sizes:
                if len(within) > MOST_DEPTH:
                    raise refuse(f"its functions use each other more than {MOST_DEPTH} deep")
                sizes[key] = size_of(functions[key].node, (*within, key))
            total += sizes.get(key, 1)
            if total > MOST_NODES:
                raise refuse(f"it has more than the {MOST_NODES:,} nodes that are the limit")
        return total

    size_of(model.graph.node, ())


def _all(nodes: Iterable[NodeProto], refuse: Refuse, depth: int = 0) -> Iterator[NodeProto]:
    """The nodes, and those of the graphs inside of them."""
    if depth > MOST_DEPTH:
        raise refuse(f"its graphs lie more than {MOST_DEPTH} deep in one another")
    for node in nodes:
        yield node
        for graph in _inner(node):
            yield from _all(graph.node, refuse, depth + 1)


def _inner(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def _require_version(model: ModelProto, refuse: Refuse) -> None:
    newest = defs.onnx_opset_version()
    for opset in model.opset_import:
        if opset.domain in ("", "ai.onnx") and not 1 <= opset.version <= newest:
            why = f"its opset {opset.version} is not among 1 to {newest}, which the installed package onnx knows"
            raise refuse(why)


# ---- order ----


def _in_order(model: ModelProto, refuse: Refuse) -> ModelProto:
    """The model with its nodes behind those that they read."""
    nodes = list(model.graph.node)
    order = _order(nodes, refuse)
    if order == list(range(len(nodes))):
        return model
    ordered = ModelProto()
    ordered.CopyFrom(model)
    del ordered.graph.node[:]
    ordered.graph.node.extend(nodes[i] for i in order)
    return ordered


def _order(nodes: list[NodeProto], refuse: Refuse) -> list[int]:
    maker = {name: i for i, node in enumerate(nodes) for name in node.output if name}
    reads = [{maker[name] for name in _read(node, refuse) if name in maker} for node in nodes]
    if all(not made or max(made) < i for i, made in enumerate(reads)):
        return list(range(len(nodes)))
    users: list[list[int]] = [[] for _ in nodes]
    for i, made in enumerate(reads):
        for other in made:
            users[other].append(i)
    left = [len(made) for made in reads]
    ready = deque(i for i, count in enumerate(left) if not count)
    order = []
    while ready:
        order.append(ready.popleft())
        for user in users[order[-1]]:
            left[user] -= 1
            if not left[user]:
                ready.append(user)
    if len(order) < len(nodes):
        stuck = next(node for i, node in enumerate(nodes) if left[i])
        raise refuse(f"its nodes read each other in a circle, `{stuck.name or stuck.output[0]}` among them")
    return order


def _read(node: NodeProto, refuse: Refuse) -> Iterator[str]:
    yield from node.input
    for graph in _inner(node):
        for inner in _all(graph.node, refuse):
            yield from inner.input
        yield from (output.name for output in graph.output)


# ---- ONNX's own rules ----


def _check(model: ModelProto, refuse: Refuse) -> None:
    """What ONNX's checker says, but for operators that it does not know: those are told with all others."""
    try:
        checker.check_model(_without_numbers(model), full_check=False)
    except checker.ValidationError as problem:
        if UNKNOWN_OPERATOR not in str(problem):
            raise refuse(_first_line(problem)) from problem


def _without_numbers(model: ModelProto) -> ModelProto:
    """The model with empty initializers: their numbers are checked elsewhere, and may be too many for a copy."""
    light = ModelProto()
    for field, value in model.ListFields():
        if field.name not in ("graph", "training_info", "metadata_props"):
            _copy(light, field, value)
    for field, value in model.graph.ListFields():
        if field.name not in ("initializer", "sparse_initializer", "value_info"):
            _copy(light.graph, field, value)
    for value in (*light.graph.input, *light.graph.output):
        if value.type.WhichOneof("value") == "tensor_type" and not value.type.tensor_type.HasField("shape"):
            value.type.tensor_type.shape.SetInParent()  # others do not ask for the shape of a result
    names = [tensor.name for tensor in model.graph.initializer]
    names += [sparse.values.name for sparse in model.graph.sparse_initializer]
    for name in names:
        light.graph.initializer.append(TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[0]))
    return light


def _copy(target: object, field: object, value: object) -> None:
    name = getattr(field, "name", "")
    if hasattr(value, "CopyFrom"):
        getattr(target, name).CopyFrom(value)
    elif isinstance(value, str | bytes | int | float):
        setattr(target, name, value)
    else:
        getattr(target, name).extend(value)


def _first_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0] or type(problem).__name__


# ---- functions ----


def _inlined(model: ModelProto, refuse: Refuse) -> ModelProto:
    """The model without functions: its own, and those of ONNX's operators that nothing here knows."""
    try:
        if model.functions:
            model = inliner.inline_local_functions(model)
        foreign = sorted({("", node.op_type) for node in _all(model.graph.node, refuse) if _is_function(node)})
        if foreign:
            model = inliner.inline_selected_functions(model, foreign, exclude=False, inline_schema_functions=True)
    except (RuntimeError, ValueError, checker.ValidationError) as problem:
        raise refuse(f"its functions cannot be inlined: {_first_line(problem)}") from problem
    _require_size(model, refuse)
    return model


def _is_function(node: NodeProto) -> bool:
    known = node.op_type in meanings() or understood(node.op_type)
    return node.domain in ("", "ai.onnx") and not known and _has_function(node.op_type)


@cache
def _has_function(operator: str) -> bool:
    try:
        schema = defs.get_schema(operator)
    except defs.SchemaError:
        return False
    return any(getattr(schema, f"has_{kind}", False) for kind in ("function", "context_dependent_function"))

