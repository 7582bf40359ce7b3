"""`readable(graph)`: a graph as a file that a person would have written, proven to be the same graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.interop.flat.expand import expand
from cnngraph.interop.readable.same import states_in
from cnngraph.ir.graph import Graph


@dataclass(frozen=True)
class Written:
    """A file, and for each state of the graph that was given its name in the graph that the file compiles to."""

    text: str
    states: Mapping[str, str]


def readable(graph: Graph, about: Mapping[str, str] | None = None) -> Written:
    """The file of a graph whose node names only hint at what they are; `about` becomes its section of that name.

    What leads to no result is left out. Raises CnnGraphError where a node has no words in the language.
    """
    text = expand(graph)
    return Written(text, states_in(elaborate(load_text(text)), graph))
