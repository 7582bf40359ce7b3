"""One operator as an ONNX model, written as a whole network is, and what ONNX makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnxruntime
from onnx import ModelProto, checker
from onnx.reference import ReferenceEvaluator

from cnngraph.interop.onnx.writing import USUAL, Options, boundary, to_model
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array, Op
from cnngraph.ir.types import TensorType

Run = Callable[[ModelProto, Mapping[str, Array]], list[Array]]
RESULT = "y"


def graph_of(op: Op, operands: Sequence[TensorType]) -> Graph:
    """The operator between inputs and states of its names; its first result is the output."""
    builder = Builder()
    names = op.input_names(len(operands))
    inputs = [builder.add(name, Input(type_)) for name, type_ in zip(names, operands, strict=False)]
    weights = [builder.add(name, State(weight.type, "zeros")) for name, weight in op.weight_types(*operands).items()]
    node = builder.add(op.name, op, [leaf.ref for leaf in (*inputs, *weights)])
    return builder.finish("one", {RESULT: node.ref})


def model_of(graph: Graph, values: Sequence[Array], options: Options = USUAL) -> ModelProto:
    """A model that the checker accepts, from the values of the inputs, then of the states."""
    states = zip((node.name for node in graph.states), values[len(graph.inputs) :], strict=True)
    made = to_model(graph, dict(states), options)
    checker.check_model(made, full_check=True)
    return made


def computed(graph: Graph, model: ModelProto, values: Sequence[Array], run: Run) -> Array:
    """The result of a model, as ours."""
    inputs, outputs = boundary(graph)
    feeds = {node.name: inputs[node.name].theirs(v) for node, v in zip(graph.inputs, values, strict=False)}
    (y,) = run(model, feeds)
    return outputs[RESULT].ours(np.asarray(y))


def by_reference(model: ModelProto, feeds: Mapping[str, Array]) -> list[Array]:
    """Of the implementation that comes with ONNX."""
    return list(ReferenceEvaluator(model).run(None, dict(feeds)))


def by_runtime(model: ModelProto, feeds: Mapping[str, Array]) -> list[Array]:
    """Of ONNX Runtime, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, dict(feeds)))
