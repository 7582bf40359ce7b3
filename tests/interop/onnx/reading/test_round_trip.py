"""Every network that the package carries, written as ONNX and read again: the same operators, names and numbers.

pytest tests/interop/onnx/reading/test_round_trip.py -m sweep      the large ones too
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

from interop.onnx.reading.models import run

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file
from cnngraph.interop.onnx.reading import read_model
from cnngraph.interop.onnx.writing import to_model
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array, rng
from cnngraph.resources import resource

FOLDED = {
    "alexnet_two_gpus": {"concat": -1},  # the same concat stands there twice
    "bn_inception": {"avgpool": -1, "flatten": -1, "globalavgpool": 1},  # a window over all positions
    "googlenet": {"avgpool": -1, "flatten": -1, "globalavgpool": 1},
    "inception_v3": {"avgpool": -1, "flatten": -1, "globalavgpool": 1},
    "latent_diffusion": {"stop_gradient": -1, "identity": 1},
    "latent_digits": {"stop_gradient": -1, "identity": 1},
    "pose_small": {  # what is worked out twice there stands once, and a transposed product is another one
        "stop_gradient": -1, "identity": 1, "scale": -3, "shift": -2, "concat": -2, "transpose": -1, "reshape": 2,
        "dot": -1, "mix": 1,
    },
    "seq2seq": {},  # the sequence beside the last states has no node of its own in ONNX, so no name
    "seq2seq_reverse": {},
    "fairness": {"reverse_gradient": -1, "identity": 1},  # which has no word in ONNX
}
TURNED = ("pose_small",)  # its picture is read with columns as features: the same numbers, with fewer moves
LARGE = 8_000_000  # parameters
RUN = ("autoencoder", "char_rnn", "gru_tagger", "lenet5", "keras_cnn", "text_cnn", "time_delay", "seq2seq")


@cache
def networks() -> list[object]:
    """All nets of all files; the large ones are for the sweep."""
    found = []
    for path in sorted(resource("specs", "nets").glob("*.cnn")):
        for name in re.findall(r"^net (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            size = counts.parameters(elaborate(load_file(path), name))
            is_large = not isinstance(size, int) or size > LARGE
            found.append(pytest.param(path, name, id=name, marks=[pytest.mark.sweep] if is_large else []))
    return found


def drawn(graph: Graph) -> dict[str, Array]:
    """Numbers for all states."""
    found = {}
    for place, node in enumerate(graph.states):
        array = rng(place).normal(size=node.type.shape).astype(node.type.dtype) * 0.25
        found[node.name] = np.abs(array) + 0.5 if node.name.endswith("variance") else array
    return found


def paths(graph: Graph) -> set[str]:
    """The names of all nodes, but of heads that are split: they are called after the product that asks for them."""
    return {node.name for node in graph if node.op.name != "split_heads"}


@pytest.mark.parametrize(("path", "name"), networks())
def test_it_comes_back(path: Path, name: str) -> None:
    graph = elaborate(load_file(path), name)
    states = drawn(graph)
    found = read_model(to_model(graph, states))
    ours, theirs = ({n.name: n for n in g} for g in (graph, found.graph))
    wanted = Counter(n.op.name for n in graph) + Counter()
    wanted.update(FOLDED.get(name, {}))
    assert +wanted == Counter(n.op.name for n in found.graph)
    if name not in FOLDED:
        assert paths(found.graph) == paths(graph)
    alike = [word for word in theirs.keys() & ours.keys() if theirs[word].op.name == ours[word].op.name]
    for shared in alike if name not in TURNED else ():
        assert str(theirs[shared].type) == str(ours[shared].type), shared
    assert found.states.keys() == {n.name for n in found.graph.states}
    for state, array in found.states.items():
        np.testing.assert_array_equal(array, states[state])
    assert list(found.outputs) == list(graph.outputs)
    if name in RUN:
        same_numbers(graph, found.graph, states)


def same_numbers(graph: Graph, found: Graph, states: dict[str, Array]) -> None:
    sizes = dict.fromkeys(graph.symbols, 6) | {"batch": 2}
    feeds = {}
    for place, node in enumerate(graph.inputs):
        shape = node.type.bind(**sizes).concrete
        draw = rng(1, place)
        feeds[node.name] = (
            draw.normal(size=shape).astype(np.float32)
            if node.type.vocabulary is None
            else draw.integers(0, node.type.vocabulary, shape)
        )
    ours, theirs = run(graph, {**states, **feeds}), run(found, {**states, **feeds})
    for name, ref in graph.outputs.items():
        other = found.outputs[name]
        np.testing.assert_array_equal(ours[ref.node][ref.index], theirs[other.node][other.index])


def test_all_that_is_run_is_there() -> None:
    names = {str(getattr(one, "id", "")) for one in networks()}
    assert {*RUN, *FOLDED} <= names
