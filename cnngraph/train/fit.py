"""Training: epochs of steps over a data set, tested after each epoch, saved so that it can go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from cnngraph.data.dataset import Dataset
from cnngraph.data.division import FOR_CHOICES, divided
from cnngraph.data.given import dataset_of
from cnngraph.diagnostics import error
from cnngraph.elaborate.training import TrainingSpec
from cnngraph.interop.fitting import Stored
from cnngraph.interop.whole_file import sweep_leftovers
from cnngraph.ir.op import Array
from cnngraph.partition.device import Cluster
from cnngraph.partition.partition import HOST
from cnngraph.runtime.engines.transport import Transport
from cnngraph.runtime.pipelining import PipelineOptions
from cnngraph.runtime.settings import DEFAULT, Settings
from cnngraph.train.engine import Here, Spread
from cnngraph.train.history import History, OnProgress, silent
from cnngraph.train.interrupt import Interrupt
from cnngraph.train.run import Plan, Run
from cnngraph.train.saving import best_path
from cnngraph.train.shards import clear, folder_of


class FitOptions(TypedDict, total=False):
    """The options of `fit`, but for settings, for those who hand them on."""

    on_progress: OnProgress
    output: str | Path | None
    epochs: int | None
    resume_from: str | Path | None
    cluster: Cluster | None
    recompute: bool
    pipeline: PipelineOptions | None
    transport: Transport | None
    save_every: int | None
    on_memory: Callable[[str], None] | None
    start: Mapping[str, Stored] | None
    validate: float | None
    data_workers: int | None


def fit(
    spec: TrainingSpec,
    data: Dataset | Mapping[str, Array],
    *,
    on_progress: OnProgress = silent,
    output: str | Path | None = None,
    epochs: int | None = None,
    resume_from: str | Path | None = None,
    cluster: Cluster | None = None,
    recompute: bool = False,
    settings: Settings = DEFAULT,
    pipeline: PipelineOptions | None = None,
    transport: Transport | None = None,
    save_every: int | None = None,
    on_memory: Callable[[str], None] | None = None,
    start: Mapping[str, Stored] | None = None,
    validate: float | None = None,
    data_workers: int | None = None,
) -> History:
    """Train the net of `spec` on `data` for `epochs`, or as many as it says. Arrays by name are a data set too, divided
    by the seed (`data.given`). So many `data_workers` prepare batches; no bit depends on their number.

    `output` receives all states after each epoch, and after each `save_every` steps; beside it is a file with the state
    after the best epoch (`train.saving`). The same seed gives the same numbers, bit for bit, also for a run that was
    killed and goes on with `resume_from`, a file that it wrote: then the files at its end are equal byte by byte. (If
    batch, seed or data changed since, an epoch that was not whole begins anew.) Ctrl-C or SIGTERM ends the step in
    progress, saves, and returns a history that says so.

    Epochs are judged by the test part; with a part for validation (of the data, or with `validate` so great a share of
    the training part, drawn by the seed) by that part, and the test part is tested once, at the end, with the state
    after the best epoch where a file has it. The best epoch is the one with the best first metric, or the lowest loss.

    With a `cluster` each step runs on its devices, with a `pipeline` in microbatches that follow each other there; with
    `recompute` in less memory (`autodiff.recompute`). Where the section says `accumulate`, a step takes the gradients
    of so many batches, one after the other: up to rounding it is the step of a batch that is so much larger, but that
    batch norms and class weights see each batch by itself. `on_memory` is told what a step takes, before the first one.
    `start` are weights in a file (`find_weights`) that stand for first values; `resume_from` goes before them.

    With a `transport` this process is one device of the cluster, beside others that call this alike: it holds the
    states of this device alone, also in the history; `output` is there at the end, and before in parts
    (`train.shards`).

    Where the section asks for averages, tests are of the averages, and in the file and the history a state and its
    average have changed places: whoever reads the weights reads averages, and a run that goes on finds both.

    Raises E0702 where the data does not fit, E0703 where the file does not or cannot be written, and E0704 where the
    loss or a weight is no number any more: then `output` holds the last state that was tested.
    """
    with Interrupt() as interrupt:
        data = data if isinstance(data, Dataset) else dataset_of(data, seed=spec.seed)
        data = data if validate is None else with_validation(data, validate, spec.seed)
        engine = _engine(cluster, settings, _accumulating(spec, pipeline), transport)
        target, begun = (Path(path) if path else None for path in (output, resume_from))
        spec = replace(spec, weights=()) if begun else spec  # the file of the run has all states
        if target is not None and engine.leads:
            for path in (target, best_path(target)):
                sweep_leftovers(path)
            clear(folder_of(best_path(target)))
        plan = Plan(spec.epochs if epochs is None else epochs, target, recompute, save_every, start, data_workers)
        training = Run(spec, data, engine, plan)
        if begun is not None:
            training.resume(begun)
        if target is not None:
            engine.begin(target, begun)
        return training.go(on_progress if engine.leads else silent, on_memory if engine.leads else None, interrupt)


def with_validation(data: Dataset, share: float, seed: int) -> Dataset:
    """The data with `share` of its training part, of each class alike, as the part that epochs are judged by.

    Raises E0701 where one of both parts would be empty, E0702 where the data has such a part already.
    """
    if data.validation is not None:
        raise error("E0702", "the data has a part to validate with already", "leave --validate away")
    train, validation = divided(data.train, share, seed, FOR_CHOICES)
    return replace(data, train=train, validation=validation)


def _engine(
    cluster: Cluster | None, settings: Settings, pipeline: PipelineOptions | None, transport: Transport | None
) -> Here:
    if transport is None:
        return Here(cluster, settings, pipeline)
    return Spread(transport, cluster or Cluster((HOST,)), settings, pipeline)


def _accumulating(spec: TrainingSpec, pipeline: PipelineOptions | None) -> PipelineOptions | None:
    """Batches whose gradients are added are microbatches of a larger one. Raises E0112 for several steps."""
    if spec.accumulate == 1:
        return pipeline
    if len(spec.steps) > 1:
        raise error("E0112", f"the steps of {spec.name} are taken in turn on each batch, and gradients do not wait",
                    "drop `accumulate`, or take a larger `batch`")  # fmt: skip
    given = pipeline or PipelineOptions(1)
    return replace(given, microbatches=given.microbatches * spec.accumulate)
