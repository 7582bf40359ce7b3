"""Work in order, taken apart into chains that can run side by side.

             +-> b -> c -+
    items  a-+           +-> f        levels: [a] [b c, d e] [f]; each level waits for the one before
             +-> d -> e -+

An item waits for an earlier one if either of them writes what the other one touches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Touches: TypeAlias = tuple[Sequence[object], Sequence[object]]


def chains_by_level(
    items: Sequence[T], touches: Sequence[tuple[Sequence[object], Sequence[object]]]
) -> list[list[list[T]]]:
    """The items, as chains at each level; `touches` has what each of them reads, and what it writes.

    >>> chains_by_level("abcdef", [("", "a"), ("a", "b"), ("b", "c"), ("a", "d"), ("d", "e"), ("ce", "f")])
    [[['a']], [['b', 'c'], ['d', 'e']], [['f']]]
    """
    before = _awaited(touches)
    after: list[list[int]] = [[] for _ in items]
    for i, awaited in enumerate(before):
        for other in awaited:
            after[other].append(i)
    chain: list[int] = []  # of each item: the first one of its chain
    level: dict[int, int] = {}
    for i, awaited in enumerate(before):
        (only,) = awaited if len(awaited) == 1 else (None,)
        if only is not None and len(after[only]) == 1:
            chain.append(chain[only])
        else:
            chain.append(i)
            level[i] = 1 + max((level[chain[other]] for other in awaited), default=-1)
    found: list[dict[int, list[T]]] = [{} for _ in range(max(level.values(), default=-1) + 1)]
    for i, item in enumerate(items):
        found[level[chain[i]]].setdefault(chain[i], []).append(item)
    return [list(chains.values()) for chains in found]


def _awaited(touches: Sequence[Touches]) -> list[set[int]]:
    """For each item the earlier ones that it waits for."""
    written: dict[object, int] = {}
    read: dict[object, list[int]] = {}
    found: list[set[int]] = []
    for i, (reads, writes) in enumerate(touches):
        awaited = {written[key] for key in (*reads, *writes) if key in written}
        awaited |= {other for key in writes for other in read.get(key, ())}
        found.append(awaited - {i})
        for key in reads:
            read.setdefault(key, []).append(i)
        written.update((key, i) for key in writes)
    return found
