"""The frame of a page: one file, its own script and nothing else runs, and nothing is loaded."""

from __future__ import annotations

import zlib

import pytest
from pages.browser import axe, opened

from cnngraph.pages.frame import ASSETS, VENDOR, frame, policy
from cnngraph.pages.markup import Markup, element

HOSTILE = "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">\u2028"


def simple(**options: object) -> str:
    return frame("A <b>title</b>", element("main", element("h1", HOSTILE)), **options)  # type: ignore[arg-type]


def test_text_cannot_become_markup() -> None:
    text = simple(data={"told": {"name": HOSTILE}})
    assert "<img" not in text
    assert text.count("</script>") == 1


def test_of_scripts_only_the_own_one_is_allowed() -> None:
    assert "script-src" not in policy("")
    assert "script-src 'sha256-" in policy("1")
    assert policy("1") != policy("2")
    assert "unsafe-inline" not in policy("1").partition("script-src")[2]


@pytest.mark.parametrize("path", sorted([*ASSETS.rglob("*.js"), *VENDOR.glob("*.js")]), ids=lambda path: path.name)
def test_scripts_can_stand_in_a_page(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert "</script" not in text
    assert "<!--" not in text


def test_every_vendored_file_has_its_licence() -> None:
    names = {path.stem for path in VENDOR.glob("*.js")}
    assert names
    assert {path.stem for path in VENDOR.glob("*.LICENSE")} == names


def test_styles_have_no_way_out() -> None:
    for path in ASSETS.rglob("*.css"):
        assert "url(" not in path.read_text(encoding="utf-8"), path.name
        assert "@import" not in path.read_text(encoding="utf-8"), path.name


def test_a_page_in_a_browser() -> None:
    with opened(simple(data={"told": {"name": HOSTILE}})) as page:
        assert page.title() == "A <b>title</b>"
        assert page.inner_text("h1").startswith("</script>")
        axe(page)


def test_injected_scripts_do_not_run() -> None:
    taken = Markup("<h1>x</h1><script>document.title = 'taken'</script>")
    with pytest.raises(AssertionError, match="Content Security Policy"), opened(frame("own", taken)) as page:
        assert page.title() == "own"


def test_the_dark_theme_is_that_of_the_system() -> None:
    with opened(simple(), dark=True) as page:
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


def test_all_that_pages_need_is_small() -> None:
    """In a wheel, whose files are compressed, pages take less than a megabyte."""
    files = [path for folder in (ASSETS, VENDOR) for path in folder.rglob("*") if path.is_file()]
    assert sum(len(zlib.compress(path.read_bytes())) for path in files) < 1_000_000
