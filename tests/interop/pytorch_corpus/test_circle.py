"""Round by way of PyTorch: a network as PyTorch source, that as ONNX, and this as a network again is the same."""

from __future__ import annotations

import io
import sys
import warnings
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra onnx")
pytest.importorskip("torch", reason="needs the extra torch")

import onnx
import torch
from interop.pytorch_corpus.test_corpus import values_of

import cnngraph
from cnngraph.interop.onnx.reading import read_model
from cnngraph.interop.pytorch_source import Source, to_pytorch
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.train.initialisers import initial_states

NETS = Path(cnngraph.__file__).parents[1] / "specs" / "nets"
QUICK = ("lenet5", "grid_detector", "text_cnn")
LONG = ("fashion", "time_delay", "autoencoder", "resnet18", "squeezenet", "mobilenet_v1", "mobilenet_v2",
        "efficientnet_b0", "shufflenet", "densenet121", "se_resnet50", "lstm_classifier",
        "seq2seq", "siamese", "unet", "unet_cropped", "vit_b16")  # fmt: skip


def module_of(source: Source) -> torch.nn.Module:
    """The network that the source defines, in a module of its own, with its weights."""
    home = ModuleType("exported_network")
    sys.modules[home.__name__] = home
    exec(compile(source.text, "<source>", "exec"), home.__dict__)  # our own text
    own = [v for v in vars(home).values() if isinstance(v, type) and v.__module__ == home.__name__]
    network = [kind for kind in own if issubclass(kind, torch.nn.Module)][-1]().eval()
    network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in source.states.items()})
    return network


def written(network: torch.nn.Module, names: list[str], inputs: tuple[torch.Tensor, ...]) -> onnx.ModelProto:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, inputs, file, dynamo=False, input_names=names, dynamic_axes={name: {0: "batch"} for name in names},
            do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE,
        )  # fmt: skip
    return onnx.load_from_string(file.getvalue())


def given(graph: Graph) -> dict[str, Array]:
    """Random inputs; open sizes are 32."""
    feeds: dict[str, Array] = {}
    for i, node in enumerate(graph.inputs):
        type_ = node.type.bind(**{name: 2 if name == "batch" else 32 for name in node.type.symbols})
        draw = rng(5, i)
        ids = type_.vocabulary is not None
        feeds[node.name] = draw.integers(0, 9, type_.concrete) if ids else draw.normal(size=type_.concrete)
        feeds[node.name] = feeds[node.name].astype(type_.dtype)
    return feeds


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=pytest.mark.sweep) for n in LONG)])
def test_round_by_way_of_pytorch(name: str) -> None:
    graph = run(cnngraph.load(NETS / f"{name}.cnn").graph, INFERENCE)
    source = to_pytorch(graph, initial_states(graph, 0))
    network, feeds = module_of(source), given(graph)
    inputs = tuple(torch.from_numpy(source.inputs[fed].theirs(array)) for fed, array in feeds.items())
    found = read_model(written(network, list(feeds), inputs))
    assert Counter(n.op.name for n in found.graph if n.inputs) == Counter(n.op.name for n in graph if n.inputs)
    leaves = {
        node.name: found.inputs[node.name].ours(x.numpy()) for node, x in zip(found.graph.inputs, inputs, strict=True)
    }
    with torch.no_grad():
        results = network(*inputs)
    expected = list(results) if isinstance(results, tuple) else [results]
    values = values_of(found.graph.bind(batch=2), {**found.states, **leaves})
    for (output, ref), y in zip(found.graph.outputs.items(), expected, strict=True):
        ours = found.outputs[output].theirs(values[ref])
        assert np.abs(ours - y.numpy()).max() <= 1e-4 * max(np.abs(y.numpy()).max(), 1e-6)
