"""Options of the whole suite, and what tests of several folders begin with."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from cnngraph.diagnostics import Source, Span
from cnngraph.elaborate.training import Setting

# pytest-xdist starts its workers from a text, whose module lacks what `multiprocessing` asks for.
sys.modules["__main__"].__dict__.setdefault("__spec__", None)

MakeSetting = Callable[..., Setting]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="write the expected texts of wrong files anew")


@pytest.fixture(scope="session")
def setting() -> MakeSetting:
    """A call of a train section: `setting("step", 5, factor=0.5)`."""

    def make(name: str, *positional: object, **named: object) -> Setting:
        return Setting(name, positional, named, Span(Source("net.cnn", name), 0, len(name)))

    return make
