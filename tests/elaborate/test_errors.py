"""Wrong files and their messages, word for word. `pytest --bless` writes the texts anew for changes that are meant."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cnngraph.diagnostics import CODES, CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.judge import judge
from cnngraph.reports.fix import fixed

FOLDER = Path(__file__).parent.parent / "errors"


def messages(file: Path) -> CnnGraphError:
    program = load_text(file.read_text(encoding="utf-8"), file.name, FOLDER)
    with pytest.raises(CnnGraphError) as caught:
        elaborate(program)
    return caught.value


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.cnn")), ids=lambda f: f.stem)
def test_message(file: Path, request: pytest.FixtureRequest) -> None:
    error = messages(file)
    expected = file.with_suffix(".txt")
    if request.config.getoption("--bless"):
        expected.write_text(f"{error}\n", encoding="utf-8")
    assert f"{error}\n" == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.cnn")), ids=lambda f: f.stem)
def test_codes_are_known(file: Path) -> None:
    for diagnostic in messages(file).diagnostics:
        assert diagnostic.code in CODES
        assert diagnostic.primary is not None


def found_in(text: str, name: str) -> Counter[tuple[str, str]]:
    """Codes and messages of all findings of a text."""
    return Counter((d.code, d.message) for d in judge(load_text(text, name, FOLDER), lints=False).found)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.cnn")), ids=lambda f: f.stem)
def test_each_suggestion_takes_its_error_away(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    before = found_in(text, file.name)
    for diagnostic in messages(file).diagnostics:
        if diagnostic.suggestion is not None:
            after = found_in(fixed(text, [diagnostic], safe_only=False), file.name)
            what = (diagnostic.code, diagnostic.message)
            assert after[what] == before[what] - 1, diagnostic


def test_most_wrong_files_have_a_suggestion() -> None:
    mended = [f.stem for f in FOLDER.glob("*.cnn") if any(d.suggestion for d in messages(f).diagnostics)]
    assert len(mended) >= 12, mended


def test_every_text_has_its_file() -> None:
    assert {f.stem for f in FOLDER.glob("*.txt")} == {f.stem for f in FOLDER.glob("*.cnn")}
