"""The test cases of ONNX: none is wrong, and none that passed is lost. `table.py` writes what is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

pytest.importorskip("onnx", reason="the cases come with ONNX")

from interop.onnx.backend import table
from interop.onnx.backend.cases import Case, all_cases, outcomes


def bad(cases: Sequence[Case]) -> list[str]:
    found = [outcome for outcome in outcomes(cases) if outcome.state != "passed"]
    return [f"{outcome.case.name}: {outcome.state}, {outcome.why}" for outcome in found]


def test_what_passed_passes_still() -> None:
    listed = table.listed()
    cases = [case for case in all_cases() if case.name in listed]
    assert len(cases) == len(listed)
    assert bad(cases) == []


@pytest.mark.sweep
def test_the_table_is_that_of_today() -> None:
    found = list(outcomes(all_cases()))
    assert [outcome.case.name for outcome in found if outcome.state == "wrong"] == []
    assert table.passed(found) == table.PASSED.read_text(encoding="utf-8")
    assert table.table(found) == table.TABLE.read_text(encoding="utf-8")
