"""The test cases of ONNX: none is wrong, and none that passed is lost. `table.py` writes what is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

onnx = pytest.importorskip("onnx", reason="the cases come with ONNX")

from interop.onnx.backend import table  # noqa: E402
from interop.onnx.backend.cases import Case, all_cases, outcomes  # noqa: E402


def same_version() -> bool:
    """Whether the table is of the cases of this version of ONNX."""
    return f"onnx {onnx.__version__} " in table.TABLE.read_text(encoding="utf-8")


def bad(cases: Sequence[Case]) -> list[str]:
    found = [outcome for outcome in outcomes(cases) if outcome.state != "passed"]
    return [f"{outcome.case.name}: {outcome.state}, {outcome.why}" for outcome in found]


def test_what_passed_passes_still() -> None:
    """Without the operators that others compute, which are in the sweep."""
    listed = table.listed()
    cases = [case for case in all_cases() if case.name in listed]
    assert len(cases) == len(listed) or not same_version()
    assert bad([case for case in cases if "_expanded" not in case.name]) == []


@pytest.mark.sweep
def test_the_table_is_that_of_today() -> None:
    found = list(outcomes(all_cases()))
    assert [outcome.case.name for outcome in found if outcome.state == "wrong"] == []
    if not same_version():
        pytest.skip("the table is of other cases, as another version of ONNX has them")
    assert table.passed(found) == table.PASSED.read_text(encoding="utf-8")
    assert table.table(found) == table.TABLE.read_text(encoding="utf-8")
