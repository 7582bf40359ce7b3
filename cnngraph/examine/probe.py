"""A layer as a function of the one image that leads to it: its values, and gradients of any of its units.

One graph serves all units: the sum of the values of the layer, each times a weight that is fed, is differentiated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnngraph.autodiff.grad import grad
from cnngraph.diagnostics import error
from cnngraph.examine.layers import image_of, layer_of
from cnngraph.examine.room import batch_for
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import Input
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.ops.weighted_sum import WeightedSum
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.runner import Runner
from cnngraph.train.feeds import cut


@dataclass(frozen=True, eq=False)
class Probe:
    """The values of `layer` for images, and the gradient of a weighted sum of them by the node `by`."""

    layer: Node
    source: Node
    weight: str
    by: str
    runner: Runner

    def values(self, images: Array) -> Array:
        """(N, positions..., C) of the layer for images (N, H, W, C)."""
        parts = [self._run(images[part], [self.layer.name])[self.layer.name] for part in self._parts(images)]
        return np.concatenate(parts)

    def slopes(self, images: Array, weights: Array) -> Array:
        """d sum(weights * values) / d `by`, for each image by itself; weights (N, ...) or (1, ...)."""
        return np.concatenate([self._slopes(images[part], _rows(weights, part)) for part in self._parts(images)])

    def _slopes(self, images: Array, weights: Array) -> Array:
        name = f"gradient.{self.by}"
        full = np.broadcast_to(weights, (len(images), *weights.shape[1:])).astype(self.layer.type.dtype)
        return self._run(images, [name], {self.weight: np.ascontiguousarray(full)})[name]

    def _run(self, images: Array, fetch: list[str], more: dict[str, Array] | None = None) -> dict[str, Array]:
        fed = np.ascontiguousarray(images.astype(self.source.type.dtype, copy=False))
        return self.runner.run({self.source.name: fed, **(more or {})}, fetch)

    def _parts(self, images: Array) -> list[Array]:
        return list(cut(np.arange(len(images)), batch_for(self.runner.graph, {self.source.name: images})))


def probe(net: Net, layer: str, by: str | None = None) -> Probe:
    """A probe of a layer, a label or a block; `by` is the node to differentiate by, the image without it.

    Raises E0101 for an unknown layer, E0702 where not just one image leads to it, E0204 where no gradient does.
    """
    form = run(net.graph, INFERENCE)
    node = layer_of(form, layer)
    source = image_of(form, node.name)
    if node.type.vocabulary is not None or isinstance(node.op, Input):
        raise error("E0705", f"{node.name} holds no features to look at: it is {node.type}", "choose a layer behind it")
    graph, weight = _with_sum(form.fetch([node.name]), node, by or source.name)
    return Probe(node, source, weight, by or source.name, Runner(graph, net.runner().states, settings=net.settings))


def _with_sum(graph: Graph, node: Node, by: str) -> tuple[Graph, str]:
    """The graph with the weighted sum of a node and its gradient by another; the name of the weights."""
    builder = Builder(graph)
    weight = builder.add(builder.fresh("examined.weights"), Input(node.type))
    total = builder.add(builder.fresh("examined.sum"), WeightedSum(), [node.ref, weight.ref])
    return grad(builder.finish(graph.name, graph.outputs), total.ref, [by]), weight.name


def _rows(weights: Array, part: Array) -> Array:
    return weights if len(weights) == 1 else weights[part]
