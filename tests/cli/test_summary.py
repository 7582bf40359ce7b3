"""`cnngraph summary`: the same table for people and for programs."""

from __future__ import annotations

import csv
import io
import json

import pytest
from cli.terminal import NETS, Run

FILE = NETS / "lenet5.cnn"


def test_text(run: Run) -> None:
    out = run("summary", FILE).done("parameters: 61,706", "multiply-adds: 416,520", "depth: 5").out
    assert "c1.conv" in out
    assert "6@28x28" in out


def test_programs_read_the_same_numbers(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("summary", FILE, "--format", "csv").done().out)))
    table = json.loads(run("summary", FILE, "--format", "json").done().out)
    assert sum(int(row["parameters"]) for row in rows) == table["totals"]["parameters"] == 61_706
    assert sum(int(row["multiply_adds"]) for row in rows) == table["totals"]["multiply_adds"]
    assert [row["layer"] for row in rows] == [row["layer"] for row in table["rows"]]
    assert table["rows"][0]["shape"] == "6@28x28"


def test_markdown(run: Run) -> None:
    lines = run("summary", FILE, "--format", "markdown").done().out.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert "- parameters: 61,706" in lines


def test_depth(run: Run) -> None:
    rows = json.loads(run("summary", NETS / "googlenet.cnn", "--depth", "1", "--format", "json").done().out)["rows"]
    assert {"i3a", "i5b", "aux1"} <= {row["layer"] for row in rows}
    assert not any("." in row["layer"] for row in rows)


def test_sizes_stay_open_until_they_are_set(run: Run) -> None:
    run("summary", NETS / "unet.cnn").done("multiply-adds: 733888*H*W")
    run("summary", NETS / "unet.cnn", "--set", "H=64", "--set", "W=32").done(f"multiply-adds: {733888 * 64 * 32:,}")


@pytest.mark.parametrize("arguments", [("--depth", "0"), ("--depth", "x"), ("--format", "xml")])
def test_wrong_options(arguments: tuple[str, ...], run: Run) -> None:
    run("summary", FILE, *arguments).refused(arguments[0], code=2)
