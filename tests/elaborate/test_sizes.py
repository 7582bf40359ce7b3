"""Numbers, sizes and shapes: arithmetic, the right column, `where`, `check`, and settings from outside."""

from __future__ import annotations

import pytest
from elaborate.texts import findings, graph, net, only, said, shapes

from cnngraph.diagnostics import CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text

NUMBERS = {
    "8 / 2 * 3 - 7 % 4": 9,
    "floor(257 / 2)": 128,
    "ceil(257 / 2)": 129,
    "floor(2.7) + ceil(2.2)": 5,
    "floor(sqrt(50))": 7,
    "61_706 % 100": 6,
    "2 if not 3 == 4 and (2 >= 2 or false) else 1": 2,
    "3 * (2 - -1)": 9,
}


@pytest.mark.parametrize("text", NUMBERS)
def test_whole_numbers_are_exact(text: str) -> None:
    assert shapes(net(f"dense({text})", "x: 4")) == f"output {NUMBERS[text]}"


IMPOSSIBLE = {
    "257 / 2": "E0109 257 / 2 is not whole",
    "3 / 0": "E0109 division by zero",
    "3 % 0": "E0109 division by zero",
    "floor(3 / 0)": "E0109 division by zero",
    "(1..0)": "E0109 the range 1..0 ends before it begins",
    "floor(1.0 / 0.0)": "E0109 division by zero",
    "9 / -3": "E0109 9 cannot be divided by -3",
    "floor(1e308 * 10.0)": "E0109 the result is too large",
    "floor(1e300)": "E0109 the result is too large",
    "999999999999999999 * 10": "E0109 the result is too large",
    "sqrt(-4)": "E0109 sqrt cannot take -4",
    "floor(relu)": "E0103 floor takes a number, not a layer",
    "floor(1, 2)": "E0105 floor takes one number",
    "floor": "E0103 `features` of dense is a whole number, but receives a word of the language",
    "1 / 2.0": "E0103 `features` of dense is a whole number, but receives 0.5, a number",
    "-3": "E0108 dense must have at least 1 feature, not -3",
    '1 + "a"': "E0103 `+` cannot join a whole number and a text",
    "1 if relu == tanh else 2": "E0103 `==` cannot compare a layer and a layer",
    "1 if [[1]] == [[1]] else 2": "E0103 `==` cannot compare a list and a list",
    '1 if "a" < "b" else 2': "E0103 `<` cannot compare a text and a text",
    "1 if not 3 else 2": "E0103 `not` cannot take a whole number",
}


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_what_is_said_of_numbers(text: str) -> None:
    assert said(net(f"dense({text})", "x: 4")) == [IMPOSSIBLE[text]]


OPEN = {
    "let a = H * 0.5": "E0109 `*` cannot join H and 0.5",
    "let a = H / W": "E0109 H cannot be divided by the size W",
    "let a = H / 2": "E0109 H / 2 is not whole for every value of its sizes",
    "let a = sqrt(H)": "E0109 sqrt cannot take H",
    "if H > 3 { relu }": "E0109 whether H > 3 depends on the input",
    "repeat H { relu }": "E0103 repeat takes a whole number from 0, not H",
    "conv(H, 1x1)": "E0103 `features` of conv is a whole number, but receives H, a size that the input leaves open",
    "x * H": "E0103 `*` cannot join a tensor and a size that the input leaves open",
}


@pytest.mark.parametrize("text", OPEN)
def test_what_is_said_of_open_sizes(text: str) -> None:
    assert said(net(f"{text}\nrelu", "x: 4@HxW")) == [OPEN[text]]


def test_open_sizes_are_computed() -> None:
    body = "let a = floor(H / 2)\nif H >= 1 { maxpool(2x2) } else { foo }\nreshape(4@(a, floor(W / 2)))"
    assert shapes(net(body, "x: 4@HxW")) == "output 4@(floor(H/2), floor(W/2))"


SHAPES = {
    "3@4x5": "3@4x5", "3@T": "3@T", "7": "7", "N": "N", "2*3@(4, H)": "6@4xH", "ids(9)@T": "ids(9)@T",
    "ids(9)": "ids(9)", "(3@4x4)": "3@4x4", "3@8x6/2": "3@4x3", "3@2x3x4": "3@2x3x4",
}  # fmt: skip


@pytest.mark.parametrize("text", SHAPES)
def test_shapes_of_inputs(text: str) -> None:
    assert shapes(net("", f"x: {text}")) == f"x {SHAPES[text]}".replace("x ", "output ", 1)


WRONG_SHAPES = {
    "227x227x3": "E0103 which size is the channels?",
    "0": "E0109 a shape has no size 0",
    "3@0x4": "E0109 a shape has no size 0",
    "-3@4": "E0109 a shape has no size -3",
    "3-7": "E0109 a shape has no size -4",
    "2.5@4": "E0103 the channels of a shape are a whole number, not a number",
    "3@relu": "E0103 positions are sizes such as 28x28 or T, not a layer",
    "3@5x5/2": "E0109 5 / 2 is not whole",
    "ids(0)@4": "E0103 ids takes one whole number from 1: how many different values there are",
    "tensor": "E0104 the input `x` of a net has a shape",
    "image": "E0101 unknown type `image`",
}


@pytest.mark.parametrize("text", WRONG_SHAPES)
def test_wrong_shapes_of_inputs(text: str) -> None:
    assert [f"{d.code} {d.message}" for d in findings(net("", f"x: {text}"))][:1] == [WRONG_SHAPES[text]]


def test_channels_last_are_answered_with_both_readings() -> None:
    helps = only(net("", "x: 227x227x3")).helps
    assert helps == ("write 3@227x227 if the channels come last, 227@227x3 if they come first",)


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        ("conv(8, 3x3) [8@30x30]", "x: 4@32x32"),
        ("conv(8, 3x3, same) [8@HxW]", "x: 4@HxW"),
        ("conv(8, 3x3) [8@(H - 2, W - 2)]", "x: 4@HxW"),
        ("flatten [4*32*32]", "x: 4@32x32"),
        ("relu [x.shape]", "x: 4@HxW"),
    ],
)
def test_the_right_column_holds(body: str, inputs: str) -> None:
    assert not findings(net(body, inputs))


ROWS = {
    "conv(8, 3x3) [8@31x31]": "E0300 shape check failed: 8@31x31 expected, 8@30x30 computed",
    "conv(8, 3x3) [30x30x8]": "E0103 which size is the channels?",
    "conv(8, 3x3) [relu]": "E0103 a shape such as 64@28x28 is expected, not a layer",
    "split(2) [2@32x32]": "E0300 a shape belongs to one tensor",
    "relu [ids(3)@4]": "E0300 shape check failed: ids(3)@4 expected, 4@32x32 computed",
    "maxpool(2x2) [4@16x16.5]": "E0001",
}


@pytest.mark.parametrize("body", ROWS)
def test_the_right_column_does_not_hold(body: str) -> None:
    (message,) = said(net(body))
    assert message.startswith(ROWS[body])


def test_each_row_is_judged_by_itself() -> None:
    text = net("conv(8, 3x3) [8@31x31]\nconv(9, 3x3) [9@29x29]\nconv(9, 3x3) [9@28x28]")
    assert [d.primary.span.line for d in findings(text) if d.primary] == [3, 5]


FACTS = {
    "H % 2 == 0, W >= 8": [],
    "H % 2 == 0 and H % 3 == 0": [],
    "H == W": [],
    "k > 4": ["E0401 the fact k > 4 does not hold"],
    "3": ["E0401 a fact compares sizes, as in `H % 16 == 0`"],
    "H > 3 or H < 2": ["E0401 a fact compares sizes, as in `H % 16 == 0`"],
    "H >= 8, H < 4": ["E0401 the fact H < 4 does not hold"],
    "K > 3": ["E0101 unknown name `K`"],
    "x.h > 3": ["E0101 unknown name `x`"],
}


@pytest.mark.parametrize("facts", FACTS)
def test_where(facts: str) -> None:
    assert said(f"net n(x: 3@HxW, k = 3) where {facts} = relu") == FACTS[facts]


def test_facts_make_sizes_fit() -> None:
    body = "maxpool(2x2) -> upconv(4, 2x2/2) -> add(x)"
    assert shapes(f"net n(x: 4@HxW) where H % 2 == 0, W % 2 == 0 = {body}") == "output 4@HxW"
    (finding,) = findings(f"net n(x: 4@HxW) = {body}")
    assert "`where H % 2 == 0, W % 2 == 0` on the net makes them equal" in finding.helps


CHECKS = {
    "params == 296": None,
    "params(a) == 296 and depth == 1": None,
    "macs == 8*4*9*30*30": None,
    "shape(a) == 8@30x30": None,
    "receptive_field(a) == 3": None,
    "floor(params / 100) == 2": None,
    "params == 297": "E0400 check failed: params is 296, but 297 is stated",
    "params(a) > 1_000": "E0400 check failed: params(a) is 296, but > 1,000 is stated",
    "shape(a) == 8@31x31": "E0400 check failed: shape(a) is 8@30x30, but 8@31x31 is stated",
    "receptive_field(a) == 5": "E0400 check failed: receptive_field(a) is 3, but 5 is stated",
    "params == 1 or false": "E0400 the check does not hold",
    "params": "E0400 a check is a comparison such as `params == 760`",
    "3": "E0400 a check is a comparison such as `params == 760`",
    "shape == 3": "E0400 `shape == 3` asks of no line",
    "params(relu) == 3": "E0400 `relu` is not a value of this net",
    "params(a, a) == 3": "E0103 one name of a line belongs here",
    "params(zz) == 3": "E0101 unknown name `zz`",
    "parms == 3": "E0101 unknown name `parms`",
    "receptive_field(b) == 3": "E0400 `b` sees the whole input",
}


@pytest.mark.parametrize("text", CHECKS)
def test_checks(text: str) -> None:
    expected = CHECKS[text]
    assert said(net(f"a: conv(8, 3x3)\nb: globalavgpool\ncheck {text}")) == ([expected] if expected else [])


def test_checks_of_blocks_see_the_names_of_the_block() -> None:
    block = "block b {\n a: conv(4, 1x1)\n check params(a) == 20\n check params(a) == 21\n}"
    assert said(net("b * 2", before=block)) == ["E0400 check failed: params(a) is 20, but 21 is stated"]


def test_checks_of_open_sizes() -> None:
    assert not findings(net("a: conv(2, 1x1)\ncheck macs == 8*H*W\ncheck shape(a) == 2@HxW", "x: 4@HxW"))


def test_settings() -> None:
    text = "net n(x: 4@HxW, classes: int = 10) where H % 2 == 0 = conv(classes, 1x1)"
    assert shapes(text, classes=3) == "output 3@HxW"
    assert shapes(text, H=8) == "output 10@8xW"
    assert said(text, clases=3) == ["E0107 `n` has no parameter `clases` to set"]
    assert said(text, H=7) == ["E0401 the fact H % 2 == 0 does not hold"]
    assert said(text, classes="ten") == ["E0103 `classes` is int, but receives a text"]
    assert said(text, W=-3) == ["E0109 a shape has no size -3"]
    assert said(text, W=2.5) == ["E0103 `W` is a whole number, but receives a number"]
    assert said("net n(x: 4, k) = dense(k)") == ["E0104 `k` has no value"]


def test_a_chosen_net() -> None:
    text = "net first(x: 4) = relu\nnet second(x: 5) = relu"
    assert graph(text).name == "second"
    assert said("block b = relu") == ["E0101 t.cnn defines no net"]
    assert said("") == ["E0101 t.cnn defines no net"]
    assert said("# nothing\n") == ["E0101 t.cnn defines no net"]
    assert said("cnn 2\nnet n(x: 4) = relu") == ["E0502 this file is written in version 2 of the language"]
    assert said("cnn 0\nnet n(x: 4) = relu") == ["E0502 this file is written in version 0 of the language"]
    assert said("net n() = relu") == ["E0104 `n` has no input"]
    assert said("net n(_: 3) = relu") == ["E0102 a parameter needs a name"]
    assert said("net n(x: 3, x: 4) = relu") == ["E0102 `x` is defined twice"]


def test_a_set_size_against_a_fact_is_the_only_finding() -> None:
    text = "net n(x: 1@HxW) where H % 4 == 0 { maxpool(2x2) [1@(H/2, floor(W/2))] -> maxpool(2x2) -> dense(3) }"
    with pytest.raises(CnnGraphError) as caught:
        elaborate(load_text(text), settings={"H": 65})
    assert [d.code for d in caught.value.diagnostics] == ["E0401"]
