"""Pages in a real browser: Debian's chromium without a window, driven by Playwright, and axe for accessibility.

    with opened(html) as page:                # fails at the end for any error on the console, or any request
        page.click("text=Fold all")
        axe(page)                             # fails for any violation
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
STARTED: list[Any] = []  # Playwright and its browser, while there are any


def chromium() -> str:
    """The path of the browser; the test is skipped where there is none, or nothing that drives it."""
    pytest.importorskip("playwright", reason="needs `pip install 'cnngraph[browser]'`")
    pytest.importorskip("axe_playwright_python", reason="needs `pip install 'cnngraph[browser]'`")
    found = os.environ.get("CNNGRAPH_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("needs chromium on the PATH, or its path in CNNGRAPH_CHROMIUM")
    return found


def browser() -> Browser:
    """The one browser of all tests, started when first asked for."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    if not STARTED:
        playwright = sync_playwright().start()
        # Containers have no user namespaces and little shared memory.
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        STARTED.extend((playwright, playwright.chromium.launch(executable_path=path, args=options)))
    launched: Browser = STARTED[1]
    return launched


def close() -> None:
    """End the browser; `conftest.py` does it after the last test."""
    if STARTED:
        playwright, launched = STARTED
        STARTED.clear()
        launched.close()
        playwright.stop()


@contextmanager
def opened(
    html: str,
    *,
    dark: bool = False,
    size: tuple[int, int] = (1280, 800),
    at: str = "",
    allowed: tuple[str, ...] = ("file:", "data:", "blob:"),
    **context: Any,
) -> Iterator[Page]:
    """The page from a file on the disk, or from a server if `html` is its address; `at` goes behind it: "#node=c1".

    At the end no error may have been reported, and nothing requested but by the `allowed` beginnings of addresses.
    """
    with TemporaryDirectory() as folder:
        address = html if html.startswith("http://") else _written(html, Path(folder))
        colours = "dark" if dark else "light"
        visit = browser().new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=colours, accept_downloads=True, **context
        )
        page = visit.new_page()
        page.set_default_timeout(30_000)  # also where nine others work
        errors: list[str] = []
        page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda raised: errors.append(str(raised)))
        page.on("request", lambda asked: None if asked.url.startswith(allowed) else errors.append(asked.url[:200]))
        try:
            page.goto(f"{address}{at}")
            yield page
        finally:
            visit.close()
        assert errors == [], "\n".join(errors)


def _written(html: str, folder: Path) -> str:
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@cache
def _axe() -> Any:
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


def axe(page: Page, within: str | None = None) -> None:
    """No violation of what axe knows about accessibility, colours with too little contrast included."""
    found = _axe().run(page, context=within)
    assert found.violations_count == 0, found.generate_report()
