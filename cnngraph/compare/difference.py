"""What differs between two graphs: operators that only one has, operators that have changed, and the figures.

    difference(a, b).changes     in the order of b
    difference(a, b).same        whether a and b are equal but for the names of their nodes
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from cnngraph.compare.match import Matching, Pair, leaves, match, match_in_order
from cnngraph.compare.numbered import numbered, numbered_op
from cnngraph.interop.flat.expand import facts_of
from cnngraph.ir import counts
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import total_elements
from cnngraph.ir.size import Dim
from cnngraph.render.outline import Item, nodes_in, path_of, segment
from cnngraph.render.table import activation_bytes

Kind = Literal["removed", "added", "changed", "moved", "renamed"]


@dataclass(frozen=True)
class Change:
    """One part that differs. `what` says how; an absent part has neither shape nor parameters.

    `places` are the paths in both graphs of the node or block that it is about.
    """

    kind: Kind
    path: str
    what: tuple[str, ...]
    shapes: tuple[str | None, str | None] = (None, None)
    parameters: tuple[Dim, Dim] = (0, 0)
    places: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True)
class Difference:
    """Two graphs with their parts matched, and all that this says about them."""

    a: Graph
    b: Graph
    matching: Matching

    @cached_property
    def same(self) -> bool:
        """Whether the graphs are equal, the names of their nodes aside."""
        return numbered(self.a) == numbered(self.b)

    @property
    def identical(self) -> bool:
        """Whether the graphs are equal with all their names."""
        return self.a == self.b

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        return (*self.of_parts, *self._of_the_whole())

    @cached_property
    def of_parts(self) -> tuple[Change, ...]:
        """The changes of nodes and blocks, without those of facts and of the names of outputs."""
        return tuple(self._walk(self.matching.pairs))

    @property
    def totals(self) -> dict[str, tuple[Dim, Dim]]:
        """Figures of both graphs, for one sample."""
        figures: dict[str, Callable[[Graph], Dim]] = {
            "parameters": counts.parameters, "multiply-adds": counts.multiply_adds,
            "depth": counts.depth, "operators": _operators, "activation bytes": _activation_bytes,
        }  # fmt: skip
        return {name: (figure(self.a), figure(self.b)) for name, figure in figures.items()}

    def _walk(self, pairs: Sequence[Pair]) -> Iterator[Change]:
        for pair in pairs:
            yield from self._change(pair)
            yield from self._walk(pair.inner)

    def _change(self, pair: Pair) -> Iterator[Change]:
        """What there is to say of a pair itself; of blocks in both graphs only that the label is another."""
        if pair.a is None or pair.b is None:
            yield from self._alone(pair)
            return
        what: tuple[str, ...] = ()
        if isinstance(pair.a, Node) and isinstance(pair.b, Node):
            what = self.what(pair.a, pair.b)
        old, new = _shown_name(pair.a), _shown_name(pair.b)
        if what:
            yield self._changed(pair, what)
        elif old != new:
            places = path_of(pair.a), path_of(pair.b)
            yield Change("renamed", pair.path, (f"was {places[0]}",), places=places)

    def _alone(self, pair: Pair) -> Iterator[Change]:
        """A part without partner in its place; what has moved is told where it is now."""
        if pair.a is not None and (False, _key(pair.a)) not in self._moved:
            what, shape, count = self._told(self.a, pair.a)
            yield Change("removed", pair.path, (what,), (shape, None), (count, 0), (pair.path, None))
        if pair.b is not None:
            before = self._moved.get((True, _key(pair.b)))
            what, shape, count = self._told(self.b, pair.b)
            if before is None:
                yield Change("added", pair.path, (what,), (None, shape), (0, count), (None, pair.path))
            else:
                _, old, owned = self._told(self.a, before)
                places = path_of(before), pair.path
                yield Change("moved", pair.path, self._way(before, pair.b), (old, shape), (owned, count), places)

    def _told(self, graph: Graph, item: Item) -> tuple[str, str, Dim]:
        """The operator, or how many a block has; the shape of its result, and its parameters."""
        nodes = list(nodes_in(item))
        what = str(item.op) if isinstance(item, Node) else f"block of {len(nodes)} operators"
        return what, str(nodes[-1].type), self._parameters(graph, nodes)

    @cached_property
    def _moved(self) -> dict[tuple[bool, object], Item]:
        """What has moved: the part it was, by either end (True: where it is in b)."""
        ends = [((False, _key(a)), (True, _key(b)), a) for a, b in self.matching.moved]
        return {end: a for *both, a in ends for end in both}

    @cached_property
    def moved_nodes(self) -> dict[str, str]:
        """The nodes of all parts that have moved: name in a -> name in b."""
        pairs = (zip(nodes_in(a), nodes_in(b), strict=True) for a, b in self.matching.moved)
        return {a.name: b.name for each in pairs for a, b in each}

    def _way(self, before: Item, after: Item) -> tuple[str, ...]:
        """Where a part that has moved was: under which name, and behind what."""
        old, new = (next((ref.node for ref in next(nodes_in(item)).inputs), None) for item in (before, after))
        told = [f"was {path_of(before)}"] if path_of(before) != path_of(after) else []
        if old and new and self.matching.partner.get(old, old) != new:
            told.append(f"reads {new}, not {old}")
        return tuple(told) or ("in another place",)

    def _changed(self, pair: Pair, what: tuple[str, ...]) -> Change:
        assert isinstance(pair.a, Node)
        assert isinstance(pair.b, Node)
        figures = self._parameters(self.a, [pair.a]), self._parameters(self.b, [pair.b])
        places = pair.a.name, pair.b.name
        return Change("changed", pair.path, what, (str(pair.a.type), str(pair.b.type)), figures, places)

    def what(self, a: Node, b: Node) -> tuple[str, ...]:
        """How a node differs: its operator, its shape, its parameters, what it reads, where it runs."""
        return tuple(self._what(a, b))

    def _what(self, a: Node, b: Node) -> Iterator[str]:
        if numbered_op(a.op) != numbered_op(b.op):
            yield from _arguments(a, b)
        if list(map(str, a.types)) != list(map(str, b.types)):
            yield "shape"
        elif self._parameters(self.a, [a]) != self._parameters(self.b, [b]):
            yield "parameters"
        elif _first_weights(self.a, a) != _first_weights(self.b, b):
            yield "first weights"
        yield from self._reads(a, b)
        if a.device != b.device:
            yield f"on {a.device or 'any device'} -> on {b.device or 'any device'}"

    def _reads(self, a: Node, b: Node) -> Iterator[str]:
        """Another input, where both graphs have the old one and the new one."""
        partner, known = self.matching.partner, self._known
        old = [ref.node for ref in a.inputs if ref.node in partner]
        new = [ref.node for ref in b.inputs if ref.node in known]
        if len(old) == len(new):
            for before, after in zip(old, new, strict=True):
                if partner[before] != after:
                    yield f"reads {after}, not {before}"

    def _parameters(self, graph: Graph, nodes: Sequence[Node]) -> Dim:
        owned = self._owned_a if graph is self.a else self._owned_b
        return sum((owned.get(node.name, 0) for node in nodes), 0)

    @cached_property
    def _known(self) -> frozenset[str]:
        """The nodes of b that have a partner."""
        return frozenset(self.matching.partner.values())

    @cached_property
    def _owned_a(self) -> dict[str, Dim]:
        return _owned(self.a)

    @cached_property
    def _owned_b(self) -> dict[str, Dim]:
        return _owned(self.b)

    def _of_the_whole(self) -> Iterator[Change]:
        """Facts and outputs."""
        facts_a, facts_b = facts_of(self.a), facts_of(self.b)
        yield from (Change("removed", "where", (fact,)) for fact in facts_a if fact not in facts_b)
        yield from (Change("added", "where", (fact,)) for fact in facts_b if fact not in facts_a)
        for name, ref in self.a.outputs.items():
            if name not in self.b.outputs:
                yield Change("removed", f"output {name}", (f"was {ref}",), (str(self.a.type_of(ref)), None))
        for name, ref in self.b.outputs.items():
            if name not in self.a.outputs:
                yield Change("added", f"output {name}", (f"is {ref}",), (None, str(self.b.type_of(ref))))
        for name, old in self.a.outputs.items():
            new = self.b.outputs.get(name, old)
            partner = self.matching.partner.get(old.node, new.node)
            if name in self.b.outputs and new.node in self._known and partner != new.node:
                yield Change("changed", f"output {name}", (f"from {new}, not {old}",))


def difference(a: Graph, b: Graph) -> Difference:
    """Compare two graphs.

    >>> from cnngraph.elaborate.elaborate import elaborate
    >>> from cnngraph.elaborate.modules import load_text
    >>> old, new = (elaborate(load_text(f"net n(x: 3@8x8) {{ conv({c}, 3x3); relu }}")) for c in (4, 6))
    >>> [(change.kind, change.path, change.what) for change in difference(old, new).changes]
    [('changed', 'conv', ('features 4 -> 6', 'shape')), ('changed', 'relu', ('shape',))]
    """
    found = Difference(a, b, match(a, b))
    alone = any(pair.a is None or pair.b is None for pair in leaves(found.matching.pairs))
    return Difference(a, b, match_in_order(a, b)) if alone and found.same else found


def _operators(graph: Graph) -> int:
    return len(graph.nodes) - len(graph.states) - len(graph.inputs)


def _activation_bytes(graph: Graph) -> Dim:
    """Bytes of the results of all operators, for one sample."""
    return activation_bytes([node for node in graph if not isinstance(node.op, Input | State)])


def _key(item: Item) -> object:
    """Tells the parts of a graph apart: a block may have the path of a node."""
    return isinstance(item, Node), path_of(item)


def _shown_name(item: Item) -> str:
    """The word that a file gives; a number says only which of several it is."""
    return segment(path_of(item)).partition("[")[0]


def _arguments(a: Node, b: Node) -> Iterator[str]:
    """The arguments that differ, or both operators where they are not the same one."""
    if type(a.op) is not type(b.op):
        yield f"{a.op} -> {b.op}"
        return
    for field in dataclasses.fields(a.op):
        old, new = getattr(a.op, field.name), getattr(b.op, field.name)
        is_cell = isinstance(old, str) and "\n" in old
        if _text(old) != _text(new):  # facts of the sizes in them are told by themselves
            yield field.name if is_cell else f"{field.name} {_text(old)} -> {_text(new)}"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first_weights(graph: Graph, node: Node) -> list[tuple[str, bool]]:
    """How the states of a node begin, and whether they are trained."""
    ops = [graph[ref.node].op for ref in node.inputs]
    return [(op.initial, op.trainable) for op in ops if isinstance(op, State)]


def _owned(graph: Graph) -> dict[str, Dim]:
    """Trainable numbers of each node that is the first to read them."""
    owned: dict[str, Dim] = {}
    for state in graph.states:
        if isinstance(state.op, State) and state.op.trainable and (readers := graph.users[state.name]):
            owned[readers[0].name] = owned.get(readers[0].name, 0) + total_elements([state.type])
    return owned
