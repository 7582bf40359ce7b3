"""Each operator that has words in PyTorch source, alone: it gives what its own `forward` gives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.interop.pytorch_source import to_pytorch
from cnngraph.interop.pytorch_source.translate import MEANING
from cnngraph.ir.builder import Builder
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import Input, State
from cnngraph.ir.op import Sample, rng
from cnngraph.ir.registry import registry

pytest.importorskip("torch", reason="the source is run by PyTorch")
running = pytest.importorskip("interop.pytorch_source.running")


def samples() -> Iterator[object]:
    for name in MEANING:
        for place, sample in enumerate(registry()[name].samples()):
            if not getattr(sample.op, "training", False):
                yield pytest.param(sample, id=f"{name}-{place}")


def graph_of(sample: Sample) -> Graph:
    """The operator between inputs and states of its names; its first result is the output."""
    builder = Builder()
    names = sample.op.input_names(len(sample.inputs))
    count = len(sample.inputs) if sample.op.variadic else len(sample.op.operands)
    operands = sample.inputs[:count]
    inputs = [builder.add(f"in_{i}_{n}", Input(t)) for i, (n, t) in enumerate(zip(names, operands, strict=False))]
    weights = [builder.add(f"w.{n}", State(w.type, w.initial)) for n, w in sample.op.weight_types(*operands).items()]
    node = builder.add("layer", sample.op, [leaf.ref for leaf in (*inputs, *weights)])
    return builder.finish("one", {"y": node.ref})


@pytest.mark.parametrize("sample", list(samples()))
def test_an_operator(sample: Sample) -> None:
    graph = graph_of(sample)
    if sample.op.name in REFUSED and is_refused(graph):
        return
    feeds = running.drawn_feeds(graph, sample.batch)
    if sample.domain:
        low, high = sample.domain
        feeds = {name: rng(3).uniform(low, high, v.shape).astype(v.dtype) for name, v in feeds.items()}
    assert running.Exported.of(graph).difference(feeds) < 1e-5


REFUSED = (
    "avgpool", "l2pool", "minpool", "pixel_shuffle", "pixel_unshuffle", "resize", "scan", "sumpool", "upconv",
)  # fmt: skip
"""Operators that PyTorch has not with all fields."""


def is_refused(graph: Graph) -> bool:
    try:
        to_pytorch(graph)
    except CnnGraphError as refused:
        return {d.code for d in refused.diagnostics} == {"E0803"}
    return False


def test_every_operator_of_a_forward_network_has_words() -> None:
    words = {name for name, op in registry().items() if not (op.internal or op.loss or "gradient" in op.operands)}
    assert words - MEANING.keys() == {"gaussianpool", "medianpool"}
