"""Texts that nobody writes by hand: each ends, soon, in a tree or in findings, and never in another exception."""

import random
import time

import pytest

from cnngraph.diagnostics import Source
from cnngraph.resources import resource
from cnngraph.syntax import ast
from cnngraph.syntax.build import MAX_DEPTH
from cnngraph.syntax.layout import MAX_NESTING
from cnngraph.syntax.parse import MAX_TOKENS, comments, parse_tolerant
from cnngraph.syntax.read import MAX_BYTES
from cnngraph.syntax.recovery import MAX_ERRORS
from cnngraph.syntax.tokens import WORDS

MANY = 5_000


def in_net(text: str) -> str:
    return f"net a(x: 1@4x4) {{\n{text}\n}}\nblock last = relu"


DEEP = {
    "operators": "check " + "+".join("1" * MANY),
    "signs": "check " + "- " * MANY + "1",
    "negations": "check " + "not " * MANY + "a",
    "choices": "check " + "1 if a else " * MANY + "1",
    "attributes": "a" + ".b" * MANY,
    "calls": "a" + "()" * MANY,
    "branches": "if a { b }" + " else if a { b }" * MANY,
    "braces": "residual { " * 60 + "relu" + " }" * 60,
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_too_deep_is_one_finding_and_breaks_its_line_only(name: str) -> None:
    module, (finding,) = parse_tolerant(in_net(DEEP[name]), "deep.cnn")
    assert (finding.code, finding.message) == ("E0002", "this line is nested too deeply")
    assert [type(item).__name__ for item in module.items] == ["Definition", "Definition"]


@pytest.mark.parametrize("text", ["(" * MANY, "(" * MANY + "a" + ")" * MANY, "residual {" * MANY, "f([" * MANY])
def test_brackets_are_counted_before_anything_is_built(text: str) -> None:
    module, (finding,) = parse_tolerant(in_net(text), "deep.cnn")
    assert (finding.code, finding.message) == ("E0002", "the brackets are nested too deeply")
    assert finding.primary is not None
    assert str(MAX_NESTING) in finding.primary.text
    assert [type(item) for item in module.items] == [ast.Broken]


@pytest.mark.parametrize(
    "text", ["+".join("1" * (MAX_DEPTH - 20)), "(" * 70 + "a" + ")" * 70, "residual { " * 40 + "a" + " }" * 40]
)
def test_what_is_allowed_can_be_walked_by_recursion(text: str) -> None:
    module, findings = parse_tolerant(in_net(text), "deep.cnn")
    assert not findings
    assert module == parse_tolerant(in_net(text), "deep.cnn")[0]
    assert hash(module) == hash(module)


WIDE = {
    "arrows": in_net(" -> ".join(["relu"] * MANY)),
    "lines": in_net("relu\n" * MANY),
    "arguments": in_net("f(" + ",".join("1" * MANY) + ")"),
    "blocks": "block a = b\n" * MANY,
    "comments": "## a\n" * MANY,
    "string": f'import a from "{"b" * MANY}"',
}


@pytest.mark.parametrize("name", WIDE)
def test_width_has_no_bound_but_the_size(name: str) -> None:
    assert parse_tolerant(WIDE[name], "wide.cnn")[1] == ()


@pytest.mark.parametrize("text", ["$\n", "|", "}", ")", '"', "\0", "net a(\n", "{\n", "conv(3\n", "(", "=", "-> ", "é"])
def test_the_same_again_and_again(text: str) -> None:
    module, findings = parse_tolerant(text * MANY, "wrong.cnn")
    assert 1 <= len(findings) <= MAX_ERRORS + 1
    assert module.items


def test_a_text_over_the_limit_is_not_read() -> None:
    module, (finding,) = parse_tolerant("#" * (MAX_BYTES + 1), "large.cnn")
    assert (finding.code, finding.message) == ("E0002", "large.cnn is larger than 1 MB")
    assert [type(item) for item in module.items] == [ast.Broken]


def test_a_line_of_nothing_but_errors() -> None:
    started = time.process_time()
    assert [f.message for f in parse_tolerant(in_net("concat {" + "|" * 40_000 + "}"), "t.cnn")[1]] == [
        "this lane is empty"
    ]
    assert time.process_time() - started < 3


MEGABYTES = {
    "brackets": "(",
    "lanes": "|",
    "one line": "relu -> ",
    "lines": "relu\n",
    "wrong lines": "a b\n",
    "sizes": "9x9 ",
    "zeros": "\0",
    "lone surrogates": "\ud800",
    "strings": '"a" ',
    "entries of a list": "1,",
}


@pytest.mark.parametrize("name", MEGABYTES)
def test_a_megabyte_is_read_no_further_than_the_limit(name: str) -> None:
    text = (MEGABYTES[name] * MAX_BYTES)[:MAX_BYTES]
    module, (finding,) = parse_tolerant(text, "large.cnn")
    assert (finding.code, finding.message) == ("E0002", f"large.cnn has more than {MAX_TOKENS:,} words and signs")
    assert finding.primary is not None
    assert finding.primary.span.end < MAX_BYTES
    assert len(finding.render()) < 1_000
    assert [type(item) for item in module.items] == [ast.Broken]


@pytest.mark.parametrize("text", ["\n", "# a comment ", " ", "a", "9", '"', "é", "×"])
def test_a_megabyte_of_few_words_is_read(text: str) -> None:
    findings = parse_tolerant(text * (MAX_BYTES // len(text)), "large.cnn")[1]
    assert len(findings) <= 1
    assert all(len(finding.render()) < 5_000 for finding in findings)


def test_comments_are_read_as_far_as_the_limit() -> None:
    assert len(comments(Source("t.cnn", "# a\n" * 300_000))) <= MAX_TOKENS


PIECES = [*'()[]{}|;,:="#$@.+-\n\t×→x7', "->", "..", "3x3", "HxW", "1e9", "\r\n", *sorted(WORDS)]


def mutated(chance: random.Random, text: str) -> str:
    for _ in range(chance.choice([1, 1, 2, 3, 5])):
        start = chance.randrange(len(text) + 1)
        end = start + chance.choice([0, 1, 10, 40])
        source = chance.randrange(len(text) + 1)
        new = chance.choice(["", chance.choice(PIECES), f" {chance.choice(PIECES)} ", text[source : source + 30]])
        text = text[:start] + new + text[end:]
    return text


def test_mutations_of_the_examples() -> None:
    """Whatever a slip of the hand does to a file, it gives a tree and a few findings that can be shown."""
    chance = random.Random(1)
    page = resource("grammar", "README.md").read_text(encoding="utf-8")
    examples = [part.removeprefix("cnn\n") for part in page.split("```")[1::2]]
    for _ in range(600):
        text = mutated(chance, chance.choice(examples))
        module, findings = parse_tolerant(text, "mutated.cnn")
        assert isinstance(module, ast.Module)
        assert len(findings) <= MAX_ERRORS + 1
        assert all(finding.render() and finding.code in ("E0001", "E0002") for finding in findings)
