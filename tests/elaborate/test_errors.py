"""Wrong files and their messages, word for word. `pytest --bless` writes the texts anew for changes that are meant."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from cnngraph.diagnostics import CODES, CnnGraphError, Diagnostic
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.judge import judge
from cnngraph.reports.fix import fixed, mended

FOLDER = Path(__file__).parent.parent / "errors"


@cache
def judged(text: str, name: str) -> tuple[Diagnostic, ...]:
    """What is wrong with the nets and the train sections of a text."""
    return judge(load_text(text, name, FOLDER), lints=False).found


def messages(file: Path) -> CnnGraphError:
    return CnnGraphError(judged(file.read_text(encoding="utf-8"), file.name))


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
    return Counter((d.code, d.message) for d in judged(text, name))


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.cnn")), ids=lambda f: f.stem)
def test_each_suggestion_takes_its_error_away(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    before = found_in(text, file.name)
    for diagnostic in messages(file).diagnostics:
        if diagnostic.suggestion is not None:
            after = found_in(fixed(text, [diagnostic], safe_only=False), file.name)
            what = (diagnostic.code, diagnostic.message)
            assert after[what] == before[what] - 1, diagnostic


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.cnn")), ids=lambda f: f.stem)
def test_mending_ends_and_never_adds_an_error(file: Path) -> None:
    """All safe suggestions, round after round: nothing is left to apply, and no finding is new but those behind one."""
    text = file.read_text(encoding="utf-8")

    def find(now: str) -> tuple[Diagnostic, ...]:
        return judged(now, file.name)

    result = mended(text, find)
    assert fixed(result.text, find(result.text)) == result.text
    if all(d.suggestion and d.suggestion.safe for d in find(text)):
        assert len(find(result.text)) <= len(find(text))
    if not result.applied:
        assert result.text == text


@pytest.mark.parametrize("name", ["foreign_name", "identity_shortcut", "identity_channels", "project_stride",
                                  "residual_stride", "head_concat", "channels_last", "foreign_calls"])  # fmt: skip
def test_these_files_are_mended_whole(name: str) -> None:
    text = (FOLDER / f"{name}.cnn").read_text(encoding="utf-8")
    result = mended(text, lambda now: judged(now, name))
    assert found_in(result.text, name) == {}, result.text


def test_at_most_twenty_errors_are_printed() -> None:
    lines = "\n".join(f"  conv(4, 1x1, wrong_{i} = 3)" for i in range(25))
    with pytest.raises(CnnGraphError) as caught:
        elaborate(load_text(f"net n(x: 1@8x8) {{\n{lines}\n}}"))
    assert len(caught.value.diagnostics) == 25
    assert str(caught.value).count("error[E0107]") == 20
    assert str(caught.value).endswith("\n\n... and 5 more")


def test_a_cause_is_reported_once() -> None:
    """Everything that follows from a wrong line is silent, in its body and wherever the block is used."""
    text = "block b = dens(10) -> relu\nnet n(x: 8) {\n  b * 3\n  let a = b -> b\n  a -> concat(it, a) -> dense(2)\n}"
    assert found_in(text, "t.cnn") == {("E0101", "unknown name `dens`"): 1}


def test_causes_are_reported_together() -> None:
    lines = "relu(3)\nconv(4, 3x3, a = 1, b = 2) -> dens(3)\nx -> conv(4, 1x1)"
    text = f"net n(x: 8) {{\n{lines}\n}}\nnet m(x: 8) = tahn"
    codes = sorted(code for code, _ in found_in(text, "t.cnn").elements())
    assert codes == ["E0101", "E0101", "E0105", "E0107", "E0107", "E0202"]


def test_most_wrong_files_have_a_suggestion() -> None:
    mended = [f.stem for f in FOLDER.glob("*.cnn") if any(d.suggestion for d in messages(f).diagnostics)]
    assert len(mended) >= 12, mended


def test_every_text_has_its_file() -> None:
    assert {f.stem for f in FOLDER.glob("*.txt")} == {f.stem for f in FOLDER.glob("*.cnn")}
