"""`cnngraph run` with a process for each device."""

from __future__ import annotations

import io
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnngraph.partition.device import Cluster
    from cnngraph.runtime.engines.transport import Transport
    from cnngraph.runtime.pipelining import PipelineOptions
    from cnngraph.runtime.settings import Settings


@dataclass(frozen=True)
class Job:
    """What is to be run, and how."""

    file: Path
    net: str | None
    settings: tuple[str, ...]
    inputs: tuple[str, ...]
    batch: int | None
    seed: int
    weights: Path | None
    output: Path | None
    repeat: int
    profile: bool
    plan: bool
    execution: Settings


@dataclass(frozen=True)
class Spread:
    """A job with its devices."""

    job: Job
    cluster: Cluster
    pipeline: PipelineOptions


def run_spread(engine: str, job: Job, cluster: Cluster, pipeline: PipelineOptions | None) -> None:
    """Run on all devices; the first one tells the outputs, which all have."""
    from cnngraph.cli.spread import spread
    from cnngraph.runtime.pipelining import PipelineOptions

    spread(engine, cluster, run_share, Spread(job, cluster, pipeline or PipelineOptions(1)))


def run_share(spread: Spread, transport: Transport) -> None:
    """The part of one device."""
    from cnngraph.cli.options import read_settings
    from cnngraph.cli.run import feeds_of, pipeline_run, read_arrays, show
    from cnngraph.elaborate.modules import load_file
    from cnngraph.net import Net

    job = spread.job
    loaded = Net(load_file(job.file), job.net, read_settings(job.settings))
    loaded.settings = job.execution
    feeds = feeds_of(loaded.graph, read_arrays(job.inputs), job.batch, job.seed)
    share = loaded.share(spread.cluster, spread.pipeline, feeds, transport, job.weights)
    leads = transport.device == spread.cluster.names[0]
    with nullcontext() if leads else redirect_stdout(io.StringIO()):
        show(*pipeline_run(share, feeds, job.repeat, job.plan, job.profile), job.output if leads else None)
