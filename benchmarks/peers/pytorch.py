"""Runs the forward part of a graph in PyTorch, node by node: channels first, weights as PyTorch keeps them.

    graph (ours, channels last)   x (N, H, W, C)  -> conv, weight (h, w, C, K)  -> y (N, H', W', K)
    here  (theirs)                x (N, C, H, W)  -> F.conv2d, (K, C, h, w)     -> y (N, K, H', W')

Not for gradient or optimizer nodes: PyTorch differentiates by itself, and has optimizers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch

from benchmarks.engine import CHANNELS_LAST, CONTIGUOUS, Engine, Work
from benchmarks.networks import Subject, Values
from benchmarks.peers.meaning import Axes, Tensor, axes_of, values_of
from benchmarks.peers.recorded import recorded
from cnngraph.ir.graph import Graph, Node, Ref
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Array


class Peer:
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


# ---- what is timed ----


def inference(subject: Subject, threads: int, layout: torch.memory_format) -> Work:
    """One prediction."""
    torch.set_num_threads(threads)
    graph = subject.forward
    peer = Peer(graph, subject.states, layout=layout)
    module, given = straight(peer, subject)
    last: dict[Ref, Tensor] = {}

    def work() -> None:
        with torch.inference_mode():
            last.update(zip(graph.outputs.values(), module(*given), strict=True))

    return Work(work, lambda: peer.outputs(last))


def training(subject: Subject, threads: int, layout: torch.memory_format) -> Work:
    """One step of gradient descent, as people write it; its results are the loss and the weights after it."""
    torch.set_num_threads(threads)
    peer = Peer(subject.loss, subject.states, gradients=True, layout=layout)
    module, given = straight(peer, subject)
    trained = {name: value for name, value in peer.states.items() if value.requires_grad}
    settings = {key: getattr(subject.optimizer, key) for key in ("lr", "momentum", "nesterov", "weight_decay")}
    descent = torch.optim.SGD(trained.values(), **settings)
    last: dict[str, Tensor] = {}

    def work() -> None:
        descent.zero_grad()
        (loss,) = module(*given)
        loss.backward()
        descent.step()
        last["loss"] = loss.detach()

    def results() -> Values:
        return {"loss": last["loss"].numpy()} | {name: peer.ours(name, value) for name, value in trained.items()}

    return Work(work, results)


def straight(peer: Peer, subject: Subject) -> tuple[torch.nn.Module, list[Tensor]]:
    """The outputs of the graph as one module, and what to call it with."""
    given = {**peer.feeds(subject.feeds), **peer.states}

    def outputs(tensors: Mapping[str, Tensor]) -> list[Tensor]:
        values = values_of(peer.graph, tensors)
        return [values[ref] for ref in peer.graph.outputs.values()]

    return recorded(outputs, given), list(given.values())


ENGINES = {
    name: Engine(partial(inference, layout=layout), partial(training, layout=layout))
    for name, layout in ((CONTIGUOUS, torch.contiguous_format), (CHANNELS_LAST, torch.channels_last))
}
