"""Every code has a page, and its examples do what it says: the wrong one gives that code, the right one none."""

from __future__ import annotations

import io
import runpy
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest

from cnngraph.cli.main import main
from cnngraph.diagnostics import CODES, CnnGraphError
from cnngraph.explain.pages import FOLDER, Example, pages
from cnngraph.reports.terminal import report

TEXTS = Path(__file__).parents[1] / "errors" / "explained"
FILES = {"cnn": "net.cnn", "toml": "cluster.toml", "prototxt": "net.prototxt", "python": "script.py"}
HEADINGS = ["## Wrong", "## Right", "## How to mend"]


def said(example: Example, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the commands of an example say on the stream of errors, in a folder with its files."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("CNNGRAPH_DATA", raising=False)
    for kind, text in example.files:
        (folder / FILES[kind]).write_text(text, encoding="utf-8")
    script = any(kind == "python" for kind, _ in example.files)
    return told_by_script(folder / "script.py") if script else "".join(told(c, monkeypatch) for c in example.commands)


def told(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "argv", command.split())
    err = io.StringIO()
    with redirect_stderr(err), redirect_stdout(io.StringIO()), suppress(SystemExit):
        main()
    return err.getvalue()


def told_by_script(script: Path) -> str:
    try:
        runpy.run_path(str(script))
    except CnnGraphError as error:
        return f"{report(error.diagnostics)}\n"
    return ""


def codes_in(text: str) -> set[str]:
    heads = [line for line in text.splitlines() if line.startswith(("error[", "warning["))]
    return {head.partition("[")[2].partition("]")[0] for head in heads}


def test_every_code_has_a_page() -> None:
    assert set(pages()) == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_form_of_a_page(code: str) -> None:
    lines = pages()[code].text.splitlines()
    assert lines[0] == f"# {code}: {CODES[code]}"
    assert [line for line in lines if line.startswith("## ")] == HEADINGS
    assert all(len(line) <= 120 for line in lines)
    assert lines[-1].startswith("- ") or lines[-1].startswith("  ")


@pytest.mark.parametrize("code", CODES)
def test_the_wrong_file(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The exact text of the finding is kept in a file, as for the other wrong files."""
    text = said(pages()[code].wrong, tmp_path, monkeypatch)
    expected = TEXTS / f"{code}.txt"
    if request.config.getoption("--bless"):
        expected.write_text(text, encoding="utf-8")
    assert codes_in(text) == {code}
    assert text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("code", CODES)
def test_the_right_file(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = pages()[code].right
    assert example.files != pages()[code].wrong.files or example.commands != pages()[code].wrong.commands
    assert codes_in(said(example, tmp_path, monkeypatch)) == set()


def test_nothing_else_lies_in_the_folders() -> None:
    assert {file.suffix for file in FOLDER.iterdir()} == {".md"}
    assert {file.stem for file in TEXTS.iterdir()} == set(CODES)
