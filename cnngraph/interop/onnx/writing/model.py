"""A graph with its weights as a model: `ModelProto` and, apart from it, the arrays that belong into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from onnx import ModelProto, StringStringEntryProto, TensorProto, helper

from cnngraph.diagnostics import CnnGraphError, Diagnostic, error
from cnngraph.interop.onnx.writing.boundary import channels_last, is_image, order_at_the_boundary
from cnngraph.interop.onnx.writing.options import Options
from cnngraph.interop.onnx.writing.page import fill
from cnngraph.interop.onnx.writing.sheet import Kept, Sheet, Store, Value, info_of, kind_of
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array
from cnngraph.ir.size import SizeError, symbols
from cnngraph.ir.types import TensorType

PRODUCER = "cnngraph"
LARGEST = 2**31 - 1  # bytes of a protocol buffer
LARGEST_SIZE = 2**63 - 1
SMALL = 1024  # bytes of an array that is in the model always, and more than the names and sizes of one


@dataclass(frozen=True)
class Parts:
    """A model without its arrays, and these by name, in the order of the model: views of the states where possible."""

    model: ModelProto
    arrays: Mapping[str, Kept]

    @property
    def bytes(self) -> int:
        """About how many bytes the whole takes, rather more."""
        return int(self.model.ByteSize()) + sum(kept.numbers.nbytes + SMALL for kept in self.arrays.values())


def to_model(graph: Graph, states: Mapping[str, Array], options: Options) -> ModelProto:
    parts = parts_of(graph, states, options)
    if parts.bytes > LARGEST:
        message = f"a model of {parts.bytes:,} bytes is more than a protocol buffer can hold"
        raise error("E0803", message, "`write_onnx` writes its weights into a file of their own")
    for name, kept in parts.arrays.items():
        add_whole(parts.model, name, kept)
    return parts.model


def add_whole(model: ModelProto, name: str, kept: Kept) -> None:
    """Put an array into the model, its numbers in the order of their axes."""
    made = model.graph.initializer.add()
    made.CopyFrom(tensor(name, kept))
    made.raw_data = kept.numbers.tobytes()


def tensor(name: str, kept: Kept) -> TensorProto:
    """An array as ONNX keeps it, without its numbers."""
    return TensorProto(name=name, dims=kept.shape, data_type=kind_of(str(kept.numbers.dtype)))


def parts_of(graph: Graph, states: Mapping[str, Array], options: Options) -> Parts:
    """The model of a network as it predicts. Errors: E0803 all nodes that have no words in ONNX; E0703 the states."""
    _require_states(graph, states)
    if graph.updates:
        raise error("E0803", f"{graph.name} is a step of training", "export the net itself: a model predicts")
    for node in graph:
        if any(isinstance(size, int) and size > LARGEST_SIZE for type_ in node.types for size in type_.shape):
            message = f"`{node.name}` would be {node.type.shape}: ONNX has no larger size than {LARGEST_SIZE:,}"
            raise error("E0803", message, "choose smaller sizes, or leave the batch open")
    store = Store({node.name for node in graph} | graph.outputs.keys())
    sheet = Sheet(store, options.opset)
    inputs = {node.name: Value(node.name, order_at_the_boundary(node.type)) for node in graph.inputs}
    names = _names(graph)
    kept = {node.name: (node.name, _as_typed(states[node.name], node.type)) for node in graph.states}
    values, refused = fill(sheet, graph, inputs, kept, names)
    if refused:
        raise CnnGraphError(refused)
    infos = [info_of(inputs[node.name].name, node.type, inputs[node.name].axes) for node in graph.inputs]
    outputs = []
    for name, ref in graph.outputs.items():
        type_, axes = graph.type_of(ref), order_at_the_boundary(graph.type_of(ref))
        value = values[ref] if ref in values else _state(sheet, kept[ref.node])
        _give(sheet, value, name, axes)
        outputs.append(info_of(name, type_, axes))
    made = helper.make_model(
        sheet.graph(graph.name, infos, outputs),
        opset_imports=[helper.make_opsetid("", options.opset)],
        ir_version=options.ir_version,
        producer_name=PRODUCER,
        producer_version=version(PRODUCER),
    )
    made.doc_string = made.graph.doc_string = _documentation(graph, options)
    remarks = {"cnngraph.net": graph.name, "cnngraph.needs": "; ".join(_needs(graph))}
    made.metadata_props.extend(StringStringEntryProto(key=key, value=text) for key, text in remarks.items() if text)
    return Parts(made, store.arrays)


def _state(sheet: Sheet, kept: tuple[str, Array]) -> Value:
    """A state as a value."""
    name, array = kept
    return Value(sheet.store.keep_state(name, (None, None, None), Kept(array, array.shape)), channels_last(array.ndim))


def _names(graph: Graph) -> dict[Ref, tuple[str, tuple[int, ...]]]:
    """The name of each output that a node can give itself, with the order of axes that it has to have there."""
    found: dict[Ref, tuple[str, tuple[int, ...]]] = {}
    for name, ref in graph.outputs.items():
        if ref not in found and not isinstance(graph[ref.node].op, Input | State):
            found[ref] = name, order_at_the_boundary(graph.type_of(ref))
    return found


def _give(sheet: Sheet, value: Value, name: str, axes: tuple[int, ...]) -> None:
    """Make sure that there is a value of this name."""
    if value.axes != axes:
        sheet.turned(value, axes, name)
    elif value.name != name:
        sheet.add("Identity", [value.name], [name], {}, sheet.store.fresh(f"{name}.identity"), {})


def _require_states(graph: Graph, states: Mapping[str, Array]) -> None:
    missing = [node.name for node in graph.states if node.name not in states]
    found = [Diagnostic("E0703", f"the state `{name}` has no value") for name in missing]
    for node in graph.states:
        if node.name in states and np.shape(states[node.name]) != _concrete(node.type):
            message = f"`{node.name}` is {node.type}, but its value is {np.shape(states[node.name])}"
            found.append(Diagnostic("E0703", message))
    if found:
        raise CnnGraphError(found)


def _concrete(type_: TensorType) -> tuple[int, ...]:
    try:
        return type_.concrete
    except SizeError as reason:
        raise error("E0803", f"the size of a weight is open: {reason}") from reason


def _as_typed(array: Array, type_: TensorType) -> Array:
    return np.asarray(array, type_.dtype)


def _documentation(graph: Graph, options: Options) -> str:
    """What the net is, and how its values lie."""
    images = [node.name for node in graph.inputs if is_image(node.type)]
    images += [name for name, ref in graph.outputs.items() if is_image(graph.type_of(ref))]
    lines = [options.documentation] if options.documentation else []
    lines.append(f"The network {graph.name}, written by {PRODUCER} {version(PRODUCER)}.")
    if images:
        lines.append(f"Channels come before positions, (batch, channels, ...), in {', '.join(dict.fromkeys(images))}.")
    lines += [f"Needs {fact}." for fact in _needs(graph)]
    return "\n".join(lines)


def _needs(graph: Graph) -> list[str]:
    """What the open sizes have to fulfil."""
    found = {s for node in graph.inputs for size in node.type.shape for s in symbols(size)}
    limited = [s for s in found if s.multiple_of > 1 or s.at_least > 1]
    return [*sorted(s.fact() for s in limited), *map(str, graph.facts)]
