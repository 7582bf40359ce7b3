"""`cnngraph data`: look at the data of a net, as a picture or as tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import source_options

if TYPE_CHECKING:
    from cnngraph.data.dataset import Dataset
    from cnngraph.elaborate.training import TrainingSpec

folder_option = click.option(
    "--data", "folder", type=click.Path(path_type=Path), help="The folder where data sets are kept."
)


@click.group()
def command() -> None:
    """Look at the data that a train section names."""


@command.command()
@source_options
@folder_option
@click.option(
    "--part", type=click.Choice(["train", "validation", "test"]), default="train", show_default=True
)
@click.option("--count", type=click.IntRange(1, 1000), default=8, show_default=True, help="How many samples.")
@click.option("--draws", type=click.IntRange(1, 100), default=5, show_default=True, help="How many changes of each.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The picture; NET.data.png by default.")
def preview(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    folder: Path | None,
    part: str,
    count: int,
    draws: int,
    output: Path | None,
) -> None:
    """Draw the first samples, as they are and as the `augment` line changes them in the first epochs."""
    from cnngraph.cli.files import must_be_writable
    from cnngraph.data.preview import preview

    spec, data = read(file, net, settings, folder)
    path = output or Path(f"{spec.name}.data.png")
    must_be_writable(path)
    preview(data, spec.augment, part=part, count=count, draws=draws, seed=spec.seed).write(path)
    click.echo(f"picture: {path}")


@command.command()
@source_options
@folder_option
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def describe(file: Path, net: str | None, settings: tuple[str, ...], folder: Path | None, format_: str) -> None:
    """Tell columns, sizes, mean and deviation, parts, and how many samples each class has."""
    import json

    from cnngraph.data.description import classes_table, columns_table

    _, data = read(file, net, settings, folder)
    tables = {"columns": columns_table(data), "classes": classes_table(data)}
    if format_ == "json":
        click.echo(json.dumps({name: table and json.loads(table.json()) for name, table in tables.items()}, indent=2))
    else:
        click.echo("\n\n".join(table.text() for table in tables.values() if table is not None))


def read(
    file: Path, net: str | None, settings: tuple[str, ...], folder: Path | None
) -> tuple[TrainingSpec, Dataset]:
    """The train section of a file, and its data with the size of pictures that a network sees."""
    from cnngraph.cli.sources import load_net
    from cnngraph.train.feeds import seen

    loaded = load_net(file, net, settings)
    return loaded.training, seen(loaded.training, loaded.data(folder))
