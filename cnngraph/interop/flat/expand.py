"""A graph as a flat `.cnn` file that compiles to the same graph: `elaborate(load_text(expand(graph)))`.

    cnn 1
    net tiny(image: 1@8x8) {
      conv1: conv(4, 3x3)      [4@6x6]    # c.conv[1]
      output: relu             [4@6x6]    # c.relu
      check params == 40
    }

Nodes, order, types, devices, outputs and facts are those of the graph; only the nodes are called after their paths.
Not for graphs with gradients or updates: these are not networks as a file gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cnngraph.diagnostics import error
from cnngraph.interop.flat.names import labels_of, legal
from cnngraph.interop.flat.words import arguments_of, grouped, layer_text, number_text, unwritable
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.size import Symbol, symbols
from cnngraph.ops.part import Part
from cnngraph.ops.scale import Scale
from cnngraph.ops.shift import Shift
from cnngraph.syntax.tokens import WORDS

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
    if graph.updates:
        raise error("E0103", f"{graph.name} is a training step, which no file gives", "expand the network itself")
    body = _Body(graph, labels_of(graph), _sharers(graph))
    lines = body.lines()
    head = f"## {graph.name}: one line for each operator, and behind `#` its path in the network that was expanded."
    return "\n".join(["cnn 1", head, f"{_head(graph, body.labels)} {{", *_columns(lines), *_checks(graph), "}", ""])


@dataclass(frozen=True)
class _Line:
    """One line: the layer, the shape that it gives, the device, the path of its node."""

    code: str
    shape: str = ""
    device: str = ""
    path: str = ""


@dataclass
class _Body:
    graph: Graph
    labels: dict[str, str]
    sharers: dict[tuple[Ref, ...], list[Node]]
    above: str | None = None  # the node whose value the next line receives
    shared: dict[tuple[Ref, ...], str] = field(default_factory=dict)

    def lines(self) -> list[_Line]:
        inputs = self.graph.inputs
        self.above = inputs[0].name if len(inputs) == 1 else None
        lines: list[_Line] = []
        nodes = [node for node in self.graph if not isinstance(node.op, Input | State)]
        while nodes:
            parts = self._parts(nodes)
            lines += [self._split(parts)] if parts else self._node(nodes[0])
            nodes = nodes[len(parts) or 1 :]
        returned = self._return()
        return [*lines, _Line(returned)] if returned else lines

    def _node(self, node: Node) -> Iterator[_Line]:
        """The line of a node, and before it the definition of what it shares with others."""
        layer = layer_text(node.op)
        states = _states(self.graph, node)
        if len(self.sharers.get(states, ())) > 1:
            if states not in self.shared:
                self.shared[states] = self._shared_name(node)
                yield _Line(f"shared {self.shared[states]} = {layer}")
            layer = self.shared[states]
        words = self._words(node, layer, states)
        label = self.labels[node.name]
        if self._is_read(node):
            self.above = node.name
            code = f"{label}: {words}"
        else:
            code = f"let {label} = {words}"
        yield _Line(code, _row(node), _device(node), node.name if node.name != label else "")

    def _words(self, node: Node, layer: str, states: tuple[Ref, ...]) -> str:
        """What gives the value of the node: a layer that receives the line above, or an expression with its inputs."""
        count = len(node.inputs) - len(states)
        names = [self.labels[ref.node] for ref in node.inputs[:count]]
        if any(ref.index for ref in node.inputs):
            raise unwritable(node.op)
        match node.op:
            case Scale(factor=-1.0):
                return f"-{names[0]}"
            case Scale(factor=factor):
                return f"{number_text(factor)} * {names[0]}"
            case Shift(amount=amount):
                return f"{names[0]} {'-' if amount < 0 else '+'} {number_text(abs(amount))}"
        if node.op.internal or not names or (count > 1 and states in self.shared):
            raise unwritable(node.op)
        if count > 1:
            return f"{node.op.name}({', '.join([*names, *arguments_of(node.op)])})"
        return layer if node.inputs[0].node == self.above else f"{names[0]} -> {layer}"

    def _parts(self, nodes: list[Node]) -> list[Node]:
        """The parts of one value that stand at the beginning of `nodes`: they are one `split`."""
        found: list[Node] = []
        for node in nodes:
            before = found[-1] if found else None
            if not isinstance(node.op, Part) or (before and not _follows(node, before)):
                break
            found.append(node)
        return found

    def _split(self, parts: list[Node]) -> _Line:
        """One line for parts of a value; those that the graph does not have are thrown away."""
        names = {node.op.index: self.labels[node.name] for node in parts if isinstance(node.op, Part)}
        op, source = parts[0].op, self.labels[parts[0].inputs[0].node]
        if not isinstance(op, Part) or op.of < 2 or parts[0].inputs[0].index:
            raise unwritable(op)
        listed = ", ".join(names.get(i, "_") for i in range(op.of))
        paths = ", ".join(node.name for node in parts)
        return _Line(f"let {listed} = {source} -> split({op.of})", "", _device(parts[0]), paths)

    def _return(self) -> str:
        """The `return` line, unless the last line is the only result under its own name."""
        listed = [(name, self.labels[ref.node]) for name, ref in self.graph.outputs.items()]
        if [name for name, _ in listed] == [self.labels.get(self.above or "")] and listed[0][0] == listed[0][1]:
            return ""
        return f"return {', '.join(label if name == label else f'{name} = {label}' for name, label in listed)}"

    def _is_read(self, node: Node) -> bool:
        return bool(self.graph.users[node.name]) or any(ref.node == node.name for ref in self.graph.outputs.values())

    def _shared_name(self, node: Node) -> str:
        taken = {*self.labels.values(), *self.shared.values()}
        word = f"{legal(node.name)}_layer"
        return next(name for name in (word, *(f"{word}{i}" for i in range(2, len(taken) + 3))) if name not in taken)


def _states(graph: Graph, node: Node) -> tuple[Ref, ...]:
    return tuple(ref for ref in node.inputs if isinstance(graph[ref.node].op, State))


def _sharers(graph: Graph) -> dict[tuple[Ref, ...], list[Node]]:
    """The nodes that read each set of states; raises where sets overlap, or where different layers read one."""
    readers: dict[tuple[Ref, ...], list[Node]] = {}
    set_of: dict[Ref, tuple[Ref, ...]] = {}
    for node in graph:
        if states := _states(graph, node):
            same = readers.setdefault(states, [node])
            if any(set_of.setdefault(ref, states) != states for ref in states) or same[0].op != node.op:
                raise unwritable(node.op)
            same += [node] if same[0] is not node else []
    return readers


def _follows(part: Node, before: Node) -> bool:
    """Whether both are parts of the same division, in order."""
    assert isinstance(part.op, Part)
    assert isinstance(before.op, Part)
    same = part.inputs == before.inputs and part.device == before.device and part.op.of == before.op.of
    return same and part.op.index > before.op.index


def _row(node: Node) -> str:
    return f"[{node.type}]" if node.type.batched else ""


def _device(node: Node) -> str:
    if node.device is None:
        return ""
    plain = node.device.isidentifier() and node.device.isascii() and node.device not in WORDS
    return f"on {node.device}" if plain else f'on "{node.device}"'


def _head(graph: Graph, labels: dict[str, str]) -> str:
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


def _columns(lines: list[_Line]) -> Iterator[str]:
    """Lines with their shapes, devices and comments in columns."""
    code = max((len(line.code) for line in lines if line.shape and len(line.code) <= WIDEST), default=0)
    rows = [f"{line.code:<{code}}   {line.shape} {line.device}".rstrip() for line in lines]
    wide = max((len(row) for row in rows if len(row) <= WIDEST + 24), default=0)
    for line, row in zip(lines, rows, strict=True):
        yield f"  {row:<{wide}}   # {line.path}" if line.path else f"  {row}"
