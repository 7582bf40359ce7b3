"""The parts of a picture: boxes, and clusters of them, made from the outline of a graph.

    conv -> batchnorm -> relu               one box of three rows
    a block that is nothing but such a box  that box, without a frame around it
    a block below the chosen depth          one box with its output shape and its parameters
    a block that is nothing but another     one frame with both titles
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias

from cnngraph.ir.counts import parameters
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.size import Dim
from cnngraph.render.outline import Frame, base, level, lies_in, nodes_in, segment, uses_of
from cnngraph.render.style import family, operands

Part: TypeAlias = "Cluster | Box"


@dataclass(frozen=True)
class Box:
    """Nodes drawn as one shape; a `block` is a whole block made small. `title` is the label in the file, if any."""

    name: str
    nodes: tuple[Node, ...]
    title: str = ""
    block: bool = False
    copies: int = 1
    covers: tuple[str, ...] = ()  # paths of all copies

    @property
    def last(self) -> Node:
        return self.nodes[-1]


@dataclass(frozen=True)
class Cluster:
    """A frame around parts, with its title."""

    path: str
    title: str
    parts: tuple[Part, ...]
    repeats: bool = False

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(box for part in self.parts for box in ((part,) if isinstance(part, Box) else part.boxes))


@dataclass(frozen=True)
class Arrow:
    """Values that go from one box to another.

    flow: the way on; skip: a longer way leads there too; gradient: from gradient to gradient;
    saved: a value that a gradient reads.
    """

    source: str
    target: str
    refs: tuple[Ref, ...]
    kind: Literal["flow", "skip", "gradient", "saved"] = "flow"


@dataclass(frozen=True)
class Parts:
    """Turns an outline into parts: what is too deep becomes a box, chains become boxes of several rows.

    Operators of different kinds are never rows of one box. `above` frames stand around what the file calls its blocks.
    Blocks that are `opened` are frames however deep they lie; what stands in them need not be.
    """

    graph: Graph
    depth: int
    expand: tuple[str, ...]
    kind_of: Mapping[str, str]
    ignored: frozenset[str]
    above: int = 0
    opened: frozenset[str] = frozenset()

    def framed(self, root: Frame) -> tuple[Part, ...]:
        """A cluster for each of the outermost frames, whatever stands in it."""
        frames = [item for item in root.items if isinstance(item, Frame)]
        assert len(frames) == len(root.items), "every node stands in a frame"
        return tuple(Cluster(frame.path, "", self.parts_of(replace(frame, path=""))) for frame in frames)

    def parts_of(self, frame: Frame) -> tuple[Part, ...]:
        parts: list[Part] = []
        for item in frame.items:
            part: Part = self._part(item, frame) if isinstance(item, Frame) else self._box(item)
            head = self._continued(parts, part)
            if head is None:
                parts.append(part)
            else:
                assert isinstance(part, Box)
                grown = parts[head]
                assert isinstance(grown, Box)
                parts[head] = replace(grown, nodes=grown.nodes + part.nodes)
        return tuple(parts)

    def _part(self, frame: Frame, outer: Frame) -> Part:
        parts = self.parts_of(frame)
        inner = parts[0]
        if len(parts) == 1 and isinstance(inner, Box) and frame.copies == 1:
            label = self._title(frame, outer) if self._is_marked(frame, outer) else label_of(frame, outer, self.above)
            repeats = f"{label}: {inner.title}" if label and inner.copies > 1 else None
            return replace(inner, title=repeats or label or inner.title)
        if len(parts) == 1 and isinstance(inner, Box) and not inner.title:
            return replace(inner, title=self._title(frame, outer), copies=frame.copies, covers=frame.covers)
        shown = touches(frame.path, self.expand) or frame.path in self.opened
        if level(frame.path) - self.above > self.depth and not shown:
            nodes = tuple(nodes_in(frame))
            return Box(frame.path, nodes, self._title(frame, outer), True, frame.copies, frame.covers)
        title = self._title(frame, outer)
        if isinstance(inner, Cluster) and len(parts) == 1:  # a frame in a frame says no more than both titles
            return replace(inner, title=f"{title} › {inner.title}", repeats=inner.repeats or frame.copies > 1)
        return Cluster(frame.path, title, parts, frame.copies > 1)

    def _title(self, frame: Frame, outer: Frame) -> str:
        """The words on a frame; a layer that is used several times with one set of weights says so."""
        if not self._is_marked(frame, outer):
            return title_of(frame, outer)
        return f"{title_of(frame, outer) if frame.copies > 1 else base(frame.path)} (shared)"

    def _is_marked(self, frame: Frame, outer: Frame) -> bool:
        """Whether a frame, and none around it, is one of several uses of the same weights."""
        return self._is_shared(frame) and not self._is_shared(outer)

    def _is_shared(self, frame: Frame) -> bool:
        """Whether all weights of a frame are read in the same place of another frame of that name."""
        read = [(node, ref.node) for node in nodes_in(frame) for ref in node.inputs if self._is_state(ref)]
        return bool(read) and all(self._is_read_elsewhere(frame, node, state) for node, state in read)

    def _is_read_elsewhere(self, frame: Frame, node: Node, state: str) -> bool:
        """Whether the counterpart of a node, in another frame of the same name, reads this state as well."""
        place = node.name.removeprefix(frame.path)
        others = [u.name for u in self.graph.users[state] if u.name not in self.ignored]
        homes = [name.removesuffix(place) for name in others if name.endswith(place)]
        return any(base(home) == base(frame.path) and home != frame.path for home in homes)

    def _is_state(self, ref: Ref) -> bool:
        return isinstance(self.graph[ref.node].op, State)

    def _box(self, node: Node) -> Box:
        plain = base(node.name) == str(node.op).partition("(")[0] or isinstance(node.op, Input)
        own = "" if plain else segment(node.name)
        return Box(node.name, (node,), own)

    def _continued(self, parts: list[Part], part: Part) -> int | None:
        """The place of the box that `part` goes on with, if it is only the next step of that box."""
        if not isinstance(part, Box) or part.block or part.title or not self._is_light(part.nodes[0]):
            return None
        node = part.nodes[0]
        for i, before in enumerate(parts):
            if isinstance(before, Box) and before.last.name in operands(node):
                return i if self._feeds_only(before, node) else None
        return None

    def _feeds_only(self, box: Box, node: Node) -> bool:
        last = box.last
        users = [user.name for user in self.graph.users[last.name] if user.name not in self.ignored]
        is_plain = not box.block and box.copies == 1 and family(self.graph, last) not in ("input", "merge")
        is_output = any(ref.node == last.name for ref in self.graph.outputs.values())
        same_kind = self.kind_of.get(last.name) == self.kind_of.get(node.name)
        return is_plain and users == [node.name] and not is_output and same_kind

    def _is_light(self, node: Node) -> bool:
        forward = family(self.graph, node) in ("activation", "normalisation", "reshape")
        return forward and len(operands(node)) == 1


def title_of(frame: Frame, outer: Frame) -> str:
    """The words on a frame: its label and its block, `i3a: inception`, or the block and the number of copies."""
    block = _block_name(frame, outer)
    if frame.copies > 1:
        return f"× {frame.copies}" if frame.is_group else f"{base(frame.path)} × {frame.copies}"
    word = segment(frame.path)
    return f"{word}: {block}" if block and block != base(frame.path) else word


def label_of(frame: Frame, outer: Frame, above: int = 0) -> str:
    """The label that the file gives to a block use; the name of an unlabelled one says nothing new."""
    block = _block_name(frame, outer)
    if block is not None:
        return "" if block == base(frame.path) else segment(frame.path)
    return segment(frame.path) if level(frame.path) - above == 1 and "[" not in segment(frame.path) else ""


def _block_name(frame: Frame, outer: Frame) -> str | None:
    """The block that a frame is a use of, where the nodes know their origin."""
    depth, uses = len(uses_of(outer)) if outer.path else 0, uses_of(frame)
    return uses[depth].block if len(uses) > depth else None


def touches(path: str, expand: Collection[str]) -> bool:
    """Whether a path is to be shown in full: it stands in, or around, one of `expand`."""
    return any(lies_in(path, wanted) or lies_in(wanted, path) for wanted in expand)


def box_parameters(graph: Graph, box: Box) -> Dim:
    """Trainable numbers of all copies of a block."""
    return sum((parameters(graph, path) for path in box.covers or (box.name,)), 0)
