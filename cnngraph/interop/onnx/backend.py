"""The importer and the executor as a backend of ONNX, for whoever runs models through `onnx.backend.base`.

    import cnngraph.interop.onnx.backend as backend

    backend.prepare(model).run([image])
    backend.run_node(node, [x, y])

What a layer has to know before it runs, such as weights and sizes, may come as inputs here, as in the test cases of
ONNX: then the numbers of the first run are taken, and the model is read again when others come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper, shape_inference
from onnx.backend.base import Backend, BackendRep, Device, DeviceType

from cnngraph.diagnostics import CnnGraphError, error
from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading.read import read_model
from cnngraph.interop.onnx.reading.tables import meanings
from cnngraph.ir.op import Array
from cnngraph.runtime.runner import Runner

FLOATS = (TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.FLOAT, TensorProto.DOUBLE)
KNOWN, NO_WORD = "known", "no such operator"
NEWEST = onnx.defs.onnx_opset_version()


@dataclass(frozen=True)
class _Ready:
    """A model that was read with these inputs known."""

    known: Mapping[str, Array]
    imported: Imported
    runner: Runner

    def serves(self, arrays: Mapping[str, Array]) -> bool:
        return all(np.array_equal(arrays[name], value) for name, value in self.known.items())

    def run(self, arrays: Mapping[str, Array]) -> list[Array]:
        """The outputs in the order of the file."""
        free = [name for name in arrays if name not in self.known]
        kinds = {node.name: node.type.dtype for node in self.imported.graph.inputs}
        feeds = {
            ours: axes.ours(arrays[theirs]).astype(kinds[ours], copy=False)
            for theirs, (ours, axes) in zip(free, self.imported.inputs.items(), strict=True)
        }
        results = self.runner.run(feeds)
        return [axes.theirs(results[name]) for name, axes in self.imported.outputs.items()]


class Prepared(BackendRep):
    """A model that can be run. It is read at its first run, when the numbers of its inputs are there."""

    def __init__(self, model: ModelProto) -> None:
        self.model = model
        given = {tensor.name for tensor in model.graph.initializer}
        self.names = [value.name for value in model.graph.input if value.name not in given]
        self._ready: _Ready | None = None

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs for these inputs, by name or in order. Raises `CnnGraphError`."""
        named = inputs if isinstance(inputs, Mapping) else dict(zip(self.names, inputs, strict=False))
        arrays = {name: _array(name, named[name]) for name in self.names if name in named}
        if self._ready is not None and self._ready.serves(arrays):
            found = self._ready.run(arrays)
        else:
            found = self._first(arrays)
        return tuple(_said(y, value) for y, value in zip(found, self.model.graph.output, strict=True))

    def _first(self, arrays: Mapping[str, Array]) -> list[Array]:
        """The outputs of a model that is read with as few inputs known before as it takes."""
        refused: CnnGraphError | None = None
        for names in _choices(list(arrays)):
            known = {name: arrays[name] for name in names}
            try:
                imported = read_model(_with_known(self.model, known))
                ready = _Ready(known, imported, Runner(imported.graph, imported.states))
                found = ready.run(arrays)
            except CnnGraphError as problem:
                if refused is None or KNOWN in str(refused):  # which says least
                    refused = problem
                if NO_WORD in str(problem):
                    break  # whatever is known
                continue
            self._ready = ready
            return found
        assert refused is not None, "there is always a choice"
        raise refused


def _choices(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Which inputs are known before: none, the last, the last two, ...; each alone; the first two."""
    for count in range(max(len(names), 1)):
        yield names[len(names) - count :]
    yield from ([name] for name in names[:-1])
    if len(names) > 2:
        yield names[:2]


def _with_known(model: ModelProto, known: Mapping[str, Array]) -> ModelProto:
    """The model with these inputs as initializers, which are no inputs."""
    changed = ModelProto()
    changed.CopyFrom(model)
    changed.ir_version = max(changed.ir_version, 4)  # before, initializers were inputs as well
    inputs = [value for value in changed.graph.input if value.name not in known]
    del changed.graph.input[:]
    changed.graph.input.extend(inputs)
    changed.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in known.items())
    return changed


def _array(name: str, value: Any) -> Array:
    """An input as numbers. Errors: E0802 where it is a text, a sequence, or of a kind that NumPy does not have."""
    if isinstance(value, np.ndarray) and value.dtype.name == "bfloat16":
        return np.asarray(value, np.float32)
    if not isinstance(value, np.ndarray | np.generic) or value.dtype.kind not in "fiub":
        raise error("E0802", f"the input `{name}` is no array of numbers")
    return np.asarray(value)


def _said(array: Array, value: ValueInfoProto) -> Array:
    """A result in the kind that the model says: float16 is computed in float32, a truth is a number that is not 0."""
    kind = value.type.tensor_type.elem_type
    if kind == TensorProto.BOOL:
        return np.asarray(array != 0)
    kept: Array = array.astype(helper.tensor_dtype_to_np_dtype(kind)) if kind in FLOATS else array
    return kept


class CnnGraphBackend(Backend):
    """This package as a backend of ONNX: on the processor, for models that the language can express."""

    @classmethod
    def is_compatible(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether each operator of the model has a meaning here; its arguments may still be refused."""
        domains = {"", "ai.onnx"}
        names = {n.op_type if n.domain in domains else f"{n.domain}.{n.op_type}" for n in model.graph.node}
        return cls.supports_device(device) and names <= meanings().keys()

    @classmethod
    def prepare(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> Prepared:
        return Prepared(model)

    @classmethod
    def run_node(
        cls,
        node: NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[Any, tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """The outputs of one node; `opset_version` says of which opset it is."""
        arrays = dict(zip([name for name in node.input if name], map(np.asarray, inputs), strict=True))
        fed = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
            for name, value in arrays.items()
        ]
        results = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
        version = helper.make_opsetid(node.domain, int(str(kwargs.get("opset_version", NEWEST))))
        model = helper.make_model(helper.make_graph([node], "node", fed, results), opset_imports=[version])
        return cls.prepare(shape_inference.infer_shapes(model), device).run(arrays)  # with the kinds of the results

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return bool(Device(device).type == DeviceType.CPU)


is_compatible = CnnGraphBackend.is_compatible
prepare = CnnGraphBackend.prepare
run_model = CnnGraphBackend.run_model
run_node = CnnGraphBackend.run_node
supports_device = CnnGraphBackend.supports_device
