"""Source that is run: as a module of its own, with its state dict, beside our executor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
import torch

from cnngraph.interop.pytorch_source import Source, to_pytorch
from cnngraph.interop.pytorch_source.naming import class_name
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.op import Array, rng
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.runner import Runner
from cnngraph.train.initialisers import initial_states

SIZES = {"H": 64, "W": 64, "S": 7, "T": 9}  # of networks that leave them open

torch.set_num_threads(1)


@dataclass(frozen=True)
class Exported:
    """The source of a graph, the module that it makes, and the states that it was written with."""

    graph: Graph
    source: Source
    states: Mapping[str, Array]
    model: Any

    @staticmethod
    def of(graph: Graph, states: Mapping[str, Array] | None = None) -> Exported:
        """The module, in evaluation, with its state dict loaded strictly."""
        states = drawn_states(graph) if states is None else states
        source = to_pytorch(graph, states)
        model = loaded(source, graph.name)
        return Exported(graph, source, states, model.eval())

    def __call__(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs, as arrays of ours."""
        with torch.inference_mode():
            results = self.model(*self.tensors(feeds))
        results = results if isinstance(results, tuple) else (results,)
        named = zip(self.source.outputs.items(), results, strict=True)
        return {name: axes.ours(result.detach().numpy()) for (name, axes), result in named}

    def tensors(self, feeds: Mapping[str, Array]) -> list[torch.Tensor]:
        return [torch.from_numpy(axes.theirs(feeds[name])) for name, axes in self.source.inputs.items()]

    def difference(self, feeds: Mapping[str, Array]) -> float:
        """The largest difference from our executor, relative to the largest number of each output."""
        form = run(self.graph, INFERENCE)
        ours = Runner(form, self.states).run({node.name: feeds[node.name] for node in form.inputs})
        theirs = self(feeds)
        assert ours.keys() == theirs.keys()
        assert {name: value.shape for name, value in ours.items()} == {n: v.shape for n, v in theirs.items()}
        return max(float(np.abs(ours[n] - theirs[n]).max() / (np.abs(ours[n]).max() or 1)) for n in ours)


def loaded(source: Source, name: str) -> Any:
    """The module of a source, with the state dict of it."""
    found = ModuleType(name)
    exec(compile(source.text, f"{name}.py", "exec"), found.__dict__)
    model = getattr(found, class_name(name))()
    model.load_state_dict({key: torch.from_numpy(value) for key, value in source.states.items()}, strict=True)
    return model


def before_softmax(graph: Graph) -> Graph:
    """The graph without the softmax at its ends: probabilities hide differences."""

    def end(ref: Ref) -> Ref:
        node = graph[ref.node]
        return node.inputs[0] if node.op.name == "softmax" else ref

    ended = replace(graph, outputs={name: end(ref) for name, ref in graph.outputs.items()})
    return ended.fetch(list(ended.outputs))


def drawn_states(graph: Graph) -> dict[str, Array]:
    """First values, but where these are all alike: statistics, scales and biases that tell one channel from another."""
    found = initial_states(graph, 0)
    for place, node in enumerate(graph.states):
        value, numbers = found[node.name], rng(1, place)
        if value.dtype.kind != "f" or (value.size > 1 and np.ptp(value)):
            continue
        low = {"variance": 2.0, "scale": 0.5}.get(node.name.rpartition(".")[2])  # branches that add little: no chaos
        drawn = numbers.normal(0, 0.2, value.shape) if low is None else numbers.uniform(low, low + 1, value.shape)
        found[node.name] = drawn.astype(value.dtype)
    return found


def checked_by_itself(source: Source) -> list[tuple[int, ...]]:
    """The shapes that the file prints where it is run as a program; nothing is computed."""
    printed: list[tuple[int, ...]] = []
    with torch.device("meta"):
        exec(compile(source.text, "n.py", "exec"), {"__name__": "__main__", "print": lambda *s: printed.extend(s)})
    return printed


def drawn_feeds(graph: Graph, batch: int = 2, **sizes: int) -> dict[str, Array]:
    feeds: dict[str, Array] = {}
    for place, node in enumerate(graph.inputs):
        known = {**SIZES, **sizes, "batch": batch}
        bound = {name: size for name, size in known.items() if name in node.type.symbols}
        type_, numbers = node.type.bind(**bound), rng(2, place)
        if type_.vocabulary is not None:
            feeds[node.name] = numbers.integers(0, type_.vocabulary, type_.concrete)
        else:
            feeds[node.name] = numbers.normal(size=type_.concrete).astype(np.float32)
    return feeds
