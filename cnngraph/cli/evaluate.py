"""`cnngraph evaluate`: loss, accuracy and confusion of trained weights on the test part of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, read_settings, source_options

if TYPE_CHECKING:
    from cnngraph.runtime.settings import Settings


@click.command()
@source_options
@click.option("--weights", type=click.Path(path_type=Path), help="NET.safetensors by default.")
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    weights: Path | None,
    data: Path | None,
    execution: Settings,
) -> None:
    """Test the net of FILE with trained weights."""
    from cnngraph.elaborate.modules import load_file
    from cnngraph.net import Net

    loaded = Net(load_file(file), net, read_settings(settings))
    loaded.settings = execution
    loaded.load_weights(weights or Path(f"{loaded.name}.safetensors"))
    click.echo(str(loaded.evaluate(loaded.data(data))))
