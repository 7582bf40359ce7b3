"""Dominators by jump pointers are those of networkx."""

from __future__ import annotations

import random

import networkx
import pytest

from cnngraph.interop.readable.dominators import ROOT, Dominators


@pytest.mark.parametrize("seed", range(60))
def test_as_networkx_finds_them(seed: int) -> None:
    chance = random.Random(seed)
    operands: list[list[int]] = [[]]
    for step in range(1, chance.randrange(2, 80)):
        near = range(max(0, step - 9), step)
        operands.append(chance.sample(near, min(len(near), chance.choice([0, 1, 1, 1, 2, 2, 3]))))
    graph = networkx.DiGraph((before, step) for step, read in enumerate(operands) for before in read or [ROOT])
    wanted = networkx.immediate_dominators(graph, ROOT)
    assert Dominators(operands).of == [wanted[step] for step in range(len(operands))]


def test_what_lies_aside_does_not_count() -> None:
    operands = [[], [], [0], [1], [2, 3], [4, 0]]
    assert Dominators(operands).of == [ROOT, ROOT, 0, 1, ROOT, ROOT]
    assert Dominators(operands, aside={1}).of == [ROOT, ROOT, 0, ROOT, 2, 0]
