"""The lines of a body: one for each operator, with the definitions of what is shared before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from cnngraph.interop.flat.cells import Cells, cell_of, results_of
from cnngraph.interop.flat.names import labels_of, legal
from cnngraph.interop.flat.words import arguments_of, layer_text, literal, unwritable
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ops.part import Part
from cnngraph.ops.scale import Scale
from cnngraph.ops.scan import Scan
from cnngraph.ops.shift import Shift
from cnngraph.syntax.tokens import WORDS

States = tuple[Ref, ...]


@dataclass(frozen=True)
class Line:
    """One line: the layer, the shape that it gives, the device, the path of its node."""

    code: str
    shape: str = ""
    device: str = ""
    path: str = ""


@dataclass
class Body:
    """Writes the nodes of a graph, line by line; `above` is the node whose value the next line receives."""

    graph: Graph
    cells: Cells
    labels: Mapping[str, str]
    sharers: Mapping[States, list[Node]]
    above: str | None = None
    shared: dict[States, str] = field(default_factory=dict)

    @staticmethod
    def of(graph: Graph, cells: Cells) -> Body:
        first = graph.inputs[0].name if len(graph.inputs) == 1 else None
        return Body(graph, cells, labels_of(graph, cells.names), sharers_of(graph), first)

    def lines(self) -> list[Line]:
        lines: list[Line] = []
        nodes = [node for node in self.graph if not isinstance(node.op, Input | State)]
        place = 0
        while place < len(nodes):
            first = nodes[place]
            parts, results = _parts(nodes, place), results_of(nodes, place)
            lines += self._definition(first)
            if parts:
                lines.append(self._split(parts))
            elif isinstance(first.op, Scan):
                lines.append(self._scan(first, results))
            else:
                lines.append(self._line(first, self._words(first)))
            place += max(len(parts), 1 + len(results))
        returned = self._return()
        return [*lines, Line(returned)] if returned else lines

    def _definition(self, node: Node) -> Iterator[Line]:
        """The definition of a layer that several nodes share, before the first of them."""
        states = states_read(self.graph, node)
        if len(self.sharers.get(states, ())) > 1 and states not in self.shared:
            taken = {*self.labels.values(), *self.shared.values(), *self.cells.names}
            word = f"{legal(node.name)}_layer"
            self.shared[states] = next(
                name for name in (word, *(f"{word}{i}" for i in range(2, len(taken) + 3))) if name not in taken
            )
            yield Line(f"shared {self.shared[states]} = {self._layer(node)}")

    def _line(self, node: Node, words: str) -> Line:
        """A line that the flow passes through; a value that nothing reads is a `let`, which nobody has to use."""
        label = self.labels[node.name]
        code = f"let {label} = {words}"
        if self._is_read(node):
            self.above, code = node.name, f"{label}: {words}"
        return Line(code, self._row(node), _device(node), node.name if node.name != label else "")

    def _words(self, node: Node) -> str:
        """What gives the value of a node: a layer that receives the line above, or an expression with its inputs."""
        states = states_read(self.graph, node)
        count = len(node.inputs) - len(states)
        names = [self.labels[ref.node] for ref in node.inputs[:count]]
        match node.op:
            case Scale(factor=-1.0):
                return f"-{names[0]}"
            case Scale(factor=factor):
                return f"{literal(factor)} * {names[0]}"
            case Shift(amount=amount):
                return f"{names[0]} {'-' if amount < 0 else '+'} {literal(abs(amount))}"
        if node.op.internal or not names or (count > 1 and states in self.shared):
            raise unwritable(node.op)
        if count > 1:
            return f"{node.op.name}({', '.join([*names, *arguments_of(node.op)])})"
        return self._received(node)

    def _received(self, node: Node) -> str:
        """A layer that receives its first input from the line above, or from a name."""
        layer = self.shared.get(states_read(self.graph, node)) or self._layer(node)
        source = node.inputs[0].node
        return layer if source == self.above else f"{self.labels[source]} -> {layer}"

    def _layer(self, node: Node) -> str:
        if not isinstance(node.op, Scan):
            return layer_text(node.op)
        started = [self.labels[ref.node] for ref in node.inputs[1 : len(node.op.operands)]]
        initial = started[0] if len(started) == 1 else f"({', '.join(started)})"
        arguments = [self.cells.name_of(cell_of(node.op))]
        arguments += [f"init = {initial}"] if started else []
        arguments += ["reverse = true"] if node.op.reverse else []
        return f"scan({', '.join(arguments)})"

    def _split(self, parts: list[Node]) -> Line:
        """One line for parts of a value; those that the graph does not have are thrown away."""
        names = {node.op.index: self.labels[node.name] for node in parts if isinstance(node.op, Part)}
        op, source = parts[0].op, self.labels[parts[0].inputs[0].node]
        if not isinstance(op, Part) or op.count < 2:
            raise unwritable(op)
        listed = ", ".join(names.get(i, "_") for i in range(op.count))
        of = op.of if isinstance(op.of, int) else list(op.of)
        paths = ", ".join(node.name for node in parts)
        return Line(f"let {listed} = {source} -> split({of})", "", _device(parts[0]), paths)

    def _scan(self, node: Node, results: Mapping[int, Node]) -> Line:
        """One line for a scan with its results: the sequence of the first state, and the last value of each state."""
        assert isinstance(node.op, Scan)
        if states_read(self.graph, node) in self.shared and node.op.started:
            raise unwritable(node.op)
        count = len(node.op.graph.inputs) - 1
        given = {0: node, **results} if count == 1 and self._is_read(node, but=results) else dict(results)
        words = self._received(node)
        if list(given) == [0]:
            return self._line(given[0], words)
        names = [self.labels[given[i].name] if i in given else "_" for i in range(count + 1)]
        paths = ", ".join(given[i].name for i in sorted(given)) or node.name
        return Line(f"let {', '.join(names)} = {words}", "", _device(node), paths)

    def _return(self) -> str:
        """The `return` line, unless the last line is the only result under its own name."""
        listed = [(name, self.labels[ref.node]) for name, ref in self.graph.outputs.items()]
        if [name for name, _ in listed] == [self.labels.get(self.above or "")] and listed[0][0] == listed[0][1]:
            return ""
        return f"return {', '.join(label if name == label else f'{name} = {label}' for name, label in listed)}"

    def _is_read(self, node: Node, but: Mapping[int, Node] | None = None) -> bool:
        apart = {other.name for other in (but or {}).values()}
        users = [user for user in self.graph.users[node.name] if user.name not in apart]
        return bool(users) or any(ref.node == node.name for ref in self.graph.outputs.values())

    def _row(self, node: Node) -> str:
        """The right column. A cell does not see the symbols of the net around it."""
        is_said = node.type.batched and (not self.cells.within or len(node.type.symbols) == 1)
        return f"[{node.type}]" if is_said else ""


def _parts(nodes: list[Node], place: int) -> list[Node]:
    """The parts of one value that stand from `place` on: they are one `split`."""
    found: list[Node] = []
    for node in islice(nodes, place, None):
        if not isinstance(node.op, Part) or (found and not _follows(node, found[-1])):
            break
        found.append(node)
    return found


def _follows(part: Node, before: Node) -> bool:
    """Whether both are parts of the same division, in order."""
    assert isinstance(part.op, Part)
    assert isinstance(before.op, Part)
    same = part.inputs == before.inputs and part.device == before.device and part.op.of == before.op.of
    return same and part.op.index > before.op.index


def states_read(graph: Graph, node: Node) -> States:
    return tuple(ref for ref in node.inputs if isinstance(graph[ref.node].op, State))


def sharers_of(graph: Graph) -> dict[States, list[Node]]:
    """The nodes that read each set of states; raises where sets overlap, or where different layers read one."""
    readers: dict[States, list[Node]] = {}
    set_of: dict[Ref, States] = {}
    for node in graph:
        if any(ref.index for ref in node.inputs):
            raise unwritable(node.op)
        if states := states_read(graph, node):
            same = readers.setdefault(states, [])
            if any(set_of.setdefault(ref, states) != states for ref in states) or (same and same[0].op != node.op):
                raise unwritable(node.op)
            same.append(node)
    return readers


def _device(node: Node) -> str:
    if node.device is None:
        return ""
    plain = node.device.isidentifier() and node.device.isascii() and node.device not in WORDS
    return f"on {node.device}" if plain else f'on "{node.device}"'
