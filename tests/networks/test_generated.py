"""Networks drawn at random: the same outputs and gradients as PyTorch, the same graph through text, format and expand.

    pytest tests/networks/test_generated.py -m sweep -s     two thousand of them, and the figures
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from networks.generator import network
from networks.oracle import compared, within

from cnngraph.compare.numbered import numbered
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.interop.flat.expand import expand
from cnngraph.net import loads
from cnngraph.syntax.format import formatted

MANY, QUICK = 2_000, 25
KEPT = (446, 1030, 1386)  # seeds that once differed
LIMIT = 1e-8  # of the largest number of an array: normalization of few positions loses two digits


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """On arrays this small PyTorch's threads only wait for one another."""
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def largest_difference(seed: int) -> float:
    """Of all outputs, states and gradients, in both forms, in float64."""
    graph = loads(network(seed)).training.graph
    found = {
        f"{form} {name}": difference
        for form in ("inference", "training")
        for name, difference in compared(graph, form, "float64", gradients=True).items()
    }
    within(found, LIMIT)
    return max(found.values())


@pytest.mark.parametrize("seed", [*range(QUICK), *KEPT])
def test_pytorch_agrees(seed: int) -> None:
    largest_difference(seed)


@pytest.mark.sweep
def test_pytorch_agrees_on_many() -> None:
    failed: dict[int, str] = {}
    largest = (0.0, -1)
    for seed in range(MANY):
        try:
            largest = max(largest, (largest_difference(seed), seed))
        except AssertionError as difference:
            failed[seed] = str(difference).splitlines()[0]
    print(f"{MANY} networks, {len(failed)} differ; the largest difference of the others: {largest}")
    assert failed == {}


def test_what_is_drawn() -> None:
    """The generator reaches what it is for."""
    used = Counter(node.op.name for seed in range(150) for node in elaborate(load_text(network(seed))))
    often = ("conv", "upconv", "maxpool", "avgpool", "concat", "add", "mul", "batchnorm", "groupnorm", "lrn")
    assert {name: used[name] for name in often if used[name] <= 3} == {}


@pytest.mark.parametrize("seed", range(100, 130))
def test_formatted_and_expanded_it_is_the_same_network(seed: int) -> None:
    text = network(seed)
    graph = elaborate(load_text(text))
    assert elaborate(load_text(formatted(text, "drawn.cnn"))) == graph
    assert numbered(elaborate(load_text(expand(graph)))) == numbered(graph)
