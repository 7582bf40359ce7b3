"""Each example of the page about the language compiles; train sections are read as well."""

from __future__ import annotations

import re

import pytest

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.elaborate.training import training
from cnngraph.resources import resource

EXAMPLES = re.findall(r"```cnn\n(.*?)```", resource("grammar", "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: re.findall(r"net (\w+)", text)[0])
def test_example_compiles(text: str) -> None:
    program = load_text(text)
    assert elaborate(program).outputs
    if program.sections("train"):
        assert training(program).label == "label"


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 4
