"""Parts are matched in order, and every node of both graphs is in exactly one pair."""

from __future__ import annotations

import random

import pytest
from interop.flat.random_nets import random_net

from cnngraph.compare.match import Pair, leaves, match
from cnngraph.compare.numbered import numbered
from cnngraph.elaborate.elaborate import elaborate
from cnngraph.elaborate.modules import load_text
from cnngraph.ir.graph import Graph
from cnngraph.ir.leaves import State
from cnngraph.render.outline import nodes_in


def operators(graph: Graph) -> list[str]:
    return sorted(node.name for node in graph if not isinstance(node.op, State))


def names(pairs: list[Pair], side: str) -> list[str]:
    items = [getattr(pair, side) for pair in pairs]
    return sorted(node.name for item in items if item is not None for node in nodes_in(item))


@pytest.mark.parametrize("seed", range(20))
def test_every_node_is_in_one_pair(seed: int) -> None:
    a, b = (elaborate(load_text(random_net(s))) for s in (seed, seed + 1))
    pairs = list(leaves(match(a, b).pairs))
    assert names(pairs, "a") == operators(a)
    assert names(pairs, "b") == operators(b)


@pytest.mark.parametrize("seed", range(10))
def test_all_of_a_graph_is_matched_with_itself(seed: int) -> None:
    graph = elaborate(load_text(random_net(seed)))
    assert match(graph, graph).partner == {name: name for name in operators(graph)}


def test_a_dropped_line_leaves_the_others_where_they_are() -> None:
    chance = random.Random(5)
    lines = [f"conv({chance.randrange(2, 9)}, 3x3, same)" for _ in range(12)]
    whole, shorter = (
        elaborate(load_text(f"net n(x: 3@9x9) {{ {'; '.join(rows)} }}")) for rows in (lines, lines[:5] + lines[6:])
    )
    partner = match(whole, shorter).partner
    assert len(partner) == 12
    assert "conv[6]" not in partner
    assert partner["conv[12]"] == "conv[11]"


def test_numbers_stand_for_names() -> None:
    a = elaborate(load_text("net n(x: 4) { a: relu; b: tanh }"))
    b = elaborate(load_text("net m(x: 4) { c: relu; b: tanh }"))
    assert numbered(a) == numbered(b)
    assert numbered(a) != numbered(elaborate(load_text("net n(y: 4) { a: relu; b: tanh }")))
    assert numbered(a) != numbered(elaborate(load_text("net n(x: 4) { a: tanh; b: relu }")))
