"""PyTorch as an engine: the same numbers but for rounding, and what it cannot run is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.pytorch import forward
from cnngraph.ir.builder import Builder
from cnngraph.ir.leaves import Input
from cnngraph.ir.types import TensorType
from cnngraph.net import load
from cnngraph.ops.relu import Relu
from cnngraph.resources import resource


@dataclass(frozen=True)
class Unheard(Relu):
    """A relu under a name that nobody knows."""

    name: ClassVar[str] = "unheard"


def test_a_network_gives_the_same() -> None:
    pytest.importorskip("torch", reason="PyTorch is the engine of this test")
    net = load(resource("specs", "nets", "lenet5.cnn"))
    x = np.random.default_rng(0).standard_normal((3, 32, 32, 1)).astype(np.float32)
    runner = net.runner()
    found = forward(runner.graph, runner.states, threads=1)({"image": x})
    assert list(found) == list(net.graph.outputs)
    np.testing.assert_allclose(next(iter(found.values())), net(x), rtol=1e-4, atol=1e-6)


def test_an_operator_that_pytorch_is_not_told_of() -> None:
    pytest.importorskip("torch", reason="PyTorch is the engine of this test")
    builder = Builder()
    x = builder.add("x", Input(TensorType.of(3))).ref
    graph = builder.finish("n", {"y": builder.add("y", Unheard(), [x]).ref})
    with pytest.raises(CnnGraphError, match=r"E0603.*does not know unheard"):
        forward(graph, {}, threads=1)
