"""The two that are compared. Each takes one step on feeds of a recipe, and counts its errors on the test part.

PyTorch runs the modules that `cnngraph export --to pytorch` writes, from the same first weights, eager, with
`torch.optim.SGD`; only its dropout draws other numbers.
"""

from __future__ import annotations

from types import ModuleType
from typing import Protocol

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.accuracy.recipe import Feeds, Recipe
from cnngraph.autodiff.step import RATE
from cnngraph.interop.pytorch_source import to_pytorch
from cnngraph.ir.op import Array
from cnngraph.runtime.runner import Runner
from cnngraph.runtime.settings import Settings
from cnngraph.train.evaluate import test_graph
from cnngraph.train.step import decay_axes_of

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


class Side(Protocol):
    """Something that learns."""

    def step(self, feeds: Feeds) -> float:
        """The loss of one batch; the weights are then those after the step."""

    def errors(self) -> int:
        """How many samples of the test part have another class than is predicted."""


class Ours:
    """cnngraph, with so many workers."""

    def __init__(self, recipe: Recipe, threads: int) -> None:
        self.recipe = recipe
        settings = Settings(workers=threads)
        self.runner = Runner(recipe.step, recipe.states, settings=settings)
        self.tester = Runner(test_graph(recipe.spec), self.runner.states, settings=settings)

    def step(self, feeds: Feeds) -> float:
        return float(self.runner.run(feeds)["loss"])

    def errors(self) -> int:
        self.tester.take(self.runner.states)
        spec = self.recipe.spec
        return sum(
            int((self.tester.run(feeds)[spec.prediction].argmax(-1) != feeds[spec.label]).sum())
            for feeds in self.recipe.tests()
        )


class Theirs:
    """PyTorch, with so many threads and the memory layout of that name."""

    def __init__(self, recipe: Recipe, threads: int, layout: str) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(recipe.spec.seed)
        self.recipe, self.layout = recipe, LAYOUTS[layout]
        self.module = module_of(recipe).to(memory_format=self.layout)
        sgd, axes = recipe.spec.optimizer, decay_axes_of(recipe.spec.decay)
        trained = list(self.module.parameters())
        decayed = {"params": [each for each in trained if each.ndim >= axes], "weight_decay": sgd.weight_decay}
        others = {"params": [each for each in trained if each.ndim < axes], "weight_decay": 0.0}
        self.optimizer = torch.optim.SGD([decayed, others], sgd.lr, sgd.momentum, nesterov=sgd.nesterov)

    def step(self, feeds: Feeds) -> float:
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.spec.optimizer.lr * float(feeds[RATE])
        self.optimizer.zero_grad()
        loss = F.nll_loss(self.module(self.images(feeds)), torch.from_numpy(feeds[self.recipe.spec.label]).long())
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def errors(self) -> int:
        self.module.eval()
        wrong = 0
        with torch.inference_mode():
            for feeds in self.recipe.tests():
                predicted = self.module(self.images(feeds)).argmax(1).numpy()
                wrong += int((predicted != feeds[self.recipe.spec.label]).sum())
        return wrong

    def images(self, feeds: Feeds) -> torch.Tensor:
        """(N, H, W, C) as (N, C, H, W), in the layout."""
        array: Array = feeds[self.recipe.image]
        return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous(memory_format=self.layout)


def module_of(recipe: Recipe) -> nn.Module:
    """The network as PyTorch modules with the first weights of the recipe; its last softmax gives logarithms."""
    graph = recipe.net.graph
    named = {name: value for name, value in recipe.states.items() if name in {node.name for node in graph.states}}
    source = to_pytorch(graph, named)
    written = ModuleType("written")
    exec(compile(source.text, f"{graph.name}.py", "exec"), written.__dict__)
    classes = [each for each in vars(written).values() if isinstance(each, type) and issubclass(each, nn.Module)]
    module: nn.Module = next(each for each in reversed(classes) if each.__module__ == "written")()
    module.load_state_dict({name: torch.tensor(array) for name, array in source.states.items()})
    _logarithmic(module)
    return module


def _logarithmic(module: nn.Module) -> None:
    """`nll_loss` after `log_softmax` is the cross-entropy that people write; the logarithm of a softmax rounds."""
    children = [(parent, *child) for parent in module.modules() for child in parent.named_children()]
    softmaxes = [(parent, name) for parent, name, child in children if isinstance(child, nn.Softmax)]
    assert len(softmaxes) == 1, "a classifier ends in one softmax"
    ((parent, name),) = softmaxes
    setattr(parent, name, nn.LogSoftmax(dim=1))
