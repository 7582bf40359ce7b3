"""Columns and lanes: the longest way is one lane, branches have their own, a U-Net stands in a U."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnngraph
from cnngraph.render.volumes.grid import Grid, grid
from cnngraph.render.volumes.volume import Volume, Volumes, volumes


def made(*links: str, halved: str = "", names: str = "abcdefgh") -> Volumes:
    """Volumes with names of one letter, joined by links such as `ab`; those in `halved` are half as large."""
    used = [name for name in names if any(name in link for link in links)]
    items = tuple(Volume(name, "convolution", (8, 8) if name not in halved else (4, 4), 2, "2@8x8") for name in used)
    return Volumes(items, tuple((link[0], link[1]) for link in links))


def drawn(found: Grid) -> str:
    """A line for each lane."""
    width, height = max(found.column.values()) + 1, max(found.lane.values()) + 1
    rows = [["."] * width for _ in range(height)]
    for name, column in found.column.items():
        rows[found.lane[name]][column] = name
    return "\n".join("".join(row) for row in rows)


def test_a_chain_is_one_lane() -> None:
    found = grid(made("ab", "bc"))
    assert drawn(found) == "abc"
    assert set(found.ways.values()) == {"next"}


def test_branches_stand_side_by_side_and_the_longest_in_the_middle() -> None:
    found = grid(made("ab", "ac", "cd", "ae", "bf", "df", "ef"))
    assert drawn(found) == ".e..\nacdf\n.b.."
    assert found.ways["b", "f"] == "late"
    assert found.ways["a", "b"] == "late"


def test_a_skip_runs_above_its_lane() -> None:
    found = grid(made("ab", "bc", "cd", "ad", "bd"))
    assert drawn(found) == "abcd"
    assert found.ways["a", "d"] == found.ways["b", "d"] == "above"
    assert found.tracks == {("b", "d"): 0, ("a", "d"): 1}


def test_skips_that_do_not_meet_share_a_track() -> None:
    found = grid(made("ab", "bc", "ac", "cd", "de", "ce"))
    assert found.tracks == {("a", "c"): 0, ("c", "e"): 0}


def test_an_input_stands_right_before_its_reader() -> None:
    found = grid(made("ab", "bc", "cd", "ed"))
    assert drawn(found) == "abcd\n..e."


def test_blocks_that_read_each_other_have_places_too() -> None:
    found = grid(made("ab", "ba", "bc"))
    assert sorted(found.column) == ["a", "b", "c"]
    assert found.ways["b", "a"] == "above"


def test_a_network_of_levels_with_skips_across_is_a_u() -> None:
    found = grid(volumes(cnngraph.load("specs/nets/unet.cnn").graph, 0))
    assert set(found.lane.values()) == {0, 1, 2, 3, 4}
    assert found.ways["e1", "e2"] == "step"
    assert found.ways["e4", "concat[1]"] == "above"
    assert found.column["e1"] == found.column["e4"]


@pytest.mark.parametrize("net", ["autoencoder", "vgg16", "googlenet"])
def test_others_are_not(net: str) -> None:
    found = grid(volumes(cnngraph.load(f"specs/nets/{net}.cnn").graph, 0))
    assert "step" not in found.ways.values()


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from([*combinations("abcdefghij", 2)]), min_size=1))
def test_no_two_volumes_and_no_two_tracks_meet(pairs: set[tuple[str, str]]) -> None:
    found = grid(made(*sorted("".join(pair) for pair in pairs), names="abcdefghij"))
    places = {(found.column[name], found.lane[name]) for name in found.column}
    assert len(places) == len(found.column)
    for (a, b), way in found.ways.items():
        assert found.column[a] < found.column[b]
        assert (way == "next") == (found.lane[a] == found.lane[b] and found.column[b] == found.column[a] + 1)
        if way in ("late", "straight"):
            assert not {(column, found.lane[a]) for column in range(found.column[a] + 1, found.column[b])} & places
    for one, other in combinations(found.tracks, 2):
        if (found.lane[one[0]], found.tracks[one]) == (found.lane[other[0]], found.tracks[other]):
            first, second = ([found.column[name] for name in pair] for pair in (one, other))
            assert first[1] <= second[0] or second[1] <= first[0]
