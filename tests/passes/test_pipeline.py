from __future__ import annotations

from dataclasses import replace

import pytest

from cnngraph.ir.graph import Graph
from cnngraph.ir.text import from_text
from cnngraph.passes.drop_identity import drop_identity
from cnngraph.passes.pipeline import EXECUTION, INFERENCE, TRAINING, check_order, run
from cnngraph.passes.prune import prune

CLASSIFIER = from_text("""\
graph classifier
x: f32[batch, 4] = input
label: i64(4)[batch] = input
a: f32[batch, 4] = identity <- x
d: f32[batch, 4] = dropout <- a
p: f32[batch, 4] = softmax <- d
q: f32[batch, 4] = identity <- p
loss: f32 = cross_entropy <- q, label
output loss = loss
""")


def test_inference_leaves_what_computes() -> None:
    assert [node.name for node in run(CLASSIFIER, INFERENCE)] == ["x", "label", "loss"]


def test_training_keeps_the_dropout() -> None:
    training = run(CLASSIFIER, TRAINING)
    assert [node.name for node in training] == ["x", "label", "d.random", "d", "loss"]
    assert training["loss"].op.name == "softmax_cross_entropy"
    assert run(training, TRAINING) is training


@pytest.mark.parametrize("passes", [INFERENCE, TRAINING, EXECUTION])
def test_the_pipelines_are_in_order(passes: tuple[object, ...]) -> None:
    check_order(passes)  # type: ignore[arg-type]


def test_a_wrong_order_is_refused() -> None:
    with pytest.raises(ValueError, match="drop_identity must come before prune"):
        run(CLASSIFIER, (prune, drop_identity))


def test_each_pass_is_verified() -> None:
    def broken(graph: Graph) -> Graph:
        return replace(graph, nodes=graph.nodes[1:])

    with pytest.raises(AssertionError, match="a reads x"):
        run(CLASSIFIER, (broken,))
