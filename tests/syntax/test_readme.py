"""The page about the language shows only what the language is."""

import re

import pytest

from cnngraph.resources import resource
from cnngraph.syntax.parse import parse
from cnngraph.syntax.tokens import WORDS

PAGE = resource("grammar", "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```cnn\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", EXAMPLES)
def test_each_example_parses(text: str) -> None:
    assert parse(text, "README.md").items


def test_the_page_names_each_reserved_word() -> None:
    listed = re.search(r"\*\*Reserved words:\*\* `([^`]*)`", PAGE)
    assert listed is not None
    assert set(listed[1].split()) == WORDS
