"""Every rule of the language with a right and a wrong file; README.md of this folder says how they are written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cnngraph.diagnostics import CODES, Diagnostic, Source
from cnngraph.judge import judge_text
from cnngraph.resources import resource
from cnngraph.syntax import build
from cnngraph.syntax.parse import lexed, parse
from cnngraph.syntax.tokens import WORDS

HERE = Path(__file__).parent
RIGHT = sorted((HERE / "right").glob("*.cnn"))
WRONG = sorted((HERE / "wrong").glob("*.cnn"))
EXPECTED = re.compile(r"# ([EW]\d+) at line (\d+)")
GRAMMAR = resource("grammar", "cnn.lark").read_text(encoding="utf-8")

NEVER_IN_A_TREE = {"broken"}  # it stands for what does not parse
NEVER_RIGHT = {"OPEN_STRING", "BAD_CHARACTER"}


def stem(path: Path) -> str:
    return path.stem


def header(text: str) -> list[str]:
    """The comments at the top of a file."""
    lines = text.splitlines()
    return lines[: next(i for i, line in enumerate(lines) if not line.startswith("# "))]


def lines_of(nets: tuple[str, ...]) -> list[str]:
    return [net.replace("<net ", "# ").replace(">, ", "; ") for net in nets]


@pytest.mark.parametrize("path", RIGHT, ids=stem)
def test_a_right_file_gives_what_it_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    text = path.read_text(encoding="utf-8")
    judged = judge_text(text, path.name)
    assert judged.found == ()
    assert header(text)[1:] == lines_of(judged.nets)


@pytest.mark.parametrize("path", WRONG, ids=stem)
def test_a_wrong_file_has_the_findings_that_it_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    text = path.read_text(encoding="utf-8")
    expected = EXPECTED.findall("\n".join(header(text)))
    warned = any(code.startswith("W") for code, _ in expected)
    found = [place(finding) for finding in judge_text(text, path.name).found if warned or finding.code.startswith("E")]
    assert found == expected
    assert expected


def place(finding: Diagnostic) -> tuple[str, str]:
    assert finding.primary is not None
    return finding.code, str(finding.primary.span.line)


def test_each_rule_has_both_files_and_says_the_same_in_them() -> None:
    assert [path.stem for path in RIGHT] == [path.stem for path in WRONG]
    for right, wrong in zip(RIGHT, WRONG, strict=True):
        rule = header(right.read_text(encoding="utf-8"))[0]
        assert rule == header(wrong.read_text(encoding="utf-8"))[-1], right.stem


def test_the_files_are_small() -> None:
    for path in [*RIGHT, *WRONG]:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 20, path


def test_each_code_of_the_language_has_a_wrong_file() -> None:
    expected = {code for path in WRONG for code, _ in EXPECTED.findall(path.read_text(encoding="utf-8"))}
    assert {code for code in CODES if code < "E06" or code.startswith("W")} - expected == set()


def test_each_rule_of_the_grammar_is_in_a_right_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules that make a node of the tree, and the aliases; those with `?` or `_` only stand for others."""
    seen: set[str] = set()
    read = build._Builder.value

    def noted(builder: Any, node: Any, children: list[Any], depth: int) -> Any:
        seen.add(str(node.data))
        return read(builder, node, children, depth)

    monkeypatch.setattr(build._Builder, "value", noted)
    for path in RIGHT:
        parse(path.read_text(encoding="utf-8"), path.name)
    rules = {*re.findall(r"^([a-z]\w*) *:", GRAMMAR, re.MULTILINE), *re.findall(r"-> (\w+)$", GRAMMAR, re.MULTILINE)}
    assert len(rules) > 45
    assert rules - seen - NEVER_IN_A_TREE == set()


def test_each_word_and_each_sign_is_in_a_right_file() -> None:
    tokens = [t for path in RIGHT for t in lexed(Source(path.name, path.read_text(encoding="utf-8")))]
    kinds, texts = {token.type for token in tokens}, {token.value for token in tokens}
    named = set(re.findall(r"^(_?[A-Z_]+)(?:\.-?\d)?:", GRAMMAR, re.MULTILINE))
    assert named - kinds - NEVER_RIGHT - {"SPACE"} == set()
    signs = set(re.findall(r'"([^"\w\[]+)"', GRAMMAR))
    assert len(signs) > 20
    assert (WORDS | signs) - texts == set()
