"""The printed form of a graph, both ways: `from_text(to_text(graph)) == graph`.

    graph lenet
    size H multiple_of=16 at_least=1                                    a symbol and what is known of it
    where H >= W                                                        a fact that no symbol carries
    image: f32[batch, H, W, 1] = input                                  name: types of the results = operator
    c1.weight: f32[5, 5, 1, 6] = state(initial='he') with c1            with: on the device of that node
    c1: f32[batch, H-4, W-4, 6] = conv(...) <- image, c1.weight on gpu0       <- inputs, on: the device asked for
    again.c1: ... = conv(...) <- image, c1.weight with c1 late          late: not before the first of its readers
    output main = c1                                                    a result other than the first is `c1!1`
    update c1.weight = step                                             the next value of a state

One node a line, in dependency order. The origin of a node (its place in a source) is not printed.
"""

from __future__ import annotations

import ast
import re
from typing import TypeVar

from cnngraph.diagnostics import CnnGraphError, Diagnostic, Label, Source, Span
from cnngraph.ir.graph import Fact, Graph, Node, Ref
from cnngraph.ir.notation import NotationError, parse, read_dim, read_op, read_type, show, show_op, symbols_in
from cnngraph.ir.op import OpError
from cnngraph.ir.size import Dim, SizeError, Symbol, symbol
from cnngraph.ir.types import BATCH
from cnngraph.ir.verify import fault_of_node, fault_of_output, fault_of_update

T = TypeVar("T")
_WORD = r"[^\s,()'\"]+"
_NODE = re.compile(
    rf"(?P<name>{_WORD}): (?P<types>[^=]+?) = (?P<op>.+?)(?: <- (?P<inputs>{_WORD}(?:, {_WORD})*))?"
    rf"(?: on (?P<device>{_WORD}))?(?: with (?P<colocated>{_WORD}))?(?P<late> late)?"
)
_BINDING = re.compile(rf"(?P<kind>output|update) (?P<name>{_WORD}) = (?P<ref>{_WORD})")
_SIZE = re.compile(r"size (?P<name>\w+) multiple_of=(?P<multiple_of>[1-9]\d*) at_least=(?P<at_least>-?\d+)", re.ASCII)
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def to_text(graph: Graph) -> str:
    """The graph as text, the same for equal graphs."""
    lines = [
        f"graph {graph.name}",
        *(f"size {s} multiple_of={s.multiple_of} at_least={s.at_least}" for s in _symbols(graph)),
        *(f"where {fact}" for fact in graph.facts),
        *map(_node_line, graph.nodes),
        *(f"output {_word(name)} = {ref}" for name, ref in graph.outputs.items()),
        *(f"update {name} = {ref}" for name, ref in graph.updates.items()),
    ]
    return "\n".join(lines) + "\n"


def _symbols(graph: Graph) -> list[Symbol]:
    """All symbols but the plain batch size, in order of appearance."""
    parts = (tuple((f.left, f.right) for f in graph.facts), tuple((n.types, n.op) for n in graph.nodes))
    found: dict[str, Symbol] = {}
    for s in symbols_in(parts):
        assert found.setdefault(s.name, s) == s, f"{s.name} stands for two sizes: {s.fact()}, {found[s.name].fact()}"
    return [s for s in found.values() if symbol(s.name, s.multiple_of, s.at_least) != BATCH]


def _node_line(node: Node) -> str:
    assert "!" not in node.name, f"`!` separates a node from the number of its result: {node.name}"
    line = f"{_word(node.name)}: {', '.join(map(show, node.types))} = {show_op(node.op, node.type)}"
    inputs = f" <- {', '.join(map(str, node.inputs))}" if node.inputs else ""
    device = f" on {_word(node.device)}" if node.device is not None else ""
    colocated = f" with {_word(node.colocated)}" if node.colocated is not None else ""
    return line + inputs + device + colocated + " late" * node.late


def _word(name: str) -> str:
    assert re.fullmatch(_WORD, name), f"a name that cannot be printed: {name!r}"
    return name


def from_text(text: str, name: str = "<graph>") -> Graph:
    """The graph that `text` prints, verified. `name` stands for the text in messages.

    Raises CnnGraphError (E0001, with the line) for text that is not of this form, or where a type is not the one that
    the operator infers.

    >>> print(to_text(from_text("graph g\\nx: f32[batch, 4] = input\\ny: f32[batch, 4] = relu <- x\\noutput y = y")))
    graph g
    x: f32[batch, 4] = input
    y: f32[batch, 4] = relu <- x
    output y = y
    <BLANKLINE>
    """
    source, reader, start = Source(name, text), _Reader(), 0
    for line in text.split("\n"):
        try:
            reader.line(line.strip())
        except (NotationError, OpError, SizeError, RecursionError) as problem:
            place = Label(Span(source, start, start + len(line.rstrip())), "in this line")
            raise CnnGraphError(Diagnostic("E0001", f"line {source.line_at(start)}: {problem}", place)) from problem
        start += len(line) + 1
    return reader.graph()


class _Reader:
    """The parts of a graph that were read so far."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.sizes: dict[str, Dim] = {"batch": BATCH}
        self.nodes: dict[str, Node] = {}
        self.bindings: dict[str, dict[str, Ref]] = {"output": {}, "update": {}}
        self.facts: list[Fact] = []

    def graph(self) -> Graph:
        outputs, updates = self.bindings["output"], self.bindings["update"]
        return Graph(self.name or "", tuple(self.nodes.values()), outputs, updates, tuple(self.facts))

    def line(self, line: str) -> None:
        if not line:
            return
        if (self.name is None) != (line == "graph" or line.startswith("graph ")):
            raise NotationError("the first line, and no other, is `graph NAME`")
        if line.startswith("graph"):
            self.name = line.removeprefix("graph").strip()
        elif line.startswith("where "):
            self.facts.append(self._fact(line.removeprefix("where ")))
        elif found := _SIZE.fullmatch(line):
            _add(self.sizes, found["name"], symbol(found["name"], int(found["multiple_of"]), int(found["at_least"])))
        elif found := _BINDING.fullmatch(line):
            self._bind(found["kind"], found["name"], _ref(found["ref"]))
        elif found := _NODE.fullmatch(line):
            self._node(found)
        else:
            raise NotationError("expected `name: type = operator <- inputs`, or a size, where, output or update line")

    def _fact(self, text: str) -> Fact:
        match parse(text):
            case ast.Compare(left=left, ops=[compare], comparators=[right]) if type(compare) in _COMPARE:
                return Fact(_COMPARE[type(compare)], read_dim(left, self.sizes), read_dim(right, self.sizes))
        raise NotationError(f"`{text}` does not compare two sizes")

    def _bind(self, kind: str, name: str, ref: Ref) -> None:
        fault = fault_of_output(name, ref, self.nodes) if kind == "output" else fault_of_update(name, ref, self.nodes)
        if fault:
            raise NotationError(fault)
        _add(self.bindings[kind], name, ref)

    def _node(self, found: re.Match[str]) -> None:
        types = tuple(read_type(t, self.sizes) for t in _items(found["types"]))
        op = read_op(parse(found["op"]), self.sizes, types[0])
        inputs = tuple(_ref(text) for text in (found["inputs"] or "").split(", ") if text)
        node = Node(found["name"], op, inputs, types, found["device"], found["colocated"], late=bool(found["late"]))
        try:
            fault = fault_of_node(node, self.nodes)
        except Exception as problem:  # fields and inputs of the wrong kind make an operator fail in any way
            raise NotationError(f"`{found['op']}` cannot be applied here: {problem}") from problem
        if fault:
            raise NotationError(fault)
        _add(self.nodes, node.name, node)



def _add(entries: dict[str, T], name: str, value: T) -> None:
    if name in entries:
        raise NotationError(f"`{name}` is defined twice")
    entries[name] = value


def _items(text: str) -> list[ast.expr]:
    tree = parse(f"({text},)")
    if isinstance(tree, ast.Tuple):
        return tree.elts
    raise NotationError(f"`{text}` is not a list of types")


def _ref(text: str) -> Ref:
    node, mark, index = text.partition("!")
    if mark and not re.fullmatch(r"[1-9]\d{0,5}", index, re.ASCII):
        raise NotationError(f"`{text}` does not number a result: write name or name!1")
    return Ref(node, int(index or 0))
