"""`cnngraph attack`: change pictures a little, along the gradient of the loss, until the net mistakes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import Real, execution_options, source_options, table_format_option
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.runtime.settings import Settings


@click.command()
@source_options
@weights_options("NET.safetensors by default")
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@click.option(
    "--epsilon", "-e", "sizes", default="0,1,2,4,8,16,32,64", show_default=True, metavar="NUMBERS",
    help="By how much a pixel may change, of 255.",
)
@click.option("--steps", type=click.IntRange(1, 10_000), default=1, show_default=True, help="1: by the sign, at once.")
@click.option("--random-start", is_flag=True, help="Begin at a random point not farther away.")
@click.option("--target", metavar="CLASS", help="Towards this class, by name or number.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N test images.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of noise and random starts.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw accuracies against sizes: .svg, .png or .pdf.")
@click.option("--pictures", type=click.Path(path_type=Path), help="Draw pictures, changes and results: a .png.")
@click.option("--shown", type=Real(0, 255, min_open=True), help="The size of the changes that are drawn.")
@click.option("--count", type=click.IntRange(1, 1000), default=8, show_default=True, help="How many are drawn.")
@table_format_option
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    weights: Weights,
    data: Path | None,
    sizes: str,
    steps: int,
    random_start: bool,
    target: str | None,
    limit: int | None,
    seed: int,
    plot: Path | None,
    pictures: Path | None,
    shown: float | None,
    count: int,
    format_: str,
    execution: Settings,
) -> None:
    """Attack the trained net of FILE with its test images, beside noise of the same size."""
    from cnngraph.cli.files import must_be_chart, must_be_picture
    from cnngraph.examine.adversarial import Attack
    from cnngraph.examine.damage import attacked
    from cnngraph.examine.target import class_number

    numbers = read_sizes(sizes)
    must_be_chart(plot)
    must_be_picture(pictures)
    loaded = load_net(file, net, settings)
    loaded.settings = execution
    weights.or_else(Path(f"{loaded.name}.safetensors")).load(loaded)
    read = loaded.data(data)
    number = None if target is None else class_number(target, read.class_names)
    attack = Attack(steps, random_start, number, seed)
    found = attacked(loaded, read, numbers, attack, limit=limit, shown=shown, count=count)
    click.echo(found.table().to(format_))
    if plot is not None:
        found.chart().write(plot)
    if pictures is not None:
        found.sheet().write(pictures)


def read_sizes(text: str) -> tuple[float, ...]:
    """`0,8,16` as numbers."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} are no numbers", param_hint="--epsilon") from None
