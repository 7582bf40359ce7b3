"""The roofline and the sizes of nodes."""

from __future__ import annotations

import pytest
from partition.random_graphs import random_graph

from cnngraph.cost.model import batch_cost, require_bound, seconds, total_value_bytes, value_bytes
from cnngraph.diagnostics import CnnGraphError
from cnngraph.ir.op import Cost


def test_the_slower_of_arithmetic_and_memory_counts() -> None:
    assert seconds(Cost(flops=800, bytes_moved=10), 100, 10) == 8
    assert seconds(Cost(flops=8, bytes_moved=10), 100, 10) == 1


def test_cost_is_for_the_whole_batch() -> None:
    graph = random_graph(1)
    one, three = (batch_cost(bound, bound["last"]) for bound in (graph.bind(batch=1), graph.bind(batch=3)))
    assert three.flops == 3 * one.flops


def test_sizes() -> None:
    graph = random_graph(1).bind(batch=3)
    assert value_bytes(graph["last"]) == (3 * 5 * 6 * 4 * 4,)
    assert total_value_bytes([graph["last.weight"], graph["last.bias"]]) == (16 + 4) * 4


def test_a_symbol_that_is_left_is_named() -> None:
    assert require_bound(random_graph(1).bind(batch=2))
    with pytest.raises(CnnGraphError, match=r"not numbers yet: batch") as caught:
        require_bound(random_graph(1))
    assert caught.value.diagnostics[0].code == "E0109"
    assert "graph.bind(batch=8)" in str(caught.value)
