"""Plans within a limit of memory: what fits is found, and what does not is refused with the numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.graph import Graph
from cnngraph.net import Net, loads
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.planning import planned, takes_longer
from cnngraph.runtime.settings import Settings

TEXT = """cnn 1
net deep(image: 3@32x32) {
  conv(16, 3x3, same) -> relu -> conv(16, 3x3, same) -> relu -> conv(16, 3x3, same) -> relu
  output: globalavgpool -> dense(10) -> softmax
}

train deep {
  loss:      cross_entropy(output, label)
  optimizer: sgd(lr = 0.1)
}
"""
SIZES = {"batch": 16}


def net() -> Net:
    return loads(TEXT)


def forward() -> Graph:
    return run(net().graph, INFERENCE)


def total(graph: Graph, workers: int = 2, limit: int | None = None) -> int:
    return planned(graph, SIZES, settings=Settings(workers, memory_limit_bytes=limit)).total_bytes


@pytest.mark.parametrize("part", [0.9, 0.8, 0.7])
def test_a_limit_is_kept(part: float) -> None:
    for graph in (forward(), net().training_graph(batch=16)):
        limit = int(part * total(graph))
        assert total(graph, limit=limit) <= limit


def test_a_limit_that_is_high_enough_changes_nothing() -> None:
    graph = forward()
    free = planned(graph, SIZES, settings=Settings(2))
    assert str(planned(graph, SIZES, settings=Settings(2, memory_limit_bytes=10**10)).plan) == str(free.plan)


def test_one_worker_does_what_is_too_little_to_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNGRAPH_WORKERS", "3")
    graph = forward()
    assert [planned(graph, {"batch": batch}).workers for batch in (4, 400)] == [1, 3]
    assert planned(graph, {"batch": 4}, settings=Settings(2)).workers == 2
    few, many = (planned(graph, {"batch": batch}).plan for batch in (4, 400))
    assert not takes_longer(few, 1.5e-3)
    assert takes_longer(few, 0.0)
    assert takes_longer(many, 1.5e-3)


def test_workers_are_the_last_thing_to_go() -> None:
    graph = forward()
    high, low = total(graph, 4), 0
    fewest = 4
    while high - low > 2000:  # the lowest limit that can be kept
        middle = (low + high) // 2
        try:
            found = planned(graph, SIZES, settings=Settings(4, memory_limit_bytes=middle))
        except CnnGraphError:
            low = middle
        else:
            assert found.workers <= fewest
            high, fewest = middle, found.workers
    assert fewest == 1


def test_too_low_a_limit_is_refused_with_what_it_takes() -> None:
    graph = net().training_graph(batch=16)
    with pytest.raises(CnnGraphError, match=r"E0602.*deep at batch 16 takes at least .* not 50 kB") as caught:
        total(graph, limit=50_000)
    text = str(caught.value)
    assert "while it computes" in text
    assert "its weights" in text
    with pytest.raises(CnnGraphError, match=r"a batch of [248] instead of 16 fits"):
        total(graph, limit=total(graph) // 4)
    assert re.search(r"workers 1 x", text)


def test_results_within_a_limit_are_the_same_but_for_rounding() -> None:
    plain, other = net(), net()
    x = np.random.default_rng(0).standard_normal((16, 32, 32, 3)).astype(np.float32)
    other.settings = Settings(memory_limit_bytes=int(0.6 * total(forward())))
    np.testing.assert_allclose(other(x), plain(x), rtol=1e-4, atol=1e-5)
    assert str(other.runner().executor({"image": x}).plan) != str(plain.runner().executor({"image": x}).plan)
