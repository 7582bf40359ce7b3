"""What a screen reader says of a picture: the network, what goes in, what comes out, and how large it is."""

from __future__ import annotations

import re
from html import escape

from cnngraph.ir.counts import parameters
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.ir.size import number_text
from cnngraph.render.caption import shape_text
from cnngraph.render.engine import CONTROLS

ROOT = re.compile(r"<svg ([^>]*)>")


def described(svg: str, graph: Graph, title: str | None = None) -> str:
    """The picture as one image with a name and a description."""
    name, words = (escape(text.translate(CONTROLS)) for text in (title or graph.name, told(graph)))
    start = rf'<svg role="img" aria-label="{name}" \1><title>{name}</title><desc>{words}</desc>'
    return ROOT.sub(lambda found: start.replace(r"\1", found[1]), svg, count=1)


def told(graph: Graph) -> str:
    """The description."""
    inputs = ", ".join(f"{node.name} {shape_text(node.type)}" for node in graph.inputs)
    outputs = ", ".join(f"{name} {shape_text(graph.type_of(ref))}" for name, ref in graph.outputs.items())
    operators = sum(not isinstance(node.op, State) for node in graph) - len(graph.inputs)
    size = f"{operators:,} operators, {number_text(parameters(graph))} parameters"
    return f"The network {graph.name}. Inputs: {inputs or 'none'}. Outputs: {outputs or 'none'}. {size}."
