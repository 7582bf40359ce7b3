"""What a file tells people of a net: for whoever writes it in another format."""

from __future__ import annotations

from cnngraph.elaborate.about import told_of
from cnngraph.syntax.ast import Module
from cnngraph.syntax.parse import parse

TEXT = """cnn 1
about {
  paper: "LeCun et al., 1998"
  year:  1998
}

## A block is another thing.
block unit = relu

## Small enough to be read.
## In two lines.
net small(x: 3) = unit
net bare(x: 3) = unit
"""


def module() -> Module:
    return parse(TEXT, "text.cnn")


def test_the_comment_then_the_section() -> None:
    about = ["paper: LeCun et al., 1998", "year: 1998"]
    assert told_of(module(), "small") == ["Small enough to be read.\nIn two lines.", *about]
    assert told_of(module(), "bare") == about
