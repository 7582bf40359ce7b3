"""`cnngraph run`: run a net forward, on files or on random inputs: outputs, memory, time, profile, plan."""

from __future__ import annotations

from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnngraph.cli.options import execution_options, pipeline_options, source_options
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.ir.graph import Graph
    from cnngraph.net import Net
    from cnngraph.partition.device import Cluster
    from cnngraph.runtime.engines.transport import Transport
    from cnngraph.runtime.pipeline import Pipeline
    from cnngraph.runtime.pipelining import PipelineOptions
    from cnngraph.runtime.settings import Settings


LARGEST = 2**48  # numbers of an array: no machine holds more


@dataclass(frozen=True)
class Job:
    """What is to be run, and how."""

    file: Path
    net: str | None
    settings: tuple[str, ...]
    inputs: tuple[str, ...]
    batch: int | None
    seed: int
    weights: Weights
    output: Path | None
    repeat: int
    profile: bool
    plan: bool
    execution: Settings

    def load(self, whole: bool = True) -> Net:
        """The net; with the weights that are given, unless a process is to read those of its device alone."""
        loaded = load_net(self.file, self.net, self.settings, self.weights if whole or self.weights.of_model else None)
        loaded.settings = self.execution
        return loaded


@dataclass(frozen=True)
class Spread:
    """A job with its devices."""

    job: Job
    cluster: Cluster
    pipeline: PipelineOptions


@click.command()
@source_options
@click.option("--input", "inputs", multiple=True, metavar="NAME=FILE", help="A .npy file for an input; others random.")
@click.option("--batch", type=click.IntRange(1), help="Samples of random inputs; 1 by default.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of random inputs.")
@weights_options("else as the seed says")
@click.option("--fetch", metavar="NAMES", help="Outputs or nodes, with commas; only what leads to them is run.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the outputs: .npz, or .npy of one.")
@click.option("--repeat", type=click.IntRange(1), default=1, show_default=True, help="Runs that are timed.")
@click.option(
    "--devices", metavar="N|NAMES|FILE",
    help="Divide the run: 4, or gpu0,gpu1, or a cluster.toml; or as `partition --format json` wrote.",
)
@click.option("--profile", is_flag=True, help="Where the time goes, by kernel and by node.")
@click.option("--plan", is_flag=True, help="Print the plan: its steps, and where each value lies.")
@click.option(
    "--engine", type=click.Choice(["numpy", "mpi", "ray", "torch", "onnxruntime"]), default="numpy", show_default=True,
    help="What runs the net: cnngraph itself, also with a process for each device, or PyTorch, or ONNX Runtime.",
)
@pipeline_options
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    inputs: tuple[str, ...],
    batch: int | None,
    seed: int,
    weights: Weights,
    fetch: str | None,
    output: Path | None,
    repeat: int,
    devices: str | None,
    profile: bool,
    plan: bool,
    engine: str,
    pipeline: PipelineOptions | None,
    execution: Settings,
) -> None:
    """Run the net of FILE forward. One run comes before those that are timed."""
    from cnngraph.cli.division import read_division
    from cnngraph.cli.files import must_be_writable
    from cnngraph.cli.timings import profile as profile_of
    from cnngraph.partition.device import Cluster
    from cnngraph.partition.partition import HOST
    from cnngraph.plan.peak import peak_text

    if output is not None:
        must_be_writable(output)
    job = Job(file, net, settings, inputs, batch, seed, weights, output, repeat, profile, plan, execution)
    if engine in ("mpi", "ray"):
        if devices is None or fetch is not None:
            raise click.UsageError(f"--engine {engine}: with --devices, and without --fetch")
        cluster, pipeline = read_division(devices, job.load(whole=False), pipeline)
        assert cluster is not None
        run_spread(engine, job, cluster, pipeline)
        return
    loaded = job.load()
    if engine != "numpy":
        refuse_options(engine, profile=profile, plan=plan, devices=devices, fetch=fetch, microbatches=pipeline)
    feeds = feeds_of(loaded.graph, read_arrays(inputs), batch, seed)
    if engine != "numpy":
        show(*engine_run(loaded, engine, feeds, repeat), output)
        return
    cluster, pipeline = read_division(devices, loaded, pipeline)
    if pipeline is not None:
        if fetch is not None:
            raise click.UsageError("--fetch: not with --microbatches")
        found = loaded.pipeline(cluster or Cluster((HOST,)), pipeline)
        show(*pipeline_run(found, feeds, repeat, plan, profile), output)
        return
    names = [name.strip() for name in fetch.split(",")] if fetch is not None else None
    runner = loaded.runner(cluster)
    executor = runner.executor(feeds, names)
    if plan:
        click.echo(f"{executor.plan}\n")
    click.echo(f"memory: {peak_text(executor.plan, executor.workers)}")
    results = runner.run(feeds, names)
    show(results, timed(lambda: runner.run(feeds, names), repeat), output)
    if profile:
        fed = {name: feeds[name] for name in executor.plan.inputs}
        click.echo(f"\n{profile_of(executor, lambda: executor.timed(fed), repeat)}")


def pipeline_run(
    pipeline: Pipeline, feeds: dict[str, Any], repeat: int, plan: bool, profile: bool
) -> tuple[dict[str, Any], str]:
    """The outputs of a pipeline, and what its runs take."""
    found = pipeline.plan(feeds)
    if plan:
        click.echo(f"{found.schedule}\n\n{found.micro}\n")
    click.echo(f"memory: {pipeline.memory(feeds)}")
    results = pipeline.run(feeds)
    time = timed(lambda: pipeline.run(feeds), repeat)
    if profile:
        click.echo(f"{pipeline.timed(feeds)}\n")
    return results, time


def run_spread(engine: str, job: Job, cluster: Cluster, pipeline: PipelineOptions | None) -> None:
    """Run on all devices; the first one tells the outputs, which all have."""
    from cnngraph.cli.spread import spread
    from cnngraph.runtime.pipelining import PipelineOptions

    spread(engine, cluster, run_share, Spread(job, cluster, pipeline or PipelineOptions(1)))


def run_share(spread: Spread, transport: Transport) -> None:
    """The part of one device."""
    job = spread.job
    loaded = job.load(whole=False)
    feeds = feeds_of(loaded.graph, read_arrays(job.inputs), job.batch, job.seed)
    share = loaded.share(spread.cluster, spread.pipeline, feeds, transport, job.weights.find(loaded))
    leads = transport.device == spread.cluster.names[0]
    with nullcontext() if leads else redirect_stdout(StringIO()):
        show(*pipeline_run(share, feeds, job.repeat, job.plan, job.profile), job.output if leads else None)


def show(results: dict[str, Any], time: str, output: Path | None) -> None:
    """Print what a run gave, and write it."""
    from cnngraph.cli.files import write

    click.echo(f"time: {time}")
    for name, value in results.items():
        click.echo(f"{name}: {value.shape} {value.dtype}")
    if output is not None:
        write(output, packed(results, output.suffix))
        click.echo(f"outputs: {output}")


def engine_run(net: Net, engine: str, feeds: dict[str, Any], repeat: int) -> tuple[dict[str, Any], str]:
    """The outputs of another engine, and what its runs take."""
    from cnngraph.interop import pytorch
    from cnngraph.interop.onnx import runtime

    forward = pytorch.forward if engine == "torch" else runtime.forward
    runner = net.runner()
    run = forward(runner.graph, runner.states, net.settings.worker_count)
    return run(feeds), timed(lambda: run(feeds), repeat)


def refuse_options(engine: str, **given: object) -> None:
    """Another engine does not plan."""
    if wrong := [f"--{name}" for name, value in given.items() if value]:
        raise click.UsageError(f"{', '.join(wrong)}: only with --engine numpy, not {engine}")


def read_arrays(inputs: tuple[str, ...]) -> dict[str, Any]:
    """`("image=x.npy",)` as arrays by name."""
    import numpy as np

    arrays: dict[str, Any] = {}
    for text in inputs:
        name, sign, path = text.partition("=")
        if not sign:
            raise click.BadParameter(f"{text!r} is not NAME=FILE", param_hint="--input")
        try:
            arrays[name.strip()] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as reason:
            raise click.BadParameter(f"{path} is no array that can be read: {reason}", param_hint="--input") from reason
        if not isinstance(arrays[name.strip()], np.ndarray):
            raise click.BadParameter(f"{path} holds several arrays; give one .npy file for each", param_hint="--input")
    return arrays


def feeds_of(graph: Graph, given: dict[str, Any], batch: int | None, seed: int) -> dict[str, Any]:
    """The given arrays, and random ones for the other inputs: numbers about 0, ids below their vocabulary."""
    import numpy as np

    from cnngraph.diagnostics import error
    from cnngraph.ir.size import number
    from cnngraph.runtime.feeds import sizes_of

    numbers = np.random.default_rng(seed)
    sizes = {"batch": batch or 1}
    if known := [node for node in graph.inputs if node.name in given]:
        sizes |= sizes_of(graph.fetch([node.name for node in known]), given)
    feeds = dict(given)
    for node in graph.inputs:
        if node.name in given:
            continue
        type_ = node.type.bind(**sizes)
        if type_.symbols:
            text = f"the sizes {', '.join(type_.symbols)} of the input `{node.name}` are not known"
            raise error("E0109", text, f"choose them, e.g. `--set {type_.symbols[0]}=64`, or feed an array")
        if number(type_.elements) > LARGEST:
            text = f"the input `{node.name}` would have {type_.elements:,} numbers"
            raise error("E0602", text, "choose smaller sizes")
        if type_.vocabulary is not None:
            feeds[node.name] = numbers.integers(0, type_.vocabulary, type_.concrete)
        else:
            feeds[node.name] = numbers.standard_normal(type_.concrete).astype(type_.dtype)
    return feeds


def timed(run: Any, repeat: int) -> str:
    """What runs take, in words."""
    from statistics import median
    from time import perf_counter

    from cnngraph.cost.quantity import seconds_text

    seconds = []
    for _ in range(repeat):
        start = perf_counter()
        run()
        seconds.append(perf_counter() - start)
    if repeat == 1:
        return seconds_text(seconds[0])
    return f"{seconds_text(median(seconds))} (median of {repeat}, the fastest {seconds_text(min(seconds))})"


def packed(results: dict[str, Any], suffix: str) -> bytes:
    """Arrays as the content of a file."""
    import io

    import numpy as np

    content = io.BytesIO()
    if suffix == ".npy" and len(results) == 1:
        np.save(content, next(iter(results.values())))
    else:
        np.savez(content, **results)
    return content.getvalue()
