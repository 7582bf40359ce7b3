"""All pages on paper, in both themes, and in colours that the user forces upon them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from pages.browser import opened
from pages.test_hostile import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

WHITE, BLACK = "rgb(255, 255, 255)", "rgb(0, 0, 0)"


def often(name: str) -> list[pytest.MarkDecorator]:
    """One page is looked at in each run of the tests, the others in the long one: what they share is the same."""
    return [] if name == "diff" else [pytest.mark.sweep]


def style(page: Page, selector: str, name: str) -> str:
    found: str = page.locator(selector).first.evaluate(f"(seen) => getComputedStyle(seen).{name}")
    return found


@pytest.mark.parametrize("made", [pytest.param(made, id=name, marks=often(name)) for name, made in PAGES.items()])
def test_paper_is_white_and_chosen_colours_go_before_ours(made: Callable[[], str]) -> None:
    with opened(made(), dark=True) as page:
        page.wait_for_selector(".graph .box text")
        assert style(page, "body", "backgroundColor") not in (WHITE, BLACK)
        page.click("[aria-label*='ark']")
        assert style(page, "body", "backgroundColor") == WHITE
        page.click("[aria-label*='ark']")
        assert style(page, "body", "backgroundColor") != WHITE
        page.emulate_media(media="print")
        assert style(page, "body", "backgroundColor") == WHITE
        assert style(page, ".graph .box text", "fill") == "rgb(31, 35, 40)"
        assert page.locator("[role=toolbar]:visible").count() == 0
        page.emulate_media(media="screen", forced_colors="active", color_scheme="dark")
        assert style(page, "body", "backgroundColor") == BLACK
        assert style(page, ".graph .box text", "fill") == WHITE
        if page.locator("[role=toolbar] button[aria-pressed=true]").count():
            pressed, other = (f"button{which}" for which in ("[aria-pressed=true]", ":not([aria-pressed=true])"))
            assert style(page, f"[role=toolbar] {pressed}", "backgroundColor") != style(page, other, "backgroundColor")
