"""Each construct of the language, as the tree that it gives."""

import pytest
from printed import body, item, line, nodes

from cnngraph.diagnostics import CnnGraphError
from cnngraph.resources import resource
from cnngraph.syntax import ast
from cnngraph.syntax.parse import parse, parse_tolerant
from cnngraph.syntax.tokens import WORDS

LINES = {
    "1 + 2 * 3 - 4": "(- (+ 1 (* 2 3)) 4)",
    "a / 2 % 3": "(% (/ a 2) 3)",
    "-x * 2": "(* (- x) 2)",
    "not a and b or c == 1": "(or (and (not a) b) (== c 1))",
    "a.b(c, d = 1).e": "(attribute (call (attribute a b) [c d=1]) e)",
    "f()": "(call f [])",
    "f(a,)": "(call f [a])",
    "64@HxW/2": "(@ 64 (/ HxW 2))",
    "256@(H/4, 2*W)": "(@ 256 (tuple [(/ H 4) (* 2 W)]))",
    "3x3x3 -> K2x7": "(pipe [3x3x3 K2x7] -)",
    "1×7 → relu": "(pipe [1x7 relu] -)",
    "0..n - 1": "(.. 0 (- n 1))",
    "1 if a else 2 if b else 3": "(choose 1 a (choose 2 b 3))",
    "[1, (2, 3,), []]": "(list [1 (tuple [2 3]) (list [])])",
    '1e-4 + 0.5 + 61_706 + true + "a\\"b"': '(+ (+ (+ (+ 0.0001 0.5) 61706) True) "a"b")',
    "c1: conv(16, 3x3/2) -> relu [16@4x4] on gpu0": (
        "(flow c1 (pipe [(call conv [16 (/ 3x3 2)]) (unit relu (@ 16 4x4))] gpu0))"
    ),
    "relu [3] -> relu": "(pipe [(unit relu 3) relu] -)",
    'relu on "gpu 1"': "(pipe [relu] gpu 1)",
    "(a -> b) * 2": "(* (group (pipe [a b] -)) 2)",
    "(residual { a } -> b) * 2": "(* (group (pipe [(residual (body [a]) -) b] -)) 2)",
    "let a, b = c -> split(2)": "(let [a b] (pipe [c (call split [2])] -))",
    "shared G = generator": "(shared G generator)",
    "return a, b = c -> d": "(return [(result - a) (result b (pipe [c d] -))])",
    "check params(a) >= 61_706": "(check (>= (call params [a]) 61706))",
    "concat { | a | x: b }": "(merge concat [(lane - [a]) (lane - [(flow x b)])])",
    "concat {\n  | a\n    b\n\n  | c }": "(merge concat [(lane - [a b]) (lane - [c])])",
    "m.add(1) { | a }": "(merge (call (attribute m add) [1]) [(lane - [a])])",
    "fork { | for k, n in [(3, 4)]: conv(k) }": (
        "(merge fork [(lane (each [k n] (list [(tuple [3 4])])) [(call conv [k])])])"
    ),
    "residual { a } project b": "(residual (body [a]) b)",
    "residual {\n a\n b\n}\nproject c": "(residual (body [a b]) c)",
    "repeat 2 { a; b }": "(repeat 2 (body [a b]))",
    "for i in 0..4 { a }": "(for [i] (.. 0 4) (body [a]))",
    "if a { b }": "(if a (body [b]) -)",
    "if a { b } else if c { d }\nelse { e }": "(if a (body [b]) (if c (body [d]) (body [e])))",
    "on gpu1 { a }": "(region gpu1 (body [a]))",
    "inception -> forest -> iffy -> letter -> information": "(pipe [inception forest iffy letter information] -)",
}

ITEMS = {
    "cnn 1": "(version 1)",
    'import a, b as c from "x.cnn"': '(import [(importname a -) (importname b c)] "x.cnn")',
    "net a(x: 1@HxW, n = 2, t: tensor(n) = 3) where H % 2 == 0, W > 3 = b -> c": (
        "(definition net a [(parameter x (@ 1 HxW) -) (parameter n - 2) (parameter t (call tensor [n]) 3)] "
        "[(== (% H 2) 0) (> W 3)] (body [(pipe [b c] -)]) -)"
    ),
    "net a(\n  x: 1@HxW,\n  n = 2,\n) {\n}": (
        "(definition net a [(parameter x (@ 1 HxW) -) (parameter n - 2)] [] (body []) -)"
    ),
    "block a { b }": "(definition block a [] [] (body [b]) -)",
    "block a() where n > 1 = b": "(definition block a [] [(> n 1)] (body [b]) -)",
    "let a = b": "(let [a] b)",
    "train x { }": "(section train x [])",
    'about { a: "b"; c { d: e } ; f: g }': '(section about - [(entry a "b") (section c - [(entry d e)]) (entry f g)])',
}


@pytest.mark.parametrize("text", LINES)
def test_lines(text: str) -> None:
    assert line(text) == LINES[text]


@pytest.mark.parametrize("text", ITEMS)
def test_items(text: str) -> None:
    assert item(text) == ITEMS[text]


@pytest.mark.parametrize("text", ["", "\n\n", "# only this", "  \t ", "\ufeff", ";;", "\r\n"])
def test_a_file_without_items_is_a_module(text: str) -> None:
    assert parse(text, "empty.cnn").items == ()


@pytest.mark.parametrize("text", ["\ufeffblock a = b", "block a = b\r\n", "\tblock\ta\t=\tb", "\n\n;block a = b;;\n"])
def test_marks_carriage_returns_and_tabs_mean_nothing(text: str) -> None:
    assert item(text) == "(definition block a [] [] (body [b]) -)"


@pytest.mark.parametrize("word", sorted(WORDS))
def test_a_word_at_the_front_of_a_name_is_a_name(word: str) -> None:
    assert body(f"{word}s: a{word} -> {word}_1 -> {word.capitalize()}") == (
        f"[(flow {word}s (pipe [a{word} {word}_1 {word.capitalize()}] -))]"
    )


def test_documentation_is_the_comment_right_above() -> None:
    text = "## of the file\n\n# no\n## one\n##  two\nblock a = b ## not this\nblock c = d\n##\nblock e = f"
    found = [part.documentation for part in parse(text, "test.cnn").items if isinstance(part, ast.Definition)]
    assert found == ["one\n two", None, None]


def test_spans_cover_their_text() -> None:
    text = '\ufeffcnn 1\nimport a from "x"\nnet n(x: 1@HxW) {\n  c: residual { "é" }\n -> f(1, k = 2x2) [3@4x4]\n}\n'
    module = parse(text, "test.cnn")
    own = {type(node).__name__: node.span.text for node in nodes(module)}
    assert own["Name"] == "f"
    assert own["Residual"] == 'residual { "é" }'
    assert own["Call"] == "f(1, k = 2x2)"
    assert own["Unit"] == "f(1, k = 2x2) [3@4x4]"
    assert own["Argument"] == "k = 2x2"
    assert own["Import"] == 'import a from "x"'
    assert own["Module"] == text[1:]
    assert all(node.span.text == node.text for node in nodes(module) if isinstance(node, ast.Name))
    assert [node.word.text for node in nodes(module) if isinstance(node, ast.Residual)] == ["residual"]


def test_each_shipped_file_parses() -> None:
    for path in sorted(resource("specs").rglob("*.cnn")):
        assert parse(path.read_text(encoding="utf-8"), path.name).items


def test_parse_raises_all_errors_and_tolerant_returns_them() -> None:
    text = "block a = $\nblock b = c\nblock d = $"
    with pytest.raises(CnnGraphError) as caught:
        parse(text, "test.cnn")
    module, diagnostics = parse_tolerant(text, "test.cnn")
    assert caught.value.diagnostics == diagnostics
    assert [type(part).__name__ for part in module.items] == ["Broken", "Definition", "Broken"]
    assert [part.span.text for part in module.items] == text.splitlines()
