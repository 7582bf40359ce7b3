"""The graphs before and after in the docstring of a pass are its first test."""

from __future__ import annotations

from inspect import cleandoc

import pytest

from cnngraph.ir.graph import Graph
from cnngraph.ir.text import from_text, to_text
from cnngraph.passes.pipeline import EXECUTION, INFERENCE, TRAINING, Pass


def documented(apply: Pass) -> tuple[Graph, Graph]:
    """The graphs under `Before:` and `After:`."""
    before, after = cleandoc(apply.__doc__ or "").split("Before:")[1].split("After:")
    return from_text(before), from_text(after)


@pytest.mark.parametrize("apply", dict.fromkeys(INFERENCE + TRAINING + EXECUTION), ids=lambda p: p.__name__)
def test_a_pass_does_what_its_docstring_shows(apply: Pass) -> None:
    before, after = documented(apply)
    assert to_text(apply(before)) == to_text(after)


@pytest.mark.parametrize("apply", dict.fromkeys(INFERENCE + TRAINING + EXECUTION), ids=lambda p: p.__name__)
def test_a_pass_that_changes_nothing_returns_the_same_graph(apply: Pass) -> None:
    _, after = documented(apply)
    assert apply(after) is after
