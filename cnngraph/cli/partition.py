"""`cnngraph partition`: divide a net over devices; print, draw, explain and keep the division."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnngraph.cli.options import (
    Real,
    depth_option,
    direction_option,
    pipeline_options,
    read_cluster,
    read_settings,
    source_options,
    step_option,
    style_options,
    table_format_option,
)
from cnngraph.cli.sources import load_net

if TYPE_CHECKING:
    from cnngraph.ir.graph import Graph
    from cnngraph.net import Net
    from cnngraph.pages.partition.network import Pipelined
    from cnngraph.partition.explain import Explanation, Question
    from cnngraph.partition.partition import Partition
    from cnngraph.partition.problem import Objective
    from cnngraph.runtime.pipelining import PipelineOptions

OBJECTIVES = ("throughput", "latency", "memory")


@click.command()
@source_options
@click.option("--devices", metavar="N|NAMES|FILE", help="4, or gpu0,gpu1, or a cluster.toml.")
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Samples in one run.")
@click.option("--gradient", is_flag=True, help="The whole training step instead of the forward run.")
@step_option
@click.option("--recompute", is_flag=True, help="Less memory: run layers again for their gradients.")
@click.option("--objective", type=click.Choice(OBJECTIVES), default="throughput", show_default=True)
@click.option("--any-split", is_flag=True, help="Devices need not be stages one after another.")
@click.option(
    "--replicate", is_flag=True, help="Devices that are alike may share a stage, each for samples of its own."
)
@click.option("--strategy", default="auto", show_default=True)
@click.option("--time-limit", type=Real(0, min_open=True), metavar="SECONDS", help="Search so long.")
@click.option("--profile", type=click.Path(path_type=Path), help="Measured seconds, from `cnngraph profile -o`.")
@click.option("--from", "kept", type=click.Path(path_type=Path), help="A division that was kept with --format json.")
@click.option("--explain", is_flag=True, help="What the busiest device is busy with, and what would help, tried out.")
@table_format_option
@click.option("--render", is_flag=True, help="Draw the graph, a frame for each device.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The picture's file; NET_devices.svg by default.")
@depth_option
@click.option("--expand", multiple=True, metavar="PATH", help="A block to draw in full, e.g. conv4.bottleneck[2].")
@direction_option
@style_options
@pipeline_options
@click.option("--timeline", type=click.Path(path_type=Path), metavar="FILE.svg", help="Draw a step of the pipeline.")
@click.option("--trace", type=click.Path(path_type=Path), metavar="FILE.json", help="The same for ui.perfetto.dev.")
@click.option("--measure", is_flag=True, help="Run a step of the pipeline here, and show it beside the prediction.")
@click.option("--subgraphs", type=click.Path(path_type=Path), metavar="FOLDER", help="Write the graph of each device.")
@click.option("--page", type=click.Path(path_type=Path), metavar="FILE.html", help="Graph, time and figures as a page.")
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    devices: str | None,
    batch: int,
    gradient: bool,
    step: str | None,
    recompute: bool,
    format_: str,
    render: bool,
    output: Path | None,
    depth: int | None,
    expand: tuple[str, ...],
    direction: str | None,
    looks: dict[str, Any],
    subgraphs: Path | None,
    explain: bool,
    kept: Path | None,
    pipeline: PipelineOptions | None,
    timeline: Path | None,
    trace: Path | None,
    measure: bool,
    page: Path | None,
    **search: Any,
) -> None:
    """Divide the net of FILE over devices so that the busiest one has as little to do as possible.

    FILE may be a published workload instead, a JSON file of operators with their times: it names its own devices.
    """
    from cnngraph.cli.files import must_be_drawing, must_be_page, must_be_writable
    from cnngraph.cli.timelines import show_timelines, timelines
    from cnngraph.partition.explain import explain as explanation_of
    from cnngraph.render.dot import save

    must_be_page(page)
    if file.suffix == ".json":
        refuse_for_workloads(devices=devices, gradient=gradient, render=render or output, subgraphs=subgraphs,
                             explain=explain, kept=kept, microbatches=pipeline, **search)  # fmt: skip
        show_workload(file, format_, page, **search)
        return
    if (recompute or step) and not gradient:
        raise click.UsageError("--recompute and --step are about training: add --gradient")
    if explain and format_ in ("csv", "json"):
        raise click.UsageError(f"--explain is for people: not with --format {format_}")
    if pipeline is None and (timeline or trace or measure):
        raise click.UsageError("--timeline, --trace and --measure are about a pipeline: add --microbatches")
    must_be_drawing(output, ".svg")
    for path in (timeline, trace, subgraphs and subgraphs / "x.graph"):
        if path is not None:
            must_be_writable(path)
    loaded = load_net(file, net, settings)
    loaded.step = step
    question, found = divided(loaded, devices, batch, gradient, recompute, kept, **search)
    measured = question.measured_of(found.graph)
    click.echo(shown(found, format_, {"batch": batch, **whole_numbers(settings)}, measured))
    explanation = explanation_of(question, found) if explain else None
    if explanation is not None:
        click.echo(f"\n{explained(explanation, format_)}")
    pipelined = None
    if pipeline is not None:
        pipeline = replace(pipeline, strategy=search["strategy"], replicate=search["replicate"])
        if kept is not None:
            pipeline = replace(pipeline, device_of=found.device_of, teams=found.teams)
        from cnngraph.pages.partition.network import Pipelined

        pipelined = Pipelined(*timelines(loaded, found.cluster, pipeline, batch, gradient, measure))
        told = show_timelines(loaded, pipelined, timeline, trace)
        click.echo(f"\n{told}", err=format_ not in ("text", "markdown"))
        for name, path in (("timeline", timeline), ("trace", trace)):
            if path is not None:
                click.echo(f"{name}: {path}", err=format_ != "text")
    if render or output:
        target = output or Path(f"{loaded.name}_devices.svg")
        looks |= {"depth": depth, "expand": expand, "direction": direction}
        save(found.graph, target, None if target.suffix else "svg", partition=found, **looks)
        click.echo(f"picture: {target}", err=format_ != "text")
    if page is not None:
        write_page(found, pipelined, explanation, page)
        click.echo(f"page: {page}", err=format_ != "text")
    if subgraphs is not None:
        write_subgraphs(found, subgraphs)
        click.echo(f"subgraphs: {subgraphs}", err=format_ != "text")


def divided(
    net: Net, devices: str | None, batch: int, gradient: bool, recompute: bool, kept: Path | None, **search: Any
) -> tuple[Question, Partition]:
    """What is asked, and its answer: found now, or kept in a file."""
    from cnngraph.partition.explain import Question
    from cnngraph.partition.partition_file import load_partition
    from cnngraph.partition.ways_out import answered

    if (devices is None) == (kept is None):
        raise click.UsageError("give --devices, or --from with a file that names them")

    def graph_of(batch: int, recompute: bool) -> Graph:
        return net.bound(batch, gradient, recompute)

    measured_of = measured_by(search["profile"])
    how = {key: search[key] for key in ("strategy", "objective", "replicate")}
    how |= {"contiguous": False if search["any_split"] else None, "time_limit_seconds": search["time_limit"]}
    if devices is not None:
        question = Question(graph_of, read_cluster(devices), batch, recompute, gradient, how, measured_of)
        return question, answered(question)
    graph = graph_of(batch, recompute)
    found = load_partition(kept or "", graph, measured_of(graph))
    how |= {"objective": found.objective, "contiguous": found.contiguous, "replicate": bool(found.teams)}
    return Question(graph_of, found.cluster, batch, recompute, gradient, how, measured_of), found


def measured_by(profile: Path | None) -> Callable[[Graph], Mapping[str, float] | None]:
    """The seconds that a profile has for a graph."""
    from cnngraph.partition.profile import load_profile

    if profile is None:
        return lambda graph: None
    return load_profile(profile).measured


def whole_numbers(settings: tuple[str, ...]) -> dict[str, int]:
    return {name: value for name, value in read_settings(settings).items() if isinstance(value, int)}


def shown(partition: Partition, format_: str, sizes: Mapping[str, int], measured: Mapping[str, float] | None) -> str:
    """The table, or in JSON all there is to keep."""
    from cnngraph.partition.partition_file import write_partition
    from cnngraph.render.partition_table import stages

    return write_partition(partition, sizes, measured).rstrip() if format_ == "json" else stages(partition).to(format_)


def explained(explanation: Explanation, format_: str) -> str:
    """Why it is no better, and what would help."""
    from cnngraph.render.explanation import reasons, trials

    return f"{reasons(explanation)}\n\n{trials(explanation).to(format_)}"


def write_page(
    partition: Partition, pipelined: Pipelined | None, explanation: Explanation | None, path: Path
) -> None:
    """The graph, the timeline and all figures as one file of HTML."""
    from cnngraph.cli.files import write
    from cnngraph.pages.partition.network import Network
    from cnngraph.pages.partition.page import partition_page

    write(path, partition_page(Network(partition, pipelined, explanation).subject()))


def write_subgraphs(partition: Partition, folder: Path) -> None:
    """The graph of each device, printed and drawn."""
    from cnngraph.cli.files import write
    from cnngraph.ir.text import to_text
    from cnngraph.render.dot import save

    for stage in partition.stages:
        name = re.sub(r"[^\w.-]", "_", stage.device.name)
        graph = partition.subgraph(stage.device.name)
        write(folder / f"{name}.graph", to_text(graph))
        save(graph, folder / f"{name}.svg")


def refuse_for_workloads(**given: Any) -> None:
    """A workload has its own devices and no graph."""
    options = ("devices", "gradient", "render", "microbatches", "subgraphs", "explain", "kept", "profile", "replicate")
    names = {"kept": "from"}
    if wrong := [names.get(option, option) for option in options if given.get(option)]:
        raise click.UsageError(f"--{wrong[0]}: a workload names its own devices, and has times but no graph")


def show_workload(file: Path, format_: str, page: Path | None, strategy: str, objective: Objective, any_split: bool,
                  time_limit: float | None, **others: Any) -> None:  # fmt: skip
    """The division of a workload as a table, and as a page."""
    from cnngraph.cli.files import write
    from cnngraph.pages.partition.page import partition_page
    from cnngraph.pages.partition.workload import Divided
    from cnngraph.partition.split import solve
    from cnngraph.partition.workload import posed, read_workload
    from cnngraph.render.partition_table import shares

    workload = read_workload(file)
    problem = posed(workload, objective, not any_split)
    answer = solve(problem, strategy, time_limit)
    click.echo(shares(problem, answer, strategy).to(format_))
    if page is not None:
        backward = frozenset(operator.name for operator in workload.operators if operator.backward)
        write(page, partition_page(Divided(problem, answer, strategy, backward).subject()))
        click.echo(f"page: {page}", err=format_ != "text")
