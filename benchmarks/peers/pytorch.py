"""Runs the forward part of a graph in PyTorch, node by node: channels first, weights as PyTorch keeps them.

    graph (ours, channels last)   x (N, H, W, C)  -> conv, weight (h, w, C, K)  -> y (N, H', W', K)
    here  (theirs)                x (N, C, H, W)  -> F.conv2d, (K, C, h, w)     -> y (N, K, H', W')

Not for gradient or optimizer nodes: PyTorch differentiates by itself, and has optimizers of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from benchmarks.peers.meaning import Axes, Tensor, axes_of, values_of
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array


class Peer:
    """A graph without gradients, with its states as tensors. Trainable states ask for gradients."""

    def __init__(self, graph: Graph, states: Mapping[str, Array], gradients: bool = False) -> None:
        self.graph = graph
        self.states: dict[str, Tensor] = {}
        for node in graph.states:
            trained = gradients and isinstance(node.op, State) and node.op.trainable
            self.states[node.name] = to_theirs(states[node.name], self._axes(node)).requires_grad_(trained)

    def feeds(self, arrays: Mapping[str, Array]) -> dict[str, Tensor]:
        """Arrays for the inputs, as PyTorch wants them."""
        return {node.name: to_theirs(arrays[node.name], self._axes(node)) for node in self.graph.inputs}

    def run(self, feeds: Mapping[str, Tensor]) -> dict[Ref, Tensor]:
        """Every result of every node."""
        return values_of(self.graph, {**self.states, **feeds})

    def outputs(self, values: Mapping[Ref, Tensor]) -> dict[str, Array]:
        """The outputs of the graph as arrays, channels last."""
        refs = self.graph.outputs.items()
        return {name: to_ours(values[ref], self._axes(self.graph[ref.node])) for name, ref in refs}

    def ours(self, name: str, value: Tensor) -> Array:
        """A tensor in the place of the input or state `name` (itself, or its gradient), as an array of ours."""
        return to_ours(value, self._axes(self.graph[name]))

    def _axes(self, node: Node) -> Axes:
        return axes_of(self.graph, node)


def to_theirs(value: Array, axes: Axes) -> Tensor:
    """A copy with PyTorch's order of axes; images keep our order in memory, which is PyTorch's faster one too."""
    tensor = torch.from_numpy(np.array(np.transpose(value, axes), order="C"))
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


def to_ours(value: Tensor, axes: Axes) -> Array:
    return np.array(np.transpose(value.detach().numpy(), np.argsort(axes)), order="C")


# ---- what is timed ----


def inference(graph: Graph, states: Mapping[str, Array], arrays: Mapping[str, Array]) -> Callable[[], dict[str, Array]]:
    """One run of the graph, from arrays that PyTorch has already to arrays of ours."""
    peer = Peer(graph, states)
    feeds = peer.feeds(arrays)

    def work() -> dict[str, Array]:
        with torch.inference_mode():
            return peer.outputs(peer.run(feeds))

    return work


def training(
    graph: Graph, states: Mapping[str, Array], arrays: Mapping[str, Array], optimizer: Any
) -> Callable[[], dict[str, Array]]:
    """One step of gradient descent, as people write it in PyTorch."""
    assert optimizer.name == "sgd", f"no optimizer of PyTorch is set up for {optimizer.name}"
    peer = Peer(graph, states, gradients=True)
    feeds = peer.feeds(arrays)
    settings = {key: getattr(optimizer, key) for key in ("lr", "momentum", "nesterov", "weight_decay")}
    descent = torch.optim.SGD([value for value in peer.states.values() if value.requires_grad], **settings)

    def work() -> dict[str, Array]:
        descent.zero_grad()
        values = peer.run(feeds)
        values[graph.outputs["loss"]].backward()  # type: ignore[no-untyped-call]
        descent.step()
        peer.states |= {name: values[ref].detach() for name, ref in graph.updates.items() if ref in values}
        return peer.outputs(values)

    return work
