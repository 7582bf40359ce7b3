"""Every construct of a body: a right use with what it gives, and wrong uses with what is said."""

from __future__ import annotations

import pytest
from elaborate.texts import findings, graph, net, only, said, shapes

from cnngraph.ir import counts

RIGHT = {
    "conv(8, 3x3) -> relu": "output 8@30x30",
    "a: conv(8, 3x3)\nb: relu": "b 8@30x30",
    "_: relu\n_: tanh": "output 4@32x32",
    "a: relu\nx -> tanh -> add(a)": "output 4@32x32",
    "let a = x -> relu\nadd(a, it)": "output 4@32x32",
    "let a = it -> relu\nadd(a, x)": "output 4@32x32",
    "let a, b = split(2)\nconcat(a, b, a)": "output 6@32x32",
    "let a, _ = split(2)\na -> relu": "output 2@32x32",
    "let a, b = split([1, 3])\nconcat(b, a, b)": "output 7@32x32",
    "split(1) -> relu": "output 4@32x32",
    "let a = x -> split(1)\na + a": "output 4@32x32",
    "let c = conv(7, 3x3)\nc -> c": "output 7@28x28",
    "let c = conv(window = 3x3)\nc(5) -> c(features = 6)": "output 6@28x28",
    "let c = (conv(6, 1x1) -> relu)\nc(x)": "output 6@32x32",
    "(conv(4, 3x3) -> relu) * 3": "output 4@26x26",
    "conv(4, 3x3) * 0": "output 4@32x32",
    "repeat 3 { maxpool(2x2) }": "output 4@4x4",
    "for c in [5, 6] { conv(c, 1x1) }": "output 6@32x32",
    "for c, n in [(5, 2), (6, 1)] { conv(c, 3x3) * n }": "output 6@26x26",
    "for i in 1..4 { conv(4*i, 1x1) }": "output 12@32x32",
    "for i in (5, 6) { conv(i, 1x1) }": "output 6@32x32",
    "for l in [relu, globalavgpool] { l }": "output 4",
    "for i in [] { flatten }": "output 4@32x32",
    "concat { | relu | conv(3, 1x1) }": "output 7@32x32",
    "concat { | for k in [3, 5]: conv(k, k, same) | relu }": "output 12@32x32",
    "concat { | for c, k in [(2, 3), (3, 5)]: conv(c, k, same) }": "output 5@32x32",
    "a: relu\nconcat { | a -> tanh | relu }": "output 8@32x32",
    "mul { | globalavgpool -> dense(4) -> sigmoid | identity }": "output 4@32x32",
    "max { | relu | tanh }": "output 4@32x32",
    "fork { | class: flatten -> dense(3) | box: globalavgpool }": "class 3, box 4",
    "fork { | a: relu | b: tanh }\nreturn sum = a + b, a": "sum 4@32x32, a 4@32x32",
    "fork { | a: relu | b: tanh }\ncheck shape(b) == 4@32x32": "a 4@32x32, b 4@32x32",
    "let a, b = fork { | relu | tanh }\nadd(a, b)": "output 4@32x32",
    "residual { conv(4, 3x3, same) }": "output 4@32x32",
    "residual { conv(8, 3x3/2, same) } project conv(8, 1x1/2)": "output 8@16x16",
    "if 3 > 2 { flatten } else { relu }": "output 4096",
    "if 3 < 2 { flatten }": "output 4@32x32",
    "if 3 < 2 { flatten } else if not false { globalavgpool } else { relu }": "output 4",
    "conv(2 if 3 > 2 else 1, 1x1)": "output 2@32x32",
    "relu if false else globalavgpool": "output 4",
    "a: relu\nlet b = a -> tanh\nreturn a, c = b": "a 4@32x32, c 4@32x32",
    "a: relu\nreturn a -> globalavgpool": "output 4",
    "relu on gpu0\non gpu1 { tanh\nsigmoid }": "output 4@32x32",
    "x - 2 * x": "output 4@32x32",
    "1 - x": "output 4@32x32",
    "-x / 3 + 1": "output 4@32x32",
    "1 / x - 2 / x + x / (x + 1) + x / globalavgpool(x)": "output 4@32x32",
    "conv(it.c, 1x1) -> conv(x.h, 1x1)": "output 32@32x32",
    "reshape(x.shape)": "output 4@32x32",
}


@pytest.mark.parametrize("body", RIGHT)
def test_what_a_body_gives(body: str) -> None:
    assert shapes(net(body)) == RIGHT[body]


WRONG = {
    "relu\nx -> tanh": ["E0113 the value of line 3 is dropped"],
    "a: relu\nreturn a\ntanh": ["E0113 the value of line 5 is dropped"],
    "a: relu\na: tanh": ["E0102 `a` is defined twice"],
    "relu: tanh": ["E0102 `relu` is the name of a layer or a word of the language"],
    "for x in [1] { relu }": ["E0102 `x` is defined twice"],
    "a: a -> relu": ["E0101 `a` has no value yet"],
    "foo": ["E0101 unknown name `foo`"],
    "let f = (f -> relu)\nf": ["E0101 unknown name `f`"],
    "let a, b = relu": ["E0103 2 names for 1 result"],
    "let a, b = split(4)\nadd(a, b)": ["E0103 2 names for 4 results"],
    "3": ["E0103 a line joins layers and tensors, and this is a whole number"],
    '"a"(3)': ["E0103 a text cannot be called"],
    "let a = 3\na(4)": ["E0103 a whole number cannot be called"],
    "it(3)": ["E0103 a tensor cannot be called"],
    "relu -> x": ["E0110 a value cannot receive another one"],
    "fork { | relu | tanh }\nrelu": ["E0110 2 tensors reach one layer"],
    "a: relu\nfork { | a: relu | b: tanh }": ["E0102 `a` is defined twice"],
    "concat { | split(2) | relu }": ["E0110 a branch has no value or several"],
    "concat { | relu }": ["E0303 concat needs at least two inputs"],
    "concat(x)": ["E0303 concat needs at least two inputs"],
    "add(x, 3)": ["E0105 add takes tensors only, not a whole number"],
    "conv(3, 3x3) { | relu | tanh }": ["E0103 conv(3, 3x3) does not join branches"],
    "div { | relu | tanh | sigmoid }": ["E0103 div does not join branches"],
    "add { | conv(4, 3x3) | relu }": ["E0301 the inputs of add have different positions"],
    "residual { conv(8, 3x3, same) }": ["E0302 the inputs of add have different channels"],
    "residual { conv(8, 1x1) } project 3": ["E0103 a whole number is not a layer"],
    "residual { split(2) }": ["E0110 residual needs one tensor before it and one from its body"],
    "repeat -1 { relu }": ["E0103 repeat takes a whole number from 0, not -1"],
    "repeat x { relu }": ["E0103 repeat takes a whole number from 0, not 4@32x32"],
    "relu * -2": ["E0108 a layer cannot be repeated -2 times"],
    "relu * 2.0": ["E0103 `*` cannot join a layer and a number"],
    "for i in 3 { relu }": ["E0103 `for` goes over a list or a range, not a whole number"],
    "for a, b in [1] { relu }": ["E0103 2 names for 1 value"],
    "if 3 { relu }": ["E0103 a condition is true or false, not a whole number"],
    "conv(2 if 3 else 1, 1x1)": ["E0103 a condition is true or false, not a whole number"],
    "return 3": ["E0103 a line joins layers and tensors, and this is a whole number"],
    "return zz": ["E0101 unknown name `zz`"],
    "return x\nreturn x": ["E0110 a body returns only once"],
    "return x, x = x -> relu": ["E0102 two results are named `x`"],
    "x % x": ["E0103 `%` cannot join a tensor and a tensor"],
    "x.foo": ["E0101 4@32x32 has no `.foo`"],
    "conv(relu.c, 1x1)": ["E0103 `.c` belongs to a tensor, not to a layer"],
    "split(3)": ["E0204 split(3) cannot divide the 4 channels of 4@32x32"],
    "split(true)": ["E0103 split takes one tensor, and a number of parts from 1 to 1000 or a list of their channels"],
    "split([4])": ["E0103 split takes one tensor, and a number of parts from 1 to 1000 or a list of their channels"],
    "let a, b = split([1, 2])\nadd(a, b)": ["E0204 split([1, 2]) makes 3 channels of the 4 of 4@32x32"],
    "let a, b = split([0, 4])\nadd(a, b)": ["E0108 a part of split must have 1 channel or more, not 0"],
    "let a, b = split([foo, 4])\nadd(a, b)": ["E0101 unknown name `foo`"],
    "conv()": ["E0104 conv needs `features` and `window`"],
    "conv(8, 3x3, padd = 1)": ["E0107 conv has no parameter `padd`"],
    "conv(8, 3x3, window = 5x5)": ["E0106 conv receives `window` twice"],
    "dropout(0.5, true, 3)": ["E0105 dropout takes 2 arguments"],
    "dropout(1)": ["E0108 the rate of dropout must be at least 0 and below 1, not 1.0"],
    "conv(8, 33x33)": ["E0203 the 33x33 window of conv does not fit into 32x32"],
    "dense(3)": ["E0201 dense needs a vector, but receives 4@32x32"],
    "Conv2D(8, 3x3)": ["E0101 unknown name `Conv2D`"],
}


@pytest.mark.parametrize("body", WRONG)
def test_what_is_said(body: str) -> None:
    assert said(net(body)) == WRONG[body]


def test_a_line_of_a_net_with_two_inputs_names_its_start() -> None:
    inputs = "x: 3, y: 3"
    assert shapes(net("x -> relu -> add(y)", inputs)) == "output 3"
    assert said(net("relu", inputs)) == ["E0110 this layer has no input"]
    assert said(net("it", inputs)) == ["E0110 there is no value on the left of `it`"]
    assert said(net("", inputs)) == ["E0110 `n` gives nothing"]


def test_a_body_without_lines_gives_its_input() -> None:
    assert shapes(net("")) == "output 4@32x32"


def test_shared_has_its_weights_once() -> None:
    text = net("shared t = dense(4)\nlet a = x -> t\nlet b = y -> t\nadd(a, b) -> t\ncheck params == 20", "x: 4, y: 4")
    assert [node.name for node in graph(text).states] == ["t[1].dense.weight", "t[1].dense.bias"]
    assert counts.parameters(graph(net("shared t = (dense(4) -> relu -> dense(4))\nt * 3", "x: 4"))) == 40
    assert counts.parameters(graph(net("dense(4) * 3", "x: 4"))) == 60


def test_results_of_results_are_results() -> None:
    """A lane or a result that is several values gives all of them."""
    inner = "fork { | a: dense(3) | fork { | b: dense(2) | c: dense(1) } | split(2) }"
    outputs = graph(net(inner, "x: 4")).outputs
    assert list(outputs) == ["a", "b", "c", "output", "output_5"]
    head = "block two(x: tensor) { let p = x -> split(2); return p, q = x -> dense(3) }\n"
    assert len(graph(head + net("two", "x: 4")).outputs) == 3
    assert len(graph(head + net("let a, b, c = two(x)\nreturn a, b, c", "x: 4")).outputs) == 3


def test_a_block_that_gets_nothing_knows_its_sizes_all_the_same() -> None:
    head = "block even(x: 3@HxW) where H % 2 == 0 = conv(3, 1x1) [3@HxW] -> relu [3@(H, W)]\n"
    assert said(head + net("even -> even", "x: 3@9x9")) == ["E0401 even needs H % 2 == 0"]
    assert len(graph(head + net("relu", "x: 3")).outputs) == 1
    assert len(graph("block alike(x: tensor) { x -> dense(x.c) }\n" + net("relu", "x: 3")).outputs) == 1


def test_shared_layers_stand_in_each_other_and_take_several_tensors() -> None:
    head = "block twice(x: tensor) { shared f = dense(4); x -> f -> f }\n"
    assert counts.parameters(graph(head + net("shared t = twice\ny: t -> t\ncheck params(t) == 20", "x: 4"))) == 20
    head = "block both(x: tensor, y: tensor, n) = concat(x, y) -> dense(n)\n"
    body = "shared t = both(n = 4)\nlet a = t(x, y)\nlet b = x -> t(y)\nlet c = t(b)\na -> c -> add(t(y = a, x = b))"
    assert counts.parameters(graph(head + net(f"{body}\ncheck params(t) == 36", "x: 4, y: 4"))) == 36
    wrong = head + net("shared t = both(n = 4)\nt(x, z = y)", "x: 4, y: 4")
    assert said(wrong) == ["E0107 both has no parameter `z`"]


def test_shared_is_a_layer_for_one_shape() -> None:
    text = net("shared t = dense(4)\nlet a = x -> t\nlet b = y -> t\nadd(a, b)", "x: 4, y: 5")
    assert only(text).message == "`t` has one set of weights, and this use asks for others"
    assert said(net("shared t = 3\nrelu")) == ["E0103 `shared t` names a layer"]
    assert said(net("shared t = dense(4)\nt(3)", "x: 4")) == ["E0105 this layer takes one tensor and no other argument"]


def test_project_is_used_where_the_shapes_differ() -> None:
    same = graph(net("residual { conv(4, 3x3, same) } project conv(4, 1x1)"))
    other = graph(net("residual { conv(8, 3x3, same) } project conv(8, 1x1)"))
    assert [n.name for n in same if n.op.name == "conv"] == ["conv"]
    assert [n.name for n in other if n.op.name == "conv"] == ["conv", "project"]


def test_devices_of_regions_and_lines() -> None:
    made = graph(net('a: relu on gpu0\non "gpu 1" { b: tanh\nc: sigmoid on gpu2 }\nd: relu'))
    assert [(n.name, n.device) for n in made][1:] == [("a", "gpu0"), ("b", "gpu 1"), ("c", "gpu2"), ("d", None)]


def test_labels_of_loops_and_lanes_are_not_seen_outside() -> None:
    assert said(net("repeat 2 { a: relu }\na -> tanh")) == ["E0101 unknown name `a`"]
    assert said(net("add { | a: relu | tanh }\na -> tanh")) == ["E0101 unknown name `a`"]
    assert [n.name for n in graph(net("repeat 2 { a: relu }"))] == ["x", "a[1]", "a[2]"]


def test_keywords_of_python_are_ordinary_names() -> None:
    made = graph(net("class: relu\nlambda: tanh\n__class__: relu\nNone: tanh\nself: relu", "def: 4"))
    assert [n.name for n in made] == ["def", "class", "lambda", "__class__", "None", "self"]


def test_errors_come_all_at_once_in_order_and_each_cause_once() -> None:
    text = net("let q = 257 / 2\ndens(3)\nrelu -> tanh\nmaxpool(3x3, padd = q)", before="block b = foo -> bar(3)")
    assert [(d.code, d.primary.span.line) for d in findings(text) if d.primary] == [
        ("E0101", 1), ("E0101", 1), ("E0109", 3), ("E0101", 4), ("E0107", 6),
    ]  # fmt: skip


def test_what_follows_an_error_is_silent() -> None:
    body = "let a = foo\na -> conv(a, a)\nconcat(a, x) -> concat { | a | x }\nlet b, c = a\nfor i in a { b }\nc * a.h"
    text = net(body)
    assert [d.primary.span.text for d in findings(text) if d.primary and d.code == "E0101"] == ["foo"]


def test_a_line_that_does_not_parse_has_no_other_findings() -> None:
    assert [d.code for d in findings(net(f"dense({'9' * 5_000})", "x: 3"))] == ["E0001"]
    assert [d.code for d in findings(net("a: relu\ncheck shape(a -> relu) == 3\nx -> tanh"))] == ["E0001"]


def test_a_side_branch_is_explained() -> None:
    helps = only(net("trunk: relu\naux: trunk -> flatten\nconv(3, 3x3)\nreturn aux")).helps
    assert any("did you mean to continue from `trunk`?" in text for text in helps)


def test_wide_merges_have_short_messages() -> None:
    finding = only(net("concat { | for i in 0..200: relu | conv(4, 3x3) }"))
    assert finding.primary is not None
    assert finding.primary.text == "this concat receives 4@32x32 and 4@30x30 and so on, 201 in all"
