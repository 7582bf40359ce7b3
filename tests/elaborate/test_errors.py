"""Wrong files and their messages, word for word. `pytest --bless` writes the texts anew for changes that are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnngraph.diagnostics import CODES, CnnGraphError
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text

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


def test_every_text_has_its_file() -> None:
    assert {f.stem for f in FOLDER.glob("*.txt")} == {f.stem for f in FOLDER.glob("*.cnn")}
