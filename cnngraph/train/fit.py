"""Training: epochs of steps over a data set, tested after each epoch, saved so that it can go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import NoReturn

import numpy as np

from cnngraph.autodiff.averaging import exchanged
from cnngraph.data.augment import Augmenter, chain_of
from cnngraph.data.dataset import Dataset
from cnngraph.diagnostics import error
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.interop.fitting import Stored
from cnngraph.interop.safetensors import read_weights
from cnngraph.ir.op import Array
from cnngraph.ir.text import to_text
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import HOST
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.runtime.engines.transport import Transport
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.train.checkpoint import Checkpoint, Position
from cnngraph.train.engine import Here, Spread
from cnngraph.train.evaluate import Tester, test_graph
from cnngraph.train.feeds import ahead, batch_size, feeder, shuffled
from cnngraph.train.history import Epoch, History, OnProgress, Progress, silent
from cnngraph.train.interrupt import Interrupt
from cnngraph.train.rounds import Rounds
from cnngraph.train.schedule import Clock, schedule_of


def fit(
    spec: TrainingSpec,
    data: Dataset,
    *,
    on_progress: OnProgress = silent,
    output: Path | None = None,
    epochs: int | None = None,
    resume_from: Path | None = None,
    cluster: Cluster | None = None,
    recompute: bool = False,
    settings: Settings = DEFAULT,
    pipeline: PipelineOptions | None = None,
    transport: Transport | None = None,
    save_every: int | None = None,
    on_memory: Callable[[str], None] | None = None,
    start: Mapping[str, Stored] | None = None,
) -> History:
    """Train the net of `spec` on `data` for `epochs`, or as many as it says; `output` receives all states each epoch.

    The same seed gives the same numbers, bit for bit, also for a run that stopped and goes on with `resume_from`, a
    file that it wrote. (If batch or seed changed since, an epoch that was not whole begins anew.) Ctrl-C ends the step
    in progress, saves, and returns a history that says so. With a `cluster` each step runs on its devices, with a
    `pipeline` in microbatches that follow each other there; with `recompute` in less memory (`autodiff.recompute`).
    `on_memory` is told what a step takes, before the first one. `save_every` so many steps the states are saved too.
    `start` are weights in a file (`find_weights`) that stand for first values; `resume_from` goes before them.

    With a `transport` this process is one device of the cluster, beside others that call this alike: it holds the
    states of this device alone, also in the history; `output` is there at the end, and before in parts
    (`train.shards`).

    Where the section asks for averages, tests are of the averages, and in the file and the history a state and its
    average have changed places: whoever reads the weights reads averages, and a run that goes on finds both.

    Raises E0702 where the data does not fit, E0703 where the file does not, and E0704 where the loss is no number any
    more: then `output` holds the last state that was tested.
    """
    with Interrupt() as interrupt:
        epochs = spec.epochs if epochs is None else epochs
        engine = Here(cluster, settings, pipeline)
        if transport is not None:
            engine = Spread(transport, cluster or Cluster((HOST,)), settings, pipeline)
        training = _Run(
            spec, data, engine, epochs=epochs, output=output, recompute=recompute, save_every=save_every,
            start=start or {},
        )  # fmt: skip
        if resume_from is not None:
            training.resume(resume_from)
        if output is not None:
            engine.begin(output, resume_from)
        return training.run(on_progress if engine.leads else silent, on_memory if engine.leads else None, interrupt)


class _Run:
    """A training run; with the runner's states, the only thing here that changes."""

    def __init__(
        self,
        spec: TrainingSpec,
        data: Dataset,
        engine: Here,
        *,
        epochs: int,
        output: Path | None,
        recompute: bool,
        save_every: int | None,
        start: Mapping[str, Stored],
    ) -> None:
        self.spec, self.data, self.epochs, self.output, self.start = spec, data, epochs, output, start
        self.engine, self.save_every = engine, save_every
        self.batch = batch_size(spec)
        self.steps = -(-len(data.train) // self.batch)
        self.schedule = schedule_of(spec.schedule)
        self.chain = chain_of(spec.augment)
        self.feeds = feeder(spec, data)
        self.position = Position()
        shown = [spec.prediction] if spec.prediction else []
        self.rounds = Rounds(spec, engine, self.step_feeds, self.given_states, self.batch, recompute, shown)
        self.tester = Tester(spec, self.feeds, self.rounds.tests(test_graph(spec), self.test_feeds))
        self.rows: tuple[Epoch, ...] = ()
        self.whole = True  # all states are of one step
        self.keep()

    def given_states(self, names: Sequence[str]) -> dict[str, Array]:
        """Those of these states that begin with weights of a file."""
        return read_weights({name: self.start[name] for name in names if name in self.start})

    def step_feeds(self) -> dict[str, Array]:
        """The data of the first batch."""
        return self.preparation(0)(next(shuffled(len(self.data.train), self.batch, self.spec.seed, 0)))

    def test_feeds(self) -> dict[str, Array]:
        """What the first batch of a test takes."""
        part = self.data.test
        return self.feeds.feeds(part, np.arange(min(self.batch, len(part))))

    def resume(self, path: Path) -> None:
        """Go on from a file: its states, and its place in the run."""
        states, saved = self.engine.load(path, self.rounds.types)
        same = (saved.batch, saved.seed) == (self.batch, self.spec.seed)
        self.position = saved.position if same else Position(saved.position.epoch)
        self.rows = saved.rows
        self.rounds.take(exchanged(states))
        self.keep()

    def run(
        self, on_progress: OnProgress, on_memory: Callable[[str], None] | None, interrupt: Interrupt
    ) -> History:
        try:
            if on_memory is not None:
                self.tell_memory(on_memory)
            interrupted = self.run_epochs(on_progress, interrupt)
        except KeyboardInterrupt:
            if isinstance(self.engine, Spread):  # the others are elsewhere
                raise
            interrupted = True
            if not self.whole:
                self.restore()
        self.save()
        self.finish()
        return History(self.rows, self.epochs, interrupted, self.output, exchanged(self.rounds.states))

    def tell_memory(self, on_memory: Callable[[str], None]) -> None:
        on_memory(self.rounds.memory())

    def run_epochs(self, on_progress: OnProgress, interrupt: Interrupt) -> bool:
        """The rest of the run; whether it was interrupted."""
        speed = _Speed()
        while self.position.epoch < self.epochs:
            begun = time.perf_counter()
            before = self.position.images
            for feeds in self.remaining():
                self.run_step(feeds)
                speed.images += self.position.images - before
                before = self.position.images
                on_progress(self.progress(speed))
                if self.engine.agreed(interrupt.requested):
                    return True
                if self.save_every and self.clock().step % self.save_every == 0:
                    self.save()
            last = self.progress(speed)
            on_progress(replace(last, finished=self.finish_epoch(time.perf_counter() - begun)))
        return False

    def remaining(self) -> Iterator[dict[str, Array]]:
        """The feeds of each batch of the epoch in progress that is still to come."""
        now = self.position
        batches = list(shuffled(len(self.data.train), self.batch, self.spec.seed, now.epoch))
        return ahead(self.preparation(now.epoch), batches[now.step :])

    def preparation(self, epoch: int) -> Callable[[Array], dict[str, Array]]:
        """What makes the feeds of the samples with some indices."""
        part = self.data.train
        change = Augmenter(self.chain, self.spec.seed, epoch, len(part)) if self.chain else None
        return lambda indices: self.feeds.feeds(part, indices, change)

    def run_step(self, feeds: Mapping[str, Array]) -> None:
        """One step; the position counts it once all states have their next value."""
        old, count = self.position, len(next(iter(feeds.values())))
        rate = self.schedule.factor_at(self.clock())
        self.whole = False
        taken = self.rounds.run(feeds, rate, old.epoch, old.step)
        loss, prediction = taken.loss, taken.values.get(self.spec.prediction)
        if not isfinite(loss):
            self.give_up(f"the loss is {loss} in epoch {old.epoch + 1}, step {old.step + 1} of {self.steps}")
        correct = 0.0 if prediction is None else _correct(prediction, feeds[self.spec.label])
        self.position = Position(
            old.epoch,
            old.step + 1,
            old.images + count,
            old.loss_sum + loss * count,
            old.correct + correct,
        )
        self.whole = True

    def clock(self) -> Clock:
        now = self.position
        return Clock(now.epoch + now.step / self.steps, self.epochs, now.epoch * self.steps + now.step, self.rows)

    def finish_epoch(self, seconds: float) -> Epoch:
        """Test, note the row, keep and save the states."""
        done = self.position
        self.tester.take(exchanged(self.rounds.states))
        tested = self.tester.run(self.data.test, self.batch, self.data.class_names)
        if not isfinite(tested.loss):
            self.give_up(f"the loss on the test part is {tested.loss} after epoch {done.epoch + 1}")
        accuracy = done.accuracy if self.spec.prediction else None
        row = Epoch(done.epoch + 1, done.loss, accuracy, tested.loss, tested.accuracy, seconds)
        self.position, self.rows = Position(done.epoch + 1), (*self.rows, row)
        self.keep()
        self.save()
        return row

    def progress(self, speed: _Speed) -> Progress:
        now, rate = self.position, speed.images_per_second
        left = (self.epochs - now.epoch) * len(self.data.train) - now.images
        accuracy = now.accuracy if self.spec.prediction else None
        seconds = left / rate if rate else 0.0  # a run that goes on with the test of an epoch has seen no image yet
        return Progress(now.epoch + 1, self.epochs, now.step, self.steps, now.loss, accuracy, rate, seconds)

    def give_up(self, what: str) -> NoReturn:
        """Back to the states that were kept, and say why."""
        self.restore()
        self.save()
        self.finish()
        rate = getattr(self.spec.optimizer, "lr", None)
        helps = [f"try a lower learning rate, such as lr = {min(rate, 1) / 10:g}"] if rate else []
        helps += [f"{self.output} holds the state after epoch {self.position.epoch}"] if self.output else []
        raise error("E0704", what, *helps)

    def keep(self) -> None:
        """Remember states and position as good."""
        self.kept = {name: value.copy() for name, value in self.rounds.states.items()}, self.position

    def restore(self) -> None:
        states, self.position = self.kept
        self.rounds.take(states)
        self.whole = True

    def save(self) -> None:
        if self.output is not None:
            self.engine.save(self.output, exchanged(self.rounds.states), self.checkpoint())

    def finish(self) -> None:
        if self.output is not None:
            self.engine.finish(self.output, self.checkpoint())

    def checkpoint(self) -> Checkpoint:
        names, how = self.data.class_names, self.feeds.preprocessing
        spec = self.spec
        part = to_text(run(spec.graph.fetch([spec.prediction]), INFERENCE)) if spec.prediction else ""
        return Checkpoint(
            spec.name, spec.prediction, names, how, spec.seed, self.batch, self.position, self.rows, part
        )  # fmt: skip


def _correct(prediction: Array, labels: Array) -> float:
    """How many samples have the right class; where they have several labels, the part of these counts."""
    right = prediction.argmax(axis=-1) == labels
    return float(right.mean(axis=tuple(range(1, right.ndim))).sum())


class _Speed:
    """Images since the run began, or went on."""

    def __init__(self) -> None:
        self.images = 0
        self._begun = time.perf_counter()

    @property
    def images_per_second(self) -> float:
        return self.images / (time.perf_counter() - self._begun)
