"""Two divisions of one network: what moved, as a whole where it moved as a whole, and the figures of both."""

from __future__ import annotations

import pytest

from cnngraph.compare.division_table import devices_table, figures_table, moves_table
from cnngraph.compare.divisions import Divisions, divisions
from cnngraph.net import Net, loads
from cnngraph.partition.device import parse_devices
from cnngraph.partition.partition import assign

TEXT = """block twice(n) = conv(n, 3x3, same) -> relu -> conv(n, 3x3, same) -> relu
net n(image: 3@16x16) { first: twice(4); second: twice(4); globalavgpool }
"""


def divided(net: Net, *right: str) -> Divisions:
    """All on the left, against these blocks on the right."""
    graph, cluster = net.bound(), parse_devices("left,right")
    all_left = assign(graph, cluster, {node.name: "left" for node in graph})
    chosen = {node.name: "right" if node.name.startswith(right) else "left" for node in graph}
    return divisions(all_left, assign(graph, cluster, chosen, contiguous=False))


@pytest.fixture(scope="module")
def net() -> Net:
    return loads(TEXT)


def test_a_division_is_the_same_as_itself(net: Net) -> None:
    found = divided(net)
    assert found.same
    assert found.moves == ()


def test_a_block_moves_as_a_whole_and_a_part_of_one_by_itself(net: Net) -> None:
    moves = divided(net, "second", "first.conv[2]", "first.relu[2]").moves
    assert [(move.path, len(move.nodes)) for move in moves] == [
        ("first.conv[2]", 1), ("first.relu[2]", 1), ("second", 4)
    ]  # fmt: skip
    assert {(move.source, move.target) for move in moves} == {("left", "right")}


def test_weights_follow_and_are_no_rows(net: Net) -> None:
    found = divided(net, "second")
    assert "second.conv[1].weight" in found.moved
    assert [move.path for move in found.moves] == ["second"]
    assert not found.same


def test_figures_are_those_of_both(net: Net) -> None:
    found = divided(net, "second")
    table = {row[0]: row[1:] for row in figures_table(found).rows}
    assert table["devices"] == (1, 2, "+1")
    assert table["values that cross"] == (0, 2, "+2")
    assert table["bottleneck"][0] == found.figures["bottleneck"][0]
    sent = sum(cut.bytes for cut in found.b.cuts)
    assert sent > 0
    assert str(table["traffic"][2]) == f"+{sent / 1000:.3g} kB"


def test_devices_that_one_division_does_not_use(net: Net) -> None:
    found = divided(net, "second")
    assert found.devices["right"]["nodes"][0] is None
    rows = devices_table(found).rows
    assert [row[0] for row in rows] == ["left", "right"]
    assert str(rows[1][1]).startswith("- -> ")


def test_bounds_of_other_objectives_are_not_compared(net: Net) -> None:
    fast, small = (net.partition("a,b", objective=objective) for objective in ("throughput", "memory"))
    found = divisions(fast, small)
    assert "lower bound" not in found.figures
    assert figures_table(found).title == "a was sought for throughput, b for memory"
    assert divisions(small, small).aims == ""
    both = divisions(small, small).figures
    assert both["fullest device"][0] == both["fullest device"][1]


def test_teams_go_under_all_their_names(net: Net) -> None:
    graph, cluster = net.bound(), parse_devices("a,b")
    alone = assign(graph, cluster, {node.name: "a" for node in graph})
    team = assign(graph, cluster, {node.name: "a" for node in graph}, teams=(("a", "b"),))
    assert {(move.source, move.target) for move in divisions(alone, team).moves} == {("a", "a + b")}


def test_the_table_of_moves(net: Net) -> None:
    lines = moves_table(divided(net, "second")).text().splitlines()
    assert lines[0] == "n"
    assert lines[-1].split()[:4] == ["second", "4", "left", "right"]
