"""Links: a message is on its way as long as its link takes, after the one before it, and arrives when it is taken."""

from __future__ import annotations

from itertools import pairwise

import pytest

import cnngraph
from cnngraph.pages.partition.traffic import cut_messages, links_table, messages
from cnngraph.partition.device import Cluster, Link
from cnngraph.partition.split import split
from cnngraph.pipeline.program import Compute, Receive, Send
from cnngraph.pipeline.schedule import Phase, make_schedule
from cnngraph.pipeline.simulate import simulate
from cnngraph.runtime.predict import links_of

CLUSTER = Cluster.named(["a", "b"], link=Link("any", "any", bytes_per_second=100.0, latency_seconds=0.5))
PROGRAM = {
    "a": {Phase.FORWARD: (Compute(1.0, "conv"), Send(0, 50, "b", "x"), Send(1, 150, "b", "y"))},
    "b": {Phase.FORWARD: (Receive(0, "a", "x"), Receive(1, "a", "y"), Compute(0.25, "dense"))},
}


def test_messages_of_a_pipeline_follow_each_other_on_their_link() -> None:
    schedule = make_schedule("fill-drain", 3, {"a": 2, "b": 1}, has_backward=False)
    line = simulate(PROGRAM, schedule, links_of(CLUSTER, 3))
    found = messages(line, PROGRAM, schedule, CLUSTER)
    expected = [(name, m, count) for m in range(3) for name, count in (("x", 50), ("y", 150))]
    assert [(m.name, m.microbatch, m.bytes) for m in found] == expected
    assert [m.end_seconds - m.start_seconds for m in found] == pytest.approx([1.0, 2.0] * 3)
    assert all(a.end_seconds <= b.start_seconds + 1e-9 for a, b in pairwise(found))
    taken = {(s.name, s.microbatch): s.end_seconds for s in line.spans["b"] if s.kind == "receive"}
    assert all(taken[m.name, m.microbatch] >= m.end_seconds - 1e-9 for m in found)
    assert taken["y", 2] == pytest.approx(found[-1].end_seconds)
    ((source, target, count, total, seconds, share, *_),) = links_table(found, CLUSTER, line.step_seconds, "").rows
    assert (source, target, count, str(total), str(seconds)) == ("a", "b", 6, "600 B", "9 s")
    assert share.value == pytest.approx(9 / line.step_seconds)  # type: ignore[union-attr]


def test_what_crosses_in_a_run_is_what_the_partition_says() -> None:
    net = cnngraph.loads("net wide(image: 256@8x8) = conv(512, 5x5, same) -> maxpool(2x2) -> conv(1024, 5x5, same)")
    found = split(net.bound(8, False, False), Cluster.uniform(2))
    carried = cut_messages(found)
    assert found.cuts
    assert sum(m.bytes for m in carried) == sum(cut.bytes * len(cut.targets) for cut in found.cuts)
