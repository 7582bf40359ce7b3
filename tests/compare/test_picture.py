"""Two graphs in one picture: every node has a place, and its kind has a colour."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from interop.flat.random_nets import random_net

from cnngraph.compare.difference import difference
from cnngraph.compare.picture import GONE, MARKS, save_picture, union
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.render.dot import draw

OLD = "net n(x: 3@8x8) { conv(4, 3x3) -> relu; maxpool(2x2); conv(6, 1x1) }"
NEW = "net n(x: 3@8x8) { conv(4, 3x3) -> batchnorm -> relu; lrn(5); conv(8, 1x1) }"
MOVED = "net n(x: 3@8x8) { maxpool(2x2); conv(4, 3x3) -> relu; conv(6, 1x1) }"


def test_kinds_and_names() -> None:
    both = union(difference(*(elaborate(load_text(text)) for text in (OLD, NEW))))
    assert both.kind_of == {"batchnorm": "added", "maxpool": "removed", "lrn": "added", "conv[2]": "changed"}
    assert [node.name for node in both.graph if node.name in both.kind_of] == ["batchnorm", "maxpool", "lrn", "conv[2]"]
    assert [ref.node for ref in both.graph["conv[2]"].inputs] == ["lrn", "conv[2].weight", "conv[2].bias", "maxpool"]
    assert "features 6 -> 8" in both.hints["conv[2]"]


def test_a_removed_node_makes_room_for_its_successor() -> None:
    lines = (("lrn(3)", "relu"), ("relu", "lrn(5)"))
    texts = (f"net n(x: 3@8x8) {{ {first}; conv(4, 1x1); {last} }}" for first, last in lines)
    both = union(difference(*map(elaborate, map(load_text, texts))))
    assert {name: kind for name, kind in both.kind_of.items() if "lrn" in name} == {
        "lrn (removed)": "removed", "lrn": "added"
    }  # fmt: skip


def test_what_has_moved_stands_twice() -> None:
    both = union(difference(*(elaborate(load_text(text)) for text in (OLD, MOVED))))
    assert both.kind_of["maxpool"] == "moved"
    assert both.kind_of["maxpool (removed)"] == "moved from here"


def test_colours_and_legend() -> None:
    both = union(difference(*(elaborate(load_text(text)) for text in (OLD, NEW))))
    source = draw(both.graph, overlay=both.overlay).source
    for kind in ("added", "removed", "changed"):
        assert kind in source
        assert MARKS[kind].fill in source
    assert re.search(r"maxpool \[label=[^\n]* style=dashed", source)
    assert f'relu -> maxpool [color="{MARKS["removed"].line}"' in source


@pytest.mark.parametrize("seed", range(12))
def test_any_two_networks_can_be_drawn(seed: int) -> None:
    a, b = (elaborate(load_text(random_net(s))) for s in (seed, seed + 1))
    found = difference(a, b)
    both = union(found)
    assert len({node.name for node in both.graph}) == len(both.graph.nodes)
    assert {ref.node for node in both.graph for ref in node.inputs} <= {node.name for node in both.graph}
    removed = [name for name, kind in both.kind_of.items() if kind in GONE]
    assert len(removed) == len([n for n in a if n.op.name != "state"]) - len(found.matching.partner)
    assert draw(both.graph, overlay=both.overlay).source == draw(both.graph, overlay=both.overlay).source


def test_writes_a_file(tmp_path: Path) -> None:
    found = difference(*(elaborate(load_text(text)) for text in (OLD, NEW)))
    assert MARKS["added"].fill.lower() in save_picture(found, tmp_path / "both.svg").read_text().lower()
