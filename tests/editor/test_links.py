"""Definitions, references and new names, on each kind of name and on each rule of sight."""

from __future__ import annotations

import pytest
from editor.texts import FOLDER, document, marked

from cnngraph.diagnostics import Span
from cnngraph.editor import links
from cnngraph.editor.document import Document, Workspace
from cnngraph.resources import resource

WHOLE = """cnn 1
import conv_bn, conv_relu as unit from "std/conv.cnn"

let width = 8

block tower(c, make: layer, K = 3) {
  conv(c, KxK, same) -> make(c, 1x1)
  unit(c, 3x3, pad = same)
}

net small(image: 3@HxW, classes = 10) where H % 4 == 0, W >= 8 {
  a: tower(width, conv_bn) [8@HxW]
  concat {
    | b: conv(4, 1x1)
      relu
    | for k, n in [(3, 4), (5, 4)]: conv(n, k, same)
  }
  shared twin = tower(c = 4, make = conv_bn)
  let left, right = it -> split(2)
  left -> twin -> concat(right, a)
  residual { b: conv(6, 1x1) } project conv(6, 1x1)
  b: globalavgpool
  main: dense(classes) -> softmax
  return main, score = b
  check params(a) > 0 and receptive_field(a) == 5
}

train small { loss: cross_entropy(main, label) + 0.1 * mse(score, target) }
"""


def renamed(document: Document, offset: int, new: str) -> str:
    text = document.text
    for edit in reversed(links.rename(document, offset, new)):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


def at(text: str, place: str) -> tuple[Document, int]:
    """The whole text, and the place in it that `^` marks in `place`."""
    return document(text), text.index(place.replace("^", "")) + place.index("^")


def test_the_example_is_right() -> None:
    assert document(WHOLE).findings == ()


@pytest.mark.parametrize(
    ("place", "new", "changes"),
    [
        ("block ^tower", "stack", {"tower": "stack"}),
        ("^tower(width", "stack", {"tower": "stack"}),
        ("let ^width", "units", {"width": "units"}),
        ("(^c, make", "channels", {"(c,": "(channels,", "c = 4": "channels = 4"}),
        ("tower(^c = 4", "channels", {"(c,": "(channels,", "c = 4": "channels = 4"}),
        ("make^: layer", "maker", {"make": "maker"}),
        (", ^K = 3", "M", {", K = 3": ", M = 3", "KxK": "MxM"}),
        ("3@^HxW", "A", {"3@HxW": "3@AxW", "H % 4": "A % 4", "8@HxW": "8@AxW"}),
        ("[8@Hx^W]", "B", {"3@HxW": "3@HxB", "W >= 8": "B >= 8", "8@HxW": "8@HxB"}),
        ("^a: tower", "first", {"  a:": "  first:", "right, a)": "right, first)", "(a)": "(first)"}),
        ("params(^a)", "first", {"  a:": "  first:", "right, a)": "right, first)", "(a)": "(first)"}),
        ("| ^b: conv", "inner", {"| b:": "| inner:"}),
        ("{ ^b: conv", "inner", {"{ b:": "{ inner:"}),
        ("  ^b: global", "pooled", {"  b: global": "  pooled: global", "score = b": "score = pooled"}),
        ("k, ^n in", "m", {"k, n in": "k, m in", "conv(n, k": "conv(m, k"}),
        ("let ^left", "west", {"left": "west"}),
        ("shared ^twin", "pair", {"twin": "pair"}),
        ("net ^small", "tiny", {"net small": "net tiny", "train small": "train tiny"}),
        ("^classes = 10", "kinds", {"classes": "kinds"}),
        ("return ^main", "out", {"main": "out"}),
        ("entropy(^main", "out", {"main": "out"}),
        ("mse(^score", "mark", {"score": "mark"}),
        ("import ^conv_bn", "cb", {"import conv_bn,": "import conv_bn as cb,", "make = conv_bn": "make = cb",
                                   "width, conv_bn": "width, cb"}),
        ("as ^unit", "conv_unit", {"unit": "conv_unit"}),
        ("  ^unit(c", "conv_unit", {"unit": "conv_unit"}),
    ],
)  # fmt: skip
def test_a_new_name_stands_wherever_the_old_one_meant_it(place: str, new: str, changes: dict[str, str]) -> None:
    expected = WHOLE
    for old, replacement in changes.items():
        assert old in expected
        expected = expected.replace(old, replacement)
    found = renamed(*at(WHOLE, place), new)
    assert found == expected
    assert document(found).findings == ()


@pytest.mark.parametrize(
    ("place", "new", "reason"),
    [
        ("^a: tower", "for", "reserved"),
        ("^a: tower", "relu", "layer"),
        ("^a: tower", "same", "word of the language"),
        ("^a: tower", "it", "word of the language"),
        ("^a: tower", "_", "not a name"),
        ("^a: tower", "ä", "not a name"),
        ("^a: tower", "main", "defined in line 23"),
        ("^a: tower", "b", "defined in line 14"),
        ("^a: tower", "width", "defined in line 4"),
        ("^a: tower", "H", "defined in line 11"),
        ("| ^b: conv", "a", "defined in line 12"),
        ("^a: tower", "label", "line 28 would then mean this"),
        ("3@^HxW", "height", "one capital letter"),
        (", ^K = 3", "kernel", "make the file wrong"),
        ("conv(^c, KxK", "make", "defined in line 6"),
        ("^relu\n", "other", "only names that this file defines"),
        ("params^(a", "other", "only names that this file defines"),
    ],
)
def test_a_new_name_is_refused(place: str, new: str, reason: str) -> None:
    with pytest.raises(links.Refused, match=reason):
        links.rename(*at(WHOLE, place), new)


def test_names_in_other_bodies_are_other_names() -> None:
    text = WHOLE.replace("c, make", "c, main").replace("make", "main")
    assert document(text).findings == ()
    assert len(links.references(*at(text, "c, ^main: layer"))) == 3
    assert len(links.references(*at(text, "  ^main: dense"))) == 3


def test_the_definition_of_what_is_imported() -> None:
    standard = resource("specs", "blocks", "conv.cnn").resolve()
    text = standard.read_text(encoding="utf-8")

    def target(place: str) -> tuple[object, str]:
        found = links.definition(*at(WHOLE, place))
        assert found is not None
        span = found.span or Span(document(text).source, 0, 0)
        return found.path, text[span.start - 6 : span.end + 1]

    assert target("import ^conv_bn") == (standard, "block conv_bn(")
    assert target("^unit(c") == (standard, "block conv_relu(")
    assert target("3x3, ^pad = same") == (standard, text[text.index("pad") - 6 : text.index("pad") + 4])
    assert target('"^std/')[0] == standard


def test_the_definition_follows_a_local_import() -> None:
    workspace, part, whole = Workspace(), FOLDER / "a" / "part.cnn", FOLDER / "whole.cnn"
    workspace.write(part, "cnn 1\nlet k = 3\nblock part(c) = conv(c, 3x3)\n")
    workspace.write(whole, 'cnn 1\nimport part, k from "a/part.cnn"\nnet n(x: 1@8x8) = part(k)\n')
    found = workspace.document(whole)
    assert found is not None
    for place, word in [("part(", "part"), ("k)", "k")]:
        target = links.definition(found, found.text.index(place))
        assert target is not None
        assert target.span is not None
        assert (target.path, target.span.text) == (part, word)


@pytest.mark.parametrize(
    "text", ["net n(^", "block ^", "import a as ^", "net n(x: 1@8x8) { let ^a = a }", "^", "train ^", "^a: b"]
)
def test_broken_texts_have_names_too(text: str) -> None:
    found, offset = marked(text)
    links.definition(found, offset)
    assert all(span.source == found.source for span in links.references(found, offset))
