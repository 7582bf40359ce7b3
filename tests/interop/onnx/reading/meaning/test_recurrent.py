"""LSTM, GRU and RNN are scans of cells, with ONNX Runtime's numbers; so is Scan itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")
pytest.importorskip("onnxruntime", reason="ONNX Runtime computes what is compared")

import onnx
import onnx.parser
from interop.onnx.reading.models import Shape, agree, checked, computed, drawn, expected, model, node, operators

import cnngraph
from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.flat.expand import expand
from cnngraph.interop.onnx.reading import read_model
from cnngraph.interop.onnx.writing import to_model
from cnngraph.ir.op import Array
from cnngraph.ops.scan import Scan
from cnngraph.train.initialisers import initial_states

C, UNITS, T = 4, 3, 5
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
TIME_FIRST: Mapping[str, Shape] = {"x": [T, "batch", C]}
BATCH_FIRST: Mapping[str, Shape] = {"x": ["batch", T, C]}
SIZES = {"batch": 2}


def weights(kind: str, directions: int = 1) -> dict[str, Array]:
    rows = GATES[kind] * UNITS
    return {
        "w": drawn(directions, rows, C), "r": drawn(directions, rows, UNITS, seed=1),
        "b": drawn(directions, 2 * rows, seed=2), "p": drawn(directions, 3 * UNITS, seed=3),
    }  # fmt: skip


def layer(kind: str, outputs: list[str], *more: str, **attributes: object) -> onnx.NodeProto:
    return node(kind, ["x", "w", "r", "b", *more], outputs, hidden_size=UNITS, **attributes)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_all_results_in_all_directions(kind: str, direction: str) -> None:
    outputs = ["y", "h", "c"][: 3 if kind == "LSTM" else 2]
    ways = 2 if direction == "bidirectional" else 1
    found = checked([layer(kind, outputs, direction=direction)], TIME_FIRST, outputs, weights(kind, ways), sizes=SIZES)
    assert sum(word.startswith("scan") for word in operators(found)) == ways


@pytest.mark.parametrize("kind", GATES)
def test_a_sequence_with_the_batch_first(kind: str) -> None:
    nodes = [node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
             node(kind, ["t", "w", "r", "b"], ["s"], hidden_size=UNITS),
             node("Squeeze", ["s", "one"], ["q"]), node("Transpose", ["q"], ["y"], perm=[1, 0, 2])]  # fmt: skip
    found = checked(nodes, BATCH_FIRST, weights=weights(kind) | {"one": np.array([1])}, sizes=SIZES)
    assert operators(found)[0] == f"scan({kind.lower()})"
    assert len(operators(found)) == (2 if kind == "LSTM" else 1)


def test_the_layout_with_the_batch_first() -> None:
    """Which ONNX Runtime does not have: the same numbers as of the other layout."""
    first = model([layer("GRU", ["y", "h"], layout=1)], BATCH_FIRST, ["y", "h"], weights("GRU"))
    x = drawn(2, T, C)
    y, h = computed(read_model(first), {"x": x})
    other = model([layer("GRU", ["y", "h"])], TIME_FIRST, ["y", "h"], weights("GRU"))
    y2, h2 = expected(other, {"x": x.transpose(1, 0, 2)})
    agree([y, h], [y2.transpose(2, 0, 1, 3), h2.transpose(1, 0, 2)])


def test_both_ways_in_which_a_gru_resets() -> None:
    for after in (0, 1):
        checked([layer("GRU", ["y"], linear_before_reset=after)], TIME_FIRST, weights=weights("GRU"), sizes=SIZES)


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("RNN", {"activations": ["Relu"]}),
        ("RNN", {"activations": ["LeakyRelu"], "activation_alpha": [0.1]}),
        ("LSTM", {"activations": ["Sigmoid", "Relu", "Softsign"]}),
        ("GRU", {"activations": ["Sigmoid", "Softplus"]}),
    ],
)
def test_activations(kind: str, attributes: dict[str, object]) -> None:
    checked([layer(kind, ["y"], **attributes)], TIME_FIRST, weights=weights(kind), sizes=SIZES)


def test_peepholes() -> None:
    found = checked([layer("LSTM", ["y"], "", "", "", "p")], TIME_FIRST, weights=weights("LSTM"), sizes=SIZES)
    assert len(found.states) == 5


def test_a_first_state_from_another_layer() -> None:
    nodes = [layer("LSTM", ["", "h", "c"]), node("LSTM", ["x", "w", "r", "b", "", "h", "c"], ["y"], hidden_size=UNITS)]
    found = checked(nodes, TIME_FIRST, weights=weights("LSTM"), sizes=SIZES)
    second = [n.op for n in found.graph if isinstance(n.op, Scan)][1]
    assert second.started


def test_known_first_states_of_a_fixed_batch() -> None:
    found = checked(
        [layer("GRU", ["y"], "", "h")],
        {"x": [T, 2, C]},
        weights=weights("GRU") | {"h": np.zeros((1, 2, UNITS), np.float32)},
    )
    assert operators(found) == ["scan(gru)"]


def test_lengths_that_are_all_of_it() -> None:
    lengths = {"l": np.full(2, T, np.int32)}
    checked([layer("RNN", ["y"], "l")], {"x": [T, 2, C]}, weights=weights("RNN") | lengths)
    with pytest.raises(CnnGraphError, match="sequences of several lengths"):
        read_model(
            model([layer("RNN", ["y"], "l")], TIME_FIRST, weights=weights("RNN") | {"l": np.array([T, 2], np.int32)})
        )


def test_cells_are_those_of_the_language() -> None:
    """What is plain is a block of the standard file, and the graph has words for all of it."""
    for kind in GATES:
        found = read_model(model([layer(kind, ["y"])], TIME_FIRST, weights=weights(kind)))
        assert f"scan({kind.lower()}" in expand(found.graph)


# ---- Scan ----


@pytest.mark.parametrize("text", [
    "net n(x: 4@5) { scan(lstm(n = 3)) }",
    "net n(x: 4@5) { scan(gru(n = 3), reverse = true) }",
    "net n(x: 4@5) { let y, h, c = x -> scan(lstm(n = 3))\n"
    "let z, _, _ = x -> scan(lstm(n = 3), init = (h, c))\n return z }",
])  # fmt: skip
def test_a_scan_that_was_written_comes_back(text: str) -> None:
    graph = cnngraph.loads(f'import gru, lstm from "std/recurrent.cnn"\n{text}').graph
    found = read_model(to_model(graph, initial_states(graph, 0)))
    assert sorted(str(n.op) for n in found.graph if isinstance(n.op, Scan)) == sorted(
        str(n.op) for n in graph if isinstance(n.op, Scan)
    )
    x = drawn(2, 5, 4)
    agree(computed(found, {"x": x}), expected(to_model(graph, initial_states(graph, 0)), {"x": x}))


def scan_of(body: str, outputs: int = 2) -> onnx.ModelProto:
    text = f"""<ir_version: 10, opset_import: ["" : 22]>
    g (float[N, 3] s, float[5, N, 3] x) => (float[N, 3] e, float[5, N, 3] y) {{
      e, y = Scan <num_scan_inputs: int = 1, body = {body}> (s, x)
    }}"""
    return onnx.parser.parse_model(text)


def test_sums_along_a_sequence() -> None:
    made = scan_of(
        "b (float[N, 3] h, float[N, 3] p) => (float[N, 3] n, float[N, 3] o) { n = Add(h, p) o = Identity(n) }"
    )
    feeds = {"s": drawn(2, 3), "x": drawn(5, 2, 3, seed=1)}
    agree(computed(read_model(made), feeds), expected(made, feeds))


def test_a_result_that_is_no_state_is_told() -> None:
    made = scan_of("b (float[N, 3] h, float[N, 3] p) => (float[N, 3] n, float[N, 3] o) { n = Add(h, p) o = Relu(n) }")
    with pytest.raises(CnnGraphError, match="a result at each position that is no state"):
        read_model(made)
