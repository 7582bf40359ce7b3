"""What a pointer shows, and the shapes at the line ends."""

from __future__ import annotations

import pytest
from editor.texts import document, marked

from cnngraph.editor.hints import hints
from cnngraph.editor.hover import hover
from cnngraph.editor.symbols import symbols

BLOCKS = """cnn 1
import conv_bn from "std/conv.cnn"

## One unit of the 18 layers.
## It has two lines.
block unit(c, stride = 1) {
  residual {
    conv_bn(c, 3x3/stride, same) -> relu
    conv_bn(c, 3x3, same)
  } project conv_bn(c, 1x1/stride)
}
net n(image: 8@HxW) where H % 4 == 0, W % 4 == 0 {
  one: unit(8)
  two: unit(16, stride = 2) -> unit(16)
  let three = it -> globalavgpool -> dense(3)
  three
}
"""


def shown(place: str, text: str = BLOCKS) -> str:
    """The Markdown at the place that `^` marks."""
    found = hover(document(text), text.index(place.replace("^", "")) + place.index("^"))
    return found.markdown if found else ""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("one: ^unit(8)", "`unit(8)` gives `8@HxW`: 1,184 parameters, 1152*H*W multiply-adds, receptive field 5x5"),
        ("^three = it", "`it -> ... -> dense(3)` gives `3`: 51 parameters, 48 multiply-adds"),
        ("-> ^dense", "`dense(3)` gives `3`: 51 parameters, 48 multiply-adds"),
        ("^dense(3)", "dense(features, bias = true)"),
        ("two: ^unit", "One unit of the 18 layers.\nIt has two lines."),
        ("two: ^unit", "block unit(c, stride = 1)"),
        ("^conv_bn(c, 3x3, same)", "block conv_bn(c, window, pad = 0"),
        ("^conv_bn(c, 3x3, same)", "std/conv.cnn"),
        ("8@^HxW", "a size that the input leaves open"),
        ("unit(16, ^stride", "stride = 1"),
        ("^project", "projection used once, identity used twice"),
        ("^residual", "projection used once, identity used twice"),
    ],
)
def test_hover(place: str, expected: str) -> None:
    assert expected in shown(place)


def test_a_unit_of_a_block_shows_each_different_use() -> None:
    first, second, third = shown("conv_bn(c, ^3x3, same)").splitlines()[:3]
    assert "`8@HxW`" in first
    assert first.endswith("(line 13)  ")
    assert "`16@HxW/2`" in second
    assert "receptive field 11x11" in second
    assert third.endswith("(line 14)")


@pytest.mark.parametrize(("count", "said"), [("1", "identity used: the shapes are equal"), ("2", "projection used")])
def test_a_residual_says_which_way_it_took(count: str, said: str) -> None:
    text = f"cnn 1\nnet n(x: 2@8x8) {{ residual {{ conv({count}*2, 1x1) }} project conv(4, 1x1) }}"
    assert shown("^residual", text).startswith(said + "\n")


@pytest.mark.parametrize("place", ["cnn^ 1", "##^ One", "im^port", '"std^/conv'])
def test_nothing_is_shown_where_nothing_is_known(place: str) -> None:
    assert shown(place) == ""


def test_hints_of_blocks_and_nets() -> None:
    found = document(BLOCKS)
    lines = found.text.split("\n")
    assert {lines[found.lines.place(h.offset)[0]].strip(): h.text for h in hints(found)} == {
        "conv_bn(c, 3x3/stride, same) -> relu": "[8@HxW ... 16@HxW/2]",
        "conv_bn(c, 3x3, same)": "[8@HxW ... 16@HxW/2]",
        "} project conv_bn(c, 1x1/stride)": "[8@HxW ... 16@HxW/2]",
        "one: unit(8)": "[8@HxW]",
        "two: unit(16, stride = 2) -> unit(16)": "[16@HxW/2]",
        "let three = it -> globalavgpool -> dense(3)": "[3]",
        "three": "[3]",
    }


def test_hints_of_a_wrong_file_go_as_far_as_it_can_be_read() -> None:
    found, _ = marked("net n(x: 1@8x8) {\n  conv(2, 3x3)\n  dense(3)\n  relu\n}\nnet m(x: 3@4x4) { relu }^")
    assert [hint.text for hint in hints(found)] == ["[2@6x6]", "[3@4x4]"]


def test_the_outline() -> None:
    unit, n = symbols(document(BLOCKS))
    assert [(child.name, child.kind) for child in unit.children] == [("c", "parameter"), ("stride", "parameter")]
    assert [(child.name, child.detail) for child in n.children] == [
        ("image", "8@HxW"), ("one", "[8@HxW]"), ("two", "[16@HxW/2]"), ("three", "[3]"),
    ]  # fmt: skip


TRAINED = """cnn 1
net n(x: 4, z: 2) {
  a: x -> dense(3)
  b: z -> dense(3)
  return a, b
}
train n {
  noise: normal(z)
  stop: early(patience = 2)
  step one {
    update: a
    loss: mse(a, b)
  }
}
"""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("^noise", "`noise`: inputs that are drawn anew for each step, and not read from the data"),
        ("^normal", "Normal with mean 0."),
        ("^early", "Stop when `patience` epochs in a row were not better"),
        ("s^tep one", "`step`: one of several steps that each batch takes in turn"),
        ("^update", "`update`: the parts of the net that this step changes"),
        ("^loss", "`loss`: the number that is made small"),
        ("update: ^a", "gives `3`: 15 parameters"),
    ],
)
def test_the_words_of_a_train_section_are_told(place: str, expected: str) -> None:
    assert expected in shown(place, TRAINED)


def test_the_outline_has_the_steps_of_a_training() -> None:
    *_, section = symbols(document(TRAINED))
    assert [symbol.name for symbol in section.children] == ["noise", "stop", "step one"]
    assert [symbol.name for symbol in section.children[-1].children] == ["update", "loss"]
