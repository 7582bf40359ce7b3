"""Which lines of two files differ, and which words in them."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cnngraph.diagnostics import Source
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_file, load_text
from cnngraph.ir.text import from_text
from cnngraph.pages.difference.text import MOST_LINES, lines, runs, sources_of, text_differences, words
from cnngraph.resources import resource


def compared(old: str, new: str) -> list[dict[str, Any]]:
    return text_differences([Source("a.cnn", old)], [Source("b.cnn", new)])


def test_lines_that_become_others_and_lines_between() -> None:
    assert runs(["a", "b", "c"], ["a", "x", "c", "d"]) == [
        ("equal", 0, 1, 0, 1), ("replace", 1, 2, 1, 2), ("equal", 2, 3, 2, 3), ("insert", 3, 3, 3, 4)
    ]  # fmt: skip


def test_lines_that_are_alike_stand_beside_each_other() -> None:
    old = ["third: twice(64)", "concat { conv(8, 1x1) | conv(8, 3x3) }"]
    new = ["concat { conv(8, 1x1) | conv(12, 3x3) }", "avgpool(2x2)", "relu"]
    assert runs(old, new) == [("delete", 0, 1, 0, 0), ("replace", 1, 2, 0, 1), ("insert", 2, 2, 1, 3)]
    assert runs(old, new[:2]) == [("delete", 0, 1, 0, 0), ("replace", 1, 2, 0, 1), ("insert", 2, 2, 1, 2)]
    assert runs(["c1: conv(1)", "c2: conv(1)"], ["c1: conv(2)", "c2: conv(2)"])[0] == ("replace", 0, 1, 0, 1)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_runs_cover_both_texts_in_order(old: list[str], new: list[str]) -> None:
    left, right = 0, 0
    for tag, i, k, j, m in runs(old, new):
        assert (i, j) == (left, right)
        left, right = k, m
        assert (old[i:k] == new[j:m]) == (tag == "equal")
    assert (left, right) == (len(old), len(new))


def test_words_that_differ() -> None:
    old, new = ["c1: conv(16, 3x3)"], ["c1: conv(24, 3x3)"]
    assert words(old, new, runs(old, new)) == ({"0": [(9, 11)]}, {"0": [(9, 11)]})
    apart = words(["a  [6@4]"], ["a b   [6@8]"], [("replace", 0, 1, 0, 1)])
    assert apart == ({"0": [(6, 7)]}, {"0": [(2, 3), (9, 10)]})
    assert words(["abc"], ["conv(24, 3x3)"], [("replace", 0, 1, 0, 1)]) == ({}, {})


def test_a_letter_outside_of_the_basic_plane_is_one() -> None:
    old, new = ["# \U0001f600 a, b"], ["# \U0001f600 a, c"]
    assert words(old, new, runs(old, new))[0] == {"0": [(7, 8)]}


def test_lines_are_those_of_browsers() -> None:
    assert lines("a\u2028b\x0bc\nd\r\n") == ["a\u2028b\x0bc", "d\r"]
    assert lines("") == []


def test_equal_files_are_left_out() -> None:
    assert compared("a\n", "a\n") == []
    assert compared("a\n", "b\n")[0]["runs"] == [("replace", 0, 1, 0, 1)]


def test_very_long_files_are_told_by_their_length_only() -> None:
    (found,) = compared("a\n" * MOST_LINES, "b\n" * MOST_LINES)
    assert found["runs"] == []
    assert found["lengths"] == [MOST_LINES, MOST_LINES]


def test_what_is_hard_to_compare_takes_bounded_time() -> None:
    begun = time.monotonic()
    compared("  relu\n" * 9000 + "x", "  tanh\n" + "  relu\n" * 8000 + "y")
    long = [" ".join(f"{sign}{i}" for _ in range(60)) for i in range(100) for sign in "xy"]
    compared("\n".join(long[::2]), "\n".join(long[1::2]))
    assert time.monotonic() - begun < 10


def test_the_file_of_the_net_comes_first_and_files_of_blocks_go_by_their_names() -> None:
    old, new = (elaborate(load_file(resource("specs", "nets", f"{name}.cnn"))) for name in ("googlenet", "resnet50"))
    first, second = sources_of(old), sources_of(new)
    assert first[0].name.endswith("googlenet.cnn")
    told = text_differences(first, second)
    assert told[0]["files"] == [0, 0]
    assert text_differences(first, first) == []


def test_a_graph_without_places_has_no_texts() -> None:
    graph = from_text("graph g\nx: f32[batch, 4] = input\ny: f32[batch, 4] = relu <- x\noutput y = y")
    assert sources_of(graph) == ()
    named = sources_of(elaborate(load_text("net n(x: 4) = relu")))
    assert text_differences((), named) == []
