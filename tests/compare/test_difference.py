"""What differs between two networks: found by label, then by structure; the same for every run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnngraph.compare.difference import Difference, difference
from cnngraph.compare.table import changes_table, figures_table
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file, load_text
from cnngraph.interop.flat.expand import expand
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.resources import resource

OLD = """net n(image: 3@32x32) {
  c1: conv(16, 3x3, same) -> relu
  concat { | conv(8, 1x1) | conv(8, 3x3, same) -> relu }
  maxpool(2x2)
  globalavgpool -> dense(10) -> softmax
}
"""


def graph(name: str) -> Graph:
    return elaborate(load_file(resource("specs", "nets", f"{name}.cnn")))


def between(old: str, new: str) -> Difference:
    return difference(elaborate(load_text(old)), elaborate(load_text(new)))


def changes(old: str, new: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.kind, change.path, change.what) for change in between(old, new).changes]


@pytest.mark.parametrize("name", ["googlenet", "unet", "alexnet_two_gpus"])
def test_a_network_is_the_same_as_itself(name: str) -> None:
    found = difference(graph(name), graph(name))
    assert (found.identical, found.same, found.changes) == (True, True, ())


def test_an_expanded_network_is_the_same_under_other_names() -> None:
    whole = graph("googlenet")
    found = difference(whole, elaborate(load_text(expand(whole))))
    assert (found.identical, found.same) == (False, True)
    assert {change.kind for change in found.changes} <= {"renamed"}
    assert len(found.matching.partner) == len(whole.nodes) - len(whole.states)


def test_deeper_stages_are_blocks_that_only_one_has() -> None:
    found = difference(graph("resnet50"), graph("resnet101"))
    assert [change.path for change in found.changes] == [f"conv4.bottleneck[{i}]" for i in range(7, 24)]
    assert {(change.kind, change.shapes, change.parameters) for change in found.changes} == {
        ("added", (None, "1024@14x14"), (0, 1_117_184))
    }
    assert found.totals["depth"] == (50, 101)
    assert sum(change.parameters[1] for change in found.changes) == 44_549_160 - 25_557_032


def test_arguments_shapes_and_parameters() -> None:
    assert changes(OLD, OLD.replace("conv(16, 3x3, same)", "conv(24, 3x3, pad = 0)")) == [
        ("changed", "c1.conv", ("features 16 -> 24", "pad same -> 0", "shape")),
        ("changed", "c1.relu", ("shape",)),
        ("changed", "conv[1]", ("shape",)),
        ("changed", "conv[2]", ("shape",)),
        ("changed", "relu", ("shape",)),
        ("changed", "concat", ("shape",)),
        ("changed", "maxpool", ("shape",)),
    ]
    assert changes(OLD, OLD.replace("image: 3@", "image: 4@"))[1] == ("changed", "c1.conv", ("parameters",))


def test_a_layer_in_between_is_added_or_removed_and_nothing_else() -> None:
    longer = OLD.replace("-> dense(10)", "-> dropout(0.5) -> dense(10)")
    assert changes(OLD, longer) == [("added", "dropout", ("dropout",))]
    assert changes(longer, OLD) == [("removed", "dropout", ("dropout",))]


def test_a_number_is_no_name() -> None:
    """A convolution before all others renumbers them; only that one is new."""
    longer = OLD.replace("  concat {", "  conv(16, 1x1)\n  concat {")
    assert changes(OLD, longer) == [("added", "conv[1]", ("conv(16, 1x1)",))]


def test_another_operator_under_the_same_label() -> None:
    assert changes("net n(x: 4) { r: relu }", "net n(x: 4) { r: tanh }") == [("changed", "r", ("relu -> tanh",))]


def test_another_operator_under_another_label() -> None:
    assert changes("net n(x: 4) = dense(4) -> relu", "net n(x: 4) { dense(4); r: tanh }") == [
        ("removed", "relu", ("relu",)),
        ("added", "r", ("tanh",)),
        ("removed", "output output", ("was relu",)),
        ("added", "output r", ("is r",)),
    ]


def test_what_has_moved_is_one_row() -> None:
    lines = ["conv(4, 3x3)", "lrn(5)", "maxpool(2x2)"]
    old, new = ("; ".join(lines), "; ".join([lines[0], lines[2], lines[1]]))
    found = between(f"net n(x: 3@9x9) {{ {old} }}", f"net n(x: 3@9x9) {{ {new} }}")
    assert [(change.kind, change.path, change.what) for change in found.changes] == [
        ("moved", "lrn", ("reads maxpool, not conv",)),
    ]
    assert found.changes[0].shapes == ("4@7x7", "4@3x3")
    assert found.changes[0].places == ("lrn", "lrn")


def test_a_layer_with_weights_moves_into_another_block_and_a_relu_does_not() -> None:
    blocks = "block p() = {} -> maxpool(2x2)\nblock q() = {} -> avgpool(2x2)\n"
    net = "net n(x: 3@16x16) { first: p(); second: q(); globalavgpool }"
    here, there = "conv(4, 3x3, same) -> relu -> tanh", "tanh"
    old, new = blocks.format(here, there) + net, blocks.format(there, here) + net
    found = [(change.kind, change.path) for change in between(old, new).changes]
    assert ("moved", "second.conv") in found
    assert ("removed", "first.relu") in found
    assert ("added", "second.relu") in found


def test_a_renamed_block_is_one_row() -> None:
    block = "block b(n) = conv(n, 1x1) -> relu -> conv(n, 3x3)\n"
    old, new = (block + f"net n(x: 2@8x8) {{ {label}: b(4); globalavgpool }}" for label in ("first", "second"))
    assert changes(old, new) == [("renamed", "second", ("was first",))]


def test_wiring_and_devices() -> None:
    text = "net n(x: 4, y: 4) { a: x -> relu; b: y -> tanh; add(a, b) -> concat(a) on gpu0 }"
    assert changes(text, text.replace("concat(a) on gpu0", "concat(b)")) == [
        ("changed", "add", ("on gpu0 -> on any device",)),
        ("changed", "concat", ("reads b, not a", "on gpu0 -> on any device")),
    ]


def test_shared_weights_are_parameters_that_are_gone() -> None:
    apart = "net n(x: 4, y: 4) { a: x -> dense(4); b: y -> dense(4); add(a, b) }"
    shared = "net n(x: 4, y: 4) { shared d = dense(4); a: x -> d; b: y -> d; add(a, b) }"
    assert between(apart, shared).totals["parameters"] == (40, 20)
    assert not between(apart, shared).same


def test_another_cell() -> None:
    old = "block r(x: tensor, h: tensor(4)) = concat(x, h) -> dense(4) -> tanh\nnet n(x: 2@T) = scan(r)"
    assert changes(old, old.replace("tanh", "relu")) == [("changed", "scan", ("cell",))]
    renamed = old.replace("block r(", "block s(").replace("(r)", "(s)")
    assert between(old, renamed).same


def test_facts_and_results() -> None:
    old = "net n(x: 1@HxW) where H % 4 == 0 { let a = relu(x); let b = tanh(a); return a, b }"
    new = "net n(x: 1@HxW) where H % 8 == 0 { let a = relu(x); let b = tanh(a); return c = a, b = a }"
    assert changes(old, new) == [
        ("removed", "where", ("H % 4 == 0",)),
        ("added", "where", ("H % 8 == 0",)),
        ("removed", "output a", ("was a",)),
        ("added", "output c", ("is a",)),
        ("changed", "output b", ("from a, not b",)),
    ]


def test_first_weights_and_the_order_of_layers() -> None:
    graph = elaborate(load_text("net n(x: 4, y: 4) { let a = x -> dense(2); let b = y -> relu; return b, a }"))
    other = [replace(n, op=replace(n.op, initial="zeros")) if isinstance(n.op, State) else n for n in graph]
    assert [c.what for c in difference(graph, replace(graph, nodes=tuple(other))).changes] == [("first weights",)]
    weight, bias = (n for n in graph if isinstance(n.op, State))
    others = [n for n in graph if not isinstance(n.op, State)]
    later = replace(graph, nodes=(bias, weight, *others))
    assert [row[1:3] for row in changes_table(difference(graph, later)).rows] == [("all", "the order of the layers")]


def test_tables() -> None:
    found = between(OLD, OLD.replace("dense(10)", "dense(12)"))
    assert changes_table(found).text().splitlines() == [
        "a: n, b: n",
        "",
        "   layer    change                       shape  parameters",
        "-  -------  ------------------------  --------  ----------",
        "~  dense    features 10 -> 12, shape  10 -> 12         +34",
        "~  softmax  shape                     10 -> 12           -",
    ]
    assert figures_table(found).to("csv").splitlines()[1:] == [
        "parameters,1914,1948,+34", "multiply-adds,1753248,1753280,+32", "depth,3,3,0", "operators,10,10,0",
        "activation bytes,311440,311456,+16",
    ]  # fmt: skip
