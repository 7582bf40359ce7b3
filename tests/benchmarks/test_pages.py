"""The table of pages, and one visit of a page in a browser."""

from __future__ import annotations

import pytest
from pages.browser import chromium

from benchmarks.pages import HEAD, Opening, Page, pages


def test_a_row_has_medians_and_spreads() -> None:
    visits = [Opening(0.5, 21, 0.2, 91), Opening(0.4, 21, 0.1, 91), Opening(0.9, 21, 0.6, 91)]
    row = Page("googlenet", 161, 1_560_000, 0.25, visits).row()
    assert row == (
        "| googlenet | 161 | 1.56 MB | 0.25 s | 0.50 s (0.40 to 0.90) | 21 | 0.20 s (0.10 to 0.60) | 91 |"
    )
    assert row.count("|") == len(HEAD) + 1


def test_a_net_without_blocks_is_open_already() -> None:
    assert "| none is closed | 8 |" in Page("lenet5", 13, 1_500_000, 0.1, [Opening(0.4, 8, 0.0, 8)]).row()


@pytest.mark.sweep
def test_pages_are_visited() -> None:
    chromium()
    (found,) = pages(["googlenet"], 1)
    (visit,) = found.openings
    assert 0 < visit.first_seconds < 20
    assert visit.all_boxes > visit.first_boxes > 10
    assert 1_000_000 < found.bytes < 2_000_000
