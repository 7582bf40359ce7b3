"""The page of a difference as text: verdicts, rows, kinds of nodes; its data fit its graphs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cnngraph.compare.difference import Difference, difference
from cnngraph.compare.divisions import divisions
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.net import loads
from cnngraph.pages.difference import divided
from cnngraph.pages.difference.divided import divisions_page
from cnngraph.pages.difference.nets import kinds_of, nets_page, verdict

BLOCK = "block twice(n) = conv(n, 3x3, same) -> relu -> conv(n, 3x3, same) -> relu\n"
OLD = BLOCK + """net n(image: 3@16x16) {
  stem: conv(4, 3x3, same)
  lrn(5)
  maxpool(2x2)
  first: twice(4)
  gone: twice(4)
  globalavgpool -> dense(10)
}
"""
NEW = BLOCK + """net n(image: 3@16x16) {
  stem: conv(4, 3x3, same)
  maxpool(2x2)
  lrn(5)
  other: twice(4)
  dropout(0.5)
  globalavgpool -> dense(12)
}
"""


def between(old: str, new: str) -> Difference:
    return difference(*(elaborate(load_text(text)) for text in (old, new)))


def value(page: str, name: str) -> Any:
    found = re.search(f'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_sentence_says_it() -> None:
    assert verdict(between(OLD, OLD)) == "Both are the same graph, name for name."
    renamed = between(OLD, OLD.replace("first:", "second:"))
    assert verdict(renamed) == "Both are the same graph; only names differ."
    assert verdict(between(OLD, NEW)) == "5 differences: 1 added, 1 removed, 1 changed, 1 moved, 1 renamed."


def test_what_only_follows_stands_apart() -> None:
    found = between(OLD, OLD.replace("stem: conv(4,", "stem: conv(6,"))
    old, new = kinds_of(found)
    assert old["stem"] == new["stem"] == "changed"
    assert new["first.conv[1]"] == new["lrn"] == "reshaped"
    assert verdict(found) == "4 differences: 1 changed, 3 reshaped."


def test_kinds_of_nodes_on_both_sides() -> None:
    old, new = kinds_of(between(OLD, NEW))
    assert old["lrn"] == new["lrn"] == "moved"
    assert old["gone.conv[1]"] == "removed"
    assert old["first.relu[2]"] == new["other.relu[2]"] == "renamed"
    assert (new["dropout"], "dropout" in old) == ("added", False)
    assert "stem" not in {**old, **new}


def test_what_has_changed_in_a_renamed_block_has_changed() -> None:
    old, new = kinds_of(between(OLD, OLD.replace("first: twice(4)", "other: twice(4) on gpu0")))
    assert {old["first.conv[1]"], new["other.conv[1]"]} == {"changed"}


def test_rows_lead_to_nodes_and_blocks_that_there_are() -> None:
    page = nets_page(between(OLD, NEW), ("old.cnn", "new.cnn"))
    told = value(page, "difference")
    models = [value(page, name) for name in "ab"]
    paths = [{node["id"] for node in model["nodes"]} | blocks(model["tree"]) for model in models]
    assert page.count("data-change=") == len(told["places"]) == 5
    for places in told["places"]:
        assert any(places)
        for place, known in zip(places, paths, strict=True):
            assert place is None or any(path == place or path.startswith(f"{place}.") for path in known)
    for kinds, model in zip(told["kindOf"], models, strict=True):
        assert kinds.keys() <= {node["id"] for node in model["nodes"]}
    assert told["partner"]["lrn"] == "lrn"
    assert told["partner"]["first.conv[1]"] == "other.conv[1]"


def blocks(items: list[Any]) -> set[str]:
    inner = [each for item in items for each in item.get("items", item.get("copies", ()))]
    return {item["path"] for item in items if "path" in item} | (blocks(inner) if inner else set())


def test_rows_of_a_group_stand_together() -> None:
    page = nets_page(between(OLD, OLD.replace("n, 3x3, same", "n, 5x5, same").replace("10", "9")), ("a", "b"))
    groups = re.findall("<h3>(.*?)</h3>", page)
    assert len(groups) == len(set(groups)) > 1


def test_nothing_differs() -> None:
    page = nets_page(between(OLD, OLD), ("a", "b"))
    assert 'class="verdict same"' in page
    assert value(page, "difference")["places"] == []


def test_the_same_bits_each_time() -> None:
    assert nets_page(between(OLD, NEW), ("a", "b")) == nets_page(between(OLD, NEW), ("a", "b"))


def test_divisions_have_devices_and_moves() -> None:
    net = loads(OLD)
    found = divisions(net.partition("left,right", 64, contiguous=False), net.partition("left", 64))
    page = divisions_page(found, ("one.json", "two.json"))
    told = value(page, "difference")
    assert told["devices"][0] == "left"
    assert {node["facts"]["device"] for node in value(page, "b")["nodes"]} == {"left"}
    assert "in two ways" in page
    same = divisions(found.b, found.b)
    assert divided.verdict(same) == "Every layer runs where it ran."


@pytest.mark.parametrize("names", [("</script><b>", '"><img src=x onerror=alert(1)>')])
def test_names_are_text(names: tuple[str, str]) -> None:
    page = nets_page(between(OLD, NEW), names)
    assert "<img" not in page
    assert "</script><b>" not in page
