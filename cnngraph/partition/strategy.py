"""What a strategy is. Each file of `strategies/` defines one as `STRATEGY`: it is known the day its file appears."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from cnngraph.diagnostics import error
from cnngraph.partition import strategies
from cnngraph.partition.problem import Answer, Objective, Problem
from cnngraph.spelling import did_you_mean


@dataclass(frozen=True)
class Deadline:
    """When a search has to end. A search that comes to its own end sooner gives the same answer every time."""

    seconds: float = 10.0
    begun: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        return max(self.begun + self.seconds - time.monotonic(), 0.0)

    @property
    def over(self) -> bool:
        return self.left <= 0

    def within(self, seconds: float) -> Deadline:
        """One that ends after so many seconds, and not later than this one."""
        return Deadline(min(seconds, self.left))


@dataclass(frozen=True)
class Strategy:
    """A way to divide. It never breaks a limit.

    fields: solve        (problem, the best answer so far or None, deadline) -> an answer, not worse than the one it was
                         given, or None where it found none. It ends soon after the deadline, with what it has.
            objectives   what it can make small
            whole        whether it proves its answer where time allows
            quick        whether it ends by its own steps, within about a second for graphs of thousands of nodes
            needs        a package that it asks for; without it the strategy is not there
    """

    name: str
    solve: Callable[[Problem, Answer | None, Deadline], Answer | None]
    objectives: frozenset[Objective] = frozenset({"throughput"})
    whole: bool = False
    quick: bool = False
    needs: str | None = None

    @property
    def present(self) -> bool:
        return self.needs is None or find_spec(self.needs) is not None


@cache
def known_strategies() -> Mapping[str, Strategy]:
    """All strategies by name."""
    files = sorted(module.name for module in iter_modules(strategies.__path__))
    found: list[Strategy] = [import_module(f"{strategies.__name__}.{name}").STRATEGY for name in files]
    return {strategy.name: strategy for strategy in found}


def strategy_named(name: str) -> Strategy:
    """Errors: E0107 unknown; E0603 its package is not installed."""
    known = known_strategies()
    if name not in known:
        help_ = did_you_mean(name, [*known, "auto"], f"the strategies are {', '.join(known)} and auto")
        raise error("E0107", f"no partition strategy is named `{name}`", help_)
    if not known[name].present:
        text = f"the strategy {name} needs {known[name].needs}, which is not installed"
        raise error("E0603", text, "pip install 'cnngraph[solvers]'")
    return known[name]
