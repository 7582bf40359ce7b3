"""CP-SAT against every division of small problems; without OR-tools these tests are skipped."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from partition.exact import best_and_proven, bound_holds
from partition.random_problems import random_problem

from cnngraph.partition.problem import lawful, loads
from cnngraph.partition.program import Program
from cnngraph.partition.relaxed import contracted, relaxed
from cnngraph.partition.strategies.constraint import STRATEGY
from cnngraph.partition.strategy import Deadline

pytest.importorskip("ortools", reason="the strategy constraint needs OR-tools")


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("seed", range(15))
def test_the_answer_is_the_best_and_proven(seed: int, contiguous: bool) -> None:
    best_and_proven(STRATEGY, replace(random_problem(seed, alike=True), contiguous=contiguous))


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_holds_where_links_differ(seed: int) -> None:
    bound_holds(STRATEGY, replace(random_problem(seed), contiguous=False))


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_a_lawful_division_satisfies_its_program(seed: int, contiguous: bool) -> None:
    smaller = contracted(relaxed(replace(random_problem(seed), contiguous=contiguous)))
    random = np.random.default_rng(seed)
    program = Program(smaller.problem)
    for _ in range(200):
        division = sorted(random.integers(0, 3, len(smaller.problem.groups)), key=lambda d: (d * (seed % 5 + 2)) % 5)
        if not lawful(smaller.problem, division):
            continue
        busiest = float(loads(smaller.problem, division).max())
        values = program.values(division, busiest)
        for chosen in program.exactly_one:
            assert values[chosen].sum() == 1
        for row in program.rows:
            if row.given is None or values[row.given]:
                assert np.dot(row.coefficients, values[list(row.variables)]) <= row.most + 1e-9


def test_a_deadline_that_is_over_leaves_the_answer_as_it_was() -> None:
    problem = random_problem(1, alike=True)
    given = STRATEGY.solve(problem, None, Deadline())
    assert given is not None
    assert STRATEGY.solve(problem, given, Deadline(0.0)) == given


INTERRUPTED = """
import signal, cnngraph
net = cnngraph.loads("net n(image: 3@8x8) = conv(8, 3x3) -> relu -> conv(8, 3x3) -> relu -> globalavgpool -> dense(4)")
net.partition("2", strategy="constraint")
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("heard")
"""


def test_ctrl_c_is_heard_after_a_solution() -> None:
    found = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert found.stdout == "heard\n", found.stderr
