"""`cnngraph train`: train a net as the train section of its file says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, pipeline_options, read_settings, source_options

if TYPE_CHECKING:
    from cnngraph.runtime.pipelining import PipelineOptions
    from cnngraph.runtime.settings import Settings


@click.command()
@source_options
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@click.option("--epochs", type=click.IntRange(1), help="Instead of what the file says.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The weights' file; NET.safetensors by default.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on from a file that an earlier run wrote.")
@click.option("--devices", metavar="N|NAMES|FILE", help="Divide each step: 4, or gpu0,gpu1, or a cluster.toml.")
@click.option("--recompute", is_flag=True, help="Less memory: run layers again for their gradients.")
@click.option("--history", type=click.Path(path_type=Path), help="Write the figures of all epochs as JSON.")
@pipeline_options
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    data: Path | None,
    epochs: int | None,
    output: Path | None,
    resume: Path | None,
    devices: str | None,
    recompute: bool,
    history: Path | None,
    pipeline: PipelineOptions | None,
    execution: Settings,
) -> None:
    """Train the net of FILE. Ctrl-C ends the run with its weights saved; --resume goes on from them."""
    from cnngraph.cli.files import must_be_writable, write
    from cnngraph.cli.options import read_cluster
    from cnngraph.elaborate.modules import load_file
    from cnngraph.net import Net
    from cnngraph.train.progress import ProgressReporter

    loaded = Net(load_file(file), net, read_settings(settings))
    loaded.settings = execution
    target = output or Path(f"{loaded.name}.safetensors")
    for file_to_write in (target, history):
        if file_to_write is not None:
            must_be_writable(file_to_write)
    cluster = read_cluster(devices) if devices else None
    with ProgressReporter() as report:
        done = loaded.fit(
            loaded.data(data), epochs=epochs, output=target, resume_from=resume, cluster=cluster,
            recompute=recompute, pipeline=pipeline, on_progress=report,
            on_memory=lambda text: click.echo(f"memory of a step: {text}"),
        )  # fmt: skip
    if history is not None:
        write(history, done.to_json() + "\n")
    click.echo(f"{'interrupted; ' if done.interrupted else ''}weights: {target}")
