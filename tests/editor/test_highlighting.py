"""One table of classes against the grammar, and both highlighters against the table, on every text of the package."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from cnngraph.editor import classes, textmate, words
from cnngraph.resources import resource
from cnngraph.syntax.parse import grammar

pygments = pytest.importorskip("pygments", reason="pygments is not installed: `pip install '.[notebook]'`")

TESTS = Path(__file__).parents[1]
FILES = sorted([*resource("specs").rglob("*.cnn"), *(TESTS / "errors").glob("*.cnn")])
ODD = (
    'net  n(x: 1@H×W, n=2)\t{ 3x3a K k2 "open\n "a\\"b" ü 1..n ## doc\n'
    '  a->b→c if not it.c<=1_0.5e-3 @ "" } train\ntrain {'
)

OPERATORS = ("COMPARE", "DOT_DOT", "AT", "PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "EQUAL")
PUNCTUATION = ("COMMA", "COLON", "DOT", "LPAR", "RPAR", "LSQB", "RSQB", "LBRACE", "RBRACE")
FITTING = {
    "COMMENT": {"comment", "documentation"},
    "STRING": {"string"},
    "OPEN_STRING": {"open string"},
    "DIMS": {"dimensions"},
    "INT": {"number"},
    "FLOAT": {"number"},
    "VBAR": {"lane"},
    "_ARROW": {"arrow"},
    "NAME": {
        "definition", "section", "layer", "label", "argument", "function", "type", "padding", "left value", "name",
    },
    **{kind: {"operator"} for kind in OPERATORS},
    **{kind: {"punctuation"} for kind in PUNCTUATION},
    **{word.upper(): {"declaration"} for word in words.DECLARATIONS},
    **{word.upper(): {"control"} for word in words.CONTROL},
    **{word.upper(): {"logic"} for word in words.LOGIC},
    **{word.upper(): {"constant"} for word in words.CONSTANTS},
}  # fmt: skip
"""For each terminal of the grammar, the classes that its text may have."""

Cut = tuple[str, int, int]


def lexed(text: str) -> Iterator[Cut]:
    parser = grammar().parse_interactive(text)
    for token in parser.lexer_thread.lex(parser.parser_state):
        if token.type not in ("_NEWLINE", "BAD_CHARACTER"):
            yield token.type, token.start_pos, token.end_pos


def test_the_words_are_those_of_the_grammar() -> None:
    texts = {t.pattern.value for t in grammar().terminals if re.fullmatch("[a-z]+", t.pattern.value)}
    listed = [*words.DECLARATIONS, *words.CONTROL, *words.LOGIC, *words.CONSTANTS]
    assert sorted(listed) == sorted(texts)


def test_every_terminal_has_a_class() -> None:
    silent = {"SPACE", "_NEWLINE", "BAD_CHARACTER"}
    assert {t.name for t in grammar().terminals} - silent == set(FITTING)
    assert set().union(*FITTING.values()) == {kind for kind, _ in classes.patterns()}


@pytest.mark.parametrize("path", [*FILES, None], ids=lambda path: path.name if path else "odd")
def test_classes_agree_with_the_lexer(path: Path | None) -> None:
    text = path.read_text(encoding="utf-8") if path else ODD
    cuts = list(lexed(text))
    found = list(classes.stretches(text))
    assert [(s.start, s.end) for s in found] == [(start, end) for _, start, end in cuts]
    wrong = [(text[s.start : s.end], s.kind) for s, (kind, _, _) in zip(found, cuts, strict=True)
             if s.kind not in FITTING[kind]]  # fmt: skip
    assert wrong == []


def textmate_cuts(text: str) -> Iterator[Cut]:
    """What a TextMate engine does with a flat grammar: in each line the leftmost match, of equals the first rule."""
    rules = [(rule["name"], re.compile(rule["match"])) for rule in json.loads(textmate.text())["patterns"]]
    offset = 0
    for line in text.split("\n"):
        at = 0
        while at < len(line):
            found = [(m.start(), i, m) for i, (_, rule) in enumerate(rules) if (m := rule.search(line, at))]
            if not found:
                break
            _, index, match = min(found)
            yield rules[index][0], offset + match.start(), offset + match.end()
            at = match.end()
        offset += len(line) + 1


@pytest.mark.parametrize("path", [*FILES[::4], None], ids=lambda path: path.name if path else "odd")
def test_textmate_and_pygments_cut_as_the_table_does(path: Path | None) -> None:
    from cnngraph.editor.pygments_lexer import TOKENS, CnnLexer

    text = path.read_text(encoding="utf-8") if path else ODD
    found = list(classes.stretches(text))
    scopes = [(f"{textmate.SCOPES[s.kind]}.cnn", s.start, s.end) for s in found]
    assert list(textmate_cuts(text)) == scopes
    tokens = [(kind, start, start + len(part)) for start, kind, part in CnnLexer().get_tokens_unprocessed(text)]
    white = {pygments.token.Whitespace, pygments.token.Text}
    assert [token for token in tokens if token[0] not in white] == [(TOKENS[s.kind], s.start, s.end) for s in found]


def test_the_committed_textmate_grammar_is_fresh() -> None:
    committed = resource("grammar", "cnn.tmLanguage.json").read_text(encoding="utf-8")
    assert committed == textmate.text(), "python -m cnngraph.editor.textmate > grammar/cnn.tmLanguage.json"


def test_the_classes_say_what_a_reader_would() -> None:
    line = "net tiny(image: 1@8x8) { c: conv(4, 3x3, pad = same) -> tiny2; check params(c) == 40 }"
    text = f"{line}\ntrain tiny {{ seed: 1 }}"
    found = [(s.kind, text[s.start : s.end]) for s in classes.stretches(text)]
    for expected in [
        ("definition", "tiny"), ("label", "image"), ("dimensions", "8x8"), ("label", "c"), ("layer", "conv"),
        ("argument", "pad"), ("padding", "same"), ("name", "tiny2"), ("declaration", "check"), ("function", "params"),
        ("section", "train"), ("label", "seed"), ("arrow", "->"),
    ]:  # fmt: skip
        assert expected in found


def test_pygments_finds_the_lexer_by_name() -> None:
    declared = (TESTS.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert 'cnn = "cnngraph.editor.pygments_lexer:CnnLexer"' in declared
    for entry in entry_points(group="pygments.lexers", name="cnn"):  # where the package is installed
        assert entry.load().name == "cnngraph"
