"""Blocks and their parameters, layers as values, nets as blocks."""

from __future__ import annotations

import pytest
from elaborate.texts import graph, net, only, said, shapes

from cnngraph.ir import counts

RIGHT = {  # definition, use: what it gives
    ("b = conv(8, 3x3) -> relu", "b * 2"): "output 8@28x28",
    ("b(c, w = 3x3) = conv(c, w)", "b(8) -> b(c = 6, w = 5x5)"): "output 6@26x26",
    ("b(K, S = 2) = conv(4, KxK/S)", "b(3)"): "output 4@15x15",
    ("b(n: int, rate: float = 0.5) = conv(n, 1x1) -> dropout(rate)", "b(5)"): "output 5@32x32",
    ("b(l: layer) = l -> l", "b((conv(4, 3x3) -> relu))"): "output 4@28x28",
    ("b(l: list) { for c in l { conv(c, 1x1) } }", "b([5, 6])"): "output 6@32x32",
    ("b(s: shape) = reshape(s)", "b(4@16x64)"): "output 4@16x64",
    ("b(u: tensor, v: tensor) = add(u, v)", "b(x, x)"): "output 4@32x32",
    ("b(u: tensor, v: tensor) = mul(u, v)", "relu -> b(x)"): "output 4@32x32",
    ("b(u: tensor, v: tensor) { u -> add(v) }", "b(v = x, u = x)"): "output 4@32x32",
    ("b(v: tensor(n), n) = dense(n)", "flatten -> dense(6) -> b(6)"): "output 6",
    ("b(v: C@HxW) = conv(2*C, 1x1) -> reshape(C@(H, 2*W))", "b"): "output 4@32x64",
    ("b(v: 4@32x32) = relu", "b"): "output 4@32x32",
    ("b { a: relu\n let c = a -> tanh\n return a, c }", "let p, q = b\nconcat(p, q)"): "output 8@32x32",
    ("b { it }", "b * 3"): "output 4@32x32",
}


@pytest.mark.parametrize(("block", "use"), RIGHT)
def test_what_a_block_gives(block: str, use: str) -> None:
    assert shapes(net(use, before=f"block {block}")) == RIGHT[block, use]


WRONG = {
    ("b(n) = conv(n, 1x1)", "b"): "E0104 b needs `n`",
    ("b(n) = conv(n, 1x1)", "b(1, 2)"): "E0105 b takes 1 argument",
    ("b(n) = conv(n, 1x1)", "b(m = 1)"): "E0107 b has no parameter `m`",
    ("b(n) = conv(n, 1x1)", "b(1, n = 2)"): "E0106 b receives `n` twice",
    ("b(n) = relu", "x -> relu -> b(x)"): "E0105 b takes 0 tensors",
    ("b(n: int) = conv(n, 1x1)", "b(2.5)"): "E0103 `n` is int, but receives a number",
    ("b(n: int) = conv(n, 1x1)", "b(true)"): "E0103 `n` is int, but receives true or false",
    ("b(n: int = 2.5) = relu", "b"): "E0103 `n` is int, but receives a number",
    ("b(l: layer) = l", "b(3)"): "E0103 `l` is layer, but receives a whole number",
    ("b(n: itn) = relu", "b(3)"): "E0101 unknown type `itn`",
    ("b(v: tensor(n), n) = dense(n)", "flatten -> b(5)"): "E0204 `v` wants 5 features, but receives 4096",
    ("b(v: 8@HxW) = relu", "b"): "E0204 `v` wants 8@32x32, but receives 4@32x32",
    ("b(v: C@T) = relu", "b"): "E0204 `v` wants C@T, but receives 4@32x32",
    ("b(v: N) = relu", "b"): "E0204 `v` wants N, but receives 4@32x32",
    ("b(u: tensor, v: tensor) = add(u, v)", "x -> b"): "E0104 b takes 2 tensors (u, v), not 1",
    ("b(u: tensor, v: tensor) = add(u, v)", "b(u = x, v = 3)"): "E0103 `v` is a tensor, but receives a whole number",
    ("b(u: tensor, v: tensor) = add(u, v)", "relu -> b(u = x)"): "E0106 b receives `u` twice",
    ("b = b", "b"): "E0111 `b` uses itself: b -> b",
    ("b(n) where n % 2 == 0 = conv(n, 1x1)", "b(3)"): "E0401 b needs n % 2 == 0",
    ("b(n, n) = relu", "b(3)"): "E0102 `n` is defined twice",
    ("conv = relu", "relu"): "E0102 `conv` is the name of a layer or a word of the language",
}


@pytest.mark.parametrize(("block", "use"), WRONG)
def test_what_is_said(block: str, use: str) -> None:
    assert said(net(use, before=f"block {block}")) == [WRONG[block, use]]


def test_each_use_has_fresh_weights() -> None:
    assert counts.parameters(graph(net("b\nb", "x: 4", "block b = dense(4)"))) == 40


def test_a_circle_is_found_in_blocks_that_nothing_uses() -> None:
    text = net("relu", before="block a = b\nblock b = relu -> a")
    assert said(text) == ["E0111 `a` uses itself: a -> b -> a"]


def test_unused_blocks_are_read() -> None:
    text = net("relu", before="block b(v: C@HxW, n) {\n conv(C, 3x3, padd = n)\n dnse(n * H)\n}")
    assert said(text) == ["E0107 conv has no parameter `padd`", "E0101 unknown name `dnse`"]


def test_a_block_that_is_wrong_is_told_once() -> None:
    text = net("b(8) * 50 -> b(7)", before="block b(n) = conv(n / 2, 1x1) -> foo")
    assert [message.split()[0] for message in said(text)] == ["E0109", "E0101"]


def test_an_error_inside_a_block_names_its_uses() -> None:
    finding = only(net("c", before="block b = dense(3)\nblock c = relu -> b"))
    assert finding.notes == ("in `c` used at t.cnn:4:1",)
    assert finding.primary is not None
    assert finding.primary.span.text == "b"


def test_a_net_is_a_block_for_its_input_shape() -> None:
    inner = "net b(i: 4@HxW, k = 3) where H % 2 == 0 = conv(k, 1x1)"
    assert shapes(net("b(5)", before=inner)) == "output 5@32x32"
    assert said(net("b(5)", "x: 4@31x31", inner)) == ["E0401 b needs H % 2 == 0"]
    assert said(net("b(5)", "x: 5@32x32", inner)) == ["E0204 `i` wants 4@32x32, but receives 5@32x32"]


def test_constants_stand_outside_of_nets() -> None:
    before = "let widths = [k, 8]\nlet unit = (conv(2, 1x1) -> act)\nlet k = 6\nblock act = relu"
    assert said(net("relu", before=before)) == ["E0101 unknown name `k`"]
    before = "let k = 6\nlet widths = [k, 8]\nlet unit = (conv(2, 1x1) -> act)\nblock act = relu"
    assert shapes(net("for c in widths { conv(c, 1x1) -> unit }\nconv(k, 1x1)", before=before)) == "output 6@32x32"
    assert said(net("relu", before="let a = 7 / 2")) == ["E0109 7 / 2 is not whole"]
    assert said(net("relu", before="let a = x")) == ["E0101 unknown name `x`"]


def test_names_of_nodes_are_unique() -> None:
    made = graph(net("a: b\nconcat { | c: relu | c: b }\nrepeat 2 { c: b }", before="block b = relu -> tanh"))
    names = [node.name for node in made]
    assert len(set(names)) == len(names)
    assert "a.relu" in names


def test_a_node_knows_the_arguments_of_the_blocks_around_it() -> None:
    made = graph(net("b(8, bent = true)", before="block b(n, bent = false) = conv(n, 1x1)"))
    origin = made.nodes[-1].origin
    assert origin is not None
    assert [(use.block, dict(use.arguments)) for use in origin.uses] == [("b", {"n": 8, "bent": True})]
