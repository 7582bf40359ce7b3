"""Parts that are gone in one place and new in another: they have moved.

    conv  lrn  maxpool  dense        a
    conv  maxpool  lrn  dense        b: `lrn` has moved

Two parts are the same one if their operators are the same, in the same order. In another block that says something only
of layers with weights and of labelled parts: a `relu` here and a `relu` there are two.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnngraph.compare.numbered import numbered_op
from cnngraph.ir.graph import Node
from cnngraph.render.outline import Frame, Item, nodes_in, path_of, segment

if TYPE_CHECKING:
    from cnngraph.compare.match import Pair


@dataclass(frozen=True)
class _Lone:
    """A part that one graph has alone, in a block of the second graph."""

    item: Item
    block: str


def moves(pairs: Sequence[Pair]) -> Iterator[tuple[Item, Item]]:
    """The parts of the first graph that have moved, each with what it is in the second."""
    alone = list(_alone(pairs, ""))
    gone = [_Lone(pair.a, block) for pair, block in alone if pair.a is not None]
    new = [_Lone(pair.b, block) for pair, block in alone if pair.b is not None]
    for key in (_in_its_block, _anywhere):
        found = list(_equal(gone, new, key))
        yield from ((before.item, after.item) for before, after in found)
        taken = {id(each) for pair in found for each in pair}
        gone, new = ([each for each in lone if id(each) not in taken] for lone in (gone, new))


def _alone(pairs: Sequence[Pair], block: str) -> Iterator[tuple[Pair, str]]:
    for pair in pairs:
        if pair.a is None or pair.b is None:
            yield pair, block
        else:
            yield from _alone(pair.inner, pair.path)


def _equal(
    gone: Sequence[_Lone], new: Sequence[_Lone], key: Callable[[_Lone], Hashable | None]
) -> Iterator[tuple[_Lone, _Lone]]:
    """Pairs of equal keys, in order; None is equal to nothing."""
    waiting: dict[Hashable, list[_Lone]] = {}
    for before in gone:
        if (found := key(before)) is not None:
            waiting.setdefault(found, []).append(before)
    for after in new:
        if (found := key(after)) is not None and waiting.get(found):
            yield waiting[found].pop(0), after


def _in_its_block(lone: _Lone) -> Hashable:
    return lone.block, _label(lone.item), _operators(lone.item)


def _anywhere(lone: _Lone) -> Hashable | None:
    label = _label(lone.item)
    heavy = any(node.op.counts_depth for node in nodes_in(lone.item))
    return (label, _operators(lone.item)) if label or heavy else None


def _label(item: Item) -> str:
    """The word that the file gives, if it gives one."""
    word = segment(path_of(item))
    return "" if word.endswith("]") or (isinstance(item, Node) and word == item.op.name) else word


def _operators(item: Item) -> Hashable:
    return isinstance(item, Frame), tuple(str(numbered_op(node.op)) for node in nodes_in(item))
