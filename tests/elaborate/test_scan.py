"""`scan` in the language: what goes on, what can be named, and what is no cell."""

from __future__ import annotations

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.ir.counts import depth, parameters
from cnngraph.ir.graph import Graph

CELLS = """
import lstm, gru, rnn, bidirectional from "std/recurrent.cnn"
block sums(x: tensor, s: tensor(it.c)) = add(x, s)
block three(x: tensor, h: tensor(4)) { return x }
block twice(x: tensor, h: tensor(4)) { return h, add(h, h) }
block grows(x: tensor, h: tensor(n), n) = concat(x, h)
block dropping(x: tensor, h: tensor(n), n) = concat(x, h) -> dense(n) -> dropout(0.1)
block placed(x: tensor, h: tensor(n), n) = concat(x, h) -> dense(n) -> tanh on gpu0
block open(x: tensor, h: tensor, n) = concat(x, h) -> dense(n) -> tanh
block blurred(x: tensor, h: 8@HxW) = concat(x, h) -> conv(8, 3x3, same) -> tanh
block deeper(x: tensor, h: tensor(n), n) {
  let inner = x -> reshape(2@3) -> scan(rnn(n = n))
  return inner -> position(-1)
}
"""


def graph_of(body: str, inputs: str = "x: 6@T") -> Graph:
    return elaborate(load_text(f"{CELLS}\nnet n({inputs}) {{ {body} }}"))


def shape_of(body: str, inputs: str = "x: 6@T") -> str:
    graph = graph_of(body, inputs)
    return str(graph.type_of(graph.outputs["output"]))


def said(body: str, inputs: str = "x: 6@T") -> list[str]:
    with pytest.raises(CnnGraphError) as caught:
        graph_of(body, inputs)
    return [f"{d.code} {d.message}" for d in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ("scan(lstm(n = 5))", "5@T"),
        ("scan(lstm(n = 5)) -> linear(3)", "3@T"),
        ("scan(lstm(n = 5)) [5@T]", "5@T"),
        ("scan(gru(n = 5)) * 2", "5@T"),
        ("scan(cell = gru(n = 5), reverse = true)", "5@T"),
        ("bidirectional(gru(n = 5))", "10@T"),
        ("concat { | scan(rnn(n = 5)) | identity }", "11@T"),
        ("let y = scan(x, rnn(n = 4)); y -> linear(2)", "2@T"),
        ("let y, h, c = x -> scan(lstm(n = 5)); return output = concat(h, c)", "10"),
        ("let _, h = x -> scan(rnn(n = 5)); x -> scan(rnn(n = 5), init = h)", "5@T"),
        ("let _, h, c = x -> scan(lstm(n = 5)); scan(x, lstm(n = 5), init = (h, c)) -> position(0)", "5"),
        ("scan(deeper(n = 3))", "3@T"),
        ("return output = scan(x, rnn(n = 4))", "4@T"),
    ],
)
def test_the_sequence_goes_on(body: str, shape: str) -> None:
    assert shape_of(body) == shape


def test_positions_may_have_positions_of_their_own() -> None:
    inputs = "x: 3@5x16x12, start: 8@16x12"
    assert shape_of("x -> scan(blurred, init = start)", inputs) == "8@5x16x12"
    assert shape_of("let _, s = x -> scan(blurred, init = start); return output = s", inputs) == "8@16x12"


def test_one_set_of_weights() -> None:
    graph = graph_of("scan(lstm(n = 5))")
    assert [node.name for node in graph.states] == ["scan.lstm.dense.weight", "scan.lstm.dense.bias"]
    assert parameters(graph) == 4 * 5 * (6 + 5 + 1)
    assert depth(graph) == 1


def test_a_shared_scan_has_its_weights_once() -> None:
    inputs = "a: 6@T, b: 6@S"
    graph = graph_of("shared read = scan(rnn(n = 5)); let p = a -> read; let q = b -> read; return p, q", inputs)
    assert parameters(graph) == 5 * (6 + 5 + 1)


def test_only_what_is_named_is_made() -> None:
    graph = graph_of("let _, h, _ = x -> scan(lstm(n = 5)); h -> dense(2)")
    assert [node.op.name for node in graph if node.op.name == "cut"] == ["cut"]
    assert [node.op.name for node in graph_of("scan(rnn(n = 5))") if node.op.name == "cut"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("scan(dense(5))", "E0103 scan takes a cell, not a layer"),
        ("scan(3)", "E0103 scan takes a cell, not a whole number"),
        ("scan()", "E0104 scan needs `cell`"),
        ("scan(bidirectional(gru(n = 5)))", "E0304 `bidirectional` has no state"),
        ("globalavgpool -> scan(rnn(n = 5))", "E0202 scan goes along positions, but receives 6"),
        ("scan(three)", "E0304 the state `h` of `three` begins as 4, but becomes 6"),
        ("scan(twice)", "E0304 `twice` has the states h, but returns 2 values"),
        ("scan(grows(n = 5))", "E0304 the state `h` of `grows` begins as 5, but becomes 11"),
        ("scan(dropping(n = 5))", "E0304 dropout is another one while training, so it cannot stand in a cell"),
        ("scan(placed(n = 5))", "E0601 a cell runs on one device, but placed.concat asks for gpu0"),
        ("scan(open(n = 5))", "E0304 the state `h` has no size"),
        ("scan(rnn(n = 0))", "E0103 `h` has a number of features, not 0"),
        ("scan(rnn(n = 5), init = 3)", "E0103 `init` is a tensor for each state, but receives a whole number"),
        ("scan(rnn(n = 5), reverse = 1)", "E0103 `reverse` is true or false, but receives a whole number"),
        ("let h = x -> position(0); x -> scan(lstm(n = 5), init = h)", "E0304 `lstm` has 2 states (h, c), not 1"),
        ("shared cell = rnn(n = 5); scan(cell)", "E0103 `cell` is one instance, not a cell"),
        ("let a, b = x -> scan(lstm(n = 5)); a -> relu", "E0103 2 names for 3 results"),
    ],
)
def test_what_is_said(body: str, message: str) -> None:
    assert said(body) == [message]


def test_an_error_in_a_cell_points_into_the_cell() -> None:
    text = "block cell(x: tensor, h: tensor(4)) = concat(x, h) -> dense(4) -> tanhh\nnet n(x: 6@T) = scan(cell)"
    with pytest.raises(CnnGraphError) as caught:
        elaborate(load_text(text))
    (finding,) = caught.value.diagnostics
    assert finding.primary is not None
    assert (finding.code, finding.primary.span.text) == ("E0101", "tanhh")


def test_cells_in_cells_end() -> None:
    head = "block c{}(x: tensor, h: tensor(4)) = "
    inner = head.format(0) + "concat(x, h) -> dense(4)"
    outer = [f"{head.format(i)}x -> reshape(4@1) -> scan(c{i - 1}) -> position(0)" for i in range(1, 9)]
    text = "\n".join([inner, *outer, "net n(x: 4@T) = scan(c8)"])
    with pytest.raises(CnnGraphError) as caught:
        elaborate(load_text(text))
    assert [d.code for d in caught.value.diagnostics] == ["E0402"]
