"""The page in chromium: links, both themes, narrow screens, paper; nothing is loaded, and axe finds nothing."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib", reason="the curves of the page are drawn by matplotlib")

from pages.browser import axe, chromium, opened

from cnngraph.net import loads
from cnngraph.pages.report import Subject, report, tried
from cnngraph.train.curves import Run

DIGITS = """net small(image: 1@8x8) { conv(6, 3x3) -> relu -> maxpool(2x2) -> flatten -> dense(10) -> softmax }
train small { data: digits(size = 8); loss: cross_entropy(output, label); epochs: 1 }
"""


@pytest.fixture(scope="module")
def page() -> str:
    chromium()
    net = loads(DIGITS)
    history = net.fit(epochs=1)
    return report(Subject((Run("small", history.log),), net, "train small { ... }", tried(net, net.data())))


def test_light_links_and_paper(page: str) -> None:
    with opened(page) as seen:
        axe(seen)
        link = seen.locator(".matrix a").first
        name = link.get_attribute("href")
        link.click()
        assert seen.url.endswith(str(name))
        assert seen.locator(f"{name} img").first.is_visible()
        ground = "getComputedStyle(document.body).backgroundColor"
        assert seen.evaluate(ground) == "rgb(255, 255, 255)"
        assert not seen.locator("details table").first.is_visible()
        seen.emulate_media(media="print", color_scheme="dark")
        assert seen.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
        assert seen.locator("details table").first.is_visible()


def test_dark_and_narrow(page: str) -> None:
    with opened(page, dark=True, size=(420, 900)) as seen:
        axe(seen)
        assert seen.evaluate("document.documentElement.scrollWidth") <= 420
        box = seen.locator(".themed svg polygon, .themed svg path").first
        assert box.evaluate("node => getComputedStyle(node).fill") not in ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
