"""Which line ends end a statement."""

import pytest
from printed import body, item

JOINED = {
    "a\n  -> b": "[(pipe [a b] -)]",
    "a ->\n b": "[(pipe [a b] -)]",
    "let a =\n\n b +\n c": "[(let [a] (+ b c))]",
    "a:\n b": "[(flow a b)]",
    "f(\n1,\n2\n)": "[(call f [1 2])]",
    "f(a\n+ b)": "[(call f [(+ a b)])]",
    "[\n1\n, 2]": "[(list [1 2])]",
    "a and\nnot\nb": "[(and a (not b))]",
    "a # why\n # still\n -> b": "[(pipe [a b] -)]",
    "(concat {\n | a\n   b\n | c\n})": "[(group (merge concat [(lane - [a b]) (lane - [c])]))]",
    "(repeat 2 {\n a\n b\n})": "[(group (repeat 2 (body [a b])))]",
}


@pytest.mark.parametrize("text", JOINED)
def test_line_ends_that_mean_nothing(text: str) -> None:
    assert body(text) == JOINED[text]


@pytest.mark.parametrize("text", ["a\nb", "a;b", "a ; \n ; b", "a # c\nb", "a\r\nb"])
def test_line_ends_that_count(text: str) -> None:
    assert body(text) == "[a b]"


def test_line_ends_between_items() -> None:
    assert item("\n\nblock a\t= b\n\n") == "(definition block a [] [] (body [b]) -)"
