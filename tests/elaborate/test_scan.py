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
block sums(x: tensor, s: tensor(x.c)) = add(x, s)
block alike(x: C@HxW, s: C@HxW) = add(x, s)
block given(x: tensor, h: tensor(4), f: layer) = concat(x, h) -> f
block pair(x: tensor, h: tensor(4), k: tensor(4), f: layer) = concat(x, h, k) -> f
block held(x: tensor, s: tensor) = s
block multiplied(x: tensor, s: tensor) = mul(x, s)
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
        ("scan(sums)", "6@T"),
        ("let _, h, c = x -> scan(lstm(n = 5)) [5@T]; return output = concat(h, c)", "10"),
        ("let s = x -> position(0) -> split(2); x -> scan(lstm(n = 3), init = s)", "3@T"),
        ("shared f = dense(4); scan(given(f = f))", "4@T"),
        ("shared f = relu; scan(given(f = (dense(4) -> f))) -> f", "4@T"),
    ],
)
def test_the_sequence_goes_on(body: str, shape: str) -> None:
    assert shape_of(body) == shape


def test_positions_may_have_positions_of_their_own() -> None:
    inputs = "x: 3@5x16x12, start: 8@16x12"
    assert shape_of("x -> scan(blurred, init = start)", inputs) == "8@5x16x12"
    assert shape_of("let _, s = x -> scan(blurred, init = start); return output = s", inputs) == "8@16x12"


def test_a_state_may_take_its_shape_from_the_position() -> None:
    assert shape_of("scan(alike)", "x: 3@TxHxW") == "3@TxHxW"


def test_one_set_of_weights() -> None:
    graph = graph_of("scan(lstm(n = 5))")
    assert [node.name for node in graph.states] == ["scan.lstm.dense.weight", "scan.lstm.dense.bias"]
    assert parameters(graph) == 4 * 5 * (6 + 5 + 1)
    assert depth(graph) == 1


def test_a_shared_scan_has_its_weights_once() -> None:
    inputs = "a: 6@T, b: 6@S"
    graph = graph_of("shared read = scan(rnn(n = 5)); let p = a -> read; let q = b -> read; return p, q", inputs)
    assert parameters(graph) == 5 * (6 + 5 + 1)


def test_a_shared_block_that_shares_a_scan_has_its_weights_once() -> None:
    text = f"""{CELLS}
    block own(x: tensor, h: tensor(4)) {{ shared d = dense(4); let a = x -> d; let b = h -> d; return a + b }}
    block both(x: tensor) {{ shared read = scan(own); x -> read -> read }}
    net n(x: 4@T) {{ shared b = both; y: x -> b -> b; check params(b) == 20 and params == 20 }}"""
    assert parameters(elaborate(load_text(text))) == 20


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
        ("scan(rnn(n = 0))", "E0103 the state `h` has a number of features, not 0"),
        ("scan(rnn(n = unknown))", "E0101 unknown name `unknown`"),
        ("scan(rnn(n = 5 / 2))", "E0109 5 / 2 is not whole"),
        ("scan(rnn(n = 5), init = 3)", "E0103 `init` is a tensor for each state, but receives a whole number"),
        ("scan(rnn(n = 5), reverse = 1)", "E0103 `reverse` is true or false, but receives a whole number"),
        ("let h = x -> position(0); x -> scan(lstm(n = 5), init = h)", "E0304 `lstm` has 2 states (h, c), not 1"),
        ("shared cell = rnn(n = 5); scan(cell)", "E0103 `cell` is one instance, not a cell"),
        ("let h = x -> position(0); x -> scan(rnn(n = 6), h)", "E0202 scan goes along positions, but receives 6"),
        ("scan(alike)", "E0204 `x` wants C@HxW, but receives 6"),
        ("let a, b = x -> scan(lstm(n = 5)); a -> relu", "E0103 2 names for 3 results"),
    ],
)
def test_what_is_said(body: str, message: str) -> None:
    assert said(body) == [message]


AROUND = "E0103 a cell sees one position and its state, but this"
PLACES = "E0304 `f` has one set of weights, which stands in the cell of one scan or around it"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("x -> scan(given(f = (dense(4) -> add(h))))", f"{AROUND} add takes 4 from around it"),
        ("x -> scan(given(f = (dense(4) -> multiplied(h))))", f"{AROUND} mul takes 4 from around it"),
        ("x -> scan(given(f = (dense(4) -> repeat 1 { h })))", "E0103 `given` returns 4 from around it as `h`"),
        ("x -> scan(pair(f = (dense(4) -> fork { | relu | h })))", "E0103 `pair` returns 4 from around it as `k`"),
        ("shared f = dense(4); let _, k = x -> scan(given(f = f)); concat(k, h) -> f", PLACES),
        ("shared f = dense(4); let k = h -> f; x -> scan(given(f = f), init = k)", PLACES),
        ("shared f = dense(4); x -> scan(given(f = f)) -> scan(given(f = f))", PLACES),
    ],
)
def test_nothing_comes_into_a_cell_by_the_way(body: str, message: str) -> None:
    """Not even where a value around it has the name of one in it."""
    assert said(body, "x: 6@T, h: 4") == [message]


def test_ids_are_no_state() -> None:
    found = said("x -> scan(held, init = s)", "x: 6@T, s: ids(9)")
    assert found == ["E0304 a state has features, and cannot be ids(9)"]


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
