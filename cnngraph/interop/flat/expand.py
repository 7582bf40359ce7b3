"""A graph as a flat `.cnn` file that compiles to the same graph: `elaborate(load_text(expand(graph)))`.

    cnn 1
    net tiny(image: 1@8x8) {
      conv1: conv(4, 3x3)      [4@6x6]    # c.conv[1]
      output: relu             [4@6x6]    # c.relu
      check params == 40
    }

Nodes, order, types, devices, outputs and facts are those of the graph; only the nodes are called after their paths. The
cells of scans stay blocks, for each of them is a graph of its own.
Not for graphs with gradients or updates: these are not networks as a file gives them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from cnngraph.diagnostics import error
from cnngraph.interop.flat.body import Body, Line
from cnngraph.interop.flat.cells import Cells, parameters
from cnngraph.interop.flat.words import grouped
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph
from cnngraph.ir.size import Symbol, symbols

WIDEST = 64  # a longer line does not push the columns of all others to the right


def expand(graph: Graph) -> str:
    """The flat file; raises CnnGraphError where a node has no words in the language.

    >>> from cnngraph.elaborate.elaborate import elaborate
    >>> from cnngraph.elaborate.modules import load_text
    >>> print(expand(elaborate(load_text("net n(image: 3@8x8) { (conv(4, 3x3) -> relu) * 2 }"))), end="")
    cnn 1
    ## n: one line for each operator, and behind `#` its path in the network that was expanded.
    net n(image: 3@8x8) {
      conv1: conv(4, 3x3)   [4@6x6]   # conv[1]
      relu1: relu           [4@6x6]   # relu[1]
      conv2: conv(4, 3x3)   [4@4x4]   # conv[2]
      output: relu          [4@4x4]   # relu[2]
    <BLANKLINE>
      check params == 260
      check depth == 2
    }
    """
    refuse_training(graph)
    cells = Cells.of(graph)
    body = Body.of(graph, cells)
    net = [f"{_head(graph, body.labels)} {{", *columns(body.lines()), *_checks(graph), "}", ""]
    about = f"## {graph.name}: one line for each operator, and behind `#` its path in the network that was expanded."
    return "\n".join(["cnn 1", *_blocks(cells), about, *net])


def refuse_training(graph: Graph) -> None:
    """Raise CnnGraphError for a graph that changes states."""
    if graph.updates:
        raise error("E0103", f"{graph.name} is a training step, which no file gives", "expand the network itself")


def _blocks(cells: Cells) -> Iterator[str]:
    """The cells of scans as blocks."""
    for cell, graph in cells.graphs.items():
        body = Body.of(graph, replace(cells, within=True))
        yield f"block {cells.name_of(cell)}({parameters(cell, graph, body.labels)}) {{"
        yield from columns(body.lines())
        yield "}\n"


def _head(graph: Graph, labels: Mapping[str, str]) -> str:
    """`net name(inputs) where facts`."""
    inputs = ", ".join(f"{labels[node.name]}: {node.type}" for node in graph.inputs)
    facts = facts_of(graph)
    return f"net {graph.name}({inputs})" + (f" where {', '.join(facts)}" if facts else "")


def facts_of(graph: Graph) -> list[str]:
    """What `where` says of the sizes of the inputs: of single symbols, then all other facts."""
    known = {s.name: s for node in graph.inputs for size in node.type.shape for s in symbols(size) if s.name != "batch"}
    return [*(fact for s in known.values() for fact in _known_of(s)), *map(str, graph.facts)]


def _known_of(symbol: Symbol) -> Iterator[str]:
    if symbol.multiple_of > 1:
        yield f"{symbol.name} % {symbol.multiple_of} == 0"
    if symbol.at_least > 1:
        yield f"{symbol.name} >= {symbol.at_least}"


def _checks(graph: Graph) -> Iterator[str]:
    params = counts.parameters(graph)
    yield ""
    if isinstance(params, int):
        yield f"  check params == {grouped(params)}"
    yield f"  check depth == {counts.depth(graph)}"


def columns(lines: list[Line]) -> Iterator[str]:
    """Lines with their shapes, devices and comments in columns."""
    code = max((len(line.code) for line in lines if line.shape and len(line.code) <= WIDEST), default=0)
    rows = [f"{line.code:<{code}}   {line.shape} {line.device}".rstrip() for line in lines]
    wide = max((len(row) for row in rows if len(row) <= WIDEST + 24), default=0)
    for line, row in zip(lines, rows, strict=True):
        yield f"  {row:<{wide}}   # {line.path}" if line.path else f"  {row}"
