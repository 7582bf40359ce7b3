"""Files that cannot be read, and the cache of the parser, which may be in any state."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lark import Lark, Token
from lark.lexer import Lexer

from cnngraph.diagnostics import CnnGraphError
from cnngraph.resources import resource
from cnngraph.syntax import cache
from cnngraph.syntax.parse import OPTIONS, KeepAll, grammar
from cnngraph.syntax.read import MAX_BYTES, read_source
from cnngraph.syntax.tokens import DESCRIPTIONS, ERROR, WORDS


def failure(path: Path) -> tuple[str, str]:
    with pytest.raises(CnnGraphError) as caught:
        read_source(path, path.name)
    (finding,) = caught.value.diagnostics
    return finding.code, finding.message


def test_a_file_is_text_without_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.cnn"
    path.write_bytes("\ufeffcnn 1\r\n# é".encode())
    assert read_source(path, "a.cnn").text == "cnn 1\r\n# é"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    large, latin = tmp_path / "large.cnn", tmp_path / "latin.cnn"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    latin.write_bytes(b"cnn 1\n# \xe9")
    assert failure(tmp_path / "none.cnn") == ("E0501", "there is no file none.cnn")
    assert failure(tmp_path / "a\0b") == ("E0501", "a\0b cannot be read: embedded null byte")
    assert failure(tmp_path)[0] == "E0501"
    assert failure(large) == ("E0002", "large.cnn is larger than 1 MB")
    assert failure(latin) == ("E0002", "latin.cnn is not UTF-8 (line 2)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "cnngraph"


def test_the_cache_is_used_and_may_be_torn(folder: Path) -> None:
    fresh = grammar.__wrapped__()
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    for content in (whole, whole[: len(whole) // 2], b"", b"nonsense"):
        kept.write_bytes(content)
        again = grammar.__wrapped__()
        assert again.parse("block a = b") == fresh.parse("block a = b")
    assert [path.name for path in folder.iterdir()] == [kept.name]


def test_the_cache_may_be_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cache.kept("name", lambda file: b"loaded", lambda: b"made", lambda made, file: None) == b"made"
    monkeypatch.setattr(cache, "cache_folder", lambda: None)
    assert cache.kept("name", lambda file: b"loaded", lambda: b"made", lambda made, file: None) == b"made"


class NoLexer(Lexer):
    """Strict mode looks at the lexer only with a further package; the grammar's own strictness needs no lexer."""

    def __init__(self, _: object) -> None:
        pass

    def lex(self, lexer_state: object, parser_state: object) -> Iterator[Token]:
        return iter(())


def test_the_grammar_has_no_conflict() -> None:
    text = resource("grammar", "cnn.lark").read_text(encoding="utf-8")
    Lark(text, postlex=KeepAll(), strict=True, **{**OPTIONS, "lexer": NoLexer})


def test_each_token_has_a_description_and_each_word_is_known() -> None:
    terminals = {
        terminal.name: terminal.pattern.value
        for terminal in Lark(
            resource("grammar", "cnn.lark").read_text(encoding="utf-8"), postlex=KeepAll(), **OPTIONS
        ).terminals
    }
    silent = {*KeepAll.always_accept, "SPACE", ERROR}
    assert set(terminals) - silent <= set(DESCRIPTIONS)
    assert {value for value in terminals.values() if value.isalpha()} == WORDS


def test_a_resource_of_another_folder_is_an_error() -> None:
    with pytest.raises(CnnGraphError, match="lacks its folder `nonsense`"):
        resource("nonsense", "a.txt")
