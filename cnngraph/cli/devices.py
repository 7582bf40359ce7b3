"""`cnngraph devices`: show the devices and links of a cluster, or measure those of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import read_cluster, table_format_option

if TYPE_CHECKING:
    from cnngraph.partition.device import Cluster
    from cnngraph.render.tabular import Table
    from cnngraph.runtime.machine import MachineSpeeds


@click.command()
@click.argument("cluster", required=False, metavar="[N|NAMES|FILE]")
@click.option("--measure", is_flag=True, help="Measure this machine: half a minute in which nothing else should run.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Devices of this machine; all its cores by default.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the cluster: a file for --devices.")
@table_format_option
def command(cluster: str | None, measure: bool, workers: int | None, output: Path | None, format_: str) -> None:
    """Show a cluster (4, or gpu0,gpu1, or a cluster.toml), or measure this machine as one.

    Each worker is then a device: a thread with one BLAS thread. All work at the same time, for they share memory.
    """
    from cnngraph.cli.files import must_be_writable, write
    from cnngraph.partition.cluster_text import cluster_text

    if measure == (cluster is not None):
        raise click.UsageError("name a cluster (4, gpu0,gpu1 or a cluster.toml), or ask for --measure")
    if workers is not None and not measure:
        raise click.UsageError("--workers is about this machine: add --measure")
    if output is not None:
        must_be_writable(output)
    comment: list[str] = []
    if cluster is not None:
        found = read_cluster(cluster)
    else:
        speeds, comment = measured(workers)
        found = speeds.cluster
        if format_ == "text":
            click.echo(f"{speeds_table(speeds).text()}\n")
    show(found, format_)
    if output is not None:
        write(output, cluster_text(found, comment))
        click.echo(f"cluster: {output}", err=format_ != "text")


def measured(workers: int | None) -> tuple[MachineSpeeds, list[str]]:
    """What this machine does, and what a file says of when and how it was measured."""
    from datetime import date

    from cnngraph.runtime.machine import measured_machine
    from cnngraph.runtime.measured import machine_text
    from cnngraph.runtime.settings import Settings

    count = workers or Settings().worker_count
    busy = f"{count} workers, busy at the same time" if count > 1 else "one worker"
    comment = [f"Measured by `cnngraph devices --measure` on {date.today()}: {busy}.", f"{machine_text()}."]
    return measured_machine(count), comment


def show(cluster: Cluster, format_: str) -> None:
    """The tables of a cluster; of devices alone where a program reads it."""
    from cnngraph.render.cluster_table import devices_table, links_table

    click.echo(devices_table(cluster).to(format_))
    if format_ in ("text", "markdown") and len(cluster.devices) > 1:
        click.echo(f"\n{links_table(cluster).to(format_)}")


def speeds_table(speeds: MachineSpeeds) -> Table:
    """What one worker does alone, and each of all together."""
    from cnngraph.cost.quantity import seconds_text
    from cnngraph.render.cluster_table import bandwidth_text, flops_text
    from cnngraph.render.tabular import Column, Quantity, Table

    texts = {"flops_per_second": flops_text, "bytes_per_second": bandwidth_text, "seconds": seconds_text}
    count = len(speeds.cluster.devices)
    columns = (
        Column("what", "measured", right=False),
        Column("alone", "one worker"),
        Column("together", f"each of {count}"),
        Column("ratio", "ratio"),
    )
    rows = tuple(
        (
            speed.name.replace("_", " "),
            Quantity(speed.alone, texts[speed.unit]),
            Quantity(speed.together, texts[speed.unit]),
            Quantity(speed.together / speed.alone, "{:.2f}".format),
        )
        for speed in speeds.speeds
    )
    return Table(columns, rows)
