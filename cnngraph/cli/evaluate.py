"""`cnngraph evaluate`: errors, confusions and worst mistakes of trained weights on the test part of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, source_options, table_format_option
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.examine.evaluation import Judgement
    from cnngraph.runtime.settings import Settings

TABLES = {".txt": "text", ".csv": "csv", ".json": "json", ".md": "markdown"}


@click.command()
@source_options
@weights_options("NET.safetensors by default")
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@click.option("--per-class", is_flag=True, help="Precision, recall and F1 of each class.")
@click.option(
    "--confusion", type=click.Path(path_type=Path),
    help="Write what is taken for what: a picture (.svg, .png, .pdf) or a table (.txt, .csv, .json, .md).",
)
@click.option("--mistakes", type=click.Path(path_type=Path), help="Draw the mistakes that the net is most sure of.")
@click.option("--count", type=click.IntRange(1), default=40, show_default=True, help="How many mistakes to draw.")
@click.option(
    "--patches", type=click.Choice(["none", "centre", "ten"]), default="none", show_default=True,
    help="The mean of several pieces of each picture, mirrored ones too.",
)
@table_format_option
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    weights: Weights,
    data: Path | None,
    per_class: bool,
    confusion: Path | None,
    mistakes: Path | None,
    count: int,
    patches: str,
    format_: str,
    execution: Settings,
) -> None:
    """Test the net of FILE with trained weights. Formats other than text are a row for each class, and all figures."""
    from cnngraph.cli.files import must_be_chart, must_be_picture, must_be_writable

    must_be_picture(mistakes)
    if confusion is not None and confusion.suffix.lower() in TABLES:
        must_be_writable(confusion)
    else:
        must_be_chart(confusion)
    loaded = load_net(file, net, settings)
    loaded.settings = execution
    weights.or_else(Path(f"{loaded.name}.safetensors")).load(loaded)
    read = loaded.data(data)
    if not (loaded.training.prediction and read.class_names):
        if per_class or confusion or mistakes or patches != "none" or format_ != "text":
            raise click.UsageError(f"{loaded.name} compares no output with classes: there is nothing more to tell")
        click.echo(str(loaded.evaluate(read)))
        return
    from cnngraph.examine.evaluation import judgement

    found = judgement(loaded, read, patches)
    if format_ != "text":
        click.echo(found.table().to(format_))
    else:
        click.echo(str(found))
        if per_class:
            click.echo(f"\n{found.table().text()}")
    if confusion is not None:
        write_confusion(found, confusion)
    if mistakes is not None:
        found.sheet(read.test, count).write(mistakes)


def write_confusion(found: Judgement, path: Path) -> None:
    """The confusion matrix, in the form that the ending names."""
    from cnngraph.cli.files import write

    if path.suffix.lower() in TABLES:
        write(path, found.confusion_table().to(TABLES[path.suffix.lower()]).rstrip("\n") + "\n")
    else:
        found.chart().write(path)
