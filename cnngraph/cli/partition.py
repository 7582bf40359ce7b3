"""`cnngraph partition`: divide a net over devices, and print the stages or draw them."""

from __future__ import annotations

from pathlib import Path

import click

from cnngraph.cli.options import read_cluster, read_settings, source_options, table_format_option


@click.command()
@source_options
@click.option("--devices", required=True, metavar="N|NAMES|FILE", help="4, or gpu0,gpu1, or a cluster.toml.")
@click.option("--batch", type=click.IntRange(1), default=1, show_default=True, help="Samples in one run.")
@click.option("--gradient", is_flag=True, help="The whole training step instead of the forward run.")
@click.option("--recompute", is_flag=True, help="Less memory: run layers again for their gradients.")
@click.option("--strategy", default="auto", show_default=True)
@table_format_option
@click.option("--render", is_flag=True, help="Draw the graph, one colour for each device.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The picture's file; NET_devices.svg by default.")
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    devices: str,
    batch: int,
    gradient: bool,
    recompute: bool,
    strategy: str,
    format_: str,
    render: bool,
    output: Path | None,
) -> None:
    """Divide the net of FILE over devices so that the busiest one has as little to do as possible."""
    from cnngraph.elaborate.modules import load_file
    from cnngraph.net import Net
    from cnngraph.render.dot import save
    from cnngraph.render.partition_table import stages

    if recompute and not gradient:
        raise click.UsageError("--recompute is about a training step: add --gradient")
    loaded = Net(load_file(file), net, read_settings(settings))
    found = loaded.partition(read_cluster(devices), batch, gradient, strategy, recompute)
    click.echo(stages(found).to(format_))
    if render or output:
        target = output or Path(f"{loaded.name}_devices.svg")
        save(found.graph, target, target.suffix.removeprefix(".") or "svg", partition=found)
        click.echo(f"picture: {target}", err=format_ != "text")
