"""One run of training: epochs of batches, a test after each epoch, states that are kept and saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import NoReturn

import numpy as np

from cnngraph.autodiff.averaging import exchanged
from cnngraph.autodiff.clipping import GRADIENT_NORM
from cnngraph.data.augment import Augmenter, chain_of
from cnngraph.data.dataset import Dataset, Part
from cnngraph.diagnostics import error
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.interop.fitting import Stored
from cnngraph.interop.safetensors import read_weights
from cnngraph.ir.op import Array
from cnngraph.ir.text import to_text
from cnngraph.passes.pipeline import INFERENCE, run
from cnngraph.train.checkpoint import Checkpoint, Position, fingerprint
from cnngraph.train.engine import Here, Spread
from cnngraph.train.evaluate import Evaluation, Tester, test_graph
from cnngraph.train.feeds import ahead, batch_size, feeder, shuffled
from cnngraph.train.history import Epoch, History, OnProgress, Progress
from cnngraph.train.interrupt import Interrupt
from cnngraph.train.judging import best_of, stop_of
from cnngraph.train.log import TestRow
from cnngraph.train.rounds import Rounds
from cnngraph.train.saving import Saver, load_run
from cnngraph.train.schedule import Clock, schedule_of
from cnngraph.train.weighting import weighted


@dataclass(frozen=True)
class Plan:
    """What a run is asked for beside its section and its data."""

    epochs: int
    output: Path | None = None
    recompute: bool = False
    save_every: int | None = None
    start: Mapping[str, Stored] | None = None
    data_workers: int | None = None


class Run:
    """A training run; with the states of its rounds, the only thing here that changes.

    `position` and `rows` say where it is, `kept` is the last state that was tested, with its position.
    """

    def __init__(self, spec: TrainingSpec, data: Dataset, engine: Here, plan: Plan) -> None:
        self.spec, self.data, self.engine, self.plan = spec, data, engine, plan
        self.judge = data.validation or data.test
        self.part = "validation" if data.validation else "test"
        self.batch = batch_size(spec) * spec.accumulate
        self.steps = -(-len(data.train) // self.batch)
        self.schedule, self.stop = schedule_of(spec.schedule), stop_of(spec)
        self.chain = chain_of(spec.augment)
        self.feeds = feeder(spec, data)
        shown = (spec.prediction,) if spec.prediction else ()
        trained = weighted(spec, data, self.feeds)
        self.rounds = Rounds(trained, engine, self.first_feeds, self.given, self.batch, plan.recompute, shown)
        self.tester = Tester(spec, self.feeds, self.rounds.tests(test_graph(spec), self.test_feeds))
        self.saver = Saver(engine, plan.output, self.about())
        self.position, self.rows = Position(), tuple[Epoch, ...]()
        self.whole = True  # all states are of one batch
        self.keep()

    def given(self, names: Sequence[str]) -> dict[str, Array]:
        """Weights of files that stand for first values."""
        start = self.plan.start or {}
        return read_weights({name: start[name] for name in names if name in start})

    def first_feeds(self) -> dict[str, Array]:
        """What the first batch is fed."""
        indices = next(shuffled(len(self.data.train), self.batch, self.spec.seed, 0))
        return self.preparation(0)(indices)

    def test_feeds(self) -> dict[str, Array]:
        """What the first batch of a test is fed."""
        return self.feeds.feeds(self.judge, np.arange(min(self.batch, len(self.judge))))

    def about(self) -> Checkpoint:
        """What all files of the run say."""
        spec = self.spec
        part = to_text(run(spec.graph.fetch([spec.prediction]), INFERENCE)) if spec.prediction else ""
        return Checkpoint(
            spec.name, spec.prediction, self.data.class_names, self.feeds.preprocessing, spec.seed, self.batch,
            graph=part, network=fingerprint(spec.graph), samples=len(self.data.train),
        )  # fmt: skip

    def resume(self, path: Path) -> None:
        """Go on from a file: its states, and its place in the run."""
        about = self.about()
        states, saved = load_run(self.engine, path, self.rounds.types, about.network)
        alike = all(getattr(saved, key) == getattr(about, key) for key in ("batch", "seed", "samples"))
        self.position = saved.position if alike else Position(saved.position.epoch)
        self.rows = saved.rows
        self.rounds.take(exchanged(states))
        self.keep()

    def go(self, on_progress: OnProgress, on_memory: Callable[[str], None] | None, interrupt: Interrupt) -> History:
        """All that is left of the run."""
        try:
            if on_memory is not None:
                on_memory(self.rounds.memory())
            interrupted = self.run_epochs(self.telling(on_progress), interrupt)
        except KeyboardInterrupt:
            if isinstance(self.engine, Spread):  # the others are elsewhere
                raise
            interrupted = True
            if not self.whole:
                self.restore()
        self.save()
        self.saver.finish(self.position, self.rows)
        tested = None if interrupted or not self.rows else self.tested(on_progress)
        stopped = not interrupted and self.position.epoch < self.plan.epochs
        return History(
            self.rows, self.plan.epochs, interrupted, self.plan.output, self.states(), stopped, tested,
            interrupt.signal,
        )  # fmt: skip

    def run_epochs(self, on_progress: OnProgress, interrupt: Interrupt) -> bool:
        """The rest of the epochs; whether they were interrupted."""
        speed = _Speed()
        while self.position.epoch < self.plan.epochs and not (self.stop and self.stop.done(self.rows)):
            begun, last = time.perf_counter(), self.progress(speed)
            for feeds in self.remaining():
                last = self.run_batch(feeds, speed)
                on_progress(last)
                if self.engine.agreed(interrupt.requested):
                    return True
                if self.plan.save_every and self.clock().step % self.plan.save_every == 0:
                    self.save()
            row = self.finish_epoch(begun)
            on_progress(replace(last, finished=row, best=best_of(self.rows) is row))
            self.save()  # after it was told: no log lacks what a file has
        return False

    def remaining(self) -> Iterator[dict[str, Array]]:
        """The feeds of each batch of the epoch in progress that is still to come."""
        now = self.position
        batches = list(shuffled(len(self.data.train), self.batch, self.spec.seed, now.epoch))
        return ahead(self.preparation(now.epoch), batches[now.step :], self.plan.data_workers)

    def preparation(self, epoch: int) -> Callable[[Array], dict[str, Array]]:
        """What makes the feeds of the samples with some indices."""
        part = self.data.train
        change = Augmenter(self.chain, self.spec.seed, epoch, len(part)) if self.chain else None
        return lambda indices: self.feeds.feeds(part, indices, change)

    def run_batch(self, feeds: Mapping[str, Array], speed: _Speed) -> Progress:
        """All steps of one batch; the position counts it once all states have their next value."""
        now, count, rate = self.position, len(next(iter(feeds.values()))), self.schedule.factor_at(self.clock())
        self.whole = False
        taken = self.rounds.run(feeds, rate, now.epoch, now.step)
        if not all(map(isfinite, (taken.loss, *taken.losses.values()))):
            wrong = ", ".join(f"{name} {loss}" for name, loss in taken.losses.items()) or taken.loss
            self.give_up(f"the loss is {wrong} in epoch {now.epoch + 1}, step {now.step + 1} of {self.steps}")
        prediction = taken.values.get(self.spec.prediction)
        correct = 0.0 if prediction is None else _correct(prediction, feeds[self.spec.label])
        self.position = now.after(count, taken.loss, correct, taken.losses)
        self.whole = True
        speed.images += count
        norm = taken.values.get(GRADIENT_NORM)
        told = replace(self.progress(speed), step_loss=taken.loss, rate=rate)
        return told if norm is None else replace(told, gradient_norm=float(norm))

    def clock(self) -> Clock:
        now, epochs = self.position, self.plan.epochs
        return Clock(now.epoch + now.step / self.steps, epochs, now.epoch * self.steps + now.step, self.rows)

    def finish_epoch(self, begun: float) -> Epoch:
        """Test, note the row, keep the states."""
        done = self.position
        tested = self.tests(self.judge)
        if not isfinite(tested.loss):
            self.give_up(f"the loss on the {self.part} part is {tested.loss} after epoch {done.epoch + 1}")
        self.require_numbers()
        accuracy = done.accuracy if self.spec.prediction else None
        seconds = time.perf_counter() - begun
        row = Epoch(
            done.epoch + 1, done.loss, accuracy, tested.loss, tested.accuracy, seconds, tested.metrics, done.losses
        )  # fmt: skip
        self.position, self.rows = Position(done.epoch + 1), (*self.rows, row)
        self.keep()
        return row

    def tests(self, part: Part, states: Mapping[str, Array] | None = None) -> Evaluation:
        """A part with these states, or with those of now."""
        self.tester.take(self.states() if states is None else states)
        return self.tester.run(part, self.batch, self.data.class_names)

    def tested(self, on_progress: OnProgress) -> TestRow | None:
        """The test part with the states after the best epoch, or those of now where no file has these."""
        if self.data.validation is None:
            return None
        found = self.tests(self.data.test, self.saver.best_states(self.rounds.types))
        row = TestRow(found.loss, found.accuracy, found.metrics)
        on_progress(replace(self.progress(_Speed()), tested=row))
        return row

    def progress(self, speed: _Speed) -> Progress:
        now, rate = self.position, speed.images_per_second
        left = (self.plan.epochs - now.epoch) * len(self.data.train) - now.images
        return Progress(
            now.epoch + 1, self.plan.epochs, now.step, self.steps,
            now.loss if now.images else 0.0, now.accuracy if now.images and self.spec.prediction else None, rate,
            left / rate if rate else 0.0,  # a run that goes on with the test of an epoch has seen no image yet
            images=now.images, losses=now.losses if now.images else {}, part=self.part,
        )  # fmt: skip

    def telling(self, on_progress: OnProgress) -> OnProgress:
        """`on_progress`; where it raises (a log on a full disk), the states are saved before the run ends."""

        def tell(progress: Progress) -> None:
            try:
                on_progress(progress)
            except Exception:
                self.save()
                self.saver.finish(self.position, self.rows)
                raise

        return tell

    def states(self) -> dict[str, Array]:
        """As they are saved: where there are averages, in the place of what they are averages of."""
        return exchanged(self.rounds.states)

    def require_numbers(self) -> None:
        """A gradient may overflow and leave the loss as it was: no such state is saved or kept. (Processes that have
        states of their own do not agree on this; the loss tells all of them soon.)
        """
        if isinstance(self.engine, Spread):
            return
        for name, value in self.rounds.states.items():
            if value.size and value.dtype.kind == "f" and not (isfinite(value.min()) and isfinite(value.max())):
                now = self.position
                self.give_up(f"{name} is no number any more in epoch {now.epoch + 1}, step {now.step} of {self.steps}")

    def give_up(self, what: str) -> NoReturn:
        """Back to the states that were kept, and say why."""
        self.restore()
        self.save()
        self.saver.finish(self.position, self.rows)
        rate = getattr(self.spec.optimizer, "lr", None)
        helps = [f"try a lower learning rate, such as lr = {min(rate, 1) / 10:g}"] if rate else []
        helps += [f"{self.plan.output} holds the state after epoch {self.position.epoch}"] if self.plan.output else []
        raise error("E0704", what, *helps)

    def keep(self) -> None:
        """Remember states and position as good."""
        self.kept = {name: value.copy() for name, value in self.rounds.states.items()}, self.position

    def restore(self) -> None:
        states, self.position = self.kept
        self.rounds.take(states)
        self.whole = True

    def save(self) -> None:
        if self.position != self.kept[1]:
            self.require_numbers()
        self.saver.save(self.states(), self.position, self.rows)


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
