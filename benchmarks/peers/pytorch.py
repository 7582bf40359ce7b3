"""PyTorch, on the graph of a network: `cnngraph.interop.pytorch` runs it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch

from benchmarks.engine import CHANNELS_LAST, CONTIGUOUS, Engine, Work
from benchmarks.networks import Subject, Values
from benchmarks.peers.recorded import recorded
from cnngraph.interop.pytorch.interpreter import Interpreter
from cnngraph.interop.pytorch.meaning import Tensor, values_of
from cnngraph.ir.graph import Ref


def inference(subject: Subject, threads: int, layout: torch.memory_format) -> Work:
    """One prediction."""
    torch.set_num_threads(threads)
    graph = subject.forward
    peer = Interpreter(graph, subject.states, layout=layout)
    module, given = straight(peer, subject)
    last: dict[Ref, Tensor] = {}

    def work() -> None:
        with torch.inference_mode():
            last.update(zip(graph.outputs.values(), module(*given), strict=True))

    return Work(work, lambda: peer.outputs(last))


def training(subject: Subject, threads: int, layout: torch.memory_format) -> Work:
    """One step of gradient descent, as people write it; its results are the loss and the weights after it."""
    torch.set_num_threads(threads)
    peer = Interpreter(subject.loss, subject.states, gradients=True, layout=layout)
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


def straight(peer: Interpreter, subject: Subject) -> tuple[torch.nn.Module, list[Tensor]]:
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
