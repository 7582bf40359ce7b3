"""Runs the forward part of a graph in PyTorch, node by node: channels first, weights as PyTorch keeps them.

    graph (ours, channels last)   x (N, H, W, C)  -> conv, weight (h, w, C, K)  -> y (N, H', W', K)
    here  (theirs)                x (N, C, H, W)  -> F.conv2d, (K, C, h, w)     -> y (N, K, H', W')

Not for gradient or optimizer nodes: PyTorch differentiates by itself, and has optimizers of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from cnngraph.interop.pytorch.meaning import Axes, Tensor, axes_of, values_of
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array


class Interpreter:
    """A graph without gradients, with its states as tensors. Trainable states ask for gradients.

    `layout` is the order in memory of images and of the windows of convolutions.
    """

    def __init__(
        self,
        graph: Graph,
        states: Mapping[str, Array],
        gradients: bool = False,
        layout: torch.memory_format = torch.channels_last,
    ) -> None:
        self.graph, self.layout = graph, layout
        self.states: dict[str, Tensor] = {}
        for node in graph.states:
            trained = gradients and isinstance(node.op, State) and node.op.trainable
            self.states[node.name] = self._theirs(node, states[node.name]).requires_grad_(trained)

    def feeds(self, arrays: Mapping[str, Array]) -> dict[str, Tensor]:
        """Arrays for the inputs, as PyTorch wants them."""
        return {node.name: self._theirs(node, arrays[node.name]) for node in self.graph.inputs}

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

    def _theirs(self, node: Node, value: Array) -> Tensor:
        spread = any(user.op.name == "upconv" and user.inputs[0] != node.ref for user in self.graph.users[node.name])
        return to_theirs(value, self._axes(node), torch.contiguous_format if spread else self.layout)


def to_theirs(value: Array, axes: Axes, layout: torch.memory_format = torch.channels_last) -> Tensor:
    """A copy with PyTorch's order of axes, in memory of PyTorch; by default images keep our order in it."""
    tensor = torch.from_numpy(np.array(np.transpose(value, axes), order="C"))
    return tensor.clone(memory_format=layout if tensor.ndim == 4 else torch.contiguous_format)


def to_ours(value: Tensor, axes: Axes) -> Array:
    return np.array(np.transpose(value.detach().numpy(), np.argsort(axes)), order="C")


def prediction(
    graph: Graph, states: Mapping[str, Array], threads: int
) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
    """The graph as a function of arrays, on so many threads."""
    torch.set_num_threads(threads)
    network = Interpreter(graph, states)

    def run(feeds: Mapping[str, Array]) -> dict[str, Array]:
        with torch.inference_mode():
            return network.outputs(network.run(network.feeds(feeds)))

    return run
