"""The page of the networks says what the runs beside it say, and shows pictures that are there."""

from __future__ import annotations

import re

import pytest

from benchmarks.gallery import PAGE, RUNS, SPECS, trained_row

TEXT = PAGE.read_text(encoding="utf-8")
NAMES = sorted(run.stem for run in RUNS.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_run_stands_on_the_page(name: str) -> None:
    assert f"| {' | '.join(trained_row(RUNS / f'{name}.json'))} |" in TEXT


def test_all_pictures_are_there() -> None:
    shown = set(re.findall(r"pictures/[\w.]+", TEXT))
    assert len(shown) > 2 * len(NAMES) > 30
    assert [path for path in shown if not (SPECS / path).is_file()] == []
    assert {f"pictures/{file.name}" for file in (SPECS / "pictures").iterdir()} == shown
