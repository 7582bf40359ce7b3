"""What is said about each mistake, where it points, and that the offered mending mends."""

import pytest

from cnngraph.diagnostics import Diagnostic
from cnngraph.syntax.parse import parse_tolerant


def errors(text: str) -> tuple[Diagnostic, ...]:
    return parse_tolerant(text, "test.cnn")[1]


def in_net(line: str) -> str:
    return f"net test(x: 1@4x4) {{\n{line}\n}}"


def only(text: str) -> tuple[Diagnostic, str]:
    """The one error of a text, and the text it points at."""
    found = errors(text)
    assert len(found) == 1, "\n\n".join(d.render() for d in found)
    assert found[0].primary is not None
    return found[0], found[0].primary.span.text


LINES = [
    ("conv(16 3x3)", "3x3", "a comma is missing between two values", "write `16, 3x3`"),
    ("conv(relu() 3)", "3", "a comma is missing between two values", "write `,` between them"),
    ("let a b = c", "b", "a comma is missing between two names", "write `a, b`"),
    ("c2 = conv(3)", "=", "`=` needs `let` here", "write `let c2 = ...`, or `c2: ...` to name this line"),
    ("a, b = split(2)", "=", "`=` needs `let` here", "write `let a, b = ...`"),
    (
        "relu softmax",
        "softmax",
        "`softmax` cannot follow `relu` directly",
        "write one layer per line, or join them with `->`",
    ),
    ("relu -> -> relu", "->", "there is no layer between the two arrows", "remove one of them"),
    (
        "relu\nlet a = -> relu",
        "->",
        "there is nothing before this arrow",
        "begin with a layer, or with `it`, the value above",
    ),
    ("relu ->", "->", "a layer is missing after `->`", None),
    ("let a = 3 +", "+", "a value is missing after `+`", None),
    ("return", "return", "a value is missing after `return`", None),
    (
        "| relu",
        "|",
        "`|` begins a lane, but there is no `{` of concat, add, mul, max or fork around it",
        "write `concat { | ... | ... }`",
    ),
    (
        "residual { relu } * 3", "*", "a body is not multiplied",
        "write `repeat n { ... }`, or put all of it in parentheses",
    ),
    ("concat { relu }", "relu", "a lane must begin with `|`", "write `{ | ... | ... }`"),
    ("concat { | | relu }", "|", "this lane is empty", "`identity` passes the value on"),
    ("relu $ 3", "$", "the character `$` has no meaning here", None),
    ("relu(“a”)", "“", "the character `“` has no meaning here", 'write `"`'),
    ("relu − 3", "−", "the character `−` has no meaning here", "write `-`"),
    ("relu\u00a0+ 1", "\u00a0", "the character U+00A0 has no meaning here", None),
    ("// relu", "/", "unexpected `/`", "a comment begins with `#`"),
    ("relu // of it", "/", "unexpected `/`", "a comment begins with `#`"),
    ("conv(n // 2)", "/", "unexpected `/`", "`/` is exact on whole numbers, and `floor(a / b)` rounds down"),
    ("let n = 7 // 2", "/", "unexpected `/`", "`/` is exact on whole numbers, and `floor(a / b)` rounds down"),
    ('on "gpu { relu', '"gpu { relu', "the string is not closed", 'close it with `"` on the same line'),
    (r'load("a\qb")', r"\q", r"`\q` has no meaning in a string", r"a string knows `\"`, `\\`, `\n` and `\t`"),
    ("conv(3a)", "3a", "`3a` is neither a number nor a name", "names cannot begin with a digit"),
    ("conv(3x3a)", "3x3a", "`3x3a` is neither a number nor a name", "names cannot begin with a digit"),
    ("conv(3 x 3)", "3 x 3", "a size is written without spaces", "write `3x3`"),
    ("scale(.5)", ".5", "a number begins with a digit", "write `0.5`"),
    ("scale(1.)", "1.", "digits must follow the point of a number", "write `1.0`"),
    ("scale(9999999999999999999)", "9999999999999999999", "this number is too large", None),
    ("scale(1e999)", "1e999", "this number is too large", None),
    (
        "check: relu",
        "check",
        "`check` is a word of the language and cannot be a name",
        "call it `check_1`, or use another word",
    ),
    ("residual { relu }\nproject: relu", "project", "`project` is a word of the language and cannot be a name", None),
    ("conv(in = 3)", "in", "`in` is a word of the language and cannot be a name", None),
    ("let on = relu", "on", "`on` is a word of the language and cannot be a name", None),
    ("check params = 3", "=", "a comparison is written `==`", "write `==`"),
    ("check 1 < 2 < 3", "<", "a comparison has two sides", "join two comparisons with `and`"),
    ("a: relu b: relu", "b", "`;` or a new line is missing before `b:`", "write `;` between two on one line"),
    ("conv(3))", ")", "this `)` closes nothing", "remove it"),
    ("conv(3]", "]", "`]` cannot close `(`", None),
    ("residual { conv(3 }", "}", "`}` stands inside a parenthesis", "close it with `)`"),
    ("conv(3, 3x3", "", "the line ends inside a parenthesis", "close it with `)`"),
    ("relu [3@4x4\nrelu", "", "the line ends inside a bracket", "close it with `]`"),
    ("for x 3 { relu }", "3", "unexpected `3`", "expected `,` or `in`"),
    ("retrun x", "retrun", "`retrun` is not a word of the language", "did you mean `return`?"),
]

TEXTS = [
    ("block 3by3(c) = a", "3by3", "a name cannot begin with the digit 3", "`by3_3` is a name"),
    ('imprt a from "b"', "imprt", "`imprt` is not a word of the language", "did you mean `import`?"),
    ("cnn", "", "the number of the version is missing", "write `cnn 1`"),
    ("import a from", "", "the file ends too early", "expected a string"),
    ("net a { relu }", "a", "a net names its inputs", "write for example `net a(image: 3@224x224)`"),
    ("net net(x) { relu }", "net", "`net` is a word of the language and cannot be a name", None),
    ("net a(x: 1 y: 2) { relu }", "y", "a comma is missing between two values", "write `1, y`"),
    (
        "block a\n{\n  relu\n}\nblock b = c",
        "",
        "the `{` of a body stands on the line that it belongs to",
        "write it here",
    ),
    ("relu -> relu", "relu", "this line stands outside of every net and block", None),
    ("return a", "return", "this line stands outside of every net and block", None),
    ("block a = b\n}", "}", "this `}` closes nothing", "remove it"),
    (
        "train { update: D loss: b }",
        "loss",
        "`;` or a new line is missing before `loss:`",
        "write `;` between two on one line",
    ),
    ("train { lr = 3 }", "=", "a key and its value are joined by `:`", "write `lr: ...`"),
    ("block a {\n  relu\n", "", "the file ends inside a body", "a `}` is missing at the end, or further up"),
    ("block a {\n  relu\n\nblock b = c", "block", "`block` stands inside a body", "close the body first"),
]


@pytest.mark.parametrize(("line", "place", "message", "help_"), LINES)
def test_wrong_lines(line: str, place: str, message: str, help_: str | None) -> None:
    found, text = only(in_net(line))
    assert (found.message, text) == (message, place)
    assert help_ is None or help_ in found.helps


@pytest.mark.parametrize(("text", "place", "message", "help_"), TEXTS)
def test_wrong_items(text: str, place: str, message: str, help_: str | None) -> None:
    found, marked = only(text)
    assert (found.message, marked) == (message, place)
    assert help_ is None or help_ in found.helps


@pytest.mark.parametrize("text", [in_net(line) for line, *_ in LINES] + [text for text, *_ in TEXTS])
def test_a_suggestion_mends_the_file(text: str) -> None:
    suggestion = errors(text)[0].suggestion
    if suggestion is not None:
        start, end = suggestion.span.start, suggestion.span.end
        assert errors(text[:start] + suggestion.replacement + text[end:]) == ()


@pytest.mark.parametrize(
    ("text", "opener"),
    [
        (in_net("  f(conv(3, 3x3"), "conv("),
        (in_net("  residual { relu; conv(3 }"), "conv("),
        (in_net("  let a = conv(32,\n  return c2"), "conv("),
        ("block a {\n  residual {\n    relu\n}\n", "block a {"),
        ("block a {\n  residual { relu\nblock b = c", "residual {"),
    ],
)
def test_an_open_bracket_is_shown(text: str, opener: str) -> None:
    (label,) = errors(text)[0].secondary
    assert label.text == "opened here"
    assert label.span.end == text.index(opener) + len(opener)
