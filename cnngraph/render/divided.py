"""A divided graph as a picture: each device is a frame with what it runs, and the values that cross are thick arrows.

    image  conv1  pool  conv2           the graph; conv1 and pool are on gpu0
    gpu0(image  conv1  pool)  gpu1(conv2)      its outline: the devices are the outermost blocks

A device is written into the paths of its nodes, so that blocks are folded, shortened and framed in each device as in a
whole network; a block that is cut has a part in several devices.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from cnngraph.cost.quantity import bytes_text, seconds_text
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.partition.groups import forward_nodes
from cnngraph.partition.partition import GOALS, Cut, Partition, Stage
from cnngraph.render.caption import Line, full_text, grid, shape_text, shortened
from cnngraph.render.colour import tint
from cnngraph.render.labels import Labels, Look
from cnngraph.render.outline import backward_nodes, lies_in, outline
from cnngraph.render.parts import Arrow, Box, Cluster
from cnngraph.render.picture import Picture, check_paths, picture
from cnngraph.render.style import INK, device_colours

READABLE = 36  # boxes: the devices are to be seen at a glance
LONGEST_NAME = 30
HEADINGS = ("device", "load", "compute", "communication", "memory")
REMARK = "thick arrows: values that cross, and their bytes in one run"
NAMED = 3  # values that an arrow names; more are counted


@dataclass(frozen=True)
class Divided:
    """The graph of a partition with a device as the first word of each path (behind `gradient`, `update`, `again`).

    Where the network goes back and forth between devices, frames would tear it apart: then they are colours only, and
    no path is changed.
    """

    partition: Partition

    @cached_property
    def framed(self) -> bool:
        """Whether the network visits its devices one after another."""
        forward, device_of = forward_nodes(self._whole), self.partition.device_of
        before: dict[str, set[str]] = {stage.device.name: set() for stage in self.partition.stages}
        for name in forward:
            before[device_of[name]] |= {device_of[ref.node] for ref in self._whole[name].inputs if ref.node in forward}
        while free := [device for device, waits in before.items() if not (waits - {device}) & before.keys()]:
            for device in free:
                del before[device]
        return not before

    @cached_property
    def graph(self) -> Graph:
        names = self._path_of
        refs = {Ref(node.name, k): Ref(names[node.name], k) for node in self._whole for k in range(len(node.types))}
        nodes = [
            replace(
                node,
                name=names[node.name],
                inputs=tuple(refs[ref] for ref in node.inputs),
                colocated=names.get(node.colocated or ""),
            )
            for node in self._whole
        ]
        outputs = {name: refs[ref] for name, ref in self._whole.outputs.items()}
        updates = {names[state]: refs[ref] for state, ref in self._whole.updates.items()}
        return Graph(self._whole.name, tuple(nodes), outputs, updates, self._whole.facts)

    def picture(self, depth: int | None, expand: Collection[str]) -> Picture:
        """What is drawn; `depth` and `expand` are about the blocks of the network. Errors: E0101."""
        check_paths(outline(self._whole, without=backward_nodes(self._whole)), expand)
        paths = [f"{frame}.{path}" for path in expand for frame in self.frames.values()] if self.framed else expand
        known = [path for path in paths if any(lies_in(name, path) for name in self.node_of)]
        return picture(self.graph, depth, known, self.frame_of, int(self.framed), READABLE, self._cut_blocks)

    @cached_property
    def node_of(self) -> Mapping[str, str]:
        """The node of the network for each path."""
        return {path: name for name, path in self._path_of.items()}

    @cached_property
    def frame_of(self) -> Mapping[str, str]:
        """The frame of each path."""
        return {path: self.frames[self.partition.device_of[name]] for path, name in self.node_of.items()}

    @cached_property
    def stage_of(self) -> Mapping[str, Stage]:
        """The stage of each frame."""
        return {self.frames[stage.device.name]: stage for stage in self.partition.stages}

    @cached_property
    def cut_of(self) -> Mapping[Ref, Cut]:
        """What crosses, by the value as the picture knows it."""
        return {Ref(self._path_of[cut.value.node], cut.value.index): cut for cut in self.partition.cuts}

    @cached_property
    def _cut_blocks(self) -> frozenset[str]:
        """The blocks in which a value goes from device to device, and those around them."""
        found = set()
        for node in self.graph:
            for ref in node.inputs:
                if self.frame_of[ref.node] != self.frame_of[node.name]:
                    same = takewhile(
                        lambda pair: pair[0] == pair[1], zip(*map(_blocks, (ref.node, node.name)), strict=False)
                    )
                    found |= {block for block, _ in same}
        return frozenset(found)

    @cached_property
    def frames(self) -> Mapping[str, str]:
        """A word for each device: its name may hold dots and brackets."""
        return {stage.device.name: f"device{i}" for i, stage in enumerate(self.partition.stages)}

    @cached_property
    def _path_of(self) -> Mapping[str, str]:
        added = backward_nodes(self._whole)
        return {node.name: self._path(node, node.name in added) for node in self._whole}

    def _path(self, node: Node, added: bool) -> str:
        if not self.framed:
            return node.name
        frame = self.frames[self.partition.device_of[node.name]]
        first, dot, rest = node.name.partition(".")
        return f"{first}.{frame}{dot}{rest}" if added and dot else f"{frame}.{node.name}"

    @property
    def _whole(self) -> Graph:
        return self.partition.graph


@dataclass(frozen=True, kw_only=True)
class DeviceLabels(Labels):
    """The words and colours of a divided graph."""

    divided: Divided

    def headline(self, title: str) -> str:
        """How good the division is; and for each device its load and its memory, the busiest bold."""
        found, stages = self.divided.partition, self.divided.stage_of
        goal, bound = found.goal_text(found.goal), found.goal_text(found.lower_bound_seconds)
        good = f"{GOALS[found.objective]} {goal}, lower bound {bound}, gap {found.gap:.1%}"
        count = f"{title} on {len(stages)} device{'s' * (len(stages) > 1)}"
        lines = [Line((count,), size="title"), Line((good,)), Line(HEADINGS)]
        for frame, stage in stages.items():
            lines.append(Line(_figures(stage), self._colours[frame], stage.load_seconds == found.bottleneck_seconds))
        return grid([*lines, Line((REMARK,), size="small")], self.view.style)

    def frame(self, cluster: Cluster) -> Look:
        """A device in its colour, lighter; blocks and gradients in it."""
        stage = self.divided.stage_of.get(cluster.path) if self.divided.framed else None
        if stage is None:
            return super().frame(cluster)
        busiest = stage.load_seconds == self.divided.partition.bottleneck_seconds
        return Look(stage.label, tint(self._colours[cluster.path], 0.3), INK, busiest, bold=True)

    def legend(self) -> None:
        """The headline says it."""

    def fill(self, node: Node) -> str:
        """The colour of the device."""
        return self._colours[self.divided.frame_of[node.name]]

    def gradient_fill(self, box: Box) -> str:
        """The colour of the device."""
        return self.fill(box.last)

    def block_fills(self, box: Box) -> list[str]:
        """The colours of its devices."""
        return list(dict.fromkeys(map(self.fill, box.nodes)))

    def block_texts(self, box: Box) -> list[str]:
        """The shape of a block, and what it takes; on which devices, if there are several."""
        seconds = sum(self.divided.partition.seconds_of[self.divided.node_of[node.name]] for node in box.nodes)
        frames = dict.fromkeys(self.divided.frame_of[node.name] for node in box.nodes)
        devices = ", ".join(self.divided.stage_of[frame].label for frame in frames)
        where = [shortened(f"on {devices}")] if len(frames) > 1 else []
        return [super().block_texts(box)[0], seconds_text(seconds * box.copies), *where]

    def fed(self, node: Node) -> str:
        """The text of an input of the network."""
        return f"{self.divided.node_of[node.name]} {shape_text(node.type)}"

    def hint(self, node: Node) -> str:
        """What the node is in the network."""
        whole = self.divided.partition.graph
        return full_text(whole, whole[self.divided.node_of[node.name]])

    def cut(self, arrow: Arrow) -> list[str] | None:
        """The values that cross, with their shapes and bytes; empty where the device has them from another arrow."""
        return self._cuts.get((arrow.source, arrow.target))

    @cached_property
    def _cuts(self) -> Mapping[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        sent: set[tuple[Ref, str]] = set()
        for arrow in self.picture.arrows:
            crossing = self._crossing(arrow)
            if crossing:
                found[arrow.source, arrow.target] = self._told([ref for ref, _ in crossing if (ref, _) not in sent])
                sent.update(crossing)
        return found

    def _crossing(self, arrow: Arrow) -> list[tuple[Ref, str]]:
        """The values of an arrow that are read on another device, with that device."""
        nodes, frame_of = self.boxes[arrow.target].nodes, self.divided.frame_of
        ends = {frame_of[self.boxes[end].last.name] for end in (arrow.source, arrow.target)}
        if self.divided.framed and len(ends) == 1:
            return []  # a gradient beside its layer: what both read came along another arrow
        readers = {ref: node.name for node in nodes for ref in node.inputs}
        pairs = [(ref, frame_of[readers.get(ref, nodes[0].name)]) for ref in arrow.refs]
        return [(ref, frame) for ref, frame in pairs if frame_of[ref.node] != frame and ref in self.divided.cut_of]

    def _told(self, refs: list[Ref]) -> list[str]:
        cuts = [self.divided.cut_of[ref] for ref in refs]
        if len(cuts) > NAMED:
            return [f"{len(cuts)} values", bytes_text(sum(cut.bytes for cut in cuts))]
        type_of = self.divided.partition.graph.type_of
        pairs = [(_ending(str(c.value)), f"{shape_text(type_of(c.value))}, {bytes_text(c.bytes)}") for c in cuts]
        return [line for pair in pairs for line in pair]

    @cached_property
    def _colours(self) -> Mapping[str, str]:
        return device_colours(self.divided.stage_of)


def _figures(stage: Stage) -> tuple[str, ...]:
    times = stage.load_seconds, stage.compute_seconds, stage.communication_seconds + stage.exchange_seconds
    memory = f"{bytes_text(stage.peak_bytes)} of {bytes_text(stage.device.memory_bytes)}"
    return (stage.label, *map(seconds_text, times), memory)


def _blocks(path: str) -> list[str]:
    """The blocks that a node stands in, outermost first."""
    words = path.split(".")
    return [".".join(words[:i]) for i in range(1, len(words))]


def _ending(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
