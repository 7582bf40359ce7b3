"""The backward part of a picture: beside each box one box with its gradients, and the arrows between those upwards.

    image                              gradient
      v
    conv, relu  - - - saved - - ->     conv: x, weight; relu: x
      v                                  ^
    loss        - - - saved - - ->     loss: x
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import Input, State
from cnngraph.ops.gradient import Gradient
from cnngraph.render.outline import AGAIN, GRADIENT, UPDATE, lies_in
from cnngraph.render.parts import Arrow, Box, Cluster, Part


@dataclass(frozen=True)
class Backward:
    """Gradient boxes for the forward `boxes`; `home` is the box of each forward node, copies included."""

    graph: Graph
    names: frozenset[str]
    boxes: tuple[Box, ...]
    home: Mapping[str, str]
    arrows_forward: tuple[Arrow, ...]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """A cluster `gradient`, with one box beside each box, and one for each node that belongs to no layer."""
        beside = [self._twin_of(box) for box in self.boxes]
        others = [Box(node.name, (node,)) for node in self.nodes if self._box_of(node.name) == node.name]
        gradients = (*(box for box in beside if box.nodes), *others)
        return (Cluster(GRADIENT, GRADIENT, gradients),) if gradients else ()

    def in_frames(self, root: Cluster) -> Cluster:
        """The root, all of whose parts are frames, with the gradients of each frame in that frame."""
        inner: dict[str, list[Part]] = {part.path: list(part.parts) for part in root.parts if isinstance(part, Cluster)}
        beside: dict[str, list[Box]] = {}
        for box in (box for cluster in self.parts if isinstance(cluster, Cluster) for box in cluster.boxes):
            beside.setdefault(box.name.split(".")[1], []).append(box)
        for path, boxes in beside.items():
            inner.setdefault(path, []).append(Cluster(twin(path), GRADIENT, tuple(boxes)))
        return replace(root, parts=tuple(Cluster(path, "", tuple(parts)) for path, parts in inner.items()))

    @cached_property
    def arrows(self) -> tuple[Arrow, ...]:
        """Gradients against the forward arrows, and what a box keeps for its gradients."""
        return (*self._between_gradients(), *self._saved())

    def _between_gradients(self) -> list[Arrow]:
        mirrored = {(twin(a.target), twin(a.source)) for a in self.arrows_forward}
        beside = {twin(box.name) for box in self.boxes}
        found: dict[tuple[str, str], dict[Ref, None]] = {}
        for node in self.nodes:
            target = self._box_of(node.name)
            for ref in (ref for ref in node.inputs if ref.node in self._drawn):
                pair = self._box_of(ref.node), target
                if pair[0] != target and (pair in mirrored or not beside.issuperset(pair)):
                    found.setdefault(pair, {})[ref] = None
        return [Arrow(source, target, tuple(refs), "gradient") for (source, target), refs in found.items()]

    def _saved(self) -> list[Arrow]:
        read: dict[str, dict[Ref, None]] = {}
        for node in self.nodes:
            forward = [ref for ref in node.inputs if ref.node in self.home]
            if forward:
                read.setdefault(self._box_of(node.name), {}).update(dict.fromkeys(forward))
        return [
            Arrow(box.name, twin(box.name), tuple(read[twin(box.name)]), "saved")
            for box in self.boxes
            if twin(box.name) in read
        ]

    def _twin_of(self, box: Box) -> Box:
        own = {node.name for node in box.nodes}
        nodes = tuple(node for node in self.nodes if self.layers.get(node.name) in own)
        return Box(twin(box.name), nodes, box.title, box.block, box.copies)

    def _box_of(self, name: str) -> str:
        """The gradient box of a backward node; its own where it belongs to no layer."""
        layer = self.layers.get(name)
        return name if layer is None else twin(self.home[layer])

    @cached_property
    def layers(self) -> Mapping[str, str]:
        """The forward node that each backward node belongs to, where there is one."""
        found = {node.name: self._layer(node) for node in self.nodes}
        return {name: layer for name, layer in found.items() if layer is not None}

    def _layer(self, node: Node) -> str | None:
        """The layer that a node shares its device with, or else the longest path of a layer in its own."""
        words = node.name.split(".")[1:]
        paths = [".".join(words[:i]) for i in range(len(words), 0, -1)]
        return next((name for name in (node.colocated, *paths) if name in self.home), None)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """What is drawn: neither states nor the learning rate."""
        kept = (node for node in self.graph if node.name in self.names)
        return tuple(node for node in kept if not isinstance(node.op, State | Input))

    @cached_property
    def _drawn(self) -> frozenset[str]:
        return frozenset(node.name for node in self.nodes)


def gradient_rows(box: Box) -> list[str]:
    """The gradients of a box, one row for each layer: `conv: x, weight, bias`; `again`, `update` if there are."""
    wanted: dict[str, list[str]] = {}
    operators: dict[str, str] = {}
    for node in box.nodes:
        if isinstance(node.op, Gradient):
            layer = node.name.rpartition(".")[0]
            operators[layer] = node.op.of.name
            wanted.setdefault(layer, []).extend(node.op.wanted)
    rows = [f"{operators[layer]}: {', '.join(names)}" for layer, names in reversed(wanted.items())]
    return rows + [word for word in (AGAIN, UPDATE) if any(lies_in(node.name, word) for node in box.nodes)]


def twin(name: str) -> str:
    """Name of the box of gradients beside a box."""
    return f"{GRADIENT}.{name}"
