"""Rules on our own graph: the same numbers from simpler graphs, with the states that these have."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")

import numpy as np

import cnngraph
from cnngraph.interop.imported import Axes, Imported
from cnngraph.interop.onnx.reading.folding import biases, heads, joined, units, unread, vectors
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Array, rng
from cnngraph.ir.text import from_text
from cnngraph.train.initialisers import initial_states

Arrays = dict[str, Array]


def imported(graph: Graph) -> Imported:
    """As if it had been read: random states, also where training begins with zeros."""
    states = {
        name: rng(3, i).normal(size=array.shape).astype(array.dtype) * 0.5 + (0.6 if name.endswith("variance") else 0)
        for i, (name, array) in enumerate(initial_states(graph, 0).items())
    }
    states = {name: np.abs(array) if name.endswith("variance") else array for name, array in states.items()}
    ranks = {name: len(graph.type_of(ref).shape) for name, ref in graph.outputs.items()}
    outputs = {name: Axes(tuple(range(rank)), rank) for name, rank in ranks.items()}
    return Imported(graph, states, {}, outputs)


def network(text: str) -> Imported:
    return imported(cnngraph.loads(f"net n(x: {text}").graph)


def results(found: Imported, feeds: Arrays) -> list[Array]:
    """In the order of the file's axes."""
    graph = found.graph.bind(batch=2)
    values: dict[Ref, Array] = {}
    for node in graph:
        if isinstance(node.op, Input | State):
            made: tuple[Array, ...] = ({**found.states, **feeds}[node.name],)
        else:
            made = node.op.apply([values[ref] for ref in node.inputs])
        values |= {Ref(node.name, i): array for i, array in enumerate(made)}
    return [found.outputs[name].theirs(values[ref]) for name, ref in graph.outputs.items()]


def folded(before: Imported, *rules: object) -> Imported:
    """After the rules; the numbers are compared."""
    after = before
    for rule in rules:
        after = rule.fold(after)  # type: ignore[attr-defined]
    feeds = {
        node.name: rng(7, i).normal(size=node.type.bind(batch=2).concrete).astype(np.float32)
        for i, node in enumerate(before.graph.inputs)
    }
    for old, new in zip(results(before, feeds), results(after, feeds), strict=True):
        assert np.abs(old - new).max() < 1e-5 * max(1, np.abs(old).max())
    assert set(after.states) == {node.name for node in after.graph.states}
    return after


def operators(found: Imported) -> list[str]:
    return [str(node.op) for node in found.graph if node.inputs]


# ---- vectors ----


def test_layers_at_a_single_position_are_of_vectors() -> None:
    before = network(
        "6@4x5) { globalavgpool -> reshape(6@1x1) -> conv(3, 1x1) -> batchnorm -> silu -> conv(6, 1x1, bias = false) "
        "-> flatten }"
    )
    after = folded(before, vectors)
    assert operators(after) == ["globalavgpool", "dense(3)", "batchnorm", "silu", "dense(6, bias=false)"]


def test_what_is_given_at_a_single_position_is_a_vector_too() -> None:
    before = network("6@4x5) { globalavgpool -> reshape(6@1x1) -> conv(3, 1x1) }")
    after = folded(before, vectors)
    assert operators(after) == ["globalavgpool", "dense(3)"]
    (axes,) = after.outputs.values()
    assert axes == Axes((0, None, None, 1), 2)


def test_a_pool_of_all_positions_is_global() -> None:
    assert operators(folded(network("3@4x5) { maxpool(4x5) -> relu -> flatten }"), vectors)) == [
        "globalmaxpool",
        "relu",
    ]
    assert operators(folded(network("3@4x5) { avgpool(4x5) -> flatten }"), vectors)) == ["globalavgpool"]


def test_a_larger_window_with_padding_stays() -> None:
    before = network("3@1x1) { conv(2, 3x3, same) -> relu }")
    assert operators(folded(before, vectors)) == operators(before)


def test_a_vector_that_was_repeated_meets_a_grid_as_it_is() -> None:
    before = network(
        "6@4x5) { let gate = x -> globalavgpool -> sigmoid -> reshape(6@1x1) -> upsample(4x5)\n mul(x, gate) }"
    )
    assert operators(folded(before, vectors)) == ["globalavgpool", "sigmoid", "mul"]


def test_two_repeated_vectors_stay_a_grid() -> None:
    before = network(
        "6@4x5) { let g = x -> globalavgpool -> reshape(6@1x1) -> upsample(4x5)\n add(g, g) -> conv(2, 3x3) }"
    )
    assert "upsample((4, 5))" in operators(folded(before, vectors))


# ---- parts, states ----


def test_a_part_of_what_was_joined() -> None:
    before = network(
        "6@4) { let a, b, c = x -> split(3)\n let d, e = concat(relu(b), tanh(c), a, b) -> split(2)\n return e }"
    )
    after = folded(before, joined)
    assert operators(after) == ["part(0, 3)", "part(1, 3)", "concat"]


def test_a_part_across_what_was_joined_stays() -> None:
    before = network("6@4) { let a, b = concat(x, relu(x), tanh(x)) -> split(2)\n return b }")
    assert operators(folded(before, joined)) == ["relu", "tanh", "concat", "part(1, 2)"]


def test_a_state_at_an_end() -> None:
    graph = from_text(
        "graph g\nx: f32[batch, 5, 6] = input\nh: f32[batch, 5, 2] = cut(start=1, stop=3) <- x\n"
        "y: f32[batch, 2] = position(index=-1) <- h\noutput y = y\n",
        "<test>",
    )
    assert operators(folded(imported(graph), joined)) == ["cut(1..3, last)"]


# ---- heads ----

ATTENTION = """12@5) {{
  let q, k, v = x -> linear(36) -> split(3)
  let a = q -> scale(0.5) -> split_heads(3)
  let b = k -> split_heads(3) -> scale(0.5)
  let c = v -> split_heads(3)
  dot(a, b) -> softmax
  mix(it, c) -> join_heads
  {end}
}}"""


def test_projections_and_scales_of_attention() -> None:
    after = folded(network(ATTENTION.format(end="")), heads)
    found = operators(after)
    assert found.count("linear(12)") == 3
    assert "scale(0.25)" in found
    assert [word for word in found if "part" in word] == []
    assert found.index("dot") == found.index("scale(0.25)") - 1


def test_layers_with_the_same_weights_share_them_afterwards() -> None:
    text = """12@5) {
      shared qkv = linear(36)
      let a, b, c = x -> qkv -> split(3)
      let d, e, f = x -> relu -> qkv -> split(3)
      let a2 = a -> split_heads(2)
      let b2 = b -> split_heads(2)
      let c2 = c -> split_heads(2)
      let d2 = d -> split_heads(2)
      let e2 = e -> split_heads(2)
      let f2 = f -> split_heads(2)
      let s = dot(a2, e2) -> softmax
      let t = dot(d2, b2) -> softmax
      add(mix(s, c2), mix(t, f2)) -> join_heads
    }"""
    after = folded(network(text), heads)
    assert operators(after).count("linear(12)") == 6
    assert len(after.graph.states) == 6


def test_a_layer_that_is_read_as_a_whole_as_well_stays() -> None:
    text = ATTENTION.format(end="").replace("x -> linear(36) -> split(3)", "l -> split(3)")
    before = network(
        text.replace("{\n", "{\n  let l = x -> linear(36)\n", 1).replace(
            "join_heads\n", "join_heads\n  concat(it, l)\n"
        )
    )
    assert operators(folded(before, heads)).count("linear(36)") == 1


# ---- units, biases ----


def test_units_of_a_dense_layer_become_a_grid() -> None:
    before = network(
        "7) { dense(24) -> batchnorm -> relu -> reshape(1@6x2x2) -> reshape(1@6x4) -> transpose((1, 0)) "
        "-> reshape(6@2x2) -> conv(3, 2x2) }"
    )
    after = folded(before, units)
    assert operators(after)[:4] == ["dense(24)", "batchnorm", "relu", "reshape(6@2x2)"]
    assert len(operators(after)) == 5


def test_units_that_somebody_else_reads_stay_in_their_order() -> None:
    before = network(
        "6) { let d = x -> dense(6)\n let t = d -> reshape(1@2x3) -> transpose((1, 0)) -> flatten\n concat(d, t) }"
    )
    assert operators(folded(before, units)) == operators(before)


def test_channels_that_stood_among_the_positions_while_they_were_repeated() -> None:
    before = network("12) { dense(24) -> reshape(1@6x2x2) -> upsample((1, 2, 2)) -> join_heads -> conv(3, 3x3) }")
    after = folded(before, units)
    assert operators(after)[:3] == ["dense(24)", "reshape(6@2x2)", "upsample((2, 2))"]


def test_a_vector_that_is_added_to_a_layer_is_its_bias() -> None:
    before = network("3@4) { let m = x -> linear(5, bias = false)\n let b = m -> learned(5)\n add(m, b) -> relu }")
    after = folded(before, biases)
    assert operators(after) == ["linear(5)", "relu"]
    assert after.states["add.bias"].shape == (5,)


def test_what_is_read_without_the_vector_has_no_bias() -> None:
    before = network("3@4) { let m = x -> linear(5, bias = false)\n let b = m -> learned(5)\n concat(add(m, b), m) }")
    assert operators(folded(before, biases)) == operators(before)


# ---- all of them ----


def test_what_nobody_reads_goes_but_inputs_stay() -> None:
    graph = from_text(
        "graph g\nx: f32[batch, 4] = input\nz: f32[batch, 4] = input\n"
        "u.weight: f32[4, 2] = state(initial='he') with u\n"
        "u: f32[batch, 2] = dense(features=2, bias=False) <- x, u.weight\ny: f32[batch, 4] = relu <- x\noutput y = y\n",
        "<test>",
    )
    after = folded(imported(graph), unread)
    assert [node.name for node in after.graph] == ["x", "z", "y"]
    assert after.states == {}


@pytest.mark.parametrize("rule", [biases, heads, joined, units, unread, vectors])
def test_a_graph_without_anything_to_fold_is_the_same(rule: object) -> None:
    before = network("3@8x8) { conv(4, 3x3) -> batchnorm -> relu -> flatten -> dense(5) -> softmax }")
    assert folded(before, rule).graph is before.graph


def test_a_pool_of_all_positions_before_a_padded_window_stays() -> None:
    before = network("3@4x4) { maxpool(4x4) -> conv(2, 3x3, same) -> relu }")
    assert operators(folded(before, vectors)) == operators(before)
