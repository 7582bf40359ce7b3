"""`cnngraph evaluate`: loss, accuracy and confusion of trained weights on the test part of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, source_options
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.runtime.settings import Settings


@click.command()
@source_options
@weights_options("NET.safetensors by default")
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    weights: Weights,
    data: Path | None,
    execution: Settings,
) -> None:
    """Test the net of FILE with trained weights."""
    loaded = load_net(file, net, settings)
    loaded.settings = execution
    weights.or_else(Path(f"{loaded.name}.safetensors")).load(loaded)
    click.echo(str(loaded.evaluate(loaded.data(data))))
