"""`readable(graph)`: a graph as a file that a person would have written, proven to be the same graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.interop.flat.body import Body as FlatBody
from cnngraph.interop.flat.cells import Cells, cell_of, parameters
from cnngraph.interop.flat.expand import _columns, facts_of
from cnngraph.interop.flat.names import free, legal, words_of_a_file
from cnngraph.interop.flat.words import grouped
from cnngraph.interop.readable.leaves import shape_of_cell
from cnngraph.interop.readable.naming import names_of
from cnngraph.interop.readable.same import states_in
from cnngraph.interop.readable.shared import with_towers
from cnngraph.interop.readable.text import Writer
from cnngraph.interop.readable.weave import Woven, woven
from cnngraph.interop.readable.web import web_of
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.ops.scan import Scan
from cnngraph.syntax.format import formatted


@dataclass(frozen=True)
class Written:
    """A file, and for each state of the graph that was given its name in the graph that the file compiles to."""

    text: str
    states: Mapping[str, str]


def readable(graph: Graph, about: Mapping[str, str] | None = None) -> Written:
    """The file of a graph whose node names only hint at what they are; `about` becomes its section of that name.

    What leads to no result is left out. Raises CnnGraphError where a node has no words in the language.
    """
    web, towers = with_towers(web_of(graph))
    made = woven(web)
    shared = [(tower.word, woven(tower.web)) for tower in towers]
    import os
    if os.environ.get("DBG"): print("\n".join(_file(graph, made, shared, about or {})))
    text = formatted("\n".join(_file(graph, made, shared, about or {})), graph.name)
    return Written(text, states_in(elaborate(load_text(text)), _swapped(graph, made.swapped.union(*(inner.swapped for _, inner in shared)))))


def _file(graph: Graph, made: Woven, shared: list[tuple[str, Woven]], about: Mapping[str, str]) -> Iterator[str]:
    cells = Cells.of(graph)
    taken = {*words_of_a_file(), *graph.symbols, *cells.names, graph.name}
    names = {f"{i}.0": free(node.name, taken) for i, node in enumerate(graph.inputs)}
    results = {}
    for name, key in made.results.items():
        if key not in names and key not in results and legal(name) == name and name not in taken:
            results[key] = free(name, taken)
    names = names_of(made.body, names | results, taken)
    yield "cn" + "n 1"
    if about:
        entries = "; ".join(f'{key}: "{value}"' for key, value in about.items())
        yield f"about {{ {entries} }}"
    for cell, inner in cells.graphs.items():
        body = FlatBody.of(inner, replace(cells, within=True))
        yield f"block {cells.name_of(cell)}({parameters(cell, inner, body.labels)}) {{"
        yield from _columns(body.lines())
        yield "}"
    inputs = ", ".join(f"{names[f'{i}.0']}: {node.type}" for i, node in enumerate(graph.inputs))
    facts = facts_of(graph)
    yield f"net {graph.name}({inputs})" + (f" where {', '.join(facts)}" if facts else "") + " {"
    scans = {}
    for node in graph:
        if isinstance(node.op, Scan):
            scans[shape_of_cell(node.op), node.op.started] = cells.name_of(cell_of(node.op))
    towers = {word: free(f"tower{i}" if i else "tower", taken) for i, (word, _) in enumerate(shared)}
    for word, inner in shared:
        local = names_of(inner.body, {}, taken)
        plain = Writer(local, {}, scans, shared=towers)
        yield f"shared {towers[word]} = {plain.layer_of(inner.body)}"
    writer = Writer(names, {}, scans, towers, with_rows=True)
    yield from writer.lines(made.body)
    listed = [(name, names.get(key, "it")) for name, key in made.results.items()]
    last = made.body.lines[-1] if made.body.lines else None
    alone = len(listed) == 1 and last is not None and last.moves and listed[0][0] == names.get(listed[0][1], "output")
    if not alone:
        yield "return " + ", ".join(shown if shown == name else f"{name} = {shown}" for name, shown in listed)
    params = counts.parameters(graph)
    yield ""
    if isinstance(params, int):
        yield f"check params == {grouped(params)}"
    yield f"check depth == {counts.depth(graph)}"
    yield "}"


def _swapped(graph: Graph, names: set[str]) -> Graph:
    """The graph with the operands of some sums, of two values each, in the other order."""
    nodes = (replace(node, inputs=node.inputs[::-1]) if node.name in names else node for node in graph)
    return replace(graph, nodes=tuple(nodes))
