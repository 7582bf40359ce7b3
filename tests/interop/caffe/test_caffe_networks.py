"""Whole networks: GoogLeNet as it was published, and networks of the package written as Caffe would, read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the oracle is written in PyTorch")

from interop.caffe.importing import TODAY, assert_agrees, imported
from interop.caffe.networks import googlenet
from interop.caffe.of_graph import written
from interop.caffe.printing import caffemodel, prototxt

import cnngraph
from cnngraph.interop.readable.readable import readable
from cnngraph.interop.readable.same import states_in
from cnngraph.ir.graph import Graph
from cnngraph.resources import resource


def drawn(graph: Graph) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(5)
    return {node.name: chance.random(node.type.concrete, np.float32) + np.float32(0.1) for node in graph.states}


def test_googlenet_of_two_thousand_lines_comes_back_as_a_page(tmp_path: Path) -> None:
    layers, shapes = googlenet()
    text = prototxt(layers, shapes, "GoogleNet")
    found = assert_agrees(tmp_path, layers, shapes, text)
    assert len(text.splitlines()) > 1_900
    page = readable(found.graph).text
    assert len(page.splitlines()) <= 44
    assert "check params == 6_998_552" in page
    assert "inception_3a: inception(" in page


LARGE = [pytest.param(name, marks=pytest.mark.sweep) for name in ("resnet50", "resnext50", "inception_v3")]
NETS = [
    "bn_inception", "digits_cnn", "googlenet", "keras_cnn", "lenet5", "mobilenet_v1", "mobilenet_v2", "resnet18",
    "shufflenet", "squeezenet_1_1", *LARGE,
]  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_a_network_of_the_package_is_the_same_again(name: str, tmp_path: Path) -> None:
    """The same operators on the same values, and every state the same numbers."""
    graph = cnngraph.load(resource("specs", "nets", f"{name}.cnn")).graph
    states = drawn(graph)
    layers, shapes = written(graph, states)
    found = imported(tmp_path, prototxt(layers, shapes), caffemodel(layers, TODAY))
    given = replace(found.graph, outputs={name: found.graph.outputs[name] for name in graph.outputs})
    names = states_in(given, graph)
    assert len(names) == len(states) == len(found.states)
    for ours, theirs in names.items():
        np.testing.assert_allclose(found.states[theirs], states[ours], rtol=1e-6)
