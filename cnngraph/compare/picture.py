"""Two graphs as one picture: what was added is green, what was removed red and dashed, what has changed amber.

What has moved is purple, and dashed where it was.

The picture is that of the second graph, with the nodes that only the first one has at the places where they stood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Unpack

from cnngraph.compare.difference import Difference
from cnngraph.compare.match import Pair
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.render.colour import tint
from cnngraph.render.dot import save
from cnngraph.render.options import Options
from cnngraph.render.outline import nodes_in, path_of, segment
from cnngraph.render.overlay import Mark, Overlay
from cnngraph.render.style import GREEN, ORANGE, PURPLE, RED, WHITE

MARKS = {
    "added": Mark(tint(GREEN, 0.4), GREEN),
    "removed": Mark(tint(RED, 0.3), RED, dashed=True, arrows="all"),
    "changed": Mark(tint(ORANGE, 0.55), ORANGE, arrows="none"),
    "moved": Mark(tint(PURPLE, 0.5), PURPLE),
    "moved from here": Mark(tint(PURPLE, 0.25), PURPLE, dashed=True, arrows="all"),
}
GONE = ("removed", "moved from here")


def save_picture(found: Difference, path: Path, **options: Unpack[Options]) -> Path:
    """Write the picture as svg, png, pdf or dot, as the ending of the file says."""
    both = union(found)
    named: Options = {"title": f"{found.a.name} -> {found.b.name}", **options, "overlay": both.overlay}
    return save(both.graph, path, **named)


@dataclass
class Union:
    """All nodes of the second graph, and those of the first that were removed, under names that are free."""

    found: Difference
    names: dict[str, str] = field(default_factory=dict)  # node of a -> node of the picture
    kind_of: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)

    @property
    def graph(self) -> Graph:
        return replace(self.found.b, nodes=tuple(self.nodes), updates={})

    @property
    def overlay(self) -> Overlay:
        return Overlay(self.kind_of, MARKS, "difference", WHITE, self.hints)


def union(found: Difference) -> Union:
    """The graph of the picture. It is for drawing only: a node may also read what was removed before it."""
    whole = Union(found, dict(found.matching.partner))
    taken = {path for node in found.b for path in _paths(node.name)}
    order = list(_in_order(whole, found.matching.pairs, "", taken))
    whole.nodes += found.b.states
    for state in found.a.states:
        readers = [whole.names[user.name] for user in found.a.users[state.name] if _is_removed(whole, user)]
        if readers:
            whole.names[state.name] = f"{readers[0]}.{state.name.rpartition('.')[2]}"
            whole.nodes.append(replace(state, name=whole.names[state.name], colocated=None))
    old = {name: node for node, name in ((found.a[n], whole.names[n]) for n in found.matching.partner)}
    whole.nodes += [_joined(whole, node, old.get(node.name)) for node in order]
    return whole


def _is_removed(whole: Union, node: Node) -> bool:
    return whole.kind_of.get(whole.names.get(node.name, "")) in GONE


def _in_order(whole: Union, pairs: Sequence[Pair], block: str, taken: set[str]) -> Iterator[Node]:
    """The nodes of both graphs in the order of the pairs, with their kinds noted; `block` is where they stand in b."""
    for pair in pairs:
        if pair.b is None:
            yield from _removed(whole, pair, block, taken)
        elif pair.a is None:
            new = whole.found.moved_nodes.values()
            for node in nodes_in(pair.b):
                whole.kind_of[node.name] = "moved" if node.name in new else "added"
                yield node
        elif isinstance(pair.a, Node) and isinstance(pair.b, Node):
            if what := whole.found.what(pair.a, pair.b):
                whole.kind_of[pair.b.name] = "changed"
                whole.hints[pair.b.name] = f"{pair.b.name}: {', '.join(what)}"
            yield pair.b
        else:
            yield from _in_order(whole, pair.inner, path_of(pair.b), taken)


def _paths(name: str) -> Iterator[str]:
    """The name and all blocks that it stands in."""
    words = name.split(".")
    return (".".join(words[:i]) for i in range(1, len(words) + 1))


def _removed(whole: Union, pair: Pair, block: str, taken: set[str]) -> Iterator[Node]:
    """The nodes of a part that only a has, at their place in b."""
    assert pair.a is not None
    path = path_of(pair.a)
    place = f"{block}.{segment(path)}" if block else segment(path)
    if place in taken:
        place = f"{place} (removed)"
    taken.add(place)
    for node in nodes_in(pair.a):
        name = whole.names[node.name] = place + node.name[len(path) :]
        whole.kind_of[name] = "moved from here" if node.name in whole.found.moved_nodes else "removed"
        yield replace(node, name=name, colocated=None)


def _joined(whole: Union, node: Node, old: Node | None) -> Node:
    """A node with its inputs under the names of the picture, and with the removed inputs that it had before."""
    if whole.kind_of.get(node.name) in GONE:
        return replace(node, inputs=tuple(Ref(whole.names[ref.node], ref.index) for ref in node.inputs))
    before = [Ref(whole.names.get(ref.node, ""), ref.index) for ref in (old.inputs if old else ())]
    gone = [ref for ref in before if whole.kind_of.get(ref.node) in GONE]
    return replace(node, inputs=(*node.inputs, *gone))
