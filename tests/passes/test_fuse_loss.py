from __future__ import annotations

import pytest

from cnngraph.ir.graph import Ref
from cnngraph.ir.text import from_text
from cnngraph.ops.softmax_cross_entropy import SoftmaxCrossEntropy
from cnngraph.passes.fuse_loss import fuse_loss

HEAD = """\
graph g
logits: f32[batch, 10] = input
label: i64(10)[batch] = input
p: f32[batch, 10] = softmax <- logits
loss: f32 = cross_entropy <- p, label on gpu0
output loss = loss
"""
BINARY = """\
graph g
x: f32[batch, 3] = input
p: f32[batch, 3] = sigmoid <- x
one: f32[batch, 3] = filled(value=1.0) <- p
loss: f32 = bce <- p, one
output loss = loss
"""


@pytest.mark.parametrize("line", ["output p = p", "more: f32[batch, 10] = relu <- p"])
def test_the_softmax_stays_where_anything_else_reads_it(line: str) -> None:
    fused = fuse_loss(from_text(f"{HEAD}{line}\n"))
    assert fused["loss"].op.name == "softmax_cross_entropy"
    assert fused["loss"].inputs == (Ref("logits"), Ref("label"))
    assert fused["loss"].device == "gpu0"
    assert "p" in fused


def test_two_losses_on_one_softmax_are_both_fused() -> None:
    fused = fuse_loss(from_text(f"{HEAD}again: f32 = cross_entropy <- p, label\noutput again = again\n"))
    assert [node.name for node in fused] == ["logits", "label", "loss", "again"]
    assert fused["again"].inputs == (Ref("logits"), Ref("label"))


def test_smoothing_and_class_weights_are_kept() -> None:
    weights = tuple(float(k) for k in range(10))
    shown = f"cross_entropy(smoothing=0.1, class_weights={weights})"
    fused = fuse_loss(from_text(HEAD.replace("cross_entropy", shown)))
    assert fused["loss"].op == SoftmaxCrossEntropy(0.1, weights)


@pytest.mark.parametrize("other", ["sigmoid", "relu"])
def test_a_cross_entropy_of_other_probabilities_stays(other: str) -> None:
    graph = from_text(HEAD.replace("softmax <- logits", f"{other} <- logits"))
    assert fuse_loss(graph) is graph


def test_a_target_that_is_made_of_the_prediction_keeps_the_sigmoid() -> None:
    fused = fuse_loss(from_text(BINARY))
    assert (fused["loss"].op.name, fused["loss"].inputs) == ("sigmoid_bce", (Ref("x"), Ref("one")))
    assert fused["one"].inputs == (Ref("p"),)


def test_a_prediction_compared_with_itself_stays() -> None:
    graph = from_text(BINARY.replace("bce <- p, one", "bce <- p, p"))
    assert fuse_loss(graph) is graph


def test_a_softmax_that_is_the_target_of_bce_stays() -> None:
    fused = fuse_loss(from_text(BINARY.replace("filled(value=1.0) <- p", "softmax <- x")))
    assert [node.name for node in fused] == ["x", "one", "loss"]
    assert fused["one"].op.name == "softmax"
