"""Which node of one graph is which of another: by the labels of the file, then by structure.

Blocks are matched from the outside in. The parts of two matched blocks are lists, and what they have in common is
found by these keys in turn, each in the gaps that the ones before it have left:

    label       the word that the file gives: `conv1` is `conv1`, whatever it has become
    structure   the same operators, and the same shapes of all that they read and give
    work        the same operators and results, on other inputs
    path        the same word and number: `conv[2]` is `conv[2]`
    kind        the same word or operator: `conv[2]` may be `conv[3]`

A number is the place in a row of equal words, which a new neighbour changes: hence structure before it. A part that
has moved past another one has no partner here; `moves` finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from cnngraph.compare.moves import moves
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.render.outline import Frame, Item, base, nodes_in, outline, path_of, segment

Key = Callable[[Graph, Item], Hashable]
Place = tuple[int, int]  # in the first list, in the second


@dataclass(frozen=True)
class Pair:
    """A part of the first graph, of the second, or of both, with the matched parts inside it in order."""

    a: Item | None
    b: Item | None
    inner: tuple[Pair, ...] = ()

    @property
    def path(self) -> str:
        """Where it stands: in the second graph, if it is there."""
        return path_of(self._item)

    @property
    def _item(self) -> Item:
        item = self.b if self.b is not None else self.a
        assert item is not None
        return item


@dataclass(frozen=True)
class Matching:
    """The pairs of all parts, and for each node of the first graph that has a partner its name in the second.

    `moved` are parts that have no partner in their place, but an equal part elsewhere.
    """

    pairs: tuple[Pair, ...]
    partner: dict[str, str] = field(default_factory=dict)
    moved: tuple[tuple[Item, Item], ...] = ()


def match(a: Graph, b: Graph) -> Matching:
    """Match the nodes of two graphs; states follow their nodes.

    >>> from cnngraph.ir.text import from_text
    >>> small = from_text("graph s\\nx: f32[batch, 4] = input\\na: f32[batch, 4] = relu <- x\\noutput y = a")
    >>> other = from_text("graph o\\nx: f32[batch, 4] = input\\nb: f32[batch, 4] = relu <- x\\noutput y = b")
    >>> match(small, other).partner
    {'x': 'x', 'a': 'b'}
    """
    whole = _pair((a, b), outline(a), outline(b))
    matching = Matching(whole.inner, moved=tuple(moves(whole.inner)))
    for pair in leaves(whole.inner):
        if isinstance(pair.a, Node) and isinstance(pair.b, Node):
            matching.partner[pair.a.name] = pair.b.name
    return matching


def match_in_order(a: Graph, b: Graph) -> Matching:
    """Match the first node with the first, and so on, of two graphs that differ in nothing but names."""
    both = [(x, y) for x, y in zip(a, b, strict=True) if not isinstance(x.op, State)]
    return Matching(tuple(Pair(x, y) for x, y in both), {x.name: y.name for x, y in both})


def leaves(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """The pairs that hold no others: nodes, and whole blocks that only one graph has."""
    for pair in pairs:
        if pair.inner:
            yield from leaves(pair.inner)
        else:
            yield pair


def _pair(graphs: tuple[Graph, Graph], a: Frame, b: Frame) -> Pair:
    partner = dict(_common(graphs, a.items, b.items, KEYS))  # place in a -> place in b
    inner = [_pair_of(graphs, a.items[i], b.items[j]) for i, j in sorted(partner.items())]
    return Pair(a, b, tuple(_in_order(a.items, b.items, partner, inner)))


def _pair_of(graphs: tuple[Graph, Graph], a: Item, b: Item) -> Pair:
    return _pair(graphs, a, b) if isinstance(a, Frame) and isinstance(b, Frame) else Pair(a, b)


def _common(
    graphs: tuple[Graph, Graph], a: Sequence[Item], b: Sequence[Item], keys: Sequence[Key]
) -> Iterator[Place]:
    """Pairs of places, in order on both sides: by the first key, and by the others in the gaps between those."""
    if not (a and b and keys):
        return
    key, *others = keys
    left = [(i, k) for i, item in enumerate(a) if (k := key(graphs[0], item)) is not None]
    right = [(j, k) for j, item in enumerate(b) if (k := key(graphs[1], item)) is not None]
    i = j = 0
    for x, y in _same([k for _, k in left], [k for _, k in right]):
        end = left[x][0], right[y][0]
        yield from _in_gap(graphs, a, b, (i, j), end, others)
        yield end
        i, j = end[0] + 1, end[1] + 1
    yield from _in_gap(graphs, a, b, (i, j), (len(a), len(b)), others)


def _in_gap(
    graphs: tuple[Graph, Graph], a: Sequence[Item], b: Sequence[Item], start: Place, end: Place, keys: Sequence[Key]
) -> Iterator[Place]:
    found = _common(graphs, a[start[0] : end[0]], b[start[1] : end[1]], keys)
    return ((start[0] + i, start[1] + j) for i, j in found)


def _same(a: Sequence[Hashable], b: Sequence[Hashable]) -> Iterator[Place]:
    """Places of equal keys, in order on both sides: what both begin and end with, and the blocks in between."""
    shorter = min(len(a), len(b))
    head = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    tail = next((i for i in range(shorter - head) if a[-1 - i] != b[-1 - i]), shorter - head)
    yield from ((i, i) for i in range(head))
    middle = SequenceMatcher(None, a[head : len(a) - tail], b[head : len(b) - tail], autojunk=False)
    for block in middle.get_matching_blocks():
        yield from ((head + block.a + step, head + block.b + step) for step in range(block.size))
    yield from ((len(a) - tail + i, len(b) - tail + i) for i in range(tail))


def _label(_: Graph, item: Item) -> Hashable:
    word = segment(path_of(item))
    unlabelled = word.endswith("]") or (isinstance(item, Node) and word == item.op.name)
    return None if unlabelled else (isinstance(item, Frame), word)


def _structure(graph: Graph, item: Item) -> Hashable:
    read = [tuple(map(str, graph.input_types(node))) for node in nodes_in(item)]  # with the shapes of weights
    return _work(graph, item), tuple(read)


def _work(_: Graph, item: Item) -> Hashable:
    given = [(str(node.op), *map(str, node.types)) for node in nodes_in(item)]
    return isinstance(item, Frame), tuple(given)


def _path(_: Graph, item: Item) -> Hashable:
    return isinstance(item, Frame), segment(path_of(item))


def _kind(_: Graph, item: Item) -> Hashable:
    return ("operator", item.op.name) if isinstance(item, Node) else ("block", base(item.path))


KEYS: tuple[Key, ...] = (_label, _structure, _work, _path, _kind)


def _in_order(
    a: Sequence[Item], b: Sequence[Item], partner: dict[int, int], inner: Sequence[Pair]
) -> Iterator[Pair]:
    """The parts of b in their order; a part that only a has stands where it stood, behind the one before it."""
    pair_at = dict(zip(sorted(partner), inner, strict=True))
    place = {j: i for i, j in partner.items()}
    only_a: dict[int, list[Pair]] = {}
    behind = -1
    for i, item in enumerate(a):
        if i in partner:
            behind = partner[i]
        else:
            only_a.setdefault(behind, []).append(Pair(item, None))
    yield from only_a.get(-1, ())
    for j, item in enumerate(b):
        yield pair_at[place[j]] if j in place else Pair(None, item)
        yield from only_a.get(j, ())
