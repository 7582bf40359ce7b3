"""Files that mean no good: what they say stays text on every page, and long or deep ones take bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages.browser import opened

from cnngraph.compare.difference import difference
from cnngraph.compare.divisions import divisions
from cnngraph.elaborate.modules import Program, load_text
from cnngraph.net import Net, loads
from cnngraph.pages.difference.divided import divisions_page
from cnngraph.pages.difference.nets import nets_page
from cnngraph.pages.explorer.page import explorer
from cnngraph.pages.explorer.subject import subject_of
from cnngraph.pages.partition.network import Network
from cnngraph.pages.partition.page import partition_page
from cnngraph.pages.playground import playground
from cnngraph.partition.device import Cluster, Device
from cnngraph.serve.server import Playground

if TYPE_CHECKING:
    from playwright.sync_api import Page

TAKEN = "document.documentElement.dataset.taken=1"
HOSTILE = (
    f"</script></style></textarea><script>{TAKEN}</script><img src=x onerror=\"{TAKEN}\"><svg onload='{TAKEN}'>"
    f"<!-- ]]> {{{{7*7}}}} ${{{TAKEN}}} ` ' \\\" \\ \u2028 \u2029 \u202e txen \u2066 \u200f \U0001f600 %s &lt; &#60;"
)
NAMED = f"<img src=x onerror={TAKEN}>\"'\\.cnn"  # what a file may be called
LONG = "a" * 3000
TEXT = f"""cnn 1
# {HOSTILE}
## {HOSTILE}
block {LONG}(n) = conv(n, 3x3, same) -> relu on "</script><img src=x onerror={TAKEN}>"
net constructor(image: 3@16x16, valueOf = 4) {{
  toString: {LONG}(valueOf)
  hasOwnProperty: conv(4, 1x1)   # <img src=x onerror={TAKEN}>
  __proto__: {LONG}(4)
  globalavgpool
  prototype: dense(3)
}}
"""
OTHER = TEXT.replace("dense(3)", "dense(4)").replace("hasOwnProperty: ", "isPrototypeOf: ")


def program(text: str = TEXT) -> Program:
    return load_text(text, NAMED)


def net(text: str = TEXT) -> Net:
    return Net(program(text))


def view() -> str:
    return explorer(subject_of(net()))


def diff() -> str:
    return nets_page(difference(net().graph, net(OTHER).graph), (NAMED, HOSTILE))


def diff_of_divisions() -> str:
    clusters = [Cluster((Device(HOSTILE), Device(f"{HOSTILE}{i}"))) for i in range(2)]
    found = (loads(TEXT.replace(" on ", " #")).partition(cluster, 8, contiguous=False) for cluster in clusters)
    return divisions_page(divisions(*found), (HOSTILE, NAMED))


def division() -> str:
    cluster = Cluster((Device(HOSTILE), Device(f"{HOSTILE}2")))
    found = loads(TEXT.replace(" on ", " #")).partition(cluster, 8, contiguous=False)
    return partition_page(Network(found).subject())


PAGES: dict[str, Callable[[], str]] = {
    "view": view, "diff": diff, "divisions": diff_of_divisions, "partition": division,
}  # fmt: skip


def press_everything(page: Page) -> None:
    """Clicks on all boxes, rows and buttons that there are."""
    page.wait_for_selector(".graph .box")
    for what in (".graph .box", ".graph [data-node]", "button", "[role=button]", "[role=tab]", "summary", "tr"):
        page.evaluate(
            """(what) => {
              const seen = [...document.querySelectorAll(what)].filter((each) => each.getClientRects().length);
              for (const each of seen.slice(0, 12))
                for (const act of ["pointermove", "click"])
                  each.dispatchEvent(new PointerEvent(act, {bubbles: true, clientX: 300, clientY: 300}));
            }""",
            what,
        )
    for key in ("n", "p", "?", "/", "Escape", "Home", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_timeout(150)


def assert_not_taken(page: Page) -> None:
    assert page.evaluate("document.documentElement.dataset.taken") is None
    assert page.locator("img[src=x], svg[onload]").count() == 0
    own = page.locator("script").evaluate_all("(all) => all.map((each) => each.type || each.textContent.slice(0, 8))")
    assert set(own) <= {"application/json", "text/plain", "(() => {"}


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(made, id=name, marks=[pytest.mark.sweep] if name == "divisions" else [])  # its scripts are diff's
        for name, made in PAGES.items()
    ],
)
def test_what_a_file_says_stays_text(made: Callable[[], str]) -> None:
    text = made()
    assert "<img src=x" not in text
    assert text.lower().count("<svg onload") == 0
    with opened(text) as page:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        press_everything(page)
        assert_not_taken(page)


@pytest.mark.sweep
def test_what_a_folder_holds_stays_text(tmp_path: Path) -> None:
    from serve.playing import playing

    (tmp_path / NAMED).write_text(TEXT, encoding="utf-8")
    (tmp_path / "wrong.cnn").write_text(TEXT.replace("relu", "relo"), encoding="utf-8")
    with playing(tmp_path, playground()) as server, asked(server) as page:
        press_everything(page)
        assert_not_taken(page)


def asked(server: Playground) -> Iterator[Page]:
    own = f"http://127.0.0.1:{server.guard.port}/"
    return opened(server.link, allowed=(own, "data:", "blob:"))  # type: ignore[return-value]


def wide(count: int) -> str:
    """A net of so many operators in a row, without blocks."""
    return "net big(image: 4@8x8) {\n" + "  conv(4, 3x3, same)\n  relu\n" * (count // 2) + "  globalavgpool\n}\n"


def deep(count: int) -> str:
    """Blocks in blocks, so many levels."""
    blocks = [f"block b{i} = b{i - 1} -> relu" for i in range(1, count)]
    net = f"net deep(image: 4@8x8) = b{count - 1} -> globalavgpool\n"
    return "\n".join(["block b0 = conv(4, 3x3, same)", *blocks, net])


@pytest.mark.sweep
@pytest.mark.parametrize(("text", "other"), [(wide(3000), wide(2990)), (deep(39), deep(30))], ids=["wide", "deep"])
def test_large_nets_are_pages_of_bounded_size_and_time(text: str, other: str) -> None:
    net = loads(text)
    two, three = net.partition("a,b"), net.partition("a,b,c")
    begun = time.monotonic()
    pages = [
        explorer(subject_of(net)),
        nets_page(difference(net.graph, loads(other).graph), ("a", "b")),
        divisions_page(divisions(two, three), ("a", "b")),
        partition_page(Network(two).subject()),
    ]
    assert time.monotonic() - begun < 60
    for made in pages:
        assert len(made) < 8_000_000
        with opened(made) as page:
            page.wait_for_selector(".graph .box", timeout=20_000)
            assert page.locator(".graph .box").count() < 500
