"""What a picture of volumes shows: feature maps with their sizes as numbers, and how each is made of those before it.

    c1: conv(6, 5x5) -> tanh      one volume 6@28x28, made by a window 5x5 over the volume before it
    norm1: lrn(5)                 none: the volume before it, with other numbers in it
    i3a: inception(...)           one volume, where the block is not drawn in full

Sizes that are still symbols stand for numbers here, since a picture has lengths; the texts keep the symbols.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise, product
from math import prod

from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.size import Dim, SizeError, bind
from cnngraph.ir.types import TensorType
from cnngraph.ir.window import Window
from cnngraph.render.caption import SIGNS, full_text, shape_text, shortened
from cnngraph.render.parts import Box, Cluster
from cnngraph.render.picture import Picture, picture
from cnngraph.render.style import family, operands

READABLE = 34  # boxes of a picture whose depth nobody chose
QUIET = ("activation", "normalisation")  # families that make no new volume
GRIDS, LINES = (224, 256, 240, 384, 512, 64, 32), (16, 32, 64, 48, 24)  # what is tried for symbols
MAIN = ("convolution", "dense", "pooling")  # a block has the colour of the first of these in it
FROM_TO = re.compile(r"(\w+)\[(\d+)\] to \1\[(\d+)\]")  # neighbours drawn as one
LONGEST = 24  # characters of a label


@dataclass(frozen=True)
class Volume:
    """A value in the picture: `positions` and `channels` as numbers, its words, and what made it.

    `kernel` are the positions that its window covers along each axis, `grows` says that the window lies in this volume
    and not in the one before it (transposed convolution). A merge with a `sign` is a circle; one that puts its operands
    side by side has their channels as `parts`.
    """

    name: str
    family: str
    positions: tuple[int, ...]
    channels: int
    size: str
    title: str = ""
    operator: str = ""
    sign: str = ""
    kernel: tuple[int, ...] = ()
    window: str = ""
    grows: bool = False
    parts: tuple[int, ...] = ()
    hint: str = ""

    @property
    def is_vector(self) -> bool:
        return prod(self.positions) == 1

    def telling_window(self) -> Volume:
        """The same with its window in words."""
        return replace(self, operator=f"{self.operator} {self.window}", kernel=()) if self.window else self

    @property
    def words(self) -> tuple[str, ...]:
        """The lines below it, the title first; an empty line is left out."""
        lines = (self.title,) if self.sign else (self.title, self.size, self.operator)
        return tuple(filter(None, lines))


@dataclass(frozen=True)
class Group:
    """A labelled block of the file and the volumes that stand in it."""

    title: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Volumes:
    """All volumes in order, the pairs (source, target) that depend on each other, and the labelled blocks."""

    items: tuple[Volume, ...]
    links: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...] = ()

    @cached_property
    def grouped(self) -> frozenset[str]:
        """Names of the volumes that stand in a labelled block."""
        return frozenset(name for group in self.groups for name in group.names)

    @cached_property
    def by_name(self) -> Mapping[str, Volume]:
        return {item.name: item for item in self.items}


def volumes(graph: Graph, depth: int | None = None, expand: tuple[str, ...] = ()) -> Volumes:
    """The volumes of `graph`; without a `depth`, the deepest one that stays readable."""
    return _Making(graph, picture(graph, depth, expand, readable=READABLE), numbers_for(graph)).volumes()


def numbers_for(graph: Graph) -> Mapping[str, int]:
    """A number for each symbol, such as the network allows; those of sequences are smaller than those of images."""
    in_lines = {name for node in graph.inputs if len(node.type.positions) == 1 for name in node.type.symbols}
    names = [name for name in graph.symbols if name != "batch"]
    for grid, line in product(GRIDS, LINES) if names else ():
        chosen = {name: line if name in in_lines else grid for name in names}
        try:
            graph.bind(**chosen)
        except SizeError:
            continue
        return chosen
    return {}


@dataclass(frozen=True)
class _Making:
    graph: Graph
    picture: Picture
    numbers: Mapping[str, int]

    def volumes(self) -> Volumes:
        made: dict[str, list[Volume]] = {}
        end: dict[str, str] = {}  # of each box: the volume that leaves it
        links: dict[tuple[str, str], None] = {}
        for box in self.picture.root.boxes:
            fed = [end[a.source] for a in self.picture.arrows if a.target == box.name and a.source in end]
            parts = self._made_of(box)
            if not parts and len(fed) == 1:
                end[box.name] = fed[0]
                continue
            parts = parts or [self._volume(box, box.last)]
            made[box.name], end[box.name] = parts, parts[-1].name
            chain = [(before.name, after.name) for before, after in pairwise(parts)]
            links |= dict.fromkeys([*((source, parts[0].name) for source in fed), *chain])
        groups = self._groups(made)
        alone = {group.names[0]: group.title for group in groups if len(group.names) == 1}
        items = [volume for parts in made.values() for volume in parts]
        named = (replace(item, title=item.title or alone.get(item.name, "")) for item in items)
        return Volumes(tuple(named), tuple(links), tuple(group for group in groups if len(group.names) > 1))

    def _made_of(self, box: Box) -> list[Volume]:
        """The volumes of a box; none where it only changes the numbers in the volume before it."""
        if box.block:
            return [self._block(box)]
        found: list[Volume] = []
        for node in box.nodes:
            if not self._is_quiet(node):
                found.append(self._volume(box, node))
            elif found and found[-1].is_vector:
                found[-1] = replace(found[-1], size=shape_text(node.type))  # of 120@1x1 flattened: 120
        return [*found[:-1], replace(found[-1], title=self._label(box))] if found else []

    def _is_quiet(self, node: Node) -> bool:
        """Whether a node makes no new volume: other numbers in the same places, or the same numbers in a row."""
        if len(operands(node)) != 1:
            return False
        before, kind = self.graph.input_types(node)[0], family(self.graph, node)
        is_row = kind == "reshape" and len(node.type.shape) == 2 and before.elements == node.type.elements
        return is_row or (kind in QUIET and before == node.type)

    def _label(self, box: Box) -> str:
        """The label that the file gives, without the block that it is a use of."""
        label = box.title.partition(": ")[0]
        return "" if "×" in label else shortened(label, LONGEST)

    def _block(self, box: Box) -> Volume:
        own = {node.name for node in box.nodes}
        outside = [n for n in box.nodes if any(user.name not in own for user in self.graph.users[n.name])]
        label, _, block = FROM_TO.sub(r"\1 \2–\3", box.title).partition(": ")
        title, operator = ("", label) if not block and any(sign in label for sign in "×[–") else (label, block)
        made = self._volume(box, (outside or [box.last])[-1])
        kinds = [family(self.graph, node) for node in box.nodes]
        kind = next((name for name in MAIN if name in kinds), "block")
        plain = replace(made, family=kind, kernel=(), window="", grows=False, parts=(), sign="", hint=box.title)
        return replace(plain, name=box.name, title=shortened(title, LONGEST), operator=shortened(operator, LONGEST))

    def _volume(self, box: Box, node: Node) -> Volume:
        positions, channels = self._numbers(node.type)
        before = self.graph.input_types(node)
        kind = family(self.graph, node)
        window = getattr(node.op, "window", None)
        slides = isinstance(window, Window) and bool(before) and len(before[0].positions) == len(positions) > 0
        times = f" × {box.copies}" if box.copies > 1 else ""
        return Volume(
            node.name,
            kind,
            positions,
            channels,
            shape_text(node.type),
            "",
            "" if kind == "input" else shortened(f"{node.op.name}{times}", LONGEST),
            SIGNS.get(node.op.name, "") if kind == "merge" else "",
            _spread(window, len(positions)) if slides and isinstance(window, Window) else (),
            str(window) if slides else "",
            slides and prod(positions) > prod(self._numbers(before[0])[0]),
            self._parts(node, channels),
            full_text(self.graph, node),
        )

    def _parts(self, node: Node, channels: int) -> tuple[int, ...]:
        """Channels of the operands, where they add up to those of the result."""
        types = self.graph.input_types(node)[: len(operands(node))]
        found = tuple(self._numbers(type_)[1] for type_ in types)
        return found if len(found) > 1 and sum(found) == channels else ()

    def _numbers(self, type_: TensorType) -> tuple[tuple[int, ...], int]:
        if len(type_.shape) < 2:
            return (), 1
        positions = tuple(self._number(size) for size in type_.positions)
        return positions, 1 if type_.vocabulary is not None else self._number(type_.channels)

    def _number(self, size: Dim) -> int:
        found = bind(size, self.numbers)
        return max(found, 1) if isinstance(found, int) else 1

    def _groups(self, made: Mapping[str, list[Volume]]) -> tuple[Group, ...]:
        outer = [part for part in self.picture.root.parts if isinstance(part, Cluster)]
        found = ((part.title, [v.name for box in part.boxes for v in made.get(box.name, ())]) for part in outer)
        return tuple(Group(title, tuple(names)) for title, names in found if names)


def _spread(window: Window, rank: int) -> tuple[int, ...]:
    return window.size if len(window.size) == rank else window.size[:1] * rank
