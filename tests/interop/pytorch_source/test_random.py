"""Networks drawn at random: their source gives our numbers.

pytest tests/interop/pytorch_source/test_random.py -m sweep      several hundred of them
"""

from __future__ import annotations

import pytest
from interop.flat.random_nets import random_net
from networks.generator import network

from cnngraph.net import loads

pytest.importorskip("torch", reason="the source is run by PyTorch")
running = pytest.importorskip("interop.pytorch_source.running")

QUICK, MANY = 8, 300
KEPT = (37, 68)  # seeds that once failed
TOLERANCE = 1e-3  # a deep network of narrow layers may lose some digits


def difference(text: str) -> float:
    graph = loads(text).graph
    found: float = running.Exported.of(graph).difference(running.drawn_feeds(graph))
    return found


@pytest.mark.parametrize("seed", [*range(QUICK), *KEPT])
@pytest.mark.parametrize("draw", [network, random_net])
def test_a_random_network(draw: object, seed: int) -> None:
    assert callable(draw)
    assert difference(draw(seed)) < TOLERANCE


@pytest.mark.sweep
def test_many() -> None:
    texts = {(draw.__name__, seed): draw(seed) for draw in (network, random_net) for seed in range(MANY)}
    found = {key: difference(text) for key, text in texts.items()}
    assert {key: value for key, value in found.items() if not value < TOLERANCE} == {}
