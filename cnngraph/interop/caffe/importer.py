"""From the layers of a prototxt to a graph, layer by layer; what a layer means stands in `meaning`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeAlias

import numpy as np

from cnngraph.diagnostics import Span, error
from cnngraph.interop.assembly import Assembly, Refusal
from cnngraph.interop.caffe.blob import Blob, type_of
from cnngraph.interop.caffe.network import Layer, Network, Value
from cnngraph.interop.caffe.prototxt import fault
from cnngraph.interop.channels_first import image_axes
from cnngraph.interop.imported import Axes
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.op import Array, Op
from cnngraph.ops.flatten import Flatten
from cnngraph.ops.reshape import Reshape
from cnngraph.ops.shuffle import Shuffle

Meaning: TypeAlias = "Callable[[Importer, Layer, list[Blob]], list[Blob]]"

SILENT = (
    "param", "blobs_lr", "weight_decay", "loss_weight", "propagate_down", "phase", "blob_share_mode", "name", "type",
    "top", "bottom", "include", "exclude", "engine", "weight_filler", "bias_filler", "filler", "loss_param",
    "lr_mult", "decay_mult", "share_mode",
)  # fmt: skip
"""Fields of any layer that say how it is trained or where it runs."""


@dataclass(frozen=True)
class Source:
    """Where the array of a state is: blobs of a layer, by index, each with its shape; `turn` makes ours of them.

    Where the file of weights has no such layer, Caffe leaves what `filled` gives, if there is such a rule.
    """

    layer: str
    blobs: Mapping[int, tuple[int, ...]]
    turn: Callable[..., Array] = np.asarray
    filled: Callable[[], Array] | None = None


Known: TypeAlias = "Source | float"  # a number stands for an array that is full of it


class Importer:
    """The state of one import: the blobs so far, where each state of the graph comes from, and what was refused."""

    def __init__(self, network: Network, table: Mapping[str, Meaning], shapes: Sequence[tuple[int, ...]] = ()) -> None:
        self.network, self.table = network, table
        self.shapes = list(shapes)  # of data whose size the file does not say, in its order
        self.assembly = Assembly(network.name)
        self.blobs: dict[Value, Blob] = {}
        self.sources: dict[str, Known] = {}
        self.norms: dict[Value, Node] = {}  # results of batch norms
        self.silenced: set[Value] = set()
        self.readers = Counter(value for layer in network.layers for value in layer.bottoms)
        self._given: dict[Ref, Blob] = {}
        self._shared: dict[str, Ref] = {}

    # ---- the whole ----

    def run(self) -> tuple[Graph, dict[str, Axes], dict[str, Axes]]:
        """The graph, and the axes of its inputs and outputs. Raises CnnGraphError with all that cannot be expressed."""
        for index, given in enumerate(self.network.inputs):
            if self.readers[Value(-1, index)]:
                blob = self.input(given.name, given.shape[1:], given.span)
                self.blobs[Value(-1, index)] = blob
        for layer in self.network.layers:
            self._layer(layer)
        if self.shapes and not self.assembly.found:
            raise error("E0801", f"the file says the sizes of its data: {len(self.shapes)} shapes are too many")
        outputs = {} if self.assembly.found else self._outputs()
        graph = self.assembly.finish({key: blob.ref for key, blob in outputs.items()})
        inputs = {node.name: self._given[node.ref].axes for node in graph.inputs}
        return graph, inputs, {key: blob.axes for key, blob in outputs.items()}

    def _layer(self, layer: Layer) -> None:
        meaning = self.table.get(layer.type)
        if meaning is None:
            self.assembly.refuse(str(layer), Refusal("this type of layer has no counterpart"), layer.span)
            return
        bottoms = [self.blobs[value] for value in layer.bottoms if value in self.blobs]
        if len(bottoms) < len(layer.bottoms):
            return  # it stands after a layer that was refused
        try:
            found = meaning(self, layer, bottoms)
            if len(found) < len(layer.tops):
                raise Refusal(f"it gives {len(found)} results, not {len(layer.tops)}")
            self.blobs.update(zip(layer.values(), found, strict=False))
        except Refusal as refusal:
            self.assembly.refuse(str(layer), refusal, layer.span)
            return
        for field in layer.fields.unread():
            if field.name not in SILENT:
                unknown = Refusal(f"the field `{field.name}` has no counterpart here")
                self.assembly.refuse(str(layer), unknown, field.span)

    def _outputs(self) -> dict[str, Blob]:
        """What no layer reads, by the names of the file."""
        given = set(self._given)
        found: dict[str, Blob] = {}
        for layer in self.network.layers:
            for value, top in zip(layer.values(), layer.tops, strict=True):
                blob = self.blobs[value]
                unread = not self.readers[value] and value not in self.silenced
                if unread and blob.ref not in given:
                    given.add(blob.ref)
                    try:
                        found[self.assembly.word(top, "result")] = self.settled(blob, layer)
                    except Refusal as refusal:
                        self.assembly.refuse(f"the result {top} of {layer}", refusal, layer.span)
        if not found and not self.assembly.found:
            raise error("E0801", "no layer of the network gives a result")
        return found

    # ---- what the meanings of layers use ----

    def input(self, name: str, sizes: Sequence[int], span: Span) -> Blob:
        if not sizes:
            raise fault(span, f"the input {name} has no axis but the batch")
        type_ = type_of(tuple(sizes))
        blob = Blob(self.assembly.input(name, type_, span), type_, image_axes(len(sizes) - 1))
        self._given[blob.ref] = blob
        return blob

    def apply(
        self,
        layer: Layer,
        op: Op,
        operands: Sequence[Ref],
        sources: Mapping[str, Known] | None = None,
        part: str = "",
    ) -> Node:
        """The node of a layer, or of a `part` of it; `sources` says for each of its states where it comes from."""
        sources = sources or {}
        names = _names_of_blobs(layer)
        shared: dict[str, Ref] = {}
        for key, source in sources.items():
            if (name := _name(names, source)) in self._shared:
                shared[key] = self._shared[name]
        name = f"{layer.name}_{part}" if part else layer.name
        node = self.assembly.node(name, op, operands, layer.span, shared)
        for key, ref in zip(op.weights, node.inputs[len(operands) :], strict=False):
            self.sources.setdefault(ref.node, sources[key])
            if name := _name(names, sources[key]):
                self._shared.setdefault(name, ref)
        return node

    def image(self, blob: Blob, layer: Layer) -> Blob:
        """The blob as an image; a vector of channels becomes one of a single position."""
        if blob.is_image:
            return blob
        if blob.axes.places == (0, 1, None, None) and blob.axes.rank == 2:
            node = self.apply(layer, Reshape(type_of(blob.sizes)), [blob.ref], part="reshape")
            return Blob(node.ref, node.type, image_axes(2))
        raise Refusal(f"it needs an image, but the blob has the sizes {blob.sizes}")

    def vector(self, blob: Blob, layer: Layer) -> Blob:
        """(N, C, 1, 1) as (N, C)."""
        return self.flat(blob, layer) if blob.type.positions else blob

    def flat(self, blob: Blob, layer: Layer) -> Blob:
        """All values of a sample on one axis."""
        if len(blob.type.shape) == 2:
            return Blob(blob.ref, blob.type, image_axes(0), blob.flattened)
        node = self.apply(layer, Flatten(), [blob.ref], part="flatten")
        in_our_order = blob.axes.kept == sorted(blob.axes.kept)
        return Blob(node.ref, node.type, image_axes(0), None if in_our_order else blob)

    def settled(self, blob: Blob, layer: Layer) -> Blob:
        """The same blob; one that was flattened gets its values in the order of Caffe."""
        before = blob.flattened
        if before is None:
            return blob
        if not before.is_image:
            raise Refusal(f"a blob with the axes {before.axes.places} was flattened: that order is not expressed")
        node = self.apply(layer, Shuffle(prod(before.sizes[1:])), [blob.ref], part="order")
        return replace(blob, ref=node.ref, flattened=None)


def of_one(meaning: Callable[[Importer, Layer, Blob], Blob]) -> Meaning:
    """A layer with one bottom and one top."""

    def checked(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
        return [meaning(net, layer, only(bottoms))]

    return checked


def only(bottoms: list[Blob]) -> Blob:
    """The one bottom of a layer. Raises Refusal where there are others, or none."""
    if len(bottoms) != 1:
        raise Refusal(f"it reads one blob, not {len(bottoms)}")
    return bottoms[0]


def of_several(meaning: Callable[[Importer, Layer, list[Blob]], Blob]) -> Meaning:
    """A layer with one top."""

    def checked(net: Importer, layer: Layer, bottoms: list[Blob]) -> list[Blob]:
        if not bottoms:
            raise Refusal("it reads no blob")
        return [meaning(net, layer, bottoms)]

    return checked


def _name(names: Mapping[int, str], source: Known) -> str:
    """The name under which the blob of a state is shared, or none."""
    return names.get(next(iter(source.blobs)), "") if isinstance(source, Source) else ""


def _names_of_blobs(layer: Layer) -> dict[int, str]:
    """The names of its weights, by which layers share them: `param { name: ... }`, or `param: ...` in the old form."""
    fields = layer.fields
    if "param" not in fields:
        return {}
    old = fields.holds_text("param")
    names = fields.texts("param") if old else [param.text("name") for param in fields.each("param")]
    return {index: name for index, name in enumerate(names) if name}
