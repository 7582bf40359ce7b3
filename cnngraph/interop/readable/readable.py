"""`readable(graph)`: a graph as a file that a person would have written, proven to be the same graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.interop.flat.expand import expand, refuse_training
from cnngraph.interop.flat.names import free, words_of_a_file
from cnngraph.interop.readable.file import File, about_section
from cnngraph.interop.readable.same import states_in
from cnngraph.interop.readable.shared import with_towers
from cnngraph.interop.readable.weave import woven
from cnngraph.interop.readable.web import web_of
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import Input
from cnngraph.syntax.format import formatted
from cnngraph.syntax.tokens import WORDS

LARGEST = 20_000


@dataclass(frozen=True)
class Written:
    """A file, and for each state of the graph that was given its name in the graph that the file compiles to."""

    text: str
    states: Mapping[str, str]


def readable(graph: Graph, about: Mapping[str, str] | None = None) -> Written:
    """The file of a graph whose node names only hint at what they are; `about` becomes its section of that name,
    and a title in it the comment above the net.

    What leads to no result is left out. A graph of more than 20,000 nodes, or with places for its nodes, is written
    flat. Raises CnnGraphError where a node has no words in the language.
    """
    refuse_training(graph)
    graph = _needed(_named(graph))
    if len(graph.nodes) > LARGEST:
        return _flat(graph, f"it has more than {LARGEST:,} nodes", about or {})
    if any(node.device for node in graph):
        return _flat(graph, "its nodes have places on devices", about or {})
    web, towers = with_towers(web_of(graph))
    made = woven(web)
    shared = [woven(tower.web) for tower in towers]
    file = File(graph, made, dict(zip((tower.word for tower in towers), shared, strict=True)))
    text = formatted("\n".join(file.lines(about or {})), graph.name)
    swapped = made.swapped.union(*(inner.swapped for inner in shared))
    return Written(text, states_in(elaborate(load_text(text)), _swapped(graph, swapped)))


def _flat(graph: Graph, why: str, about: Mapping[str, str]) -> Written:
    """One line for each operator; a comment says why."""
    version, *lines = expand(graph).splitlines()
    remark = f"# Written as one line for each operator, for {why}."
    text = formatted("\n".join([version, remark, *about_section(about), *lines]), graph.name)
    return Written(text, states_in(elaborate(load_text(text)), graph))


def _named(graph: Graph) -> Graph:
    """The graph with a name, and names of inputs and outputs, that no word of the language is."""
    taken = {*words_of_a_file(), *graph.symbols, *(node.name for node in graph if node.inputs)}
    inputs = {node.name: free(node.name, taken) for node in graph.inputs}
    said = set(WORDS)
    outputs = {free(name, said): ref for name, ref in graph.outputs.items()}
    nodes = tuple(replace(n, name=inputs.get(n.name, n.name), inputs=_refs(n.inputs, inputs)) for n in graph)
    refs = _refs(outputs.values(), inputs)
    name = free(graph.name, taken | outputs.keys())
    return replace(graph, name=name, nodes=nodes, outputs=dict(zip(outputs, refs, strict=True)))


def _refs(refs: Iterable[Ref], names: Mapping[str, str]) -> tuple[Ref, ...]:
    return tuple(replace(ref, node=names.get(ref.node, ref.node)) for ref in refs)


def _needed(graph: Graph) -> Graph:
    """The graph without what leads to no result; it has all its inputs."""
    needed = graph.restricted_to(graph.outputs.values())
    nodes = (node for node in graph if node.name in needed or isinstance(node.op, Input))
    return replace(graph, nodes=tuple(nodes))


def _swapped(graph: Graph, names: set[str]) -> Graph:
    """The graph with the operands of some sums, of two values each, in the other order."""
    nodes = (replace(node, inputs=node.inputs[::-1]) if node.name in names else node for node in graph)
    return replace(graph, nodes=tuple(nodes))
