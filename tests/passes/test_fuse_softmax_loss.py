from __future__ import annotations

import pytest

from cnngraph.ir.graph import Ref
from cnngraph.ir.text import from_text
from cnngraph.passes.fuse_softmax_loss import fuse_softmax_loss

HEAD = """\
graph g
logits: f32[batch, 10] = input
label: i64(10)[batch] = input
p: f32[batch, 10] = softmax <- logits
loss: f32 = cross_entropy <- p, label on gpu0
output loss = loss
"""


@pytest.mark.parametrize("line", ["output p = p", "more: f32[batch, 10] = relu <- p"])
def test_the_softmax_stays_where_anything_else_reads_it(line: str) -> None:
    fused = fuse_softmax_loss(from_text(f"{HEAD}{line}\n"))
    assert fused["loss"].op.name == "softmax_cross_entropy"
    assert fused["loss"].inputs == (Ref("logits"), Ref("label"))
    assert fused["loss"].device == "gpu0"
    assert "p" in fused


def test_two_losses_on_one_softmax_are_both_fused() -> None:
    fused = fuse_softmax_loss(from_text(f"{HEAD}again: f32 = cross_entropy <- p, label\noutput again = again\n"))
    assert [node.name for node in fused] == ["logits", "label", "loss", "again"]
    assert fused["again"].inputs == (Ref("logits"), Ref("label"))


def test_a_cross_entropy_of_other_probabilities_stays() -> None:
    graph = from_text(HEAD.replace("softmax <- logits", "sigmoid <- logits"))
    assert fuse_softmax_loss(graph) is graph
