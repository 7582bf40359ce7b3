"""The blocks of a graph as the tree that the graph view opens and closes, with all copies of what repeats.

    box       {"nodes": [4, 5, 6], "title": "conv1"}        nodes drawn as rows of one box: conv -> batchnorm -> relu
    block     {"path": "i3a", "title": "i3a: inception", "items": [...]}
    repeat    {"path": "b[1] to b[36]", "title": "b × 36", "copies": [...]}        each copy is a box or a block

Numbers are places in the list of nodes. What the static pictures fold, gather and chain is folded, gathered and chained
here as well; a block of too many items is divided into sections, so that it can be opened step by step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, takewhile
from math import ceil, isqrt
from typing import Any, NamedTuple, TypeAlias

from cnngraph.ir.graph import Graph
from cnngraph.render.fold import Folding
from cnngraph.render.outline import GRADIENT, Frame, outline, segment
from cnngraph.render.parts import Box, Cluster, Part, Parts

Item: TypeAlias = dict[str, Any]

MANY = 12  # items of a block: with more, neighbours of one name are gathered
MOST = 60  # items of a block: with more, it is divided into sections
DEEPEST = 10_000  # blocks in blocks


def tree(
    graph: Graph,
    place: Mapping[str, int],
    kinds: Mapping[str, str],
    backward: frozenset[str],
    layers: Mapping[str, str],
) -> list[Item]:
    """The items of the whole network.

    place:    in the list of nodes, of those that are drawn.
    kinds:    nodes of different kinds are not folded or chained.
    backward: nodes of the backward part; they get a tree like that of the forward part, in a block `gradient`.
    layers:   the forward node of each of those, where it belongs to one.
    """
    folding = Folding(graph, lambda path: False, kinds, backward)
    folded = folding.gather(folding.fold(outline(graph, without=backward)), MANY)
    parts = Parts(graph, DEEPEST, (), kinds, backward).parts_of(folded)
    forward = _Tree(place, dict(_repeats(folded))).items(parts, "")
    return [*forward, *_Backward(place, backward, layers).items(forward)]


def _repeats(frame: Frame) -> Iterator[tuple[str, Covers]]:
    """The copies of each frame by the path of its cluster, which of a frame in a frame is that of the inner one."""
    for item in frame.items:
        if isinstance(item, Frame):
            yield from _repeats(item)
            if item.copies > 1:
                yield item.path, Covers(item.copies, item.covers)
                yield from _only(item, item.covers)


def _only(frame: Frame, places: tuple[str, ...]) -> Iterator[tuple[str, Covers]]:
    """The frame that is all there is in `frame`, which stands at each of these places; and so on inwards."""
    inner = frame.items[0]
    if len(frame.items) == 1 and isinstance(inner, Frame):
        own = inner.covers or (inner.path,)
        paths = tuple(place + path[len(frame.path) :] for place in places for path in own)
        yield inner.path, Covers(len(places) * inner.copies, paths)
        if not inner.is_group:
            yield from _only(inner, paths)


class Covers(NamedTuple):
    """How many copies there are, and the paths of what stands in them."""

    copies: int
    paths: tuple[str, ...]


@dataclass(frozen=True)
class _Tree:
    """Turns parts into items; `repeats` are the frames of several copies by their paths."""

    place: Mapping[str, int]
    repeats: Mapping[str, Covers]

    def items(self, parts: tuple[Part, ...], path: str) -> list[Item]:
        return _sections([self._item(part) for part in parts], path, self._names)

    def _item(self, part: Part) -> Item:
        if isinstance(part, Box):
            return self._repeat(part, part.copies, part.covers) if part.copies > 1 else self._box(part)
        found = self.repeats.get(part.path)
        return self._repeat(part, *found) if found else self._block(part)

    def _box(self, box: Box) -> Item:
        titled = {"title": box.title} if box.title else {}
        return {"nodes": [self.place[node.name] for node in box.nodes], **titled}

    def _block(self, cluster: Cluster) -> Item:
        return {"path": cluster.path, "title": cluster.title, "items": self.items(cluster.parts, cluster.path)}

    def _repeat(self, first: Part, copies: int, covers: tuple[str, ...]) -> Item:
        period = len(covers) // copies
        groups = [covers[i : i + period] for i in range(0, len(covers), period)]
        around = _shared(covers[0], covers[-1])
        made = [self._copy(first, dict(zip(groups[0], group, strict=True)), around) for group in groups]
        return {"path": _span(covers[0], covers[-1]), "title": first.title, "copies": made}

    def _copy(self, first: Part, paths: Mapping[str, str], around: int) -> Item:
        """The copy of `first` that stands at these paths; its title begins after the words that all copies share."""
        found = list(paths.values())
        whole = _span(found[0], found[-1]) if len(found) > 1 else found[0]
        title = ".".join(whole.split(".")[around:])
        if isinstance(first, Box):
            return self._renamed(self._box(replace(first, title=title)), paths)
        items = [self._renamed(item, paths) for item in self.items(first.parts, first.path)]
        return {"path": whole, "title": title, "items": items}

    def _renamed(self, item: Item, paths: Mapping[str, str]) -> Item:
        if "nodes" in item:
            return {**item, "nodes": [self.place[_moved(self._names[i], paths)] for i in item["nodes"]]}
        inner = "items" if "items" in item else "copies"
        return {**item, "path": _moved(item["path"], paths), inner: [self._renamed(i, paths) for i in item[inner]]}

    @cached_property
    def _names(self) -> list[str]:
        return list(self.place)


def _moved(path: str, paths: Mapping[str, str]) -> str:
    """`a[2].conv` where `a[1]` has become `a[2]`."""
    found = next(old for old in paths if path == old or path.startswith((f"{old}.", f"{old} ")))
    return paths[found] + path[len(found) :]


def _span(first: str, last: str) -> str:
    return f"{first} to {'.'.join(last.split('.')[_shared(first, last) :])}"


def _shared(first: str, last: str) -> int:
    """How many words two paths share at their beginnings."""
    pairs = zip(first.split("."), last.split("."), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _sections(items: list[Item], path: str, names: list[str]) -> list[Item]:
    """Too many items as neighbours in sections, all of about the same number, titled by their first and last nodes."""
    if len(items) <= MOST:
        return items
    count = ceil(len(items) / max(MANY, isqrt(len(items))))
    bounds = [len(items) * i // count for i in range(count + 1)]
    parts = [items[a:b] for a, b in pairwise(bounds)]
    prefix = f"{path}." if path else ""
    return [
        {
            "path": f"{prefix}part {i} of {count}",
            "title": f"{segment(names[_end(part[0], 0)])} to {segment(names[_end(part[-1], -1)])}",
            "items": part,
        }
        for i, part in enumerate(parts, 1)
    ]


def _end(item: Item, at: int) -> int:
    """The first (0) or last (-1) node of an item."""
    return int(item["nodes"][at]) if "nodes" in item else _end((item.get("items") or item["copies"])[at], at)


@dataclass(frozen=True)
class _Backward:
    """The gradients as a tree like that of the forward part: each box has the nodes that belong to its nodes."""

    place: Mapping[str, int]
    backward: frozenset[str]
    layers: Mapping[str, str]

    def items(self, forward: list[Item]) -> list[Item]:
        inner = [twin for item in forward if (twin := self._twin(item))]
        others = [{"nodes": [i]} for name, i in self.place.items() if name in self.backward - self.layers.keys()]
        found = _sections([*inner, *others], GRADIENT, list(self.place))
        return [{"path": GRADIENT, "title": GRADIENT, "items": found}] if found else []

    def _twin(self, item: Item) -> Item | None:
        if "nodes" in item:
            nodes = sorted(twin for i in item["nodes"] for twin in self._of.get(i, ()))
            return {**item, "nodes": nodes} if nodes else None
        inner = "items" if "items" in item else "copies"
        twins = [twin for each in item[inner] if (twin := self._twin(each))]
        return {**item, "path": f"{GRADIENT}.{item['path']}", inner: twins} if twins else None

    @cached_property
    def _of(self) -> Mapping[int, list[int]]:
        """The nodes that belong to each forward node."""
        found: dict[int, list[int]] = {}
        for name, layer in self.layers.items():
            found.setdefault(self.place[layer], []).append(self.place[name])
        return found
