"""The page of a difference in a browser: lists, keys, partners, moving together, texts, other themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pages.browser import axe, opened
from pages.difference.test_page import NEW, OLD, between

from cnngraph.compare.divisions import divisions
from cnngraph.net import loads
from cnngraph.pages.difference.divided import divisions_page
from cnngraph.pages.difference.nets import nets_page

if TYPE_CHECKING:
    from playwright.sync_api import Page


def drawn(page: Page) -> None:
    for side in "ab":
        page.wait_for_selector(f"#graph-{side} .box.painted")


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_text_contents()


def selected(page: Page) -> list[str]:
    """What the selected boxes or open blocks of both graphs are called."""
    found: list[str] = page.evaluate(
        """() => ["a", "b"].map((side) => {
          const chosen = document.querySelector(`#graph-${side} .selected [data-id], #graph-${side} .selected`);
          return chosen?.dataset.id ?? "";
        })"""
    )
    return found


def transforms(page: Page) -> list[Any]:
    return page.evaluate("""() => ["a", "b"].map((side) =>
        document.querySelector(`#graph-${side} svg.drawing > g`).getAttribute("transform"))""")  # type: ignore[no-any-return]


def test_a_difference_of_nets() -> None:
    with opened(nets_page(between(OLD, NEW), ("old.cnn", "new.cnn"))) as page:
        drawn(page)
        assert page.inner_text(".verdict").startswith("5 differences")
        signs_are_in_the_boxes(page)
        keys_go_from_change_to_change(page)
        a_box_selects_its_partner(page)
        both_move_together(page)
        kinds_are_filtered(page)
        only_changes_are_left(page)
        lines_lead_to_nodes_and_back(page)
        axe(page)


def signs_are_in_the_boxes(page: Page) -> None:
    assert set(texts(page, "#graph-a .badge text")) == {"-", "~", ">", "="}
    assert set(texts(page, "#graph-b .badge text")) == {"+", "~", ">", "="}
    names = page.locator("#graph-b .box").evaluate_all("(boxes) => boxes.map((box) => box.getAttribute('aria-label'))")
    assert any(name.endswith(", added") for name in names)
    assert page.locator("#graph-a .arrow.edge-removed").count() > 0
    assert page.locator("#graph-b .arrow.edge-added").count() > 0


def keys_go_from_change_to_change(page: Page) -> None:
    page.keyboard.press("n")
    page.wait_for_selector("#told:has-text('moved')")
    assert selected(page) == ["lrn", "lrn"]
    assert page.get_attribute("[aria-current=true]", "data-change") == "0"
    page.keyboard.press("p")
    page.wait_for_selector("#told:has-text(': changed')")
    assert page.inner_text("#told").startswith("A: dense, B: dense: changed, features 10 -> 12, shape")
    page.click("li.kind-removed button")
    page.wait_for_selector("#told:has-text('removed')")
    assert "B: nothing, behind" in page.inner_text("#told")


def a_box_selects_its_partner(page: Page) -> None:
    page.click("#tools >> text=Close all")
    page.click("#tools >> text=Fit")
    page.click("#graph-a [data-id^='stem']")
    page.wait_for_selector("#told:has-text('unchanged')")
    assert selected(page)[0] == selected(page)[1] != ""
    middles = [page.locator(f"#graph-{side} .selected").first.bounding_box() for side in "ab"]
    windows = [page.locator(f"#graph-{side}").bounding_box() for side in "ab"]
    tops = [box["y"] - window["y"] for box, window in zip(middles, windows, strict=True) if box and window]
    assert tops[0] == pytest.approx(tops[1], abs=1)


def both_move_together(page: Page) -> None:
    before = transforms(page)
    page.hover("#graph-a", position={"x": 20, "y": 20})
    page.mouse.wheel(0, 240)
    page.wait_for_timeout(50)
    assert all(old != new for old, new in zip(before, transforms(page), strict=True))
    page.click("#tools >> text=Move together")
    still = transforms(page)
    page.hover("#graph-a", position={"x": 20, "y": 20})
    page.mouse.wheel(0, -120)
    page.wait_for_timeout(50)
    assert [old == new for old, new in zip(still, transforms(page), strict=True)] == [False, True]


def kinds_are_filtered(page: Page) -> None:
    page.click("#kinds button:has-text('moved')")
    assert page.locator("#changes [data-change]:visible").count() == 4
    page.click("#kinds button:has-text('moved')")
    assert page.locator("#changes [data-change]:visible").count() == 5


def only_changes_are_left(page: Page) -> None:
    page.click("#tools >> text=Only changes")
    page.wait_for_selector("#graph-b .box text:has-text('unchanged operator')")
    page.click("#tools >> text=Only changes")
    page.wait_for_selector("#graph-b .box text:has-text('unchanged operator')", state="detached")


def lines_lead_to_nodes_and_back(page: Page) -> None:
    row = page.locator(".lines tr", has_text="dropout")
    assert row.get_attribute("class") == "run-replace"
    row.get_by_role("button").last.click()
    page.wait_for_selector("#told:has-text('dropout')")
    assert "dropout" in " ".join(texts(page, ".lines .chosen"))
    page.click("text=One text")
    assert page.locator(".lines.unified .run-delete").count() > 0


def test_the_same_net_in_the_dark_and_narrow() -> None:
    page_of_same = nets_page(between(OLD, OLD), ("a", "b"))
    with opened(page_of_same, dark=True, size=(390, 800)) as page:
        drawn(page)
        assert page.inner_text(".verdict") == "Both are the same graph, name for name."
        first, second = (page.locator(f"#graph-{side}").bounding_box() for side in "ab")
        assert first
        assert second
        assert second["y"] > first["y"] + first["height"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        axe(page)


def test_two_divisions() -> None:
    net = loads(OLD)
    found = divisions(net.partition("left", 64), net.partition("right", 64))
    with opened(divisions_page(found, ("one.json", "two.json"))) as page:
        drawn(page)
        assert set(texts(page, "#graph-a .badge text")) == {"> left"}
        assert set(texts(page, "#graph-b .badge text")) == {"> right"}
        page.keyboard.press("n")
        page.wait_for_selector("#told:has-text('moved')")
        axe(page)
