"""What a batch does: one training step, or several in turn over the same states.

    batch      discriminate   loss, gradients by D, D moves      the same data, noise of its own for each step,
               forge          loss, gradients by G, G moves      one rate for all
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnngraph.autodiff.clipping import GRADIENT_NORM
from cnngraph.autodiff.recompute import recompute as recomputed
from cnngraph.autodiff.step import RATE
from cnngraph.diagnostics import error
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.graph import Graph, Ref
from cnngraph.ir.op import Array
from cnngraph.ir.types import TensorType
from cnngraph.train.engine import Feeds, First, Here, Steps
from cnngraph.train.loading import first_states
from cnngraph.train.noise import TESTS, noise_of
from cnngraph.train.step import figures_only, form_of, step_of, steps_of, with_gradients


@dataclass(frozen=True)
class Taken:
    """What a batch gave: the sum of the losses of its steps, each of them by name where there are several, the outputs
    that were asked for, and the length of the gradients (of the first step) where the section limits it.
    """

    loss: float
    losses: Mapping[str, float]
    values: Mapping[str, Array]


class Rounds:
    """The steps of a section, ready to run. `given` are states that stand for first values, and for those of files
    that the section names; `feeds` makes those of the first batch.
    """

    def __init__(
        self,
        spec: TrainingSpec,
        engine: Here,
        feeds: Feeds,
        given: First,
        batch: int,
        recompute: bool = False,
        outputs: Sequence[str] = (),
    ) -> None:
        self.spec, self.engine, self.feeds = spec, engine, feeds
        self.noise = noise_of(spec)
        self.names = tuple(step.name for step in steps_of(spec))
        if len(self.names) > 1 and engine.pipeline is not None:
            raise error(
                "E0112", f"the steps {', '.join(self.names)} of {spec.name} are taken in turn, and not as a pipeline",
                "without microbatches a step is divided over devices too: leave the schedule away",
            )  # fmt: skip
        self.graphs = [_graph(spec, place, engine, outputs, {"batch": batch}, recompute) for place in self._places]
        self.runners: list[Steps] = []
        for place in self._places:
            self.runners.append(self._runner(place, given))

    @property
    def _places(self) -> range:
        return range(len(self.names))

    @property
    def states(self) -> dict[str, Array]:
        """The states of all steps that are in this process."""
        return {name: value for runner in self.runners for name, value in runner.states.items()}

    @property
    def types(self) -> dict[str, TensorType]:
        """Of these states."""
        known = self.states
        return {node.name: node.type for graph in self.graphs for node in graph.states if node.name in known}

    def run(self, feeds: Mapping[str, Array], rate: float, epoch: int, batch: int) -> Taken:
        """All steps on one batch; `epoch` and `batch` count from 0. The states have their next values then."""
        losses, values = [], dict[str, Array]()
        for place, runner in enumerate(self.runners):
            found = runner.run(self._fed(place, feeds, rate, epoch, batch))
            losses.append(float(found["loss"]))
            values = {**found, **values}
        each = dict(zip(self.names, losses, strict=True)) if len(losses) > 1 else {}
        return Taken(sum(losses), each, values)

    def take(self, states: Mapping[str, Array]) -> None:
        """Go on with the values of these states."""
        for runner in self.runners:
            runner.take(states)

    def memory(self) -> str:
        """What the steps take at their peak, in words."""
        found = [runner.memory(self._fed(place, self.feeds(), 0.0, 0, 0)) for place, runner in enumerate(self.runners)]
        return found[0] if len(found) == 1 else "; ".join(map("{}: {}".format, self.names, found))

    def tests(self, graph: Graph, feeds: Feeds) -> Steps:
        """What runs the network for tests, with the states where they are."""
        first = self.runners[0]

        def noisy() -> Mapping[str, Array]:
            return {**feeds(), **self.noise.values(feeds(), TESTS, 0)}

        return self.engine.tests(graph, noisy, first, lambda: self._fed(0, self.feeds(), 0.0, 0, 0), self.states)

    def _runner(self, place: int, given: First) -> Steps:
        graph = self.graphs[place]

        def first(names: Sequence[str]) -> dict[str, Array]:
            before = {name: value for name, value in self.states.items() if name in names}
            return first_states(graph, self.spec, names, {**given(names), **before})

        beside = self.runners[-1] if self.runners else None
        return self.engine.steps(graph, first, lambda: self._fed(place, self.feeds(), 0.0, 0, 0), beside)

    def _fed(self, place: int, feeds: Mapping[str, Array], rate: float, epoch: int, batch: int) -> dict[str, Array]:
        """What one step is fed: of the data what it reads, noise of its own, the rate."""
        drawn = self.noise.values(feeds, epoch, batch * len(self.names) + place)
        every = {**feeds, **drawn, RATE: np.asarray(rate, np.float32)}
        return {node.name: every[node.name] for node in self.graphs[place].inputs}


def _graph(
    spec: TrainingSpec, place: int, engine: Here, outputs: Sequence[str], sizes: Mapping[str, int], recompute: bool
) -> Graph:
    step = steps_of(spec)[place]
    whole = step_of(spec, form_of(spec, step, *outputs), step)
    if GRADIENT_NORM in whole and engine.pipeline is None:  # a pipeline knows it when the last microbatch is done
        whole = replace(whole, outputs={**whole.outputs, GRADIENT_NORM: Ref(GRADIENT_NORM)})
    shown = [name for name in (*outputs, GRADIENT_NORM) if name in whole.outputs]
    graph = with_gradients(whole, *shown) if engine.pipeline else figures_only(whole, *shown)
    return recomputed(graph, sizes) if recompute else graph
