"""What both sides get of a train section: first weights, batches in the same order with the same changes, rates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from cnngraph.autodiff.step import RATE
from cnngraph.data.augment import Augmenter, chain_of
from cnngraph.data.dataset import Dataset
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.ir.graph import Graph
from cnngraph.ir.op import Array
from cnngraph.net import Net
from cnngraph.passes.pipeline import TRAINING, run
from cnngraph.train.feeds import ahead, batch_size, cut, feeder, shuffled
from cnngraph.train.initialisers import initial_states, initialiser_of
from cnngraph.train.schedule import Clock, schedule_of
from cnngraph.train.step import figures_only, step_of

Feeds = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Recipe:
    """A net, its train section with one seed, its data, and how many epochs there are."""

    net: Net
    spec: TrainingSpec
    data: Dataset
    epochs: int

    @classmethod
    def of(cls, net: Net, folder: Path | None, seed: int, epochs: int | None = None) -> Recipe:
        """The recipe of a file. Raises ValueError where its train section has what the peer does not do."""
        spec = replace(net.training, seed=seed)
        if spec.optimizer.name != "sgd" or spec.average or spec.clip or not spec.prediction:
            raise ValueError(f"{spec.name}: compared are classifiers trained by sgd, without averages and clipping")
        return cls(net, spec, net.data(folder), epochs or spec.epochs)

    @cached_property
    def step(self) -> Graph:
        """One training step as `cnngraph train` runs it."""
        form = run(figures_only(self.spec.graph, self.spec.prediction), TRAINING)
        return figures_only(step_of(self.spec, form), self.spec.prediction)

    @cached_property
    def states(self) -> dict[str, Array]:
        """First values of weights and all other states, as the seed says."""
        names = [node.name for node in self.step.states]
        return initial_states(self.step, self.spec.seed, initialiser_of(self.spec.init), names)

    @property
    def image(self) -> str:
        """The input that takes the images."""
        return next(name for name in self._feeder.columns if name != self.spec.label)

    def indices(self, epoch: int) -> list[Array]:
        """The samples of each batch of an epoch, counted from 0."""
        return list(shuffled(len(self.data.train), batch_size(self.spec), self.spec.seed, epoch))

    def preparation(self, epoch: int) -> Callable[[Array], Feeds]:
        """What makes the feeds of the samples with some indices: changed as this epoch says, and normalized."""
        part, chain = self.data.train, chain_of(self.spec.augment)
        change = Augmenter(chain, self.spec.seed, epoch, len(part)) if chain else None
        return lambda indices: self._feeder.feeds(part, indices, change)

    def rated(self, epoch: int, prepared: Iterator[Feeds], first: int = 0) -> Iterator[Feeds]:
        """The feeds with the factor of the schedule for each step, from step `first` of an epoch on."""
        schedule, steps = schedule_of(self.spec.schedule), -(-len(self.data.train) // batch_size(self.spec))
        for step, feeds in enumerate(prepared, first):
            factor = schedule.factor_at(Clock(epoch + step / steps, self.epochs, epoch * steps + step))
            yield {**feeds, RATE: np.asarray(factor, np.float32)}

    def epoch(self, epoch: int) -> Iterator[Feeds]:
        """What all steps of an epoch take; a thread prepares the next batch."""
        return self.rated(epoch, ahead(self.preparation(epoch), self.indices(epoch)))

    def tests(self) -> Iterator[Feeds]:
        """The test part in batches, unchanged but normalized."""
        part = self.data.test
        return (self._feeder.feeds(part, indices) for indices in cut(np.arange(len(part)), batch_size(self.spec)))

    @cached_property
    def _feeder(self):  # type: ignore[no-untyped-def]
        return feeder(self.spec, self.data)
