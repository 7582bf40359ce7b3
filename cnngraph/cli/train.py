"""`cnngraph train`: train a net as the train section of its file says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, pipeline_options, source_options
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.net import Net
    from cnngraph.partition.device import Cluster
    from cnngraph.runtime.engines.transport import Transport
    from cnngraph.runtime.pipelining import PipelineOptions
    from cnngraph.runtime.settings import Settings


@dataclass(frozen=True)
class Job:
    """What is to be trained, and how."""

    file: Path
    net: str | None
    settings: tuple[str, ...]
    data: Path | None
    epochs: int | None
    output: Path | None
    resume: Path | None
    cluster: Cluster | None
    recompute: bool
    history: Path | None
    save_every: int | None
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
@click.option("--resume", type=click.Path(path_type=Path), help="Go on from what an earlier run wrote.")
@click.option(
    "--devices", metavar="N|NAMES|FILE",
    help="Divide each step: 4, or gpu0,gpu1, or a cluster.toml; or as `partition --gradient --format json` wrote.",
)
@click.option("--recompute", is_flag=True, help="Less memory: run layers again for their gradients.")
@click.option("--history", type=click.Path(path_type=Path), help="Write the figures of all epochs as JSON.")
@click.option("--save-every", type=click.IntRange(1), metavar="STEPS", help="Save within epochs too.")
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
    resume: Path | None,
    devices: str | None,
    recompute: bool,
    history: Path | None,
    save_every: int | None,
    engine: str,
    restarts: int,
    pipeline: PipelineOptions | None,
    execution: Settings,
) -> None:
    """Train the net of FILE. Ctrl-C ends the run with its weights saved; --resume goes on from them."""
    from cnngraph.cli.division import read_division
    from cnngraph.cli.files import must_be_writable

    job = Job(
        file, net, settings, data, epochs, output, resume, None, recompute, history, save_every, weights, pipeline,
        execution,
    )  # fmt: skip
    loaded = job.load()  # what is wrong with the file is told before processes start
    cluster, pipeline = read_division(devices, loaded, pipeline, True, recompute)
    target = output or Path(f"{loaded.name}.safetensors")
    for file_to_write in (target, history):
        if file_to_write is not None:
            must_be_writable(file_to_write)
    job = replace(job, output=target, cluster=cluster, pipeline=pipeline)
    if engine == "threads":
        train(job)
        return
    if cluster is None:
        raise click.UsageError(f"--engine {engine}: say which devices, such as --devices 4")
    spread(engine, cluster, job, target, restarts)


def spread(engine: str, cluster: Cluster, job: Job, target: Path, restarts: int) -> None:
    """Train in a process for each device; after a loss, from the newest checkpoint that is complete."""
    from cnngraph.cli.spread import spread
    from cnngraph.train.shards import folder_of, newest

    folder = folder_of(target)
    spread(engine, cluster, train, job, restarts, lambda: {"resume": folder} if newest(folder) else {})


def train(job: Job, transport: Transport | None = None) -> None:
    """Train here, or with a `transport` as one of the devices; the first one tells how it goes."""
    from cnngraph.cli.files import write
    from cnngraph.train.progress import ProgressReporter

    loaded = job.load()
    with ProgressReporter() as report:
        done = loaded.fit(
            loaded.data(job.data), epochs=job.epochs, output=job.output, resume_from=job.resume, cluster=job.cluster,
            recompute=job.recompute, pipeline=job.pipeline, transport=transport, save_every=job.save_every,
            on_progress=report, on_memory=lambda text: click.echo(f"memory of a step: {text}"),
            start=job.weights.find(loaded),
        )  # fmt: skip
    if transport is not None and job.cluster is not None and transport.device != job.cluster.names[0]:
        return
    if job.history is not None:
        write(job.history, done.to_json() + "\n")
    click.echo(f"{'interrupted; ' if done.interrupted else ''}weights: {job.output}")
