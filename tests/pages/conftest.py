"""The browser is ended after the last test of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pages.browser import close


@pytest.fixture(scope="session", autouse=True)
def _one_browser() -> Iterator[None]:
    yield
    close()
