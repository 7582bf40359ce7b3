"""The blocks of a graph as a tree, read off the paths of its nodes: `i3a.conv_relu[2].conv` stands in two blocks.

    image  i3a.conv_relu[1].conv  i3a.conv_relu[1].relu  i3a.concat        four nodes
    (image  i3a(conv_relu[1](conv  relu)  concat))                         their outline

States are left out: a picture shows what is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeAlias

from cnngraph.diagnostics import Use
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.ops.gradient import Gradient

Item: TypeAlias = "Frame | Node"

GRADIENT, UPDATE, AGAIN = "gradient", "update", "again"  # first words of the paths of what autodiff and training add


@dataclass(frozen=True)
class Frame:
    """A block: its path and what stands in it in order; where repeats were folded, the copies and their paths."""

    path: str
    items: tuple[Item, ...]
    copies: int = 1
    covers: tuple[str, ...] = ()

    @property
    def is_group(self) -> bool:
        """Whether several siblings, not one block, are what repeats."""
        return len(self.covers) > self.copies


@dataclass
class _Open:
    """A frame that is still being filled: nodes by name, inner frames by path."""

    path: str
    items: dict[tuple[bool, str], _Open | Node] = field(default_factory=dict)

    def inner(self, path: str) -> _Open:
        found = self.items.setdefault((True, path), _Open(path))
        assert isinstance(found, _Open)
        return found

    def close(self) -> Frame:
        return Frame(self.path, tuple(i.close() if isinstance(i, _Open) else i for i in self.items.values()))


def outline(graph: Graph, without: Collection[str] = ()) -> Frame:
    """The tree of blocks of `graph`, some nodes left out; its root has an empty path."""
    root = _Open("")
    for node in graph:
        if not isinstance(node.op, State) and node.name not in without:
            frame = root
            for path in _blocks(node.name):
                frame = frame.inner(path)
            frame.items[False, node.name] = node
    return root.close()


def nodes_in(item: Item) -> Iterator[Node]:
    """All nodes of a block, in order."""
    if isinstance(item, Node):
        yield item
    else:
        for inner in item.items:
            yield from nodes_in(inner)


def path_of(item: Item) -> str:
    return item.name if isinstance(item, Node) else item.path


def segment(path: str) -> str:
    """The last word of a path: `conv_relu[2]` of `i3a.conv_relu[2]`."""
    return path.rpartition(".")[2]


def base(path: str) -> str:
    """The last word without its index: `conv_relu`."""
    return segment(path).partition("[")[0]


def backward_nodes(graph: Graph) -> frozenset[str]:
    """Names of the nodes that differentiation and training add to a network; none where nothing is differentiated.

    What reads one of them is one as well, such as the norm of all gradients.
    """
    if not any(isinstance(node.op, Gradient) for node in graph):
        return frozenset()
    added: set[str] = set()
    for node in graph:
        if node.name.partition(".")[0] in (GRADIENT, UPDATE, AGAIN) or any(ref.node in added for ref in node.inputs):
            added.add(node.name)
    rates = {n.name for n in graph.inputs if {user.name for user in graph.users[n.name]} <= added}
    return frozenset(added | rates)


def level(path: str) -> int:
    """How deep a block lies: 0 for the whole network, 1 for its blocks."""
    return len(path.split(".")) if path else 0


def lies_in(path: str, block: str) -> bool:
    """Whether `path` is `block` or stands in it."""
    return not block or path == block or path.startswith(f"{block}.")


def uses_of(item: Item) -> tuple[Use, ...]:
    """The block uses that all nodes of an item have in common, outermost first."""
    stacks = [node.origin.uses if node.origin else () for node in nodes_in(item)]
    same = takewhile(lambda level: len(set(level)) == 1, zip(*stacks, strict=False))
    return tuple(level[0] for level in same)


def _blocks(name: str) -> list[str]:
    words = name.split(".")
    return [".".join(words[:i]) for i in range(1, len(words))]
