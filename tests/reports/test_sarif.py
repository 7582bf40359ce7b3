"""The log is what SARIF 2.1.0 asks for. The rules below are those of its schema for the properties that we write."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from cnngraph.diagnostics import CODES, Diagnostic, Label, Source, Span
from cnngraph.elaborate.modules import load_text
from cnngraph.judge import judge
from cnngraph.reports.sarif import sarif

ERRORS = Path(__file__).parents[1] / "errors"

TEXT = {"text": str}
FILE = {"uri": str}
REGION = {"startLine": int, "startColumn": int, "endLine": int, "endColumn": int}
PHYSICAL = {"artifactLocation": FILE, "region": REGION}
LOCATION = {"physicalLocation": PHYSICAL, "message?": TEXT}
REPLACEMENT = {"deletedRegion": REGION, "insertedContent": TEXT}
FIX = {"description": TEXT, "artifactChanges": [{"artifactLocation": FILE, "replacements": [REPLACEMENT]}]}
RESULT = {
    "ruleId": str, "ruleIndex": int, "level": str, "message": TEXT, "locations?": [LOCATION],
    "relatedLocations?": [{"id": int, **LOCATION}], "fixes?": [FIX],
}  # fmt: skip
RULE = {"id": str, "shortDescription": TEXT, "help": TEXT, "defaultConfiguration": {"level": str}}
RUN = {"tool": {"driver": {"name": str, "rules": [RULE]}}, "columnKind": str, "results": [RESULT]}
LOG = {"$schema": str, "version": str, "runs": [RUN]}


def fits(value: Any, schema: Any) -> bool:
    """Whether a value has just the properties of a schema; those with `?` may be missing."""
    if isinstance(schema, dict):
        names = {name.rstrip("?") for name in schema}
        needed = {name for name in schema if not name.endswith("?")}
        whole = isinstance(value, dict) and needed <= set(value) <= names
        return whole and all(fits(value[n.rstrip("?")], s) for n, s in schema.items() if n.rstrip("?") in value)
    if isinstance(schema, list):
        return isinstance(value, list) and all(fits(item, schema[0]) for item in value)
    return isinstance(value, schema) and not isinstance(value, bool)


def logged(file: Path) -> dict[str, Any]:
    return sarif(judge(load_text(file.read_text(encoding="utf-8"), file.name, ERRORS)).found)


@pytest.mark.parametrize("file", sorted(ERRORS.glob("*.cnn")), ids=lambda f: f.stem)
def test_the_structure(file: Path) -> None:
    log = logged(file)
    assert fits(log, LOG)
    assert log["version"] == "2.1.0"
    assert log["runs"][0]["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in log["runs"][0]["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        for location in [*result["locations"], *result.get("relatedLocations", [])]:
            region = location["physicalLocation"]["region"]
            assert min(region.values()) >= 1
            assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
            assert urlparse(location["physicalLocation"]["artifactLocation"]["uri"]).path


def test_the_check_of_the_structure_itself() -> None:
    assert not fits({"text": 3}, TEXT)
    assert not fits({}, TEXT)
    assert not fits({"text": "a", "more": 1}, TEXT)
    assert fits([{"text": "a"}], [TEXT])


def test_the_place_and_the_fix() -> None:
    result = logged(ERRORS / "syntax.cnn")["runs"][0]["results"][1]
    region = {"startLine": 2, "startColumn": 15, "endLine": 2, "endColumn": 18}
    physical = {"artifactLocation": {"uri": "syntax.cnn"}, "region": region}
    assert result["locations"] == [{"physicalLocation": physical}]
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": ","}


def test_paths_are_addresses() -> None:
    def uri(name: str) -> str:
        label = Label(Span(Source(name, "text"), 0, 1), "")
        (result,) = sarif([Diagnostic("E0101", "x", label)])["runs"][0]["results"]
        address: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        return address

    assert uri("nets/a b.cnn") == "nets/a%20b.cnn"
    assert uri("/nets/a.cnn") == "file:///nets/a.cnn"
    assert uri("\udcff.cnn") == "%FF.cnn"  # a file name that is no text


def test_nothing_found_is_a_log_too() -> None:
    assert fits(sarif([]), LOG)


def test_every_code_can_be_a_rule() -> None:
    log = sarif([Diagnostic(code, "x") for code in CODES])
    assert [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]] == sorted(CODES)
