"""Every network that the package carries as an ONNX file: its checker accepts it, ONNX Runtime gives our numbers.

pytest tests/networks/test_onnx_export.py -s                             a table of some networks
pytest tests/networks/test_onnx_export.py -s -m "sweep or not sweep"     of all of them, in about five minutes

Numbers are compared before a softmax or a sigmoid as well, which would hide differences.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra [onnx] is not installed")
runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is the oracle of these tests")

from networks.carried import NAMES, carried  # noqa: E402
from networks.generator import network  # noqa: E402

from cnngraph.interop.imported import Imported  # noqa: E402
from cnngraph.interop.onnx.reading import read_model  # noqa: E402
from cnngraph.interop.onnx.writing import Options, boundary, to_model, write_onnx  # noqa: E402
from cnngraph.ir.graph import Graph  # noqa: E402
from cnngraph.ir.op import Array, rng  # noqa: E402
from cnngraph.net import load, loads  # noqa: E402
from cnngraph.passes.pipeline import INFERENCE, TRAINING, run  # noqa: E402
from cnngraph.resources import resource  # noqa: E402
from cnngraph.runtime.runner import Runner  # noqa: E402
from cnngraph.runtime.settings import Settings  # noqa: E402
from cnngraph.train.initialisers import initial_states  # noqa: E402

LIMIT = 1e-4  # of the largest number of an output; float32 on both sides
SIZES = (
    {"batch": 2, "H": 64, "W": 32, "S": 6, "T": 5},
    {"batch": 1, "H": 96, "W": 128, "S": 3, "T": 9},
)
SMALL: Mapping[str, Mapping[str, object]] = {  # settings for those whose form matters more than their size
    "transformer": {"d": 24, "layers": 2, "heads": 3, "hidden": 40},
    "vit_b16": {"d": 24, "layers": 2, "heads": 3, "hidden": 40, "classes": 7},
    "seq2seq": {"words": 5, "n": 7},
    "dcgan": {"n": 4},
    "fcn8s": {"hidden": 8},
    "siamese": {"features": 8},
}
QUICK = (
    "autoencoder", "char_rnn", "encoder", "decoder", "denoiser", "digits_cnn", "fairness", "gan_digits", "googlenet",
    "gru_tagger", "latent_diffusion", "lenet5", "lstm_classifier", "resnet18", "shufflenet", "text_cnn", "time_delay",
)  # fmt: skip
DRAWN, MANY = 6, 300  # networks drawn at random
BACK = ("denoiser", "fairness", "gru_tagger", "lenet5", "shufflenet", "text_cnn", "transformer", "vit_b16")
LEAST = np.float32(0.1)  # what is added to a variance: that of two numbers may be 0
LAST = ("softmax", "sigmoid", "log_softmax")


def nets_of(name: str) -> list[str]:
    """The networks of a file."""
    text = resource("specs", "nets", f"{name}.cnn").read_text(encoding="utf-8")
    return re.findall(r"^net (\w+)", text, re.MULTILINE)


ALL = {net if len(nets_of(file)) > 1 else file: (file, net) for file in NAMES for net in nets_of(file)}
NETWORKS = [pytest.param(name, marks=() if name in QUICK else pytest.mark.sweep) for name in ALL]
rows: dict[str, str] = {}


@pytest.fixture(autouse=True, scope="module")
def table() -> Iterator[None]:
    yield
    head = f"{'network':28}{'nodes':>6}{'turned':>7}{'MB':>7}  checker  {'largest difference':>18}"
    print("", head, *(f"{name:28}{row}" for name, row in sorted(rows.items())), sep="\n")


def with_logits(graph: Graph) -> Graph:
    """The graph with what goes into the last softmax or sigmoid among its outputs."""
    before = {
        f"{name}.before": graph[ref.node].inputs[0]
        for name, ref in graph.outputs.items()
        if graph[ref.node].op.name in LAST
    }
    return replace(graph, outputs={**graph.outputs, **before})


def drawn_states(graph: Graph) -> dict[str, Array]:
    """First values as training has them, and something to find in those that begin as one number everywhere.

    The running means and variances are those of a batch: so numbers neither grow nor die out along the network, where
    the rounding of float32 would be all that is compared.
    """
    values = initial_states(graph, seed=0)
    for place, node in enumerate(graph.states):
        if np.ptp(values[node.name]) == 0:
            noise = rng(1, place).uniform(-0.2, 0.2, node.type.concrete)
            values[node.name] = (values[node.name] + noise).astype(node.type.dtype)
    return values | of_a_batch(graph, values)


def of_a_batch(graph: Graph, states: Mapping[str, Array]) -> dict[str, Array]:
    """The running means and variances that one step of training gives which forgets all before it."""
    nodes = tuple(replace(n, op=replace(n.op, momentum=0.0)) if n.op.name == "batchnorm" else n for n in graph)
    step = run(replace(graph, nodes=nodes), TRAINING)
    if not any(node.op.name == "batchnorm" for node in graph):
        return {}
    runner = Runner(step, {**initial_states(step, seed=0), **states})
    runner.run(drawn_feeds(graph, SIZES[0]))
    return {name: runner.states[name] + (name.endswith("variance") * LEAST) for name in step.updates if name in states}


def drawn_feeds(graph: Graph, sizes: Mapping[str, int]) -> dict[str, Array]:
    feeds: dict[str, Array] = {}
    for place, node in enumerate(graph.inputs):
        type_, draw = node.type.bind(**sizes), rng(2, place)
        numbers = draw.normal(size=type_.concrete).astype(type_.dtype)
        feeds[node.name] = draw.integers(0, type_.vocabulary, type_.concrete) if type_.vocabulary else numbers
    return feeds


def session(path: Path) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def computed(file: Any, graph: Graph, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """The outputs of a file in ONNX Runtime, as ours."""
    inputs, outputs = boundary(graph)
    results = file.run(list(outputs), {name: inputs[name].theirs(value) for name, value in feeds.items()})
    return {name: axes.ours(result) for (name, axes), result in zip(outputs.items(), results, strict=True)}


def difference(found: Mapping[str, Array], expected: Mapping[str, Array]) -> float:
    """The largest difference in any output, as a fraction of the largest number there."""
    assert found.keys() == expected.keys()
    assert all(found[name].shape == expected[name].shape for name in expected)
    assert all(np.isfinite(value).all() for value in expected.values())
    return max(float(np.abs(found[n] - e).max() / max(np.abs(e).max(), 1e-30)) for n, e in expected.items())


def proved(name: str, graph: Graph, states: Mapping[str, Array], path: Path) -> None:
    """One line of the table: written, checked, run at all sizes."""
    write_onnx(path, graph, states, Options(documentation=name))
    onnx.checker.check_model(path, full_check=True)
    file, ours = session(path), Runner(graph, states, settings=Settings(workers=1))
    feeds = [drawn_feeds(graph, sizes) for sizes in SIZES]
    worst = max(difference(computed(file, graph, each), ours.run(each)) for each in feeds)
    kinds = Counter(node.op_type for node in onnx.load(path, load_external_data=False).graph.node)
    size = path.stat().st_size / 1e6
    rows[name] = f"{kinds.total():6}{kinds['Transpose']:7}{size:7.1f}  accepted {worst:18.1e}"
    assert worst < LIMIT


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network(name: str, tmp_path: Path) -> None:
    file, net = ALL[name]
    settings = SMALL.get(name, {}) if name in QUICK else {}
    graph = with_logits(load(resource("specs", "nets", f"{file}.cnn"), net, **settings).graph)
    proved(name, graph, drawn_states(graph), tmp_path / "net.onnx")


@pytest.mark.parametrize("name", SMALL)
def test_a_small_form(name: str, tmp_path: Path) -> None:
    graph = with_logits(carried(name, **SMALL[name]).graph)
    proved(f"{name}, small", graph, drawn_states(graph), tmp_path / "net.onnx")


@pytest.mark.parametrize("name", ["fairness", "grid_detector", "lenet5", "siamese", "product_embedding"])
def test_the_loss_as_well(name: str, tmp_path: Path) -> None:
    graph = run(carried(name).training.graph, INFERENCE)
    proved(f"{name}, its loss", graph, drawn_states(graph), tmp_path / "net.onnx")


def test_a_trained_network(tmp_path: Path) -> None:
    net = carried("digits_cnn")
    net.fit(epochs=1)
    graph = with_logits(net.graph)
    states = {node.name: net.states[node.name] for node in graph.states}
    proved("digits_cnn, trained", graph, states, tmp_path / "net.onnx")
    file = session(tmp_path / "net.onnx")
    data = net.data()
    images = data.preprocessing.normalized(data.test.images)
    found = computed(file, graph, {"image": images})["output"].argmax(-1)
    assert (found == data.test.labels).mean() > 0.5  # one of ten, were it chance




@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in BACK else pytest.mark.sweep) for name in ALL])
def test_a_network_comes_back(name: str) -> None:
    """What is written and read again is the network: the same layers with the same weights give the same numbers."""
    file, net = ALL[name]
    graph = load(resource("specs", "nets", f"{file}.cnn"), net, **SMALL.get(name, {})).graph
    states = drawn_states(graph)
    feeds = drawn_feeds(graph, SIZES[0])
    expected = Runner(graph, states, settings=Settings(workers=1)).run(feeds)
    found = read_model(to_model(graph, states))
    assert difference(returned(graph, found, feeds), expected) < LIMIT
    assert layers(found.graph) == layers(graph)


@pytest.mark.parametrize("seed", [pytest.param(s, marks=() if s < DRAWN else pytest.mark.sweep) for s in range(MANY)])
def test_a_network_that_was_drawn(seed: int, tmp_path: Path) -> None:
    """Written, run by ONNX Runtime, read again, and run here."""
    graph = loads(network(seed)).graph
    states, feeds = drawn_states(graph), drawn_feeds(graph, SIZES[0])
    write_onnx(tmp_path / "net.onnx", graph, states)
    onnx.checker.check_model(tmp_path / "net.onnx", full_check=True)
    expected = Runner(graph, states, settings=Settings(workers=1)).run(feeds)
    assert difference(computed(session(tmp_path / "net.onnx"), graph, feeds), expected) < LIMIT
    assert difference(returned(graph, read_model(to_model(graph, states)), feeds), expected) < LIMIT


def returned(graph: Graph, found: Imported, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """The outputs of what was read from the model of this graph."""
    inputs, outputs = boundary(graph)
    given = {name: found.inputs[name].ours(axes.theirs(feeds[name])) for name, axes in inputs.items()}
    results = Runner(found.graph, found.states, settings=Settings(workers=1)).run(given)
    return {name: axes.ours(found.outputs[name].theirs(results[name])) for name, axes in outputs.items()}


def layers(graph: Graph) -> Counter[str]:
    """How often each layer stands in the graph. What has no weights can be said in several ways: as a global average is
    one over a window of all positions.
    """
    return Counter(node.op.name for node in graph if node.op.counts_depth or node.op.name == "batchnorm")
