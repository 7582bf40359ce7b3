"""`cnngraph train`: train a net as the train section of its file says."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import Real, execution_options, pipeline_options, source_options
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.data.dataset import Dataset
    from cnngraph.net import Net
    from cnngraph.partition.device import Cluster
    from cnngraph.runtime.engines.transport import Transport
    from cnngraph.runtime.pipelining import PipelineOptions
    from cnngraph.runtime.settings import Settings
    from cnngraph.train.history import History, OnProgress, Progress

OWN = ""  # --resume without a file: the one that the run writes


@dataclass(frozen=True)
class Job:
    """What is to be trained, and how."""

    file: Path
    net: str | None
    settings: tuple[str, ...]
    data: Path | None
    epochs: int | None
    output: Path
    resume: Path | None
    validate: float | None
    cluster: Cluster | None
    recompute: bool
    history: Path | None
    log: Path | None
    tensorboard: Path | None
    save_every: int | None
    data_workers: int | None
    weights: Weights
    pipeline: PipelineOptions | None
    execution: Settings

    def load(self) -> Net:
        loaded = load_net(self.file, self.net, self.settings)
        loaded.settings = self.execution
        return loaded


@click.command()
@source_options
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of what the file says.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The weights' file; NET.safetensors by default.")
@weights_options("to begin with; else as the seed says")
@click.option(
    "--resume", is_flag=False, flag_value=OWN, metavar="[FILE]",
    help="Go on, bit for bit, from what an earlier run wrote; from --output if no file is named.",
)
@click.option(
    "--validate", type=Real(0, 1, min_open=True, max_open=True), metavar="SHARE",
    help="Judge epochs by this share of the training part, and test once, at the end.",
)
@click.option(
    "--devices", metavar="N|NAMES|FILE",
    help="Divide each step: 4, or gpu0,gpu1, or a cluster.toml; or as `partition --gradient --format json` wrote.",
)
@click.option("--recompute", is_flag=True, help="Less memory: run layers again for their gradients.")
@click.option("--history", type=click.Path(path_type=Path), help="Write the figures of all epochs as JSON.")
@click.option("--log", type=click.Path(path_type=Path), help="Write what happens as JSON lines, while it happens.")
@click.option("--tensorboard", type=click.Path(path_type=Path), metavar="FOLDER", help="Write it for TensorBoard.")
@click.option("--save-every", type=click.IntRange(1), metavar="STEPS", help="Save within epochs too.")
@click.option(
    "--data-workers", type=click.IntRange(1, 256), metavar="N",
    help="Threads that prepare batches; by default half as many as there are cores, at least 2. No bit changes.",
)
@click.option(
    "--engine", type=click.Choice(["threads", "mpi", "ray"]), default="threads", show_default=True,
    help="What a device is: a thread of this process, or a process, on one machine or several.",
)
@click.option(
    "--restarts", type=click.IntRange(0), default=0, metavar="N",
    help="When a process of mpi or ray is lost, start again from what was saved, at most N times.",
)
@pipeline_options
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    data: Path | None,
    epochs: int | None,
    output: Path | None,
    weights: Weights,
    resume: str | None,
    validate: float | None,
    devices: str | None,
    recompute: bool,
    history: Path | None,
    log: Path | None,
    tensorboard: Path | None,
    save_every: int | None,
    data_workers: int | None,
    engine: str,
    restarts: int,
    pipeline: PipelineOptions | None,
    execution: Settings,
) -> None:
    """Train the net of FILE. Ctrl-C or SIGTERM saves and ends (exit status 130 or 143); --resume goes on.

    The last state is in NET.safetensors, the best one in NET.best.safetensors.
    """
    from cnngraph.cli.division import read_division
    from cnngraph.cli.files import must_be_writable

    target = output or Path()
    job = Job(
        file, net, settings, data, epochs, target, None, validate, None, recompute, history, log, tensorboard,
        save_every, data_workers, weights, pipeline, execution,
    )  # fmt: skip
    loaded = job.load()  # what is wrong with the file is told before processes start
    cluster, pipeline = read_division(devices, loaded, pipeline, True, recompute)
    target = output or Path(f"{loaded.name}.safetensors")
    _require_different(file, target, history, log)
    for file_to_write in (target, history, log):
        if file_to_write is not None:
            must_be_writable(file_to_write)
    job = replace(job, output=target, resume=resumed(resume, target), cluster=cluster, pipeline=pipeline)
    if engine == "threads":
        train(job)
        return
    if cluster is None:
        raise click.UsageError(f"--engine {engine}: say which devices, such as --devices 4")
    spread(engine, cluster, job, target, restarts)


def _require_different(file: Path, *written: Path | None) -> None:
    """Refuse to write over the net, or two things into one file."""
    known = {file.resolve(): "the net"}
    for path, what in zip(written, ("the weights", "the history", "the log"), strict=True):
        if path is None or (path.exists() and not path.is_file()):  # a terminal takes both
            continue
        if (before := known.setdefault(path.resolve(), what)) != what:
            raise click.UsageError(f"{path} would hold {before} and {what}: give another name")


def resumed(given: str | None, target: Path) -> Path | None:
    """What `--resume` means: a file, or what the run itself wrote last."""
    from cnngraph.train.shards import folder_of, newest

    if given is None or given != OWN:
        return None if given is None else Path(given)
    return folder_of(target) if newest(folder_of(target)) else target


def spread(engine: str, cluster: Cluster, job: Job, target: Path, restarts: int) -> None:
    """Train in a process for each device; after a loss, from the newest checkpoint that is complete."""
    from cnngraph.cli.spread import spread
    from cnngraph.train.shards import folder_of, newest

    folder = folder_of(target)
    spread(engine, cluster, train, job, restarts, lambda: {"resume": folder} if newest(folder) else {})


def train(job: Job, transport: Transport | None = None) -> None:
    """Train here, or with a `transport` as one of the devices; the first one tells how it goes."""
    from cnngraph.cli.files import write
    from cnngraph.train.fit import with_validation

    loaded = job.load()
    data = loaded.data(job.data)
    if job.validate is not None:
        data = with_validation(data, job.validate, loaded.training.seed)
    leads = transport is None or (job.cluster is not None and transport.device == job.cluster.names[0])
    with ExitStack() as stack:
        done = loaded.fit(
            data, epochs=job.epochs, output=job.output, resume_from=job.resume, cluster=job.cluster,
            recompute=job.recompute, pipeline=job.pipeline, transport=transport, save_every=job.save_every,
            data_workers=job.data_workers,
            on_progress=_watchers(job, loaded, data, stack, leads), start=job.weights.find(loaded),
            on_memory=lambda text: click.echo(f"memory of a step: {text}"),
        )  # fmt: skip
    if not leads:
        return
    if job.history is not None:
        write(job.history, done.to_json() + "\n")
    _tell(job, done)
    if done.interrupted and transport is None:
        sys.exit(128 + (done.signal or SIGINT))


def _watchers(job: Job, net: Net, data: Dataset, stack: ExitStack, leads: bool) -> OnProgress:
    """Who is told how it goes: the screen, and the files that were asked for."""
    from cnngraph.train.history import silent
    from cnngraph.train.log_writer import LogWriter, description
    from cnngraph.train.progress import ProgressReporter

    if not leads:
        return silent
    told: list[OnProgress] = [stack.enter_context(ProgressReporter())]
    if job.log is not None:
        epochs = job.epochs or net.training.epochs
        told.append(stack.enter_context(LogWriter(job.log, description(net.training, data, epochs, job.file))))
    if job.tensorboard is not None:
        from cnngraph.train.tensorboard import BoardWriter

        told.append(stack.enter_context(BoardWriter(job.tensorboard)))

    def tell(progress: Progress) -> None:
        for listener in told:
            listener(progress)

    return tell


def _tell(job: Job, done: History) -> None:
    """The last lines: what was found, and where it is."""
    from cnngraph.train.saving import best_path

    if done.best is not None:
        if done.stopped:
            click.echo(f"stopped after epoch {len(done.rows)}: none since epoch {done.best.number} was better")
        click.echo(f"best: {best_path(job.output)}, epoch {done.best.number}")
    click.echo(f"{'interrupted; ' if done.interrupted else ''}weights: {job.output}")
