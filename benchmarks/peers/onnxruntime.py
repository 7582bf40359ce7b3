"""ONNX Runtime on the graph as PyTorch's exporter writes it.

The exporter runs in a process of its own: neither PyTorch nor the weights that it copies stand in this one's memory.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime

from benchmarks.engine import ONNX_RUNTIME, Engine, Work
from benchmarks.networks import Subject, Values
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array

OPSET = 17


def inference(subject: Subject, threads: int) -> Work:
    """One prediction. Between its runs no thread of ONNX Runtime spins, where it would slow the engines that follow."""
    with tempfile.TemporaryDirectory() as folder:
        path = exported(subject, Path(folder) / "model.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.force_spinning_stop", "1")
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (name, value), outputs = turned(subject), list(subject.forward.outputs)
    last: Values = {}
    return Work(
        lambda: last.update(zip(outputs, session.run(None, {name: value}), strict=True)),
        lambda: {output: np.moveaxis(array, 1, -1) for output, array in last.items()},
    )


def turned(subject: Subject) -> tuple[str, Array]:
    """The one input of the network, channels first."""
    (node,) = subject.forward.inputs
    return node.name, np.ascontiguousarray(np.moveaxis(subject.feeds[node.name], -1, 1))


def exported(subject: Subject, path: Path) -> Path:
    """The network as an ONNX file, its batch fixed."""
    graph = subject.forward
    arguments = graph, {node.name: subject.states[node.name] for node in graph.states}, turned(subject), path
    process = multiprocessing.get_context("spawn").Process(target=export, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"the exporter of PyTorch failed on {subject.name}")
    return path


def export(graph: Graph, states: Mapping[str, Array], given: tuple[str, Array], path: Path) -> None:
    """Write the graph as PyTorch traces it."""
    import torch

    from cnngraph.interop.pytorch.interpreter import Interpreter

    peer = Interpreter(graph, states, layout=torch.contiguous_format)
    name, value = given

    class Outputs(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            values = peer.run({name: x})
            return [values[ref] for ref in graph.outputs.values()]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # this exporter is the old one; the new one needs a further package
        torch.onnx.export(
            Outputs().eval(), (torch.from_numpy(value),), path, dynamo=False, opset_version=OPSET, input_names=[name],
            output_names=list(graph.outputs),
        )  # fmt: skip


ENGINES = {ONNX_RUNTIME: Engine(inference)}
