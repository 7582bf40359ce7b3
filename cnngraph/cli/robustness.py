"""`cnngraph robustness`: what is left of the accuracy when pictures are shifted, turned, noisy, dark, blurred."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnngraph.cli.options import execution_options, source_options, table_format_option
from cnngraph.cli.sources import Weights, load_net, weights_options

if TYPE_CHECKING:
    from cnngraph.runtime.settings import Settings


@click.command()
@source_options
@weights_options("NET.safetensors by default")
@click.option("--data", type=click.Path(path_type=Path), help="The folder where data sets are kept.")
@click.option(
    "--change", "changes", multiple=True, metavar="KIND[=LEVELS]",
    help="Only these, such as rotate or rotate=5,10,45: shift (% of the side), scale, rotate (degrees), noise, "
    "brightness, contrast, blur (pixels), mirror.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N test images.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the ways that pictures change.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw accuracies against levels: .svg, .png or .pdf.")
@click.option("--pictures", type=click.Path(path_type=Path), help="Draw one image under all changes: a .png.")
@click.option("--example", type=click.IntRange(0), default=0, show_default=True, help="Which test image that is.")
@table_format_option
@execution_options
def command(
    file: Path,
    net: str | None,
    settings: tuple[str, ...],
    weights: Weights,
    data: Path | None,
    changes: tuple[str, ...],
    limit: int | None,
    seed: int,
    plot: Path | None,
    pictures: Path | None,
    example: int,
    format_: str,
    execution: Settings,
) -> None:
    """Ask the trained net of FILE about test images that are changed, each change at several levels."""
    from cnngraph.cli.files import must_be_chart, must_be_picture
    from cnngraph.examine.withstanding import robustness

    asked: dict[str, tuple[float, ...]] = {}
    for kind, levels in map(read_change, changes):
        if kind in asked:
            raise click.BadParameter(f"{kind} is given twice: its levels stand between commas", param_hint="--change")
        asked[kind] = levels
    must_be_chart(plot)
    must_be_picture(pictures)
    loaded = load_net(file, net, settings)
    loaded.settings = execution
    weights.or_else(Path(f"{loaded.name}.safetensors")).load(loaded)
    found = robustness(loaded, loaded.data(data), asked, seed=seed, limit=limit, example=example)
    click.echo(found.table().to(format_))
    if plot is not None:
        found.chart().write(plot)
    if pictures is not None:
        found.sheet().write(pictures)


def read_change(text: str) -> tuple[str, tuple[float, ...]]:
    """`rotate=5,10` as a name and numbers."""
    name, sign, levels = (part.strip() for part in text.partition("="))
    try:
        return name, tuple(float(level) for level in levels.split(",")) if sign else ()
    except ValueError:
        raise click.BadParameter(f"{levels!r} are no numbers", param_hint="--change") from None
