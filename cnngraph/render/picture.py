"""What a picture shows, before any drawing: boxes in clusters (`parts`), repeats folded (`fold`), and arrows.

Not for colours or text: `dot` writes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from cnngraph.diagnostics import error
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.leaves import State
from cnngraph.render.backward import Backward
from cnngraph.render.fold import Folding
from cnngraph.render.outline import Frame, backward_nodes, level, nodes_in, outline, path_of
from cnngraph.render.parts import Arrow, Cluster, Parts, touches

READABLE = 120  # boxes: more than this, and the automatic depth shows less


@dataclass(frozen=True)
class Picture:
    root: Cluster
    arrows: tuple[Arrow, ...]
    outputs: Mapping[str, tuple[str, Ref]]  # name -> the box it leaves, its value
    backward: frozenset[str]
    comes: tuple[str, ...] = ()  # boxes into which, and from which, ways lead that are left out
    goes: tuple[str, ...] = ()

    @cached_property
    def merges(self) -> frozenset[str]:
        """Boxes where branches meet."""
        ways = Counter(arrow.target for arrow in self.arrows if arrow.kind in ("flow", "skip"))
        return frozenset(name for name, count in ways.items() if count > 1)


def picture(
    graph: Graph,
    depth: int | None = None,
    expand: Collection[str] = (),
    kind_of: Mapping[str, str] | None = None,
    above: int = 0,
    readable: int = READABLE,
    opened: Collection[str] = (),
) -> Picture:
    """Boxes, clusters and arrows of `graph`; without a `depth`, the deepest one that stays readable.

    Nodes of different kinds are not folded into one. The outermost `above` (0 or 1) blocks, devices, are always frames,
    as are those that are `opened`. Where all blocks as boxes are still too many, neighbours of one name become one box.
    """
    backward = backward_nodes(graph)
    tree = outline(graph, without=backward)
    check_paths(tree, expand)
    folding = Folding(graph, lambda path: touches(path, expand), kind_of or {}, backward)
    folded = folding.fold(tree)
    shapes = [(depth, folded)] if depth is not None else _smaller(folding, folded, above)
    for chosen, shape in shapes:
        parts = Parts(graph, chosen, tuple(expand), kind_of or {}, backward, above, frozenset(opened))
        root = Cluster("", graph.name, parts.framed(shape) if above else parts.parts_of(shape))
        if len(root.boxes) * (2 if backward else 1) <= readable:
            break
    home = _homes(root, folding.shown)
    arrows = _arrows(graph, root, home)
    outputs = {name: (home[ref.node], ref) for name, ref in graph.outputs.items() if ref.node in home}
    added = Backward(graph, backward, root.boxes, home, arrows)
    joined = added.in_frames(root) if above else replace(root, parts=(*root.parts, *added.parts))
    return Picture(joined, (*arrows, *added.arrows), outputs, backward)


def _smaller(folding: Folding, folded: Frame, above: int) -> Iterator[tuple[int, Frame]]:
    """What may be drawn, from all there is to the least: a depth and an outline."""
    yield from ((depth, folded) for depth in range(_deepest(folded) - above, -1, -1))
    yield 0, folding.gather(folded)


def _homes(root: Cluster, shown: Mapping[str, str]) -> dict[str, str]:
    """The box of each node; that of a folded copy is the box of the node drawn in its place."""
    home = {node.name: box.name for box in root.boxes for node in box.nodes}
    return home | {hidden: home[first] for hidden, first in _resolved(shown).items()}


def _arrows(graph: Graph, root: Cluster, home: Mapping[str, str]) -> tuple[Arrow, ...]:
    found: dict[tuple[str, str], dict[Ref, None]] = {}
    for box in root.boxes:
        for ref in (ref for node in box.nodes for ref in node.inputs):
            if not isinstance(graph[ref.node].op, State) and home[ref.node] != box.name:
                found.setdefault((home[ref.node], box.name), {})[ref] = None
    place = {node.name: i for i, node in enumerate(graph)}
    ranks = _ranks({box.name: place[box.nodes[0].name] for box in root.boxes}, list(found))
    ways = Counter(source for source, _ in found)
    return tuple(
        Arrow(a, b, tuple(refs), "skip" if ways[a] > 1 and ranks[b] - ranks[a] > 1 else "flow")
        for (a, b), refs in found.items()
    )


def _resolved(shown: Mapping[str, str]) -> dict[str, str]:
    """For each hidden node the one that is drawn: a copy in a copy leads on to the first of all."""

    def drawn(name: str) -> str:
        while name in shown:
            name = shown[name]
        return name

    return {name: drawn(name) for name in shown}


def _ranks(place: Mapping[str, int], arrows: list[tuple[str, str]]) -> dict[str, int]:
    """Longest way from an input to each box; arrows against the order of the graph are left out."""
    ranks = dict.fromkeys(place, 0)
    for source, target in sorted(arrows, key=lambda a: place[a[0]]):
        if place[source] < place[target]:
            ranks[target] = max(ranks[target], ranks[source] + 1)
    return ranks


def check_paths(tree: Frame, expand: Collection[str]) -> None:
    """Refuse paths that are no block and no node: E0101."""
    known = {frame.path for frame in _frames(tree)} | {node.name for node in nodes_in(tree)}
    for path in expand:
        if path not in known:
            blocks = ", ".join(path_of(i) for i in tree.items if isinstance(i, Frame)) or "none"
            raise error("E0101", f"there is no block `{path}`", f"blocks of this network: {blocks}")


def _frames(frame: Frame) -> Iterator[Frame]:
    yield frame
    for item in frame.items:
        if isinstance(item, Frame):
            yield from _frames(item)


def _deepest(tree: Frame) -> int:
    return max((level(frame.path) for frame in _frames(tree) if frame.path), default=0)
