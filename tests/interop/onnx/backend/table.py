"""What becomes of ONNX's own test cases, as a table and as a list of those that pass.

    PYTHONPATH=.:tests python -m interop.onnx.backend.table     writes CASES.md and passed.txt anew (two minutes)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
from interop.onnx.backend.cases import SUITES, Outcome, all_cases, outcomes

FOLDER = Path(__file__).parent
TABLE, PASSED = FOLDER / "CASES.md", FOLDER / "passed.txt"
HEAD = """# ONNX's own test cases

Each case that the package onnx {version} brings along, read by our importer and run by our executor
(`cnngraph.interop.onnx.backend`). {passed:,} of {count:,} pass, {wrong} give wrong numbers, {refused:,} are not
attempted: each operator says why, and for how many. Cases `_expanded`, which compute an operator by others as its
definition says, count with that operator. Results agree within 1e-5 of the largest number.
Written by `python -m interop.onnx.backend.table`.
"""


def table(found: Sequence[Outcome]) -> str:
    states = Counter(outcome.state for outcome in found)
    head = HEAD.format(
        version=onnx.__version__, passed=states["passed"], count=len(found), wrong=states["wrong"],
        refused=states["refused"],
    )  # fmt: skip
    return "\n".join([head, *_suites(found), "", *_operators(found), "", *_reasons(found), ""])


def _suites(found: Sequence[Outcome]) -> list[str]:
    rows = ["| suite | passed | of |", "|---|--:|--:|"]
    for suite in SUITES:
        own = [outcome for outcome in found if outcome.case.suite == suite]
        rows.append(f"| {suite} | {_passed(own)} | {len(own)} |")
    return rows


def _operators(found: Sequence[Outcome]) -> list[str]:
    """A line for each operator of which something passes."""
    rows = ["| operator | passed | of | not attempted |", "|---|--:|--:|---|"]
    for operator, own in _by_operator(found).items():
        if passed := _passed(own):
            rows.append(f"| {operator} | {passed} | {len(own)} | {_words(own)} |")
    return rows


def _reasons(found: Sequence[Outcome]) -> list[str]:
    """The operators of which nothing passes, by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for operator, own in _by_operator(found).items():
        if not _passed(own):
            reasons = Counter(outcome.why for outcome in own)
            by_reason[reasons.most_common(1)[0][0]].append(f"{operator} {len(own)}")
    rows = ["| nothing of these passes | operators, and how many cases |", "|---|---|"]
    return [*rows, *(f"| {reason} | {', '.join(names)} |" for reason, names in sorted(by_reason.items()))]


def _by_operator(found: Sequence[Outcome]) -> Mapping[str, list[Outcome]]:
    by_operator: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in sorted(found, key=lambda outcome: outcome.case.operator.lower()):
        by_operator[outcome.case.operator].append(outcome)
    return by_operator


def _passed(found: Sequence[Outcome]) -> int:
    return sum(outcome.state == "passed" for outcome in found)


def _words(found: Sequence[Outcome]) -> str:
    reasons = Counter(outcome.why for outcome in found if outcome.state != "passed")
    return "; ".join(f"{reason} {count}" for reason, count in reasons.most_common())


def passed(found: Sequence[Outcome]) -> str:
    """The names of the cases that pass, a line for each operator."""
    lines = []
    for operator, own in _by_operator(found).items():
        names = [outcome.case.name.removeprefix("test_") for outcome in own if outcome.state == "passed"]
        lines += [f"{operator}: {' '.join(names)}"] if names else []
    return "\n".join([*lines, ""])


def listed() -> frozenset[str]:
    """The names in the list."""
    lines = PASSED.read_text(encoding="utf-8").splitlines()
    return frozenset(f"test_{name}" for line in lines for name in line.partition(": ")[2].split())


def write() -> None:
    found = list(outcomes(all_cases()))
    TABLE.write_text(table(found), encoding="utf-8")
    PASSED.write_text(passed(found), encoding="utf-8")


if __name__ == "__main__":
    write()
