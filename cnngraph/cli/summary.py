"""`cnngraph summary`: the table of layers, with shapes, parameters, multiply-adds, memory and receptive fields."""

from __future__ import annotations

from pathlib import Path

import click

from cnngraph.cli.options import source_options, table_format_option
from cnngraph.cli.sources import load_net


@click.command()
@source_options
@table_format_option
@click.option("--depth", type=click.IntRange(1), help="One row for each block of that depth; default: each operator.")
def command(file: Path, net: str | None, settings: tuple[str, ...], format_: str, depth: int | None) -> None:
    """Print the layers of the net of FILE, for one sample."""
    loaded = load_net(file, net, settings)
    click.echo(loaded.summary(depth).to(format_))
