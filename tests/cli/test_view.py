"""`cnngraph view`: the page is written, for right and wrong files, with what was kept and measured."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli.terminal import Run, Written


def data(page: Path, name: str) -> Any:
    """The data that a page has under a name."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found
    return json.loads(found[1])


def ids(page: Path) -> list[str]:
    return [node["id"] for node in data(page, "graph")["nodes"]]


def test_the_page_has_the_name_of_the_net(run: Run, written: Written) -> None:
    outcome = run("view", "tiny.cnn")
    assert (outcome.code, outcome.out, outcome.err) == (0, "page: tiny.html\n", "")
    assert written() == {"tiny.html"}


def test_o_and_set_and_gradient(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "t.html"
    assert run("view", "tiny.cnn", "--gradient", "-o", page).code == 0
    assert any(name.startswith("gradient") for name in ids(page))


def test_devices_and_seconds(run: Run, tmp_path: Path) -> None:
    text = "cnn 1\nnet two(image: 1@8x8) { conv(4, 3x3) -> relu on left; flatten -> dense(3) on right }"
    (tmp_path / "two.cnn").write_text(text, encoding="utf-8")
    kept = run("partition", "two.cnn", "--devices", "left,right", "--format", "json").out
    (tmp_path / "kept.json").write_text(kept, encoding="utf-8")
    assert run("profile", "two.cnn", "--rounds", 1, "--workers", 1, "-o", "profile.json").code == 0
    assert run("view", "two.cnn", "--partition", "kept.json", "--profile", "profile.json").code == 0
    facts = {node["id"]: node["facts"] for node in data(tmp_path / "two.html", "graph")["nodes"] if "facts" in node}
    assert (facts["relu"]["device"], facts["dense"]["device"]) == ("left", "right")
    assert facts["dense"]["seconds"] > 0


def test_a_wrong_file_is_shown_and_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.cnn").write_text("cnn 1\nnet wrong(image: 1@8x8) { conv(4, 3x3); dense(10) }", encoding="utf-8")
    outcome = run("view", "wrong.cnn")
    assert (outcome.code, outcome.out) == (1, "page: wrong.html\n")
    assert "error[E0201]" in outcome.err
    assert ids(tmp_path / "wrong.html") == ["image", "conv", "dense"]
    assert data(tmp_path / "wrong.html", "net")["wrong"].keys() == {"dense"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gone.cnn",), "there is no file gone.cnn"),
        (("tiny.cnn", "--net", "other"), "other"),
        (("tiny.cnn", "--step", "a"), "add --gradient"),
        (("tiny.cnn", "--profile", "gone.json"), "gone.json cannot be read"),
        (("tiny.cnn", "--partition", "gone.json"), "gone.json cannot be read"),
        (("tiny.cnn", "-o", "tiny.cnn/a.html"), "is no folder"),
        (("tiny.cnn", "-o", "tiny.svg"), "E0603"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    run: Run, written: Written, arguments: tuple[str, ...], told: str
) -> None:
    outcome = run("view", *arguments)
    assert outcome.code != 0
    assert told in outcome.err
    assert written() == set()
