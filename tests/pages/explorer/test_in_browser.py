"""The explorer in a browser: clicks, keys, search, links, marks both ways, colours, themes, narrow screens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages.browser import axe, opened

from cnngraph.elaborate.modules import load_text
from cnngraph.net import Net
from cnngraph.pages.explorer.page import explorer
from cnngraph.pages.explorer.subject import broken_subject, subject_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

TEXT = """cnn 1
import conv_relu from "std/conv.cnn"

## Two ways that meet.
block module(n) {
  concat {
    | conv_relu(n, 1x1)
    | conv_relu(n, 3x3, same) -> conv_relu(n, 3x3, same)
  }
}

net small(image: 3@16x16) {
  stem: conv_relu(8, 3x3, same)
  a: module(4)
  b: module(6)
  globalavgpool
  output: dense(10) -> softmax
  check params == 1_652
}
"""
HOSTILE = """cnn 1
# </script><img src=x onerror="document.title='taken'"> 😀
block valueOf(n) = conv(n, 3x3) -> relu
net toString(hasOwnProperty: 1@HxW) {
  __proto__: valueOf(8)  # 😀 </script>
  constructor: valueOf(4)
}
"""
WRONG = "cnn 1\nnet wrong(image: 1@8x8) {\n  conv(4, 3x3)  [4@5x5]\n  dense(10)\n}\n"


def page_of(text: str) -> str:
    program = load_text(text, "small.cnn")
    devices = {"stem.conv": "left", "stem.relu": "right"}
    return explorer(subject_of(Net(program)).with_facts("device", devices))


@pytest.fixture(scope="module")
def small() -> str:
    return page_of(TEXT)


@pytest.fixture(scope="module")
def one_page(small: str) -> Iterator[Page]:
    with opened(small) as page:
        drawn(page)
        yield page


@pytest.fixture
def page(one_page: Page) -> Page:
    """The page of all tests, all of it in sight, with nothing selected, and the text shown."""
    one_page.click("text=Text")
    one_page.click("text=Fit")
    one_page.keyboard.press("Escape")
    return one_page


def drawn(page: Page) -> None:
    page.wait_for_selector("#graph .box")


def are_drawn(page: Page, count: int) -> None:
    """Waits for so many boxes, those of outputs among them."""
    from playwright.sync_api import expect

    expect(page.locator("#graph .box")).to_have_count(count)


def are_told(page: Page, title: str) -> None:
    """Waits for the details of this node or block."""
    from playwright.sync_api import expect

    expect(page.locator(".details h2")).to_have_text(title)


def details(page: Page) -> str:
    return page.inner_text(".details")


def boxes(page: Page, name: str) -> list[str]:
    """The ids of the boxes that have a mark."""
    return [box.get_attribute("data-id") or "" for box in page.query_selector_all(f"#graph .box.{name}")]


def lines(page: Page, name: str) -> list[str]:
    """The numbers of the lines that have a mark."""
    return [line.get_attribute("data-line") or "" for line in page.query_selector_all(f".line.has-{name}")]


def test_a_box_and_its_text_mark_each_other(page: Page) -> None:
    assert "✓ params == 1_652 holds" in details(page).replace("\n", " ")
    page.click('[data-node="stem.conv"]')
    assert "parameters\n3*3*3*8 + 8 = 224" in details(page)
    assert "device\nleft" in details(page)
    assert lines(page, "selected") == ["13"]
    assert lines(page, "around") == ["13"]
    assert page.url.endswith("#node=stem.conv")
    page.hover('[data-id="output.dense"], [data-node="output.dense"]')
    assert "10" in page.inner_text(".hover-card")
    assert page.inner_text(".line .hovered").strip() == "dense"
    page.hover('.line[data-line="13"] .word.kind-class')
    assert boxes(page, "hovered") == ["stem.conv", "stem.relu"]
    page.click('.line[data-line="17"] .word.kind-function')
    assert details(page).startswith("output.dense")
    page.keyboard.press("Escape")
    assert details(page).startswith("small")
    assert "#" not in page.url
    assert "✓ 1 check" in page.inner_text("#figures")


def test_the_text_is_walked_by_keys(page: Page) -> None:
    page.focus(".source")
    page.keyboard.press("Home")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    assert boxes(page, "hovered") == ["stem.conv", "stem.relu"]
    page.keyboard.press("Enter")
    assert details(page).startswith("2 operators")
    page.select_option('select[aria-label="File"]', label="std/conv.cnn")
    assert "block conv_bn" in page.inner_text(".source")


def test_search_leads_to_nodes_and_blocks(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("CONV 3x3 4@16x16")
    assert page.inner_text(".count") == "2 found"
    found = page.locator("#found [role=option]")
    assert found.count() == 2
    page.keyboard.press("ArrowDown")
    assert found.nth(1).get_attribute("aria-selected") == "true"
    page.keyboard.press("Enter")
    are_told(page, "a.conv_relu[3].conv")
    assert page.inner_text(".crumbs").split(" › ")[0] == "small"
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("nowhere")
    assert page.inner_text(".count") == "nothing found"
    page.fill("#search input", "module")
    page.keyboard.press("Enter")
    are_told(page, "a")
    assert "Two ways that meet." in details(page)
    assert lines(page, "selected") == ["14"]
    assert {"6", "7", "8"} <= set(lines(page, "around"))
    page.keyboard.press("Escape")
    assert boxes(page, "found") == []


def test_the_ways_to_a_merge_are_marked_with_their_lengths(small: str) -> None:
    with opened(small, at="#node=a.concat&colour=madds&direction=LR") as page:
        page.wait_for_selector(".details ol")
        ways = page.inner_text(".details ol").splitlines()
        assert [way.split(",")[0] for way in ways] == ["2 operators", "4 operators"]
        assert boxes(page, "way-1") == ["a.conv_relu[1].conv"]
        assert boxes(page, "way-2") == ["a.conv_relu[2].conv", "a.conv_relu[3].conv"]
        assert page.locator("#graph .arrow.way-2").count() == 3
        assert page.input_value('select[aria-label="Colour by"]') == "madds"
        first, last = (page.locator(f'#graph .box[data-id="{name}"]').bounding_box() for name in ("image", "a.concat"))
        assert first
        assert last
        assert last["x"] > first["x"] + 100
        page.evaluate("location.hash = '#node=stem.relu'")
        are_told(page, "stem.relu")
        assert boxes(page, "way-2") == []


def test_a_click_on_an_arrow_selects_what_it_leads_to(small: str) -> None:
    with opened(small, at="#node=a.concat") as page:
        page.wait_for_selector(".details ol")
        arrow = page.locator("#graph .arrow.way-2 path.line").last
        middle = arrow.evaluate(
            "path => { const point = path.getPointAtLength(path.getTotalLength() / 2);"
            " const at = point.matrixTransform(path.getScreenCTM()); return [at.x, at.y]; }"
        )
        page.keyboard.press("Escape")
        page.mouse.click(*middle)
        assert details(page).startswith("a.concat")


def test_blocks_open_and_close_and_a_link_brings_them_back(page: Page) -> None:
    page.click("text=Close all")
    are_drawn(page, 7)
    page.click("text=Deeper")
    are_drawn(page, 14)
    page.click("text=Shallower")
    are_drawn(page, 7)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("text=Link")
    page.wait_for_selector(".toast:has-text('copied')")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.endswith("#open=")
    page.click("text=Open all")
    are_drawn(page, 14)
    page.evaluate("link => { location.href = link; }", link)
    are_drawn(page, 7)
    page.click("text=Open all")
    are_drawn(page, 14)


def test_boxes_are_coloured_by_figures_and_devices(page: Page) -> None:
    choice = 'select[aria-label="Colour by"]'
    fill = "document.querySelector('#graph .box[data-id=\"{}\"]')?.style.getPropertyValue('--box-fill')"
    page.select_option(choice, "parameters")
    most, least = (page.evaluate(fill.format(name)) for name in ("b.conv_relu[2].conv", "image"))
    assert most != least == "#eef4fa"
    assert page.inner_text(".legend .marks").split()[0] == "0"
    page.click("[aria-label='Light or dark']")
    assert page.evaluate(fill.format("image")) == "#20303f"
    page.select_option(choice, "device")
    assert page.inner_text(".legend").split() == ["left", "right", "several,", "or", "none"]
    page.select_option(choice, "operator")
    assert page.evaluate(fill.format("image")) == ""


def test_the_table_is_sorted_and_leads_to_the_graph(page: Page) -> None:
    page.keyboard.press("2")
    names = page.locator(".table tbody th")
    assert names.first.inner_text() == "image"
    page.click(".table thead >> text=parameters")
    assert names.first.inner_text() == "b.conv_relu[2].conv"
    assert page.get_attribute(".table thead th[aria-sort=descending]", "aria-sort")
    assert page.inner_text(".table tfoot").split()[1] == "1,652"
    page.click(".table thead >> text=shape")
    page.click(".table tbody button >> nth=0")
    page.wait_for_selector("#graph .box.selected")
    assert page.locator(".table tr.selected").count() == 1


def test_help_pictures_and_what_a_screen_reader_meets(page: Page, tmp_path: Path) -> None:
    page.keyboard.press("?")
    assert "open all blocks" in page.inner_text("dialog.help")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog.help")
    for kind, begin in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        with page.expect_download() as found:
            page.click(f"text={kind}")
        found.value.save_as(tmp_path / kind)
        assert (tmp_path / kind).read_bytes().startswith(begin)
        assert found.value.suggested_filename == f"small.{kind.lower()}"
    assert b"url(" not in (tmp_path / "SVG").read_bytes()
    page.click('[data-node="stem.conv"]')
    axe(page)


@pytest.mark.sweep
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [(1280, 800), (800, 600), (390, 800)])
def test_axe_finds_nothing_in_any_look(small: str, dark: bool, size: tuple[int, int]) -> None:
    with opened(small, dark=dark, size=size, at="#node=a.concat&colour=device") as page:
        are_told(page, "a.concat")
        for key in "213":
            page.keyboard.press(key)
            axe(page)
        page.keyboard.press("?")
        axe(page)


def test_a_narrow_screen_shows_one_pane_at_a_time(small: str) -> None:
    with opened(small, size=(390, 700), at="#node=stem.conv") as page:
        drawn(page)
        assert page.is_visible("#graph")
        assert not page.is_visible(".source")
        page.click("nav.narrow >> text=Text")
        assert page.is_visible(".source")
        assert not page.is_visible("#graph")
        page.click("nav.narrow >> text=Details")
        are_told(page, "stem.conv")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_names_and_texts_stay_text() -> None:
    with opened(page_of(HOSTILE)) as page:
        drawn(page)
        assert page.title() == "toString"
        page.click('[data-node="constructor.conv"]')
        assert details(page).startswith("constructor.conv")
        assert "✗" not in details(page)
        assert "😀 </script>" in page.inner_text(".source")
        assert lines(page, "selected") == ["3"]
        assert page.inner_text(".line .selected >> nth=0") == "conv"
        page.select_option('select[aria-label="Colour by"]', "parameters")


def test_a_wrong_net_is_shown_as_far_as_it_goes() -> None:
    program = load_text(WRONG, "wrong.cnn")
    with opened(explorer(broken_subject(program, None, None, Path("wrong.cnn"))), dark=True) as page:
        drawn(page)
        assert "2 errors" in page.inner_text("#figures")
        assert len(boxes(page, "wrong")) == 2
        assert lines(page, "error") == ["3", "4"]
        page.keyboard.press("3")
        axe(page)
        page.click("text=show dense in the graph")
        page.wait_for_selector("#graph .box.selected.wrong")
        assert "✗" in details(page)
        page.click(".findings .link >> nth=0")
        assert page.is_visible(".source")
        axe(page)


def test_the_page_holds_no_more_than_its_data(small: str) -> None:
    begin = small.index('id="net">') + len('id="net">')
    told = json.loads(small[begin : small.index("</script>", begin)])
    assert told["nodes"].keys() >= {"stem.conv", "a.concat"}
    assert len(small) < 1_600_000


@pytest.mark.sweep
def test_a_long_text_is_shown_in_part_and_stays_quick() -> None:
    remarks = "\n".join(f"# remark {i}" for i in range(6000))
    with opened(page_of(f"{TEXT}{remarks}\n")) as page:
        drawn(page)
        assert page.locator(".source .line").count() == 5001
        assert page.inner_text(".source .line >> nth=5000") == "… 1020 more lines"
        page.click('[data-node="stem.conv"]')
        assert lines(page, "selected") == ["13"]
        seconds = page.evaluate(
            "() => { const begin = performance.now(); const words = document.querySelectorAll('.line .word');"
            " for (let i = 0; i < 50; i += 1)"
            "   words[i].dispatchEvent(new PointerEvent('pointermove', {bubbles: true}));"
            " return (performance.now() - begin) / 1000; }"
        )
        assert seconds < 1
