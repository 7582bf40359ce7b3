"""The playground in a real browser: typing, repairing, completing, hovering, saving, dividing, by mouse and by keys."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages.browser import axe, opened
from serve.playing import NET, playing

from cnngraph.pages.playground import playground
from cnngraph.serve.server import Playground

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILES = {"a.cnn": NET, "b.cnn": 'cnn 1\nimport twice from "blocks.cnn"\nnet b(x: 4) = twice\n',
         "blocks.cnn": "cnn 1\nblock twice = relu -> tanh\n"}  # fmt: skip
HEAD = ".findings-head"
TITLE = "#playground .title"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    folder = tmp_path_factory.mktemp("nets")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    with playing(folder, playground()) as server:
        yield server


@pytest.fixture
def folder(server: Playground) -> Path:
    """The served folder, as it was at first."""
    path = server.desk.folders["folder"].path
    for file in path.iterdir():
        file.unlink()
    for name, text in FILES.items():
        (path / name).write_text(text, encoding="utf-8")
    return path


@contextmanager
def visited(server: Playground, **options: bool | tuple[int, int]) -> Iterator[Page]:
    """The page with its first net checked and drawn."""
    address, _, token = server.link.partition("#")
    with opened(address, at=f"#{token}", allowed=(address, "blob:"), **options) as page:  # type: ignore[arg-type]
        page.wait_for_selector(".graph .box")
        says(page, ".status .time", "checked in")
        yield page


def says(page: Page, selector: str, text: str) -> None:
    """Wait until there is such an element with this text; for a title, with nothing else. (The page allows no eval.)"""
    exact = re.compile(f"^{re.escape(text)}$") if selector in (HEAD, TITLE) else text
    page.locator(selector, has_text=exact).first.wait_for(state="attached")


def head_is(page: Page, text: str) -> None:
    says(page, HEAD, text)


def put_cursor(page: Page, line: str) -> None:
    """At the end of the first line that has this text; the mouse leaves the words that it may have asked about."""
    page.mouse.move(0, 0)
    page.locator(".cm-line", has_text=line).first.click()
    page.keyboard.press("End")


def text_of(page: Page) -> str:
    lines: list[str] = page.locator(".cm-line").evaluate_all(
        "lines => lines.map((line) => { const copy = line.cloneNode(true);"
        " copy.querySelectorAll('.shape-hint').forEach((hint) => hint.remove()); return copy.textContent })"
    )
    return "\n".join(lines)


def test_typing_repairing_completing_hovering(server: Playground, folder: Path) -> None:
    with visited(server) as page:
        assert page.inner_text(TITLE) == "a.cnn"
        assert re.sub("#.*", "", page.url) == page.url  # the token is not in the address any more
        assert page.inner_text(".shape-hint >> nth=0") == "[4@26x26]"
        assert page.locator(".graph .box").count() == 4  # image; c with flatten; dense; output
        head_is(page, "No findings")
        put_cursor(page, "flatten")
        page.keyboard.type(" -> rellu")
        began = time.monotonic()
        head_is(page, "1 error")
        assert time.monotonic() - began < 15  # half a second where nothing else runs
        assert page.inner_text(".cm-lintRange-error") == "rellu"
        assert page.locator(".cm-lint-marker-error").count() == 1
        assert "unknown name" in page.inner_text(".finding")
        assert page.inner_text(TITLE) == "a.cnn (not saved)"
        page.keyboard.press("Control+.")
        head_is(page, "No findings")
        assert "flatten -> relu\n" in text_of(page)
        page.keyboard.type(" -> dr")
        page.wait_for_selector(".cm-tooltip-autocomplete li:has-text('dropout')")
        page.wait_for_timeout(100)  # the list takes no keys at once
        page.keyboard.press("Enter")
        assert "relu -> dropout\n" in text_of(page)
        page.keyboard.press("Control+i")
        page.wait_for_selector(".cm-tooltip[role=status]")
        assert "dropout" in page.inner_text(".cm-tooltip[role=status]")
        page.keyboard.press("Escape")
        assert page.locator(".cm-tooltip").count() == 0
        page.locator(".cnn-layer", has_text="conv").first.hover()
        page.wait_for_selector(".cm-tooltip-hover")
        assert "gives 4@26x26" in page.inner_text(".cm-tooltip-hover")
        assert (folder / "a.cnn").read_text() == NET  # nothing is written unasked


def test_both_ways(server: Playground, folder: Path) -> None:
    with visited(server) as page:
        page.locator(".graph .box", has_text="dense").click()
        page.wait_for_selector(".pointed-text")
        assert page.inner_text(".pointed-text") == "dense(10)"
        page.click(".shape-hint >> nth=0")  # as good as a click at the end of the line
        page.wait_for_selector(".graph .box.pointed")
        assert "relu" in (page.text_content(".graph .box.pointed") or "")
        put_cursor(page, "flatten")
        page.keyboard.press("Shift+Home")
        page.keyboard.press("Delete")
        page.wait_for_selector(".graph .box.wrong")
        assert "1 error" in page.inner_text(HEAD)
        page.keyboard.press("Control+a")
        page.keyboard.type("net (")
        page.wait_for_selector(".graph.is-old .box.wrong")  # nothing can be read: what was there steps back
        page.keyboard.press("Control+z")
        page.wait_for_selector(".graph:not(.is-old) .box.wrong")
        page.click("button:has-text('E0201?')")
        assert "E0201" in page.inner_text("dialog")
        page.keyboard.press("Escape")


def test_saving_and_what_others_have_saved(server: Playground, folder: Path) -> None:
    with visited(server) as page:
        put_cursor(page, "flatten")
        page.keyboard.type(" -> relu")
        page.keyboard.press("Control+s")
        says(page, ".status", "is saved")
        saved = (folder / "a.cnn").read_text()
        assert saved == NET.replace("flatten", "flatten -> relu")
        (folder / "a.cnn").write_text(NET)
        page.keyboard.type(" -> tanh")
        page.keyboard.press("Control+s")
        page.wait_for_selector("dialog")
        assert "has changed on the disk" in page.inner_text("dialog")
        page.keyboard.press("Escape")
        assert (folder / "a.cnn").read_text() == NET
        page.keyboard.press("Control+s")
        page.click("text=Write over it")
        says(page, TITLE, "a.cnn")
        assert (folder / "a.cnn").read_text() == NET.replace("flatten", "flatten -> relu -> tanh")


def test_new_files_examples_and_definitions(server: Playground, folder: Path) -> None:
    with visited(server) as page:
        page.click("text=New")
        assert page.inner_text(TITLE) == "new.cnn (not saved)"
        page.keyboard.press("Control+s")
        page.fill("#file-name", "../outside.cnn")
        page.keyboard.press("Enter")
        says(page, ".status", "no name of a .cnn file")
        page.keyboard.press("Control+s")
        page.fill("#file-name", "mine.cnn")
        page.keyboard.press("Enter")
        says(page, TITLE, "mine.cnn")
        assert (folder / "mine.cnn").read_text().startswith("cnn 1\n\nnet first")
        assert not (folder.parent / "outside.cnn").exists()
        page.click(".file:text-is('alexnet')")
        says(page, TITLE, "alexnet.cnn (a copy of an example)")
        page.locator(".cnn-name", has_text="conv_relu").first.click()
        page.keyboard.press("F12")
        says(page, TITLE, "conv.cnn (to read)")
        assert page.is_disabled("button:text-is('Save')")


def test_drafts_survive_a_reload_and_are_imported(server: Playground, folder: Path) -> None:
    with visited(server) as page:
        page.click(".file:text-is('blocks')")
        says(page, TITLE, "blocks.cnn")
        put_cursor(page, "block twice")
        page.keyboard.type(" -> sigmoid")
        page.click(".file:text-is('b')")
        says(page, "#pane-Table td", "sigmoid")
        page.once("dialog", lambda dialog: dialog.accept())  # texts are not saved: the browser asks
        page.reload()
        says(page, "#pane-Table td", "sigmoid")
        assert page.inner_text(TITLE) == "b.cnn"
        page.click(".file:has-text('blocks')")
        assert "tanh -> sigmoid" in text_of(page)
        assert (folder / "blocks.cnn").read_text() == FILES["blocks.cnn"]
        page.once("dialog", lambda dialog: dialog.accept())


def test_the_slider(server: Playground, folder: Path) -> None:
    with visited(server) as page:
        page.click(".file:text-is('alexnet')")
        says(page, TITLE, "alexnet.cnn (a copy of an example)")
        page.focus("#tab-Table")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(".legend li >> nth=2")
        assert page.locator(".legend .swatch").count() == 2
        page.focus("#devices")
        page.keyboard.press("ArrowRight")
        assert page.locator("#pane-Devices .answer table").count() == 1  # the older answer stays
        page.wait_for_selector(".legend .swatch >> nth=2")
        assert page.inner_text("output[for=devices]") == "3 devices"
        assert "lower bound" in page.inner_text("#pane-Devices")
        assert page.locator(".graph .box.painted").count() > 3
        page.fill("#batch", "0")
        page.wait_for_selector("#pane-Devices .wrong-text")
        page.click("#tab-Table")
        assert page.locator(".graph .box.painted").count() == 0


@pytest.mark.sweep
def test_downloads(server: Playground, folder: Path) -> None:
    with visited(server) as page:
        files = (("text", "a.cnn", "cnn 1"), ("picture", "n.svg", "<?xml"), ("page", "n.html", "<!DOCTYPE"))
        for kind, name, begin in files:
            with page.expect_download() as waiting:
                page.select_option("select[aria-label=Download]", kind)
            assert waiting.value.suggested_filename == name
            assert Path(waiting.value.path()).read_text().startswith(begin)


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.sweep)], ids=["light", "dark"])
def test_accessibility(server: Playground, folder: Path, dark: bool) -> None:
    (folder / "a.cnn").write_text(NET.replace("flatten", "rellu"))
    with visited(server, dark=dark) as page:
        head_is(page, "1 error")
        axe(page)
        page.click("#tab-Devices")
        page.wait_for_selector("#pane-Devices .wrong-text")
        page.click("text=Keys")
        axe(page)


@pytest.mark.sweep
def test_a_narrow_window(server: Playground, folder: Path) -> None:
    with visited(server, size=(400, 800)) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        axe(page)


@pytest.mark.sweep
def test_by_keys_alone(server: Playground, folder: Path) -> None:
    """From the top of the page to the editor and on behind it: no key is caught."""
    with visited(server) as page:
        seen = []
        for _ in range(200):
            page.keyboard.press("Tab")
            region = page.evaluate("document.activeElement.closest('section, nav')?.getAttribute('aria-label') ?? ''")
            seen.append(region)
            if region == "Table and devices":
                break
        assert list(dict.fromkeys(seen)) == ["", "Files", "Editor", "Graph", "Table and devices"]


@pytest.mark.sweep
def test_a_browser_that_the_command_has_opened(server: Playground, folder: Path) -> None:
    address, _, ticket = server.link_for_once().partition("#")
    with opened(address, at=f"#{ticket}", allowed=(address, "blob:")) as page:
        page.wait_for_selector(".graph .box")
        page.reload()
        page.wait_for_selector(".graph .box")


def test_without_the_token(server: Playground, folder: Path) -> None:
    address = server.link.partition("#")[0]
    with opened(address, allowed=(address, "blob:")) as page:
        assert "Open the link" in page.inner_text("main")


@pytest.mark.sweep
def test_nothing_of_a_file_becomes_markup(server: Playground, folder: Path) -> None:
    taken = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    text = f"cnn 1\n## {taken} `{taken}` **{taken}**\nblock b = relu\nnet n(x: 4) = b -> rellu  # {taken}\n"
    (folder / "a.cnn").write_text(text)
    with visited(server) as page:
        says(page, ".finding", "unknown name")
        page.locator(".cm-line", has_text="net n").locator(".cnn-name", has_text="b").first.hover()
        page.wait_for_selector(".cm-tooltip-hover")
        assert "<img" in page.inner_text(".cm-tooltip-hover")
        assert page.locator("img:not(.cm-widgetBuffer)").count() == 0
        assert page.title() == "a.cnn - cnngraph"
