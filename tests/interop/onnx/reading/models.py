"""Small models of ONNX for the tests, and what other tools compute of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from cnngraph.interop.imported import Imported
from cnngraph.interop.onnx.reading import read_model
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array, rng

Shape = Sequence["int | str | None"]
node = helper.make_node


def drawn(*shape: int, seed: int = 0) -> Array:
    return rng(seed, *shape).normal(size=shape).astype(np.float32)


def model(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Shape],
    outputs: Sequence[str] = ("y",),
    weights: Mapping[str, Array] | None = None,
    opset: int = 22,
    kinds: Mapping[str, int] | None = None,
    domains: Sequence[str] = (),
) -> ModelProto:
    """A model of these nodes; inputs are float32 unless `kinds` says else."""
    fed = [
        helper.make_tensor_value_info(name, (kinds or {}).get(name, TensorProto.FLOAT), shape)
        for name, shape in inputs.items()
    ]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    known = [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(nodes, "small", fed, given, known)
    sets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=sets, ir_version=10)


def expected(made: ModelProto, feeds: Mapping[str, Array]) -> list[Array]:
    """The results as ONNX Runtime computes them."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads, settings.log_severity_level = 1, 3
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(made.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return list(map(np.asarray, session.run(None, dict(feeds))))


def computed(found: Imported, feeds: Mapping[str, Array]) -> list[Array]:
    """The results as our operators compute them, in the order and the axes of the file."""
    ours = {name: axes.ours(feed) for (name, axes), feed in zip(found.inputs.items(), feeds.values(), strict=True)}
    values = run(found.graph, {**found.states, **ours})
    return [found.outputs[name].theirs(values[ref.node][ref.index]) for name, ref in found.graph.outputs.items()]


def run(graph: Graph, given: Mapping[str, Array]) -> dict[str, tuple[Array, ...]]:
    """Each node by its `forward`."""
    sizes: dict[str, int] = {}
    for fed in graph.inputs:
        for size, number in zip(fed.type.shape, given[fed.name].shape, strict=True):
            if not isinstance(size, int) and str(size).isidentifier():
                sizes[str(size)] = number
    values: dict[str, Any] = {}
    for one in graph.bind(**sizes):
        if isinstance(one.op, Input | State):
            values[one.name] = (given[one.name],)
        else:
            values[one.name] = one.op.apply([values[ref.node][ref.index] for ref in one.inputs])
        for array, type_ in zip(values[one.name], one.types, strict=True):
            assert array.shape == type_.concrete, one.name
    return values


def agree(found: Sequence[Array], wanted: Sequence[Array], tolerance: float = 1e-5) -> None:
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max(initial=0) <= tolerance * max(np.abs(theirs).max(initial=0), 1e-3)


def checked(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Shape],
    outputs: Sequence[str] = ("y",),
    weights: Mapping[str, Array] | None = None,
    *,
    sizes: Mapping[str, int] | None = None,
    tolerance: float = 1e-5,
    **more: Any,
) -> Imported:
    """Read the model, compare its numbers with those of ONNX Runtime, and give what was read.

    An open size is 3 unless `sizes` says else; a batch that the file fixes stays as it is.
    """
    made = model(nodes, inputs, outputs, weights, **more)
    found = read_model(made)
    feeds = {}
    for place, (name, shape) in enumerate(inputs.items()):
        numbers = [n if isinstance(n, int) else (sizes or {}).get(str(n), 3) for n in shape]
        feeds[name] = drawn(*numbers, seed=place)
    agree(computed(found, feeds), expected(made, feeds), tolerance)
    return found


def operators(found: Imported) -> list[str]:
    """The operators as they print, in order."""
    return [str(one.op) for one in found.graph if not isinstance(one.op, Input | State)]
